"""Joining: a story as it stands after one more report, as a reader is shown it.

What is shown is stable. The title is that of the first independent report, and changes only if that turns out to be a
copy; a field changes when more reports say so, a stage when one states that things went on; a key point gives way to
one that says more. It does not decide which story a report joins (see merging).

A denial belongs to the story that it denies, as long as that is open: the story then shows it, and the placement says
that it is material. An end ("cancelled") and a step further that come a day or more later are stories that follow.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import cast

from bot.core.credit import credit_of, is_original
from bot.core.event import Amount, EventType, Party, Stage
from bot.core.profile import Profile
from bot.core.sharpening import sharpened
from bot.core.story import Report, Source, Story
from bot.core.traits import Traits, amount_key

MOST_ORGANISATIONS = 12
MOST_AMOUNTS = 3

LATER = {
    "rumoured": 0,
    "in_talks": 0,
    "planned": 1,
    "signed": 2,
    "deployed": 2,
    "changed": 2,
    "cancelled": 3,
    "denied": 3,
}
"""The order of the stages, as one follows another."""

ENOUGH_FOR_LATER = 0.5
"""Share of the reports stating the stage shown that must state a later one for it to be shown."""

ENOUGH_FOR_END = 0.25
"""The same for an end or a denial: reports of the news itself come first and are many, its denial comes last."""


def begin(
    report: Report,
    traits: Traits,
    profile: Profile,
    *,
    story_id: str,
    follows: str | None,
    agencies: Collection[str] = (),
) -> Story:
    """A story of one report. `agencies` are wire services, which a text may credit."""
    article, analysis = report.article, report.analysis
    event = analysis.event
    points = sharpened((), (), report)
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
        key_points=tuple(points),
        sources=(source_of(report, agencies, copy=False),),
        follows=follows,
        language=article.language,
        profile=replace(profile, points=tuple(points.values())).pack(),
    )


def join(story: Story, report: Report, traits: Traits, profile: Profile, *, agencies: Collection[str] = ()) -> Story:
    """The story with one more independent report, `profile` its own; `revision` grows if anything shown changed."""
    event, article = report.analysis.event, report.article
    points = dict(zip(story.key_points, (*profile.points, *[0.0] * len(story.key_points)), strict=False))
    if article.language == story.language:
        points = sharpened(story.key_points, profile.points, report)
    grown = replace(
        story,
        link=story.link or article.link,
        last_seen=max(story.last_seen, article.first_seen),
        event=cast(EventType, _voted(story.event, profile.events, unknown="other")),
        stage=cast("Stage | None", _stage(story.stage, profile)),
        amounts=_amounts(story.amounts, report, traits),
        buyer=_party(story.buyer, event.buyer if event else None, profile.buyers),
        seller=_party(story.seller, event.seller if event else None, profile.sellers),
        organisations=_organisations(story.organisations, traits),
        key_points=tuple(points),
        sources=(*story.sources, source_of(report, agencies, copy=False)),
        profile=replace(profile, points=tuple(points.values())).pack(),
    )
    return _revised(story, _most_relevant(grown, report))


def join_copy(story: Story, report: Report, *, of: str = "", agencies: Collection[str] = ()) -> Story:
    """The story with one more report that has the text of one that it has, the one with the fingerprint `of`.

    One source more, marked as a copy. If the report is the original, the text that was seen first becomes the copy,
    and no longer gives the story its title.
    """
    new = source_of(report, agencies, copy=True)
    earlier = next((source for source in story.sources if not source.copy and of and source.fingerprint == of), None)
    if earlier is None or not _is_original(new, earlier):
        grown = replace(story, link=story.link or new.link, sources=(*story.sources, new))
        return _revised(story, grown)
    new = replace(new, copy=False)
    sources = (*(replace(each, copy=True) if each is earlier else each for each in story.sources), new)
    if (story.title, story.link) == (earlier.title, earlier.link):
        story_now = replace(story, title=new.title or story.title, link=new.link or story.link, sources=sources)
    else:
        story_now = replace(story, sources=sources)
    return _revised(story, story_now)


def _is_original(new: Source, earlier: Source) -> bool:
    return is_original(
        outlet=new.outlet, credit=new.credit, published=new.published,
        other_outlet=earlier.outlet, other_credit=earlier.credit, other_published=earlier.published,
    )  # fmt: skip


def source_of(report: Report, agencies: Collection[str] = (), *, copy: bool) -> Source:
    """The report as a story lists it."""
    article = report.article
    return Source(
        outlet=article.outlet,
        title=article.title,
        link=article.link,
        first_seen=article.first_seen,
        feed_kind=article.feed_kind,
        copy=copy,
        fingerprint=article.fingerprint,
        published=article.published,
        credit=credit_of(article.text, agencies),
    )


def material_change(before: Story, after: Story) -> str:
    """What changed so much that readers of the story should hear of it, in words; "" for nothing.

    That is a denial or an end, another sum, or another main party: what was unknown and became known is none.
    """
    if after.stage != before.stage and after.stage in ("denied", "cancelled"):
        return f"now {after.stage}"
    sums = [amount.words for amount in after.amounts if amount not in before.amounts]
    if before.amounts and sums:
        return f"another amount: {', '.join(sums)}"
    for role, was, now in (("buyer", before.buyer, after.buyer), ("seller", before.seller, after.seller)):
        if was and now and was.name != now.name:
            return f"another {role}: {now.name}, not {was.name}"
    return ""


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


def _stage(shown: str | None, profile: Profile) -> str | None:
    """The stage to show: what reports state in title or first sentence counts before what is merely usual."""
    told = profile.told_stages
    if not told:
        return _voted(shown, profile.stages)
    own = told.get(shown or "", 0)
    for stage in sorted(told, key=lambda name: (-LATER.get(name, 0), -told[name], name)):
        share = ENOUGH_FOR_END if stage in ("denied", "cancelled") else ENOUGH_FOR_LATER
        if LATER.get(stage, 0) > LATER.get(shown or "", 0) and told[stage] >= share * own:
            return stage
    return _voted(shown, told)


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
