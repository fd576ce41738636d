"""The configuration of language — topics, organisations, names, amounts, events, key points, words — as Knowledge.

It checks; it makes nothing ready (see core/analysis) and finds nothing in a text.
"""

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, Field, StringConstraints

from bot.core.amounts import AmountRules
from bot.core.analysis import Knowledge
from bot.core.event import EventRules, EventType, Stage, Turn
from bot.core.keypoints import KeyPointRules
from bot.core.organisations import Organisation
from bot.core.parties import PartyRules
from bot.core.patterns import Mood, Pattern, regex_of
from bot.core.relevance import Axis, Group, Topic
from bot.core.strangers import NameRules
from bot.core.words import StopWords
from bot.errors import ConfigurationError, Mistake
from bot.settings.toml import Table, line_of, read_toml

Model = TypeVar("Model", bound=Table)


def _findable(phrase: str) -> str:
    """A phrase in which every word that ends in "*" keeps at least three letters, and that holds a letter or digit."""
    if not re.search(r"\w", phrase):
        raise ValueError(f'"{phrase}" holds no letter; write a word or leave it out')
    if any(len(word.rstrip("*")) < 3 for word in phrase.split() if word.endswith("*")):
        raise ValueError(f'"{phrase}" has fewer than three letters before its "*"; write more of the word')
    return phrase


def _readable(expression: str) -> str:
    try:
        regex_of(expression)
    except (ValueError, re.error) as error:
        raise ValueError(f'"{expression}" cannot be read as a pattern ({error}); see the top of the file') from error
    return expression


Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Phrase = Annotated[Text, AfterValidator(_findable)]
Expression = Annotated[Text, AfterValidator(_readable)]


class GroupTable(Table):
    """`[[topic.group]]`"""

    id: Text
    axis: Axis
    label: Text
    strength: float = Field(default=1.0, gt=0, le=1)
    phrases: tuple[Phrase, ...]


class TopicTable(Table):
    """`[[topic]]`"""

    id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,40}$")]
    name: Text
    threshold: float = Field(gt=0, lt=1)
    bias: float
    near: int = Field(default=12, ge=1, le=100)
    kinds: dict[str, Axis] = Field(default_factory=dict)
    weights: dict[str, float] = Field(default_factory=dict)
    group: tuple[GroupTable, ...] = ()


class TopicsFile(Table):
    """`topics.toml`"""

    topic: tuple[TopicTable, ...] = ()


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

    national: tuple[Text, ...] = ()
    marks: tuple[Text, ...] = ()
    before: tuple[Text, ...] = ()
    after: tuple[Text, ...] = ()
    never: tuple[Text, ...] = ()
    firms: tuple[Text, ...] = ()
    perhaps: tuple[Text, ...] = ()
    trades: tuple[Text, ...] = ()
    legal: tuple[Text, ...] = ()


class CurrencyTable(Table):
    """`[[currency]]`"""

    code: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
    before: tuple[Text, ...] = ()
    after: tuple[Text, ...] = ()


class MultiplierTable(Table):
    """`[[multiplier]]`"""

    value: float = Field(gt=1)
    words: tuple[Text, ...]


class AmountsFile(Table):
    """`amounts.toml`"""

    scaled: tuple[Text, ...] = ()
    currency: tuple[CurrencyTable, ...] = ()
    multiplier: tuple[MultiplierTable, ...] = ()
    numbers: dict[str, float] = Field(default_factory=dict)


class PatternTable(Table):
    """`[[event]]`, `[[stage]]` and `[[party]]`: `any` holds the expressions, one of which must fire."""

    id: Text
    value: Text
    weight: float
    any: tuple[Expression, ...]


class EventPatternTable(PatternTable):
    """`[[event]]`"""

    value: EventType


class StagePatternTable(PatternTable):
    """`[[stage]]`"""

    value: Stage


class MoodTable(Table):
    """`[[mood]]`: `before` are the expressions, `reach` words at most before the pattern that they turn."""

    id: Text
    before: tuple[Expression, ...]
    reach: int = Field(ge=0, le=12)
    stages: dict[Stage, Stage | Literal[""]] = Field(default_factory=dict)
    events: tuple[EventType, ...] = ()


class ZonesTable(Table):
    """`[zones]`"""

    title: float = Field(gt=0)
    lead: float = Field(gt=0)
    rest: float = Field(gt=0)


class RolesTable(Table):
    """`[roles]`"""

    events: tuple[EventType, ...] = ()
    buyers: tuple[Text, ...] = ()
    sellers: tuple[Text, ...] = ()


class EventsFile(Table):
    """`events.toml`"""

    zones: ZonesTable
    priors: dict[EventType, float] = Field(default_factory=dict)
    usual: dict[EventType, dict[Stage, float]] = Field(default_factory=dict)
    roles: RolesTable = Field(default_factory=RolesTable)
    mood: tuple[MoodTable, ...] = ()
    event: tuple[EventPatternTable, ...] = ()
    stage: tuple[StagePatternTable, ...] = ()
    party: tuple[PatternTable, ...] = ()


class KeyPointsFile(Table):
    """`keypoints.toml`"""

    most: int = Field(ge=1, le=3)
    room: int = Field(ge=10, le=200)
    shortest: int = Field(ge=1)
    longest: int = Field(ge=10)
    price: float = Field(ge=0)
    fade: float = Field(ge=0)
    floor: float = Field(ge=0, le=1)
    words: dict[str, float] = Field(default_factory=dict)
    weights: dict[str, float] = Field(default_factory=dict)
    phrases: dict[str, tuple[Phrase, ...]] = Field(default_factory=dict)


class WordsFile(Table):
    """`words.toml`"""

    stop: dict[str, Text]


def read_knowledge(find: Callable[[str], Path]) -> Knowledge:
    """Knowledge out of the seven files of language where `find` says they are: topics, organisations, names, amounts,
    events, keypoints and words. Raises ConfigurationError with every mistake in any of them."""
    mistakes: list[Mistake] = []
    topics = _read(find("topics.toml"), TopicsFile, mistakes)
    organisations = _read(find("organisations.toml"), OrganisationsFile, mistakes)
    names = _read(find("names.toml"), NamesFile, mistakes)
    amounts = _read(find("amounts.toml"), AmountsFile, mistakes)
    events = _read(find("events.toml"), EventsFile, mistakes)
    points = _read(find("keypoints.toml"), KeyPointsFile, mistakes)
    words = _read(find("words.toml"), WordsFile, mistakes)
    mistakes += _crossed(find, topics, organisations, events)
    if mistakes or not (topics and organisations and names and amounts and events and points and words):
        raise ConfigurationError(tuple(mistakes))
    return Knowledge(
        topics=tuple(_topic(table) for table in topics.topic),
        organisations=tuple(Organisation(**dict(table)) for table in organisations.organisation),
        events=_events(events, amounts),
        key_points=KeyPointRules(**dict(points)),
        names=NameRules(**{name: frozenset(found) for name, found in dict(names).items()}),
        stop=StopWords({language: frozenset(text.split()) for language, text in words.stop.items()}),
    )


def _read(path: Path, model: type[Model], mistakes: list[Mistake]) -> Model | None:
    try:
        return read_toml(path, model)
    except ConfigurationError as error:
        mistakes += error.mistakes
        return None


def _topic(table: TopicTable) -> Topic:
    groups = tuple(Group(**dict(group)) for group in table.group)
    return Topic(
        table.id, table.name, table.threshold, table.bias, groups, dict(table.kinds), dict(table.weights), table.near
    )


def _events(file: EventsFile, amounts: AmountsFile) -> EventRules:
    return EventRules(
        events=_patterns(file.event),
        stages=_patterns(file.stage),
        parties=_patterns(file.party),
        zones=dict(file.zones),
        priors={str(kind): weight for kind, weight in file.priors.items()},
        usual={str(kind): {str(stage): weight for stage, weight in own.items()} for kind, own in file.usual.items()},
        turns=tuple(_turn(table) for table in file.mood),
        roles=PartyRules(**{name: frozenset(found) for name, found in dict(file.roles).items()}),
        amounts=AmountRules(
            before={form: table.code for table in amounts.currency for form in table.before},
            after={form: table.code for table in amounts.currency for form in table.after},
            multipliers={word: table.value for table in amounts.multiplier for word in table.words},
            numbers=dict(amounts.numbers),
            scaled=frozenset(word.lower() for word in amounts.scaled),
        ),
    )


def _turn(table: MoodTable) -> Turn:
    mood = Mood(table.id, table.before, table.reach)
    return Turn(mood, {str(stage): str(turned) for stage, turned in table.stages.items()}, frozenset(table.events))


def _patterns(tables: Iterable[PatternTable]) -> tuple[Pattern, ...]:
    return tuple(Pattern(table.id, table.value, table.weight, table.any) for table in tables)


def _crossed(
    find: Callable[[str], Path],
    topics: TopicsFile | None,
    organisations: OrganisationsFile | None,
    events: EventsFile | None,
) -> list[Mistake]:
    """What is wrong between tables and between files; a file that could not be read is left out."""
    found: list[Mistake] = []
    kinds = {kind for table in topics.topic for kind in table.kinds} if topics else None
    if topics:
        found += _topic_mistakes(_Lines(find("topics.toml")), topics)
    if organisations:
        found += _organisation_mistakes(_Lines(find("organisations.toml")), organisations, kinds)
    if events:
        found += _event_mistakes(_Lines(find("events.toml")), events, kinds)
    return found


class _Lines:
    """Names the line of a mistake; the file is read only when there is one."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def mistake(self, text: str, *location: int | str) -> Mistake:
        content = self._path.read_text(encoding="utf-8")
        return Mistake(str(self._path), line_of(content, location), text)


def _topic_mistakes(lines: _Lines, file: TopicsFile) -> Iterable[Mistake]:
    if not file.topic:
        yield lines.mistake("holds no [[topic]]; without one nothing is relevant")
    seen: set[str] = set()
    for number, topic in enumerate(file.topic):
        if topic.id in seen:
            yield lines.mistake(f'topic "{topic.id}" stands twice; give it another id', "topic", number, "id")
        seen.add(topic.id)
        groups = [group.id for group in topic.group]
        for place, group in enumerate(groups):
            if group in groups[:place]:
                yield lines.mistake(
                    f'group "{group}" stands twice; join the two', "topic", number, "group", place, "id"
                )
        yield from _weight_mistakes(lines, number, topic)


def _weight_mistakes(lines: _Lines, number: int, topic: TopicTable) -> Iterable[Mistake]:
    groups = {
        *(group.id for group in topic.group),
        *(f"organisation-{axis}" for axis in ("ai", "defence", "both", "against")),
    }
    together = {f"together.{where}" for where in ("title", "lead", "near", "close", "much")}
    for feature in topic.weights:
        group, _, where = feature.rpartition(".")
        if feature not in together and not (group in groups and where in ("title", "text")):
            text = f'weight "{feature}" belongs to no feature; write "<group>.title" or "<group>.text", or leave it out'
            yield lines.mistake(text, "topic", number, "weights", feature)


def _organisation_mistakes(lines: _Lines, file: OrganisationsFile, kinds: set[str] | None) -> Iterable[Mistake]:
    names = [table.name for table in file.organisation]
    for number, table in enumerate(file.organisation):
        if table.name in names[:number]:
            yield lines.mistake(f'"{table.name}" stands twice; join the two', "organisation", number, "name")
        if table.part_of is not None and table.part_of not in names:
            text = f'part_of names "{table.part_of}", which is no organisation of this file'
            yield lines.mistake(text, "organisation", number, "part_of")
        if kinds is not None and table.kind not in kinds:
            text = f'kind "{table.kind}" is unknown; use one of [topic.kinds] in topics.toml or add it there'
            yield lines.mistake(text, "organisation", number, "kind")


def _event_mistakes(lines: _Lines, file: EventsFile, kinds: set[str] | None) -> Iterable[Mistake]:
    for table in ("mood", "event", "stage", "party"):
        seen: set[str] = set()
        for number, pattern in enumerate(getattr(file, table)):
            if pattern.id in seen:
                yield lines.mistake(f'pattern "{pattern.id}" stands twice; give it another id', table, number, "id")
            seen.add(pattern.id)
    for role in ("buyers", "sellers"):
        for kind in getattr(file.roles, role):
            if kinds is not None and kind not in kinds:
                text = f'kind "{kind}" is unknown; use one of [topic.kinds] in topics.toml or add it there'
                yield lines.mistake(text, "roles", role)
