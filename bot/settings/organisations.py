"""The configuration of names: `organisations.toml` as Organisations and `names.toml` as NameRules, checked."""

from collections.abc import Iterable
from typing import Annotated

from pydantic import StringConstraints

from bot.core.organisations import Organisation
from bot.core.strangers import NameRules
from bot.errors import Mistake
from bot.settings.phrases import Lines, Text, unknown_kind
from bot.settings.toml import Table

Country = Annotated[str, StringConstraints(pattern=r"^([A-Z]{2})?$")]


class OrganisationTable(Table):
    """`[[organisation]]`"""

    name: Text
    kind: Text
    country: Text
    aliases: tuple[Text, ...] = ()
    short: tuple[Text, ...] = ()
    context: tuple[Text, ...] = ()
    ai: bool = False
    part_of: Text | None = None
    generic: bool = False


class OrganisationsFile(Table):
    """`organisations.toml`"""

    organisation: tuple[OrganisationTable, ...] = ()


class NamesFile(Table):
    """`names.toml`"""

    home: Country = ""
    national: tuple[Text, ...] = ()
    marks: tuple[Text, ...] = ()
    before: tuple[Text, ...] = ()
    after: tuple[Text, ...] = ()
    never: tuple[Text, ...] = ()
    firms: tuple[Text, ...] = ()
    perhaps: tuple[Text, ...] = ()
    trades: tuple[Text, ...] = ()
    legal: tuple[Text, ...] = ()


def organisations(file: OrganisationsFile) -> tuple[Organisation, ...]:
    """The organisations of the file, in its order."""
    return tuple(Organisation(**dict(table)) for table in file.organisation)


def name_rules(file: NamesFile) -> NameRules:
    """How unknown names are told."""
    words = {name: frozenset(found) for name, found in dict(file).items() if name != "home"}
    return NameRules(home=file.home, **words)


def organisation_mistakes(lines: Lines, file: OrganisationsFile, kinds: set[str] | None) -> Iterable[Mistake]:
    """What is wrong between the file's tables, and with kinds that no topic knows (None: not known which)."""
    names: set[str] = set()
    everyone = {table.name for table in file.organisation}
    for number, table in enumerate(file.organisation):
        if table.name in names:
            yield lines.mistake(f'"{table.name}" stands twice; join the two', "organisation", number, "name")
        names.add(table.name)
        if table.part_of is not None and table.part_of not in everyone:
            text = f'part_of names "{table.part_of}", which is no organisation of this file'
            yield lines.mistake(text, "organisation", number, "part_of")
        if kinds is not None and table.kind not in kinds:
            yield unknown_kind(lines, table.kind, "organisation", number, "kind")
