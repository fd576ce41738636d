"""The configuration of relevance: `topics.toml` as Topics, checked."""

from collections.abc import Iterable
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from bot.core.relevance import Axis, Group, Topic
from bot.errors import Mistake
from bot.settings.phrases import Lines, Phrase, Text
from bot.settings.toml import Table


def _whole(phrase: str) -> str:
    if "*" in phrase:
        raise ValueError(f'"{phrase}" is to be found as it is written and so cannot hold "*"; write the word out')
    return phrase


class GroupTable(Table):
    """`[[topic.group]]`"""

    id: Text
    axis: Axis
    label: Text
    strength: float = Field(default=1.0, gt=0, le=1)
    phrases: tuple[Phrase, ...]
    cased: tuple[Annotated[Phrase, AfterValidator(_whole)], ...] = ()


class TopicTable(Table):
    """`[[topic]]`"""

    id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,40}$")]
    name: Text
    threshold: float = Field(gt=0, lt=1)
    bias: float
    near: int = Field(default=30, ge=1, le=100)
    firms: tuple[Text, ...] = ()
    kinds: dict[str, Axis] = Field(default_factory=dict)
    weights: dict[str, float] = Field(default_factory=dict)
    group: tuple[GroupTable, ...] = ()


class TopicsFile(Table):
    """`topics.toml`"""

    topic: tuple[TopicTable, ...] = ()


def topics(file: TopicsFile) -> tuple[Topic, ...]:
    """The topics of the file, in its order."""
    return tuple(_topic(table) for table in file.topic)


def _topic(table: TopicTable) -> Topic:
    groups = tuple(Group(**dict(group)) for group in table.group)
    return Topic(
        id=table.id,
        name=table.name,
        threshold=table.threshold,
        bias=table.bias,
        groups=groups,
        kinds=dict(table.kinds),
        weights=dict(table.weights),
        near=table.near,
        firms=frozenset(table.firms),
    )


def kinds_of(file: TopicsFile) -> set[str]:
    """The kinds of organisation that any topic knows."""
    return {kind for table in file.topic for kind in table.kinds}


def topic_mistakes(lines: Lines, file: TopicsFile) -> Iterable[Mistake]:
    """What is wrong between the file's tables."""
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


def _weight_mistakes(lines: Lines, number: int, topic: TopicTable) -> Iterable[Mistake]:
    groups = {
        *(group.id for group in topic.group),
        *(f"organisation-{axis}" for axis in ("ai", "defence", "both", "against")),
        "organisation-firm",
    }
    together = {f"together.{where}" for where in ("title", "sentence", "close", "much")}
    for feature in topic.weights:
        group, _, where = feature.rpartition(".")
        if feature not in together and not (group in groups and where in ("title", "text")):
            text = f'weight "{feature}" belongs to no feature; write "<group>.title" or "<group>.text", or leave it out'
            yield lines.mistake(text, "topic", number, "weights", feature)
