"""The weights of a topic: its features in documents, their priors, and the lines of `topics.toml` they stand in.

It knows how `topics.toml` is laid out; it touches nothing there but weights, bias and threshold.
"""

import re
from collections.abc import Mapping

from bot.core.analysis import Tools, read
from bot.core.article import Article
from bot.core.relevance import FIRM, Judge, Topic, evidence_of, features, passes_gate
from bot.fit.logistic import Model, Prior

_BY_AXIS = {
    "ai": Prior(0.5, 1),
    "defence": Prior(0.5, 1),
    "both": Prior(0.9, 1),
    "against": Prior(-1.2, -1),
}
_TOGETHER = {name: Prior(1.0, 1) for name in ("title", "sentence", "close", "much")}


def priors_of(topic: Topic) -> dict[str, Prior]:
    """What each feature of the topic is taken to weigh before any document is seen: by its axis and strength."""
    found = {f"together.{name}": prior for name, prior in _TOGETHER.items()}
    groups = [(group.id, group.axis, group.strength) for group in topic.groups]
    groups += [(f"organisation-{axis}", axis, 1.0) for axis in ("ai", "defence", "both")]
    groups.append(("organisation-firm", "defence", FIRM))
    for name, axis, strength in groups:
        if axis in _BY_AXIS:
            prior = _BY_AXIS[axis]
            found |= {f"{name}.{zone}": Prior(prior.weight * strength, prior.sign) for zone in ("title", "text")}
    return found


def features_of(article: Article, judge: Judge, tools: Tools) -> dict[str, float] | None:
    """The features of an article that passes the gate, or None."""
    reading = read(article, tools)
    found = evidence_of(reading.words, reading.places, tools.gazetteer.by_name, judge)
    if not passes_gate(found):
        return None
    return {feature.name: feature.value for feature in features(reading.words, found, judge, reading.title_words)}


def rounded(model: Model) -> Model:
    """The weights as the file holds them, those that round to nothing left out."""
    weights = {name: round(weight, 2) for name, weight in sorted(model.weights.items())}
    return Model(round(model.bias, 2), {name: weight for name, weight in weights.items() if weight})


def written(content: str, topic: str, model: Model, threshold: float) -> str:
    """`content` of `topics.toml` with these weights for `topic`; comments and all else stay as they are. Raises
    ValueError where the file has no such topic or no table of weights for it."""
    start = content.find(f'id = "{topic}"')
    table = re.compile(r"^\[topic\.weights\]\n(?:[^\[\n].*\n)*", re.MULTILINE).search(content, max(start, 0))
    if start < 0 or table is None:
        raise ValueError(f'no [topic.weights] follows the topic "{topic}"')
    lines = "".join(f'"{name}" = {weight:g}\n' for name, weight in model.weights.items())
    head = _with_numbers(content[start : table.start()], {"bias": model.bias, "threshold": threshold})
    return f"{content[:start]}{head}[topic.weights]\n{lines}{content[table.end() :]}"


def _with_numbers(head: str, numbers: Mapping[str, float]) -> str:
    for name, number in numbers.items():
        head = re.sub(rf"^({name} = )[-\d.]+", rf"\g<1>{number:g}", head, count=1, flags=re.MULTILINE)
    return head
