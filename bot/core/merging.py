"""Merging: the stories that still take reports, which of them a report joins, and which earlier one it follows.

An inverted index over words and organisations keeps the cost of one report free of the archive's size. All that it
knows comes from the stories' profiles, so that a restart decides as an unbroken run would. It stores nothing.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from heapq import heappop, heappush, nlargest
from math import log

from bot.core.clauses import make_lexicon
from bot.core.evidence import Kin
from bot.core.followup import Predecessor, predecessor
from bot.core.joining import begin, join, join_copy, material_change
from bot.core.likeness import Likeness, likeness
from bot.core.profile import Profile, extend, unpack
from bot.core.relevance import Reason
from bot.core.sketch import overlap
from bot.core.story import MergingRules, Placement, Report, Story
from bot.core.traits import Traits, describe

PRIOR_STORIES = 300
"""Stories imagined to have been seen before the first one, so that rarity means something from the start."""

COMMON_SHARE = 0.15
"""Share of the imagined stories that hold a word known to be common."""

RAREST = 48
"""Words and names of a report, the rarest first, that are looked up in the index."""

MOST_VISITS = 2_500
"""Entries of the index that one report may visit."""

CANDIDATES = 8
"""Stories, of those found in the index, that are compared in full."""

SHORTLIST = 150
"""Stories, of those found in the index, from which the ones to compare are taken."""

LEAST_SKETCH = 12
"""Word triples below which a text is too short to be told a copy by them."""

LATE_COPY_SKETCH = 30
"""Word triples from which a text is taken for a copy even of a story that takes no more reports."""


@dataclass(frozen=True, slots=True)
class Original:
    """A story that already has a report's text: that text's fingerprint, and the share of it that is the same."""

    standing: "Standing"
    fingerprint: str
    share: float


@dataclass(frozen=True, slots=True)
class Standing:
    """A story as the index holds it."""

    story: Story
    profile: Profile
    keys: frozenset[str]


class OpenStories:
    """The stories that reports may join or follow, in memory; `place` finds a report's story and keeps the index true.

    It holds every story that had an independent report within `rules.follow`; older ones are forgotten as time goes.
    The order in which stories are put does not matter. Not safe for use by several threads at once.
    """

    def __init__(self, stories: Iterable[Story] = (), rules: MergingRules | None = None) -> None:
        self._rules = rules or MergingRules()
        self._kin = kinship(self._rules.part_of)
        self._lexicon = make_lexicon(self._rules)
        self._standing: dict[str, Standing] = {}
        self._index: dict[str, set[str]] = {}
        self._prints: dict[str, dict[str, None]] = {}
        self._ageing: list[tuple[datetime, str]] = []
        for story in stories:
            self.put(story)

    def __len__(self) -> int:
        return len(self._standing)

    def __iter__(self) -> Iterator[Story]:
        return (standing.story for standing in self._standing.values())

    def put(self, story: Story) -> None:
        """Hold `story`, in place of the one with its id (a person may have changed it elsewhere)."""
        self.remove(story.id)
        profile = unpack(story.profile)
        keys = frozenset((*profile.words, *(f"@{name}" for name in profile.names)))
        self._standing[story.id] = Standing(story, profile, keys)
        for key in keys:
            self._index.setdefault(key, set()).add(story.id)
        for source in story.sources:
            if source.fingerprint:
                self._prints.setdefault(source.fingerprint, {})[story.id] = None
        heappush(self._ageing, (story.last_seen, story.id))

    def remove(self, story_id: str) -> None:
        """Forget the story; one that is not held is no mistake."""
        standing = self._standing.pop(story_id, None)
        if standing is None:
            return
        for key in standing.keys:
            holders = self._index[key]
            holders.discard(story_id)
            if not holders:
                del self._index[key]
        for source in standing.story.sources:
            holders_of_print = self._prints.get(source.fingerprint, {})
            holders_of_print.pop(story_id, None)
            if not holders_of_print:
                self._prints.pop(source.fingerprint, None)

    def place(self, report: Report, *, now: datetime, new_id: Callable[[], str] | str) -> Placement:
        """The story that `report` joins or begins, which from now on is part of the index.

        `now` is when the report was first seen, aware UTC. `new_id` is the id for a new story, or makes it. Never
        raises on what a report holds.
        """
        self._forget_before(_earlier_by(self._rules.follow, now))
        traits = describe(report, self._lexicon)
        rarity = self._rarity()
        found = self._candidates(traits, rarity)
        alike = self._alike(traits, found, rarity, now)
        original = self._original(report, traits, alike, now)
        if original is not None:
            placement = self._copied(original, report)
        elif alike and alike[0][0].score >= self._rules.merge_at:
            placement = self._joined(report, traits, alike)
        else:
            compared = self._earlier(traits, found, alike, rarity, now)
            ages = [(known, each.story, now - each.story.last_seen) for known, each in compared]
            story_id = new_id if isinstance(new_id, str) else new_id()
            placement = self._begun(report, traits, alike, predecessor(ages, self._rules), story_id)
            placement = replace(placement, related=self._related(compared))
        self.put(placement.story)
        return placement

    def compare(self, report: Report, *, now: datetime, late: bool = False) -> list[tuple[Story, Likeness]]:
        """The open stories that `report` would be compared with, with `late` also those that it might follow, the
        likest first; nothing is placed. Weights are learned from it."""
        self._forget_before(_earlier_by(self._rules.follow, now))
        traits, rarity = describe(report, self._lexicon), self._rarity()
        found = self._candidates(traits, rarity)
        alike = self._alike(traits, found, rarity, now)
        compared = self._earlier(traits, found, alike, rarity, now) if late else alike
        return [(standing.story, known) for known, standing in compared]

    def assign(self, report: Report, *, story_id: str) -> Story:
        """The story `story_id` with `report`, or begun by it, however alike they are: as labels say, out
        of which weights are learned."""
        traits = describe(report, self._lexicon)
        standing, agencies = self._standing.get(story_id), self._rules.agencies
        profile = extend(standing.profile if standing else Profile(), traits)
        if standing:
            story = join(standing.story, report, traits, profile, agencies=agencies)
        else:
            story = begin(report, traits, profile, story_id=story_id, follows=None, agencies=agencies)
        self.put(story)
        return story

    def _forget_before(self, oldest: datetime) -> None:
        while self._ageing and self._ageing[0][0] < oldest:
            _, story_id = heappop(self._ageing)
            standing = self._standing.get(story_id)
            if standing is not None and standing.story.last_seen < oldest:
                self.remove(story_id)

    def _rarity(self) -> Callable[[str], float]:
        """How much a word or "@name" tells, by the number of stories that hold it; remembered for one placement."""
        known: dict[str, float] = {}
        total = len(self._standing) + PRIOR_STORIES

        def rarity(key: str) -> float:
            value = known.get(key)
            if value is None:
                imagined = COMMON_SHARE * PRIOR_STORIES if key in self._lexicon.common else 1
                value = known[key] = log(total / (len(self._index.get(key, ())) + imagined))
            return value

        return rarity

    def _candidates(self, traits: Traits, rarity: Callable[[str], float]) -> list[Standing]:
        """The stories that share most of the report's rarest words and names, by the weight of what they share."""
        weights = {**traits.words, **{f"@{name}": weight for name, weight in traits.names.items()}}
        keys = sorted((key for key in weights if key in self._index), key=lambda key: (-rarity(key), key))[:RAREST]
        shared: defaultdict[str, float] = defaultdict(float)
        visits = 0
        for key in keys:
            visits += len(self._index[key])
            if visits > MOST_VISITS:
                break
            worth = weights[key] * rarity(key) ** 2
            for story_id in self._index[key]:
                shared[story_id] += worth
        return [
            self._standing[each] for _, each in nlargest(SHORTLIST, ((worth, each) for each, worth in shared.items()))
        ]

    def _alike(
        self, traits: Traits, found: Sequence[Standing], rarity: Callable[[str], float], now: datetime
    ) -> list[tuple[Likeness, Standing]]:
        """The open stories among `found`, the likest first."""
        since = _earlier_by(self._rules.idle, now)
        is_open = [standing for standing in found if standing.story.last_seen >= since]
        compared = [(self._likeness(traits, each, rarity, now), each) for each in is_open[:CANDIDATES]]
        return _likest_first(compared)

    def _earlier(
        self,
        traits: Traits,
        found: Sequence[Standing],
        alike: Iterable[tuple[Likeness, Standing]],
        rarity: Callable[[str], float],
        now: datetime,
    ) -> list[tuple[Likeness, Standing]]:
        """The stories among `found`, open or not, that a new one may follow, the likest first; those in `alike` are
        compared already."""
        compared = {standing.story.id: (known, standing) for known, standing in alike}
        for standing in found[:CANDIDATES]:
            if standing.story.id not in compared:
                compared[standing.story.id] = (self._likeness(traits, standing, rarity, now), standing)
        return _likest_first(compared.values())

    def _likeness(self, traits: Traits, standing: Standing, rarity: Callable[[str], float], now: datetime) -> Likeness:
        days = max(0.0, (now - standing.story.last_seen) / timedelta(days=1))
        age = max(0.0, (now - standing.story.first_seen) / timedelta(days=1))
        weights = self._rules.weights
        return likeness(traits, standing.profile, rarity=rarity, days=days, age=age, weights=weights, kin=self._kin)

    def _original(
        self, report: Report, traits: Traits, alike: Iterable[tuple[Likeness, Standing]], now: datetime
    ) -> Original | None:
        """The story that already has this text."""
        fingerprint = report.article.fingerprint
        same = [self._standing[story_id] for story_id in self._prints.get(fingerprint, ())]
        for standing in sorted(same, key=lambda standing: (standing.story.first_seen, standing.story.id)):
            is_open = standing.story.last_seen >= _earlier_by(self._rules.idle, now)
            if is_open or len(traits.sketch) >= LATE_COPY_SKETCH:
                return Original(standing, fingerprint, 1.0)
        if len(traits.sketch) < LEAST_SKETCH:
            return None
        shares = [
            Original(standing, name, overlap(traits.sketch, other))
            for _, standing in alike
            for name, other in standing.profile.sketches.items()
        ]
        likest = max(shares, key=lambda original: original.share, default=None)
        return likest if likest is not None and likest.share >= self._rules.copy_at else None

    def _copied(self, original: Original, report: Report) -> Placement:
        before = original.standing.story
        story = join_copy(before, report, of=original.fingerprint, agencies=self._rules.agencies)
        reason = Reason("copy of a text in the story", f"{original.share:.0%} of its words", 1.0)
        return Placement(story, False, 1.0, (reason,), material=material_change(before, story))

    def _joined(self, report: Report, traits: Traits, alike: list[tuple[Likeness, Standing]]) -> Placement:
        best, standing = alike[0]
        profile = extend(standing.profile, traits)
        story = join(standing.story, report, traits, profile, agencies=self._rules.agencies)
        change = material_change(standing.story, story)
        return Placement(story, False, best.score, best.reasons, self._related(alike[1:]), change)

    def _begun(
        self,
        report: Report,
        traits: Traits,
        alike: list[tuple[Likeness, Standing]],
        earlier: Predecessor | None,
        story_id: str,
    ) -> Placement:
        profile, follows = extend(Profile(), traits), earlier.story_id if earlier else None
        agencies = self._rules.agencies
        story = begin(report, traits, profile, story_id=story_id, follows=follows, agencies=agencies)
        reasons = list(earlier.reasons) if earlier else []
        if not alike:
            reasons.append(Reason("no open story is alike", "", 0.0))
            return Placement(story, True, 0.0, tuple(reasons))
        best, standing = alike[0]
        reasons += [Reason("likest open story", standing.story.title, best.score), *best.reasons]
        return Placement(story, True, best.score, tuple(reasons))

    def _related(self, alike: Iterable[tuple[Likeness, Standing]]) -> tuple[str, ...]:
        return tuple(other.story.id for found, other in alike if found.score >= self._rules.related_at)[:5]


def _likest_first(compared: Iterable[tuple[Likeness, Standing]]) -> list[tuple[Likeness, Standing]]:
    return sorted(compared, key=lambda pair: (-pair[0].score, pair[1].story.first_seen, pair[1].story.id))


def _earlier_by(span: timedelta, moment: datetime) -> datetime:
    """`span` before `moment`, or the earliest moment that there is."""
    try:
        return moment - span
    except OverflowError:
        return datetime.min.replace(tzinfo=moment.tzinfo)


def kinship(part_of: Mapping[str, str]) -> Kin:
    """For each organisation that is a part of others, those others, up to the topmost."""
    return {name: frozenset(_line(name, part_of)) for name in part_of}


def _line(name: str, part_of: Mapping[str, str]) -> Iterator[str]:
    seen = {name}
    while name in part_of and part_of[name] not in seen:
        name = part_of[name]
        seen.add(name)
        yield name
