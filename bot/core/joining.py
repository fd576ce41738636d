"""Joining: a story as it stands after one more report, as a reader is shown it.

What is shown is stable: titles never change, lists only grow, and a field changes only when more reports say so.
It does not decide which story a report joins (see merging).
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import cast

from bot.core.event import Amount, EventType, Party, Stage
from bot.core.profile import Profile, Traits, amount_key, stem
from bot.core.story import Report, Source, Story
from bot.core.words import words_of

MOST_KEY_POINTS = 3
MOST_ORGANISATIONS = 12
MOST_AMOUNTS = 3
REDUNDANT = 0.5
"""Share of a sentence's words, of four letters and more, that another key point may already say."""


def begin(report: Report, traits: Traits, profile: Profile, *, story_id: str, follows: str | None) -> Story:
    """A story of one report."""
    article, analysis = report.article, report.analysis
    event = analysis.event
    return Story(
        id=story_id,
        title=article.title,
        link=article.link,
        topic=analysis.relevance.topic,
        relevance=analysis.relevance.score,
        because=analysis.relevance.reasons,
        event=event.type if event else "other",
        stage=event.stage if event else None,
        first_seen=article.first_seen,
        last_seen=article.first_seen,
        amounts=_amounts((), report, traits),
        buyer=event.buyer if event else None,
        seller=event.seller if event else None,
        organisations=_organisations((), traits),
        key_points=_key_points((), report),
        sources=(source_of(report, copy=False),),
        follows=follows,
        language=article.language,
        profile=profile.pack(),
    )


def join(story: Story, report: Report, traits: Traits, profile: Profile) -> Story:
    """The story with one more independent report; `revision` grows by one if anything shown changed."""
    event, article = report.analysis.event, report.article
    grown = replace(
        story,
        link=story.link or article.link,
        last_seen=max(story.last_seen, article.first_seen),
        event=cast(EventType, _voted(story.event, profile.events, unknown="other")),
        stage=cast("Stage | None", _voted(story.stage, profile.stages)),
        amounts=_amounts(story.amounts, report, traits),
        buyer=_party(story.buyer, event.buyer if event else None, profile.buyers),
        seller=_party(story.seller, event.seller if event else None, profile.sellers),
        organisations=_organisations(story.organisations, traits),
        key_points=_key_points(story.key_points, report) if article.language == story.language else story.key_points,
        sources=(*story.sources, source_of(report, copy=False)),
        profile=profile.pack(),
    )
    return _revised(story, _most_relevant(grown, report))


def join_copy(story: Story, report: Report) -> Story:
    """The story with a copy of a text that it has: one source more, and nothing that a reader is shown changes."""
    grown = replace(
        story, link=story.link or report.article.link, sources=(*story.sources, source_of(report, copy=True))
    )
    return _revised(story, grown)


def source_of(report: Report, *, copy: bool) -> Source:
    article = report.article
    return Source(
        outlet=article.outlet,
        title=article.title,
        link=article.link,
        first_seen=article.first_seen,
        feed_kind=article.feed_kind,
        copy=copy,
        fingerprint=article.fingerprint,
    )


def _most_relevant(story: Story, report: Report) -> Story:
    verdict = report.analysis.relevance
    if verdict.score <= story.relevance:
        return story
    return replace(story, topic=verdict.topic, relevance=verdict.score, because=verdict.reasons)


def _revised(before: Story, after: Story) -> Story:
    return replace(after, revision=before.revision + 1) if _shown(after) != _shown(before) else after


def _shown(story: Story) -> tuple[object, ...]:
    """What an alert draws of a story."""
    return (
        story.title, story.link, story.event, story.stage, story.amounts, story.organisations, story.key_points,
        story.outlets, story.buyer and story.buyer.name, story.seller and story.seller.name,
    )  # fmt: skip


def _voted(shown: str | None, votes: Mapping[str, int], unknown: str | None = None) -> str | None:
    """What is shown, unless it is unknown or strictly more reports say something else."""
    known = {value: count for value, count in votes.items() if value != unknown}
    best = min(known, key=lambda value: (-known[value], value), default=None)
    if best is None:
        return shown
    return best if shown in (None, unknown) or known[best] > known.get(shown or "", 0) else shown


def _party(shown: Party | None, new: Party | None, votes: Mapping[str, int]) -> Party | None:
    if shown is None or new is None:
        return shown or new
    return new if votes.get(new.name, 0) > votes.get(shown.name, 0) else shown


def _amounts(shown: tuple[Amount, ...], report: Report, traits: Traits) -> tuple[Amount, ...]:
    """The amounts shown, and new ones of this report: those of its title and first sentence, or its first if none."""
    event = report.analysis.event
    found = [amount for amount in event.amounts if amount.value] if event else []
    main = [amount for amount in found if traits.amounts[amount_key(amount)] >= 2] or ([] if shown else found[:1])
    new = [amount for amount in main if all(amount.value != other.value for other in shown)]
    return (*shown, *new)[:MOST_AMOUNTS]


def _organisations(shown: tuple[str, ...], traits: Traits) -> tuple[str, ...]:
    heaviest = sorted(traits.names, key=lambda name: -traits.names[name])
    return tuple(dict.fromkeys((*shown, *heaviest)))[:MOST_ORGANISATIONS]


def _key_points(shown: tuple[str, ...], report: Report) -> tuple[str, ...]:
    points = list(shown)
    for point in report.analysis.key_points:
        if len(points) < MOST_KEY_POINTS and not any(_says(other, point.sentence) for other in points):
            points.append(point.sentence)
    return tuple(points)


def _says(one: str, other: str) -> bool:
    """Whether most of the shorter sentence's longer words stand in the other."""
    fewer, more = sorted((_longer_words(one), _longer_words(other)), key=len)
    return not fewer or len(fewer & more) > REDUNDANT * len(fewer)


def _longer_words(sentence: str) -> set[str]:
    return {stem(word) for word in words_of(sentence).lower if len(word) > 3 or word.isdigit()}
