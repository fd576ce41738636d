"""Correction: stories as they stand after a person merged two, or took a report out of one, or took that back.

Facts are never edited: a story is told anew out of its reports, by the rules by which reports join. Its revision only
ever grows, so that messages follow there and back. It stores nothing, and it does not say who may correct.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from bot.core.clauses import Lexicon, make_lexicon
from bot.core.joining import begin, join, join_copy
from bot.core.merging import LEAST_SKETCH
from bot.core.profile import Profile, extend, unpack
from bot.core.sketch import overlap
from bot.core.story import MergingRules, Report, Source, Story
from bot.core.traits import Traits, describe


def merged(story: Story, into: Story, reports: Sequence[Report], rules: MergingRules) -> Story:
    """`into` with everything that `story` has; `reports` are those of `story` that are still kept.

    Id, title and link stay those of `into`. It follows what it followed, else what `story` did.
    """
    grown = _with_all(into, in_order(reports, story), rules)
    grown = replace(
        grown,
        sources=(*grown.sources, *_unkept(story, reports)),
        first_seen=min(story.first_seen, into.first_seen),
        last_seen=max(story.last_seen, grown.last_seen),
        follows=_followed(story, into),
    )
    return replace(grown, revision=max(story.revision, into.revision) + 1)


def without(story: Story, gone: Report, rest: Sequence[Report], rules: MergingRules) -> Story:
    """The story told anew out of the `rest` of its reports, at least one, `gone` taken out.

    A text that was a copy of the one taken out is the first of its kind from now on.
    """
    told = begun(rest[0], story.id, rules) if len(rest) == 1 else _told(in_order(rest, story), story.id, rules)
    unkept = _unkept(story, (gone, *rest))
    return replace(
        told,
        sources=(*unkept, *told.sources),
        first_seen=min([told.first_seen, *(source.first_seen for source in unkept)]),
        follows=story.follows,
        revision=story.revision + 1,
    )


def begun(report: Report, story_id: str, rules: MergingRules) -> Story:
    """A story of one report, which follows none."""
    traits = describe(report, make_lexicon(rules))
    profile = extend(Profile(), traits)
    return begin(report, traits, profile, story_id=story_id, follows=None, agencies=rules.agencies)


def restored(before: Story, later: Sequence[Report], *, revision: int, rules: MergingRules) -> Story:
    """A story as it was before a correction, with the reports that came since; `revision` is the greatest that
    messages may show by now."""
    return replace(_with_all(before, later, rules), revision=revision + 1)


def in_order(reports: Iterable[Report], story: Story) -> list[Report]:
    """Reports in the order in which the story lists them; those that it does not list come last."""
    places = {_key(source): number for number, source in enumerate(story.sources)}
    last = len(places)
    return sorted(reports, key=lambda report: (places.get(_key_of(report), last), report.article.first_seen))


def _told(reports: Sequence[Report], story_id: str, rules: MergingRules) -> Story:
    first, *rest = reports
    return _with_all(begun(first, story_id, rules), rest, rules)


def _with_all(story: Story, reports: Iterable[Report], rules: MergingRules) -> Story:
    lexicon = make_lexicon(rules)
    for report in reports:
        story = _with(story, report, lexicon, rules)
    return story


def _with(story: Story, report: Report, lexicon: Lexicon, rules: MergingRules) -> Story:
    """The story with one more report, which counts once with a text that the story has already."""
    traits, profile = describe(report, lexicon), unpack(story.profile)
    original = _original(story, profile, traits, rules)
    if original is not None:
        return join_copy(story, report, of=original, agencies=rules.agencies)
    return join(story, report, traits, extend(profile, traits), agencies=rules.agencies)


def _original(story: Story, profile: Profile, traits: Traits, rules: MergingRules) -> str | None:
    """The fingerprint of the text in the story that is the report's own, by the measures of merging."""
    if any(traits.fingerprint and source.fingerprint == traits.fingerprint for source in story.sources):
        return traits.fingerprint
    if len(traits.sketch) < LEAST_SKETCH:
        return None
    shares = {name: overlap(traits.sketch, other) for name, other in profile.sketches.items()}
    likest = max(shares, key=lambda name: shares[name], default=None)
    return likest if likest is not None and shares[likest] >= rules.copy_at else None


def _followed(story: Story, into: Story) -> str | None:
    """What the merged story follows: neither of the two."""
    followed = (each.follows for each in (into, story) if each.follows not in (None, story.id, into.id))
    return next(followed, None)


def _unkept(story: Story, reports: Iterable[Report]) -> list[Source]:
    """What the story lists of reports that are no longer kept."""
    kept = {_key_of(report) for report in reports}
    return [source for source in story.sources if _key(source) not in kept]


def _key(source: Source) -> tuple[object, ...]:
    return source.outlet, source.title, source.link, source.first_seen


def _key_of(report: Report) -> tuple[object, ...]:
    article = report.article
    return article.outlet, article.title, article.link, article.first_seen
