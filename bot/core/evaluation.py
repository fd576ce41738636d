"""The figures of a labelled set: how far what `analyze` prints agrees with what a reader labelled.

The definitions are those of the labelled set's own scorer, key for key and number for number. A document labelled
"borderline" counts nowhere. It reads rows and counts; it analyses nothing, and it prints nothing.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, groupby
from typing import Any

from bot.core.labels import (
    canonical,
    count_words,
    is_named,
    one_line,
    pair_names,
    same_organisation,
    stems,
    value_of,
)

Row = Mapping[str, Any]
Figures = dict[str, Any]

NOTHING_SAID: Row = {
    "relevant": False,
    "score": 0.0,
    "event": None,
    "stage": None,
    "buyer": None,
    "seller": None,
    "orgs": [],
    "money": [],
    "key_points": [],
    "story": None,
    "follows": None,
}
LEAD_WORDS = 45
COVERED = 0.6
FEWEST_OF_A_STAGE = 5


@dataclass(frozen=True, slots=True)
class Pair:
    """A labelled document (`label`) and what was printed for it (`given`, every key present)."""

    label: Row
    given: Row

    @property
    def relevant(self) -> bool:
        return bool(self.label["label"] == "relevant")


def evaluate(labels: Sequence[Row], outputs: Iterable[Row]) -> Figures:
    """Every figure, as nested dicts of numbers in a fixed order; a document without output counts as "nothing said".

    `labels` have the keys id, title, text, label, story, near_miss_group, event, event_also, stage, stage_also, buyer,
    seller, follows, orgs, money, key_facts; `outputs` those that `analyze` prints. The later of two outputs with one
    id counts. Figures are shares in 0…1 (0 where nothing can be counted) and counts.
    """
    printed = {str(row["id"]): row for row in outputs}
    pairs = paired(labels, printed)
    relevant = [pair for pair in pairs if pair.relevant]
    known = [pair for pair in relevant if pair.label.get("story") is not None]
    figures: Figures = {
        "documents": len(pairs),
        "relevant": len(relevant),
        "missing": sum(str(pair.label["id"]) not in printed for pair in pairs),
        "relevance": _relevance(pairs),
        "story": _stories(known, pairs),
        "event": _events(relevant),
        "stage": _stages(relevant),
        "parties": _parties(relevant),
        "follows": _follows(known),
        "orgs": _organisations(relevant),
        "money": _money(relevant),
    }
    facts = _facts(relevant)
    return {**figures, "facts": facts} if facts["n"] else figures


def paired(labels: Iterable[Row], printed: Mapping[str, Row]) -> list[Pair]:
    """Each labelled document that counts with what was printed for its id."""
    return [
        Pair(label, {**NOTHING_SAID, **printed.get(str(label["id"]), {})})
        for label in labels
        if label["label"] != "borderline"
    ]


def precision_and_recall(right: int, wrong: int, lost: int) -> dict[str, float]:
    """Precision, recall and F1 of counts: found and right, found and wrong, not found."""
    precision = right / (right + wrong) if right + wrong else 0.0
    recall = right / (right + lost) if right + lost else 0.0
    return {"precision": precision, "recall": recall, "f1": _f1(precision, recall)}


def average_precision(scored: Iterable[tuple[float, bool]]) -> float:
    """Mean precision at each hit, by falling score; the hits among equal scores are taken to lie evenly."""
    ranked = sorted(scored, key=lambda pair: -pair[0])
    hits = sum(hit for _, hit in ranked)
    seen = above = 0
    total = 0.0
    for _, block in groupby(ranked, key=lambda pair: pair[0]):
        truths = [hit for _, hit in block]
        size, inside = len(truths), sum(truths)
        for place in range(1, size + 1):
            before = (inside - 1) * (place - 1) / (size - 1) if size > 1 else 0
            total += (inside / size) * (above + before + 1) / (seen + place)
        seen, above = seen + size, above + inside
    return total / hits if hits else 0.0


def bcubed(truth: Sequence[str], given: Sequence[object], strangers: Mapping[object, int]) -> dict[str, float]:
    """BCubed precision, recall and F1 (Bagga and Baldwin 1998) of the clusters `given` against `truth`.

    Both name one cluster per document; None is a cluster of its own. `strangers` counts, per given cluster, documents
    that belong to none of the true ones and spoil its precision.
    """
    own = [("alone", number) if cluster is None else cluster for number, cluster in enumerate(given)]
    true_size, own_size = Counter(truth), Counter(own)
    together = Counter(zip(truth, own, strict=True))
    precision = recall = 0.0
    for true, cluster in zip(truth, own, strict=True):
        precision += together[true, cluster] / (own_size[cluster] + strangers.get(cluster, 0))
        recall += together[true, cluster] / true_size[true]
    precision, recall = _share(precision, len(truth)), _share(recall, len(truth))
    return {"precision": precision, "recall": recall, "f1": _f1(precision, recall)}


def _relevance(pairs: Sequence[Pair]) -> Figures:
    right = sum(bool(pair.given["relevant"]) for pair in pairs if pair.relevant)
    wrong = sum(bool(pair.given["relevant"]) for pair in pairs if not pair.relevant)
    lost = sum(pair.relevant for pair in pairs) - right
    ranked = average_precision((float(pair.given["score"]), pair.relevant) for pair in pairs)
    return {**precision_and_recall(right, wrong, lost), "average_precision": ranked}


def _stories(known: Sequence[Pair], pairs: Sequence[Pair]) -> Figures:
    strangers = Counter(
        pair.given["story"]
        for pair in pairs
        if not pair.relevant and pair.given["relevant"] and pair.given["story"] is not None
    )
    truth, given = [pair.label["story"] for pair in known], [pair.given["story"] for pair in known]
    near = [(one, other) for one, other in combinations(known, 2) if is_near_miss(one.label, other.label)]
    merged = sum(one.given["story"] is not None and one.given["story"] == other.given["story"] for one, other in near)
    return {
        **bcubed(truth, given, strangers),
        "near_misses_merged": _share(merged, len(near)),
        "near_misses": len(near),
        "stories": len(set(truth)),
    }


def is_near_miss(one: Row, other: Row) -> bool:
    """Whether two documents tell of different stories about the same firms or programme."""
    group = one.get("near_miss_group")
    return bool(group) and group == other.get("near_miss_group") and one["story"] != other["story"]


def _events(relevant: Sequence[Pair]) -> Figures:
    typed = [pair for pair in relevant if has_event(pair)]
    right = sum(is_accepted(pair, "event") for pair in typed)
    return {"accuracy": right / max(1, len(typed)), "n": len(typed)}


def has_event(pair: Pair) -> bool:
    """Whether a document's type of event counts."""
    return pair.label.get("event") not in (None, "other")


def _stages(relevant: Sequence[Pair]) -> Figures:
    by_stage: defaultdict[str, list[bool]] = defaultdict(list)
    for pair in _staged(relevant):
        by_stage[pair.label["stage"]].append(is_accepted(pair, "stage"))
    rates = [sum(hits) / len(hits) for hits in by_stage.values() if len(hits) >= FEWEST_OF_A_STAGE]
    count = sum(map(len, by_stage.values()))
    return {
        "accuracy": sum(map(sum, by_stage.values())) / max(1, count),
        "macro": sum(rates) / max(1, len(rates)),
        "n": count,
    }


def _staged(relevant: Sequence[Pair]) -> list[Pair]:
    return [pair for pair in relevant if pair.label.get("stage")]


def is_accepted(pair: Pair, key: str) -> bool:
    """Whether the value given under `key` is the labelled one or one of "<key>_also"."""
    value = pair.given[key]
    return value is not None and value in (pair.label[key], *(pair.label.get(f"{key}_also") or ()))


def _parties(relevant: Sequence[Pair]) -> Figures:
    right = wrong = lost = 0
    for pair in _staged(relevant):
        for role in ("buyer", "seller"):
            wanted, name, hit = party_of(pair, role)
            right += hit
            wrong += bool(name) and not hit
            lost += bool(wanted) and not hit
    return precision_and_recall(right, wrong, lost)


def party_of(pair: Pair, role: str) -> tuple[list[str], str, bool]:
    """The canonical names that are right for a role, the one given ("" for none), and whether it is one of them."""
    wanted = [canonical(name) for name in pair.label.get(role) or ()]
    name = canonical(pair.given[role]) if pair.given[role] else ""
    return wanted, name, bool(name) and any(same_organisation(other, name) for other in wanted)


def _follows(known: Sequence[Pair]) -> Figures:
    wanted, given = links(known)
    return {
        **precision_and_recall(len(wanted & given), len(given - wanted), len(wanted - given)),
        "n": len(wanted),
    }


Links = set[tuple[str, str]]


def links(known: Sequence[Pair]) -> tuple[Links, Links]:
    """The labelled and the given (later, earlier) stories, by their labels; a printed story bears the label that most
    of its documents have."""
    names = story_names(known)
    wanted = {(pair.label["story"], pair.label["follows"]) for pair in known if pair.label.get("follows")}
    named = ((names.get(pair.given["story"]), names.get(pair.given["follows"])) for pair in known)
    return wanted, {(later, earlier) for later, earlier in named if later and earlier and later != earlier}


def story_names(known: Sequence[Pair]) -> dict[object, str]:
    """For each printed story the labelled one that most of its documents tell."""
    votes: defaultdict[object, Counter[str]] = defaultdict(Counter)
    for pair in known:
        if pair.given["story"] is not None:
            votes[pair.given["story"]][pair.label["story"]] += 1
    return {story: labels.most_common(1)[0][0] for story, labels in votes.items()}


def _organisations(relevant: Sequence[Pair]) -> Figures:
    labelled = labelled_names(relevant)
    right = wrong = lost = 0
    for pair in relevant:
        if pair.label.get("orgs"):
            wanted, missing, extra = names_of(pair, labelled)
            right, wrong, lost = right + len(wanted) - len(missing), wrong + len(extra), lost + len(missing)
    return precision_and_recall(right, wrong, lost)


def labelled_names(relevant: Iterable[Pair]) -> set[str]:
    """Every organisation that some document's label names."""
    return {canonical(name) for pair in relevant for name in pair.label.get("orgs") or ()}


def names_of(pair: Pair, labelled: Collection[str]) -> tuple[list[str], list[str], list[str]]:
    """The organisations wanted, those of them that are missing, and those given that are wrong: one that is `labelled`
    elsewhere and that this text names is not."""
    wanted = sorted({canonical(name) for name in pair.label["orgs"]})
    missing, extra = pair_names(wanted, sorted({canonical(name) for name in pair.given["orgs"] or ()}))
    text = f"{pair.label['title']} {pair.label['text']}".lower().replace("’", "'")
    return wanted, missing, [name for name in extra if not (name in labelled and is_named(name, text))]


def _money(relevant: Sequence[Pair]) -> Figures:
    right = wrong = lost = 0
    for pair in relevant:
        wanted, given = values_of(pair.label.get("money")), values_of(pair.given["money"])
        right, wrong, lost = right + len(wanted & given), wrong + len(given - wanted), lost + len(wanted - given)
    return precision_and_recall(right, wrong, lost)


def values_of(amounts: Iterable[str] | None) -> set[float]:
    """The different values that amounts state."""
    return {value for value in map(value_of, amounts or ()) if value is not None}


def _facts(relevant: Sequence[Pair]) -> Figures:
    facts = covered = lead = spent = documents = broken = 0
    for pair in relevant:
        wanted = pair.label.get("key_facts") or ()
        if not wanted:
            continue
        points, verbatim = points_of(pair)
        beginning = " ".join(pair.label["text"].split()[:LEAD_WORDS])
        facts, documents = facts + len(wanted), documents + 1
        covered += len(wanted) - len(uncovered(wanted, [pair.label["title"], *verbatim]))
        lead += len(wanted) - len(uncovered(wanted, [pair.label["title"], beginning]))
        spent, broken = spent + sum(map(count_words, points)), broken + len(points) - len(verbatim)
    return {
        "coverage": _share(covered, facts),
        "words": _share(spent, documents),
        "lead45": _share(lead, facts),
        "not_verbatim": broken,
        "n": facts,
    }


def points_of(pair: Pair) -> tuple[list[str], list[str]]:
    """The key points shown, and those of them that are words of the title or the text."""
    title, text = one_line(pair.label["title"]), one_line(pair.label["text"])
    points = [one_line(point) for point in (pair.given["key_points"] or ())[:3]]
    return points, [point for point in points if point in title or point in text]


def uncovered(facts: Iterable[str], shown: Iterable[str]) -> list[str]:
    """The facts of whose content words the texts shown hold too few."""
    known = stems(" ".join(shown))
    wanted = ((fact, stems(fact)) for fact in facts)
    return [fact for fact, words in wanted if len(words & known) < COVERED * len(words)]


def _f1(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _share(part: float, whole: int) -> float:
    return part / whole if whole else 0.0
