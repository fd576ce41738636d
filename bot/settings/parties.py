"""The configuration of buyer and seller: `parties.toml` as PartyRules, checked."""

import re
from collections.abc import Iterable

from pydantic import Field

from bot.core.parties import PartyRules, RoleWeights
from bot.core.signs import SignRules
from bot.errors import Mistake
from bot.settings.phrases import Lines, Text, unknown_kind
from bot.settings.toml import Table

_SIGN = re.compile(r"(customer|vendor|investor|other|kind)\.[\w.-]+")


class RolesTable(Table):
    """`[roles]`"""

    buyers: tuple[Text, ...] = ()
    sellers: tuple[Text, ...] = ()


class RecallTable(Table):
    """`[recall]`"""

    words: tuple[Text, ...] = ()


class WeightsTable(Table):
    """`[buyer]` and `[seller]`"""

    bias: float = 0.0
    weights: dict[str, float] = Field(default_factory=dict)


class PartiesFile(Table):
    """`parties.toml`"""

    roles: RolesTable = Field(default_factory=RolesTable)
    words: dict[str, tuple[Text, ...]] = Field(default_factory=dict)
    links: dict[str, tuple[Text, ...]] = Field(default_factory=dict)
    recall: RecallTable = Field(default_factory=RecallTable)
    buyer: WeightsTable = Field(default_factory=WeightsTable)
    seller: WeightsTable = Field(default_factory=WeightsTable)


def party_rules(file: PartiesFile) -> PartyRules:
    """How buyer and seller are read."""
    return PartyRules(
        SignRules(
            frozenset(file.roles.buyers),
            frozenset(file.roles.sellers),
            _lower(file.words),
            _lower(file.links),
            frozenset(word.lower() for word in file.recall.words),
        ),
        RoleWeights(file.buyer.bias, dict(file.buyer.weights)),
        RoleWeights(file.seller.bias, dict(file.seller.weights)),
    )


def _lower(groups: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    return {group: tuple(word.lower() for word in words) for group, words in groups.items()}


def party_mistakes(lines: Lines, file: PartiesFile, kinds: set[str] | None) -> Iterable[Mistake]:
    """What is wrong between the file's tables, and with kinds that no topic knows (None: not known which)."""
    for role, named in (("buyers", file.roles.buyers), ("sellers", file.roles.sellers)):
        for kind in named:
            if kinds is not None and kind not in kinds:
                yield unknown_kind(lines, kind, "roles", role)
    for group in file.words:
        if group in file.links:
            yield lines.mistake(f'"{group}" stands in [words] and in [links]; give one another name', "links", group)
    for role, table in (("buyer", file.buyer), ("seller", file.seller)):
        for sign in table.weights:
            if not _SIGN.fullmatch(sign):
                text = f'weight "{sign}" belongs to no sign; write "<class>.<what>" or "kind.<kind>", or leave it out'
                yield lines.mistake(text, role, "weights", sign)
