"""Event: what happened — type, stage, amounts, buyer and seller — each with the words it came from.

Unknown stays empty; nothing is inferred that the text does not say.
"""

from dataclasses import dataclass
from typing import Literal

EventType = Literal[
    "contract", "partnership", "funding", "product_or_deployment", "policy", "regulation_or_law",
    "incident_or_ethics", "personnel", "research", "market", "conflict_use", "other",
]  # fmt: skip
Stage = Literal["rumoured", "in_talks", "planned", "signed", "deployed", "changed", "cancelled", "denied"]


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount as written; `value` in units of `currency` (ISO 4217), either None where the text does not tell."""

    words: str
    value: float | None = None
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class Party:
    """A canonical organisation in a role, and the words that say so."""

    name: str
    words: str


@dataclass(frozen=True, slots=True)
class Event:
    """What happened. `evidence` names the patterns that fired: (field, pattern id, words)."""

    type: EventType
    stage: Stage | None
    amounts: tuple[Amount, ...] = ()
    buyer: Party | None = None
    seller: Party | None = None
    evidence: tuple[tuple[str, str, str], ...] = ()
