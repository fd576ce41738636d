"""Analysis: everything that one article says, found in one pass over its spaCy document.

It composes organisations, relevance, event and key points; it compares no articles (see story).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.core.event import Event
from bot.core.keypoints import KeyPoint
from bot.core.organisations import Mention
from bot.core.relevance import Relevance


@dataclass(frozen=True, slots=True)
class Analysis:
    """What one article says. `event` is None and the rest empty where it is not relevant.

    `terms` are the words that merging compares, with their counts. `problem` is a sentence if the analysis was cut
    short (a time limit, a dead worker, a missing model), else None.
    """

    relevance: Relevance
    organisations: tuple[Mention, ...] = ()
    event: Event | None = None
    key_points: tuple[KeyPoint, ...] = ()
    terms: Mapping[str, int] = field(default_factory=dict)
    problem: str | None = None
