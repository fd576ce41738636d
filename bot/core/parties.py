"""Parties: who pays or receives, and who supplies or is funded, with the words that say so.

It reads the roles from patterns and, where none fires, from what kinds of organisation the news names first.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.core.organisations import Mention
from bot.core.patterns import Compiled, Fired, Masked, Pattern, compile_patterns, fired

ZONES = ("title", "lead", "rest")


@dataclass(frozen=True, slots=True)
class Party:
    """A canonical organisation in a role, and the words that say so."""

    name: str
    words: str


@dataclass(frozen=True, slots=True)
class PartyRules:
    """How roles are read (`config/parties.toml`): for which event types there are any, which kinds of organisation
    buy and which sell, and the patterns that tell."""

    events: frozenset[str] = frozenset()
    buyers: frozenset[str] = frozenset()
    sellers: frozenset[str] = frozenset()
    patterns: tuple[Pattern, ...] = ()


@dataclass(frozen=True, slots=True)
class PartyReader:
    """`PartyRules` made ready."""

    rules: PartyRules
    patterns: tuple[Compiled, ...]


def party_reader(rules: PartyRules) -> PartyReader:
    """`rules` made ready."""
    return PartyReader(rules, compile_patterns(rules.patterns))


def sorts_of(mentions: Sequence[Mention], rules: PartyRules) -> dict[str, str]:
    """For each organisation's name: "customer", "vendor", "lab" (a vendor that makes models), "unknown" (not in the
    gazetteer), a kind that patterns know ("court", "legislature", …), or "other"."""
    return {mention.name: _sort(mention.kind, rules) for mention in mentions}


_OWN = frozenset(["legislature", "court", "regulator", "university", "think-tank", "campaign", "investor"])


def _sort(kind: str | None, rules: PartyRules) -> str:
    if kind is None:
        return "unknown"
    if kind in rules.buyers:
        return "customer"
    if kind in rules.sellers:
        return "lab" if kind == "ai-lab" else "vendor"
    return kind if kind in _OWN else "other"


def parties_of(
    event: str, lines: Sequence[Masked], mentions: Sequence[Mention], reader: PartyReader
) -> tuple[Party | None, Party | None]:
    """Buyer and seller of an event of this type; None where the text does not tell."""
    rules = reader.rules
    if event not in rules.events:
        return None, None
    hits = [hit for hit in fired(reader.patterns, lines) if hit.pattern.value in (event, "any")]
    buyer, seller = _slot(hits, "buyer"), _slot(hits, "seller")
    taken = {party.name for party in (buyer, seller) if party}
    if event == "funding":
        seller = seller or _by_kind(mentions, lines, rules.sellers, taken)
    else:
        buyer = buyer or _by_kind(mentions, lines, rules.buyers, taken)
        seller = seller or _by_kind(mentions, lines, rules.sellers, taken | ({buyer.name} if buyer else set()))
    if buyer and seller and buyer.name == seller.name:
        buyer = None
    if event == "partnership" and not (buyer and seller):
        return None, None
    return buyer, seller


def _slot(hits: Sequence[Fired], role: str) -> Party | None:
    """What the heaviest pattern with this slot holds; an earlier zone, then an earlier line, breaks a tie."""
    own = [hit for hit in hits if role in hit.slots]
    best = min(own, key=lambda hit: (-hit.pattern.weight, ZONES.index(hit.zone)), default=None)
    return Party(best.slots[role], best.words) if best else None


def _by_kind(
    mentions: Sequence[Mention], lines: Sequence[Masked], kinds: frozenset[str], taken: set[str]
) -> Party | None:
    """The first organisation of such a kind that title or lead name."""
    early = {name for line in lines if line.zone != "rest" for name in line.marks.values()}
    for mention in mentions:
        if mention.kind in kinds and mention.name in early and mention.name not in taken:
            return Party(mention.name, mention.words)
    return None
