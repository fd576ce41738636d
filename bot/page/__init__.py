"""Pages: a review as one HTML file that a person reads through, on a phone or a desk, by day or by night.

It needs nothing from elsewhere: no script, no font, no picture. It escapes everything, decides nothing and writes no
file.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import resources

from jinja2 import Environment, StrictUndefined

from bot.core.confusion import Confusion
from bot.core.escape import plain, safe_link
from bot.core.misses import KINDS, Miss, counts
from bot.core.reasons import weighed
from bot.core.review import Figure, Review

TEMPLATE = "evaluation.html"


@dataclass(frozen=True, slots=True)
class Cell:
    """One number of a confusion: how dark it is drawn (0…1, its share of the row), and whether it is right."""

    number: int
    shade: float
    right: bool


@dataclass(frozen=True, slots=True)
class Heat:
    """A confusion as a heat map."""

    name: str
    confusion: Confusion
    cells: tuple[tuple[Cell, ...], ...]


def evaluation_page(review: Review, figures: Sequence[Figure], *, title: str, worst: int) -> str:
    """The page. `figures` stand in its table, `worst` errors are told at its top, all of them by kind below."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"words": _words, "number": _number, "plain": plain, "blocks": _blocks}
    template = environment.from_string(resources.files(__name__).joinpath(TEMPLATE).read_text(encoding="utf-8"))
    return template.render(
        title=title,
        review=review,
        figures=figures,
        compared=any(figure.beside is not None for figure in figures),
        heats=[_heat("Events", review.events), _heat("Stages", review.stages)],
        worst=review.misses[:worst],
        kinds=[(kind, KINDS[kind].name, _of_kind(review.misses, kind)) for kind in counts(review.misses)],
        names={kind: each.name for kind, each in KINDS.items()},
        weighed=weighed,
        safe_link=safe_link,
    )


def _of_kind(found: Iterable[Miss], kind: str) -> list[Miss]:
    return [miss for miss in found if miss.kind == kind]


def _heat(name: str, confusion: Confusion) -> Heat:
    rows = zip(confusion.rows, confusion.counts, strict=True)
    return Heat(name, confusion, tuple(_row(true, numbers, confusion.columns) for true, numbers in rows))


def _row(true: str, numbers: Sequence[int], columns: Sequence[str]) -> tuple[Cell, ...]:
    whole = sum(numbers) or 1
    return tuple(
        Cell(number, round(0.15 + 0.85 * number / whole, 3), true == column)
        for column, number in zip(columns, numbers, strict=True)
    )


def _words(name: str) -> str:
    return name.replace("_", " ")


def _blocks(text: str) -> str:
    """A text with its lines, each made plain."""
    return "\n".join(map(plain, text.splitlines()))


def _number(value: float) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)
