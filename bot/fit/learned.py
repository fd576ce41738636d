"""`learned.toml` out of what was learned: sorted, rounded, one line for each cue, with a head that explains it.

It learns nothing (see event).
"""

import json
from collections.abc import Iterator, Mapping

from bot.core.event import LearnedRules
from bot.core.wording import Learned

HEAD = """\
# What labelled documents taught about events: `make fit` writes this file, and nobody needs to edit it.
# Each weight is added to those that people gave to the patterns in events.toml, in the same unit, for every answer that
# is named: a title that says "acquires" makes funding likelier and research less likely.
#   "word", "two words"   a word, or two neighbours; ^ begins a sentence, {customer} {vendor} {lab} … are organisations
#                         of that kind, {money} a sum, {number} a number
#   "pattern:ID"          the pattern of that id beside its own weight; "pattern:ID:STAGE" if a mood turned it so
#   "type:TYPE"           for the stage: that type of event, as likely as it is
"""


def written(rules: LearnedRules, documents: int) -> str:
    """The whole file."""
    return "\n".join(_lines(rules, documents)) + "\n"


def _lines(rules: LearnedRules, documents: int) -> Iterator[str]:
    yield f"{HEAD}# Learned from {documents} documents."
    yield "\n# How much of its weight a cue has by where it stands first."
    yield "[shares]"
    yield from (f"{zone} = {share:g}" for zone, share in rules.shares.items())
    yield from _question("type", rules.type)
    yield from _question("stage", rules.stage)


def _question(name: str, learned: Learned) -> Iterator[str]:
    yield f"\n[{name}]"
    yield "# Sums of weights times this are log-odds."
    yield f"sharpness = {learned.sharpness:g}"
    yield "# What each answer starts with."
    yield f"start = {_table(learned.start)}"
    yield f"\n[{name}.weights]"
    for cue in sorted(learned.weights):
        yield f"{json.dumps(cue, ensure_ascii=False)} = {_table(learned.weights[cue])}"


def _table(weights: Mapping[str, float]) -> str:
    ranked = sorted(weights.items(), key=lambda pair: (-pair[1], pair[0]))
    return "{ " + ", ".join(f"{answer} = {weight:g}" for answer, weight in ranked) + " }" if ranked else "{}"
