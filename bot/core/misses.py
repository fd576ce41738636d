"""Miss: where an answer differs from its label, how much that hurts a reader, and the reasons for the answer.

What counts as right is the figures' own rule (see evaluation). The hurts are a judgement, not a measurement: a story
that nobody hears of and a false alarm come first, then two stories told as one, then one told twice, then wrong facts,
which mislead, then missing ones, which do not.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.core.evaluation import (
    Pair,
    Row,
    has_event,
    is_accepted,
    is_near_miss,
    labelled_names,
    links,
    names_of,
    paired,
    party_of,
    points_of,
    story_names,
    uncovered,
    values_of,
)
from bot.core.labels import value_of
from bot.core.reasons import Part

ENDS = frozenset(("cancelled", "denied"))
"""Stages that turn the news into its opposite: one of these for another, or another for one of these, is the worst."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of error: its name for people, how much one hurts (0…100), and the part of the reasons it is about."""

    name: str
    hurt: float
    part: str


KINDS: dict[str, Kind] = {
    "missed_story": Kind("missed story", 90, "Relevance"),
    "near_miss_merged": Kind("near miss merged", 85, "Story"),
    "wrong_merge": Kind("wrong merge", 75, "Story"),
    "false_alarm": Kind("false alarm", 60, "Relevance"),
    "altered_quote": Kind("altered quote", 50, "What happened"),
    "split": Kind("story split", 45, "Story"),
    "missed_report": Kind("missed report", 35, "Relevance"),
    "wrong_event": Kind("wrong event", 30, "What happened"),
    "wrong_party": Kind("wrong party", 30, "What happened"),
    "wrong_amount": Kind("wrong amount", 30, "What happened"),
    "wrong_stage": Kind("wrong stage", 25, "What happened"),
    "wrong_follow": Kind("wrong follow-up", 20, "Story"),
    "missing_amount": Kind("missing amount", 15, "What happened"),
    "missing_facts": Kind("missing facts", 14, "What happened"),
    "missing_party": Kind("missing party", 12, "What happened"),
    "missing_follow": Kind("missing follow-up", 12, "Story"),
    "wrong_organisation": Kind("wrong organisation", 10, "Organisations"),
    "missing_organisation": Kind("missing organisation", 8, "Organisations"),
}
SURE = 40.0
"""How much more a false alarm hurts that is as sure as can be."""
REVERSED = 20.0
"""How much more a wrong stage hurts that is the opposite."""
MORE = 2.0
"""How much more each further name or fact hurts."""


@dataclass(frozen=True, slots=True)
class Miss:
    """One error on one document. `kind` is a key of KINDS, `part` what the answer went by, where it is known."""

    id: str
    title: str
    kind: str
    hurt: float
    expected: str
    came: str
    part: Part | None = None


def misses(
    labels: Sequence[Row], outputs: Iterable[Row], parts: Mapping[str, Sequence[Part]] | None = None
) -> list[Miss]:
    """Every error, the one that hurts most first; `labels` and `outputs` as for `evaluate`, `parts` by document."""
    printed = {str(row["id"]): row for row in outputs}
    pairs = sorted(paired(labels, printed), key=lambda pair: (str(pair.label.get("date", "")), str(pair.label["id"])))
    relevant = [pair for pair in pairs if pair.relevant]
    raised = [pair for pair in relevant if pair.given["relevant"]]
    known = [pair for pair in relevant if pair.label.get("story") is not None]
    labelled = labelled_names(relevant)
    found = [
        *_false_alarms(pairs),
        *_missed(relevant),
        *_merges(known),
        *_splits(known),
        *_links(known),
        *(miss for pair in raised for miss in _facts(pair, labelled)),
    ]
    ranked = sorted(found, key=lambda miss: (-miss.hurt, miss.id, miss.kind))
    return [_explained(miss, (parts or {}).get(miss.id, ())) for miss in ranked]


def counts(found: Iterable[Miss]) -> dict[str, int]:
    """How many there are of each kind, in the order of KINDS; kinds without one are left out."""
    number = Counter(miss.kind for miss in found)
    return {kind: number[kind] for kind in KINDS if number[kind]}


def _explained(miss: Miss, parts: Sequence[Part]) -> Miss:
    about = KINDS[miss.kind].part
    part = next((part for part in parts if part.name.split(" “")[0] == about), None)
    return Miss(miss.id, miss.title, miss.kind, miss.hurt, miss.expected, miss.came, part)


def _miss(pair: Pair, kind: str, expected: str, came: str, *, more: float = 0.0) -> Miss:
    hurt = min(100.0, round(KINDS[kind].hurt + more, 1))
    return Miss(str(pair.label["id"]), str(pair.label["title"]), kind, hurt, expected, came)


def _false_alarms(pairs: Iterable[Pair]) -> Iterator[Miss]:
    for pair in pairs:
        if not pair.relevant and pair.given["relevant"]:
            score = float(pair.given["score"])
            yield _miss(
                pair, "false_alarm", "no alert", f"an alert, scored {score * 100:.0f} of 100", more=SURE * score
            )


def _missed(relevant: Sequence[Pair]) -> Iterator[Miss]:
    told = {pair.label.get("story") for pair in relevant if pair.given["relevant"]} - {None}
    for pair in relevant:
        if not pair.given["relevant"]:
            kind = "missed_report" if pair.label.get("story") in told else "missed_story"
            yield _miss(pair, kind, "an alert", f"silence, scored {float(pair.given['score']) * 100:.0f} of 100")


def _merges(known: Sequence[Pair]) -> Iterator[Miss]:
    """The first report of each labelled story in a printed story that another one began."""
    first: dict[object, Pair] = {}
    seen: set[tuple[object, str]] = set()
    for pair in known:
        story, name = pair.given["story"], pair.label["story"]
        began = first.setdefault(story, pair)
        if story is None or (story, name) in seen:
            continue
        seen.add((story, name))
        if began.label["story"] != name:
            kind = "near_miss_merged" if is_near_miss(pair.label, began.label) else "wrong_merge"
            came = f"told as one with “{began.label['title']}” ({began.label['story']})"
            yield _miss(pair, kind, f"a story apart ({name})", came)


def _splits(known: Sequence[Pair]) -> Iterator[Miss]:
    """The report that began a further printed story of a labelled one."""
    homes: dict[str, Pair] = {}
    began: set[object] = set()
    for pair in known:
        story, name = pair.given["story"], pair.label["story"]
        if story is None:
            continue
        new = story not in began
        began.add(story)
        home = homes.setdefault(name, pair)
        if new and home is not pair:
            yield _miss(pair, "split", f"one story with “{home.label['title']}” ({name})", "a story of its own")


def _links(known: Sequence[Pair]) -> Iterator[Miss]:
    wanted, given = links(known)
    names, titles = story_names(known), _titles(known)
    for later, earlier in sorted(wanted - given):
        pair = next(pair for pair in known if (pair.label["story"], pair.label.get("follows")) == (later, earlier))
        if pair.given["story"] is not None:
            yield _miss(
                pair, "missing_follow", f"it follows “{titles.get(earlier, earlier)}”", _followed(pair, names, titles)
            )
    for later, earlier in sorted(given - wanted):
        pair = next(
            pair
            for pair in known
            if (names.get(pair.given["story"]), names.get(pair.given["follows"])) == (later, earlier)
        )
        before = pair.label.get("follows")
        expected = f"it follows “{titles.get(before, before)}”" if before else "it follows nothing"
        yield _miss(pair, "wrong_follow", expected, f"it follows “{titles.get(earlier, earlier)}”")


def _followed(pair: Pair, names: Mapping[object, str], titles: Mapping[str, str]) -> str:
    earlier = names.get(pair.given["follows"])
    return f"it follows “{titles.get(earlier, earlier)}”" if earlier else "it follows nothing"


def _titles(known: Iterable[Pair]) -> dict[str, str]:
    """The title of each labelled story's first report."""
    titles: defaultdict[str, str] = defaultdict(str)
    for pair in known:
        titles.setdefault(pair.label["story"], pair.label["title"])
    return dict(titles)


def _facts(pair: Pair, labelled: Collection[str]) -> Iterator[Miss]:
    """What is wrong or missing in what was read in a document that was raised."""
    if has_event(pair) and not is_accepted(pair, "event"):
        yield _miss(pair, "wrong_event", _either(pair, "event"), _plain(pair.given["event"]))
    if pair.label.get("stage"):
        yield from _stage(pair)
        yield from _parties(pair)
    yield from _amounts(pair)
    if pair.label.get("orgs"):
        yield from _organisations(pair, labelled)
    yield from _key_points(pair)


def _stage(pair: Pair) -> Iterator[Miss]:
    if not is_accepted(pair, "stage"):
        accepted = {pair.label["stage"], *(pair.label.get("stage_also") or ())}
        reversed_ = (pair.given["stage"] in ENDS) != bool(accepted & ENDS)
        more = REVERSED if reversed_ else 0.0
        yield _miss(pair, "wrong_stage", _either(pair, "stage"), _plain(pair.given["stage"]), more=more)


def _parties(pair: Pair) -> Iterator[Miss]:
    for role in ("buyer", "seller"):
        _, name, hit = party_of(pair, role)
        wanted = " or ".join(pair.label.get(role) or ())
        if name and not hit:
            yield _miss(pair, "wrong_party", f"{role}: {wanted or 'none'}", f"{role}: {pair.given[role]}")
        elif wanted and not hit:
            yield _miss(pair, "missing_party", f"{role}: {wanted}", f"{role}: none")


def _amounts(pair: Pair) -> Iterator[Miss]:
    wanted, given = pair.label.get("money") or (), pair.given["money"] or ()
    lost, wrong = _of_other_value(wanted, given), _of_other_value(given, wanted)
    if wrong:
        yield _miss(pair, "wrong_amount", _listed(wanted), _listed(wrong))
    elif lost:
        yield _miss(pair, "missing_amount", _listed(lost), _listed(given))


def _of_other_value(amounts: Iterable[str], others: Iterable[str]) -> list[str]:
    known = values_of(others)
    return [words for words in amounts if (value := value_of(words)) is not None and value not in known]


def _organisations(pair: Pair, labelled: Collection[str]) -> Iterator[Miss]:
    _, missing, wrong = names_of(pair, labelled)
    given = _listed(pair.given["orgs"] or ())
    if wrong:
        more = MORE * (len(wrong) - 1)
        yield _miss(pair, "wrong_organisation", _listed(pair.label["orgs"]), f"also {_listed(wrong)}", more=more)
    if missing:
        yield _miss(pair, "missing_organisation", _listed(missing), given, more=MORE * (len(missing) - 1))


def _key_points(pair: Pair) -> Iterator[Miss]:
    points, verbatim = points_of(pair)
    altered = [point for point in points if point not in verbatim]
    if altered:
        yield _miss(pair, "altered_quote", "sentences of the text", _listed(altered))
    lost = uncovered(pair.label.get("key_facts") or (), [pair.label["title"], *verbatim])
    if lost:
        shown = " … ".join([str(pair.label["title"]), *points])
        yield _miss(pair, "missing_facts", _listed(lost, "; "), shown, more=MORE * (len(lost) - 1))


def _either(pair: Pair, key: str) -> str:
    return " or ".join(map(_plain, (pair.label[key], *(pair.label.get(f"{key}_also") or ()))))


def _plain(value: str | None) -> str:
    return value.replace("_", " ") if value else "none"


def _listed(words: Iterable[str], between: str = ", ") -> str:
    return between.join(words) or "none"
