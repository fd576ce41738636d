"""The configuration of buyer and seller: `parties.toml` as PartyRules, checked."""

from collections.abc import Iterable

from pydantic import Field

from bot.core.event import EventType
from bot.core.parties import PartyRules
from bot.errors import Mistake
from bot.settings.phrases import Lines, PatternTable, Text, patterns, repeated, unknown_kind
from bot.settings.toml import Table


class RolesTable(Table):
    """`[roles]`"""

    events: tuple[EventType, ...] = ()
    buyers: tuple[Text, ...] = ()
    sellers: tuple[Text, ...] = ()


class PartiesFile(Table):
    """`parties.toml`"""

    roles: RolesTable = Field(default_factory=RolesTable)
    party: tuple[PatternTable, ...] = ()


def party_rules(file: PartiesFile) -> PartyRules:
    """How buyer and seller are read."""
    roles = file.roles
    return PartyRules(frozenset(roles.events), frozenset(roles.buyers), frozenset(roles.sellers), patterns(file.party))


def party_mistakes(lines: Lines, file: PartiesFile, kinds: set[str] | None) -> Iterable[Mistake]:
    """What is wrong between the file's tables, and with kinds that no topic knows (None: not known which)."""
    yield from repeated(lines, "party", file.party)
    for role, named in (("buyers", file.roles.buyers), ("sellers", file.roles.sellers)):
        for kind in named:
            if kinds is not None and kind not in kinds:
                yield unknown_kind(lines, kind, "roles", role)
