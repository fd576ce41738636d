"""Labelled: one line of a labelled set, checked, so that a slip in it is told with its place and not miscounted.

It knows which keys a labelled document has and what they may hold; it compares nothing (see evaluation) and reads no
file.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from bot.core.event import EVENT_TYPES, STAGES
from bot.core.stream import BYTE_ORDER_MARK
from bot.errors import TocsinError

LABELS = ("relevant", "borderline", "not_relevant", "irrelevant")
TEXTS = ("title", "text")
OPTIONAL_TEXTS = ("url", "outlet", "date", "story", "near_miss_group", "event", "stage", "follows")
LISTS = ("event_also", "stage_also", "buyer", "seller", "orgs", "money", "key_facts")
CHOICES: Mapping[str, tuple[str, ...]] = {"label": LABELS, "event": EVENT_TYPES, "stage": STAGES}

Row = dict[str, Any]


def labelled_rows(text: str, name: str) -> list[Row]:
    """The documents of a file's `text`, one JSON object a line; blank lines are passed over. Raises TocsinError with
    the file's `name` and the line of the first that is no labelled document, or whose id stands before."""
    seen: dict[str, int] = {}
    rows = []
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            row = _row(line, f"{name}:{number}")
            first = seen.setdefault(str(row["id"]), number)
            if first != number:
                raise TocsinError(
                    f'{name}:{number} has the id "{row["id"]}" of line {first}; give each document its own.'
                )
            rows.append(row)
    return rows


def _row(line: str, place: str) -> Row:
    try:
        row = json.loads(line.removeprefix(BYTE_ORDER_MARK))
    except (ValueError, RecursionError) as error:
        raise TocsinError(f"{place} is not JSON ({error}).") from error
    if not isinstance(row, dict) or not row.get("id") or not row.get("label"):
        raise TocsinError(f'{place} is not a labelled document; it needs an "id" and a "label".')
    problem = next(_problems(row), None)
    if problem:
        raise TocsinError(f"{place} {problem}.")
    return row


def _problems(row: Row) -> Iterator[str]:
    if not isinstance(row["id"], str | int) or isinstance(row["id"], bool):
        yield 'has an "id" that is neither text nor a whole number'
    yield from (f'lacks a "{key}"; write "" where there is none' for key in TEXTS if key not in row)
    for key in (*TEXTS, *OPTIONAL_TEXTS):
        if not isinstance(row.get(key), str | None) or (key in TEXTS and row.get(key, "") is None):
            yield f'has a "{key}" that is not text; write it in quotes'
    for key in LISTS:
        if row.get(key) is not None and not _is_list_of_texts(row[key]):
            yield f'has a "{key}" that is no list of texts; write it like ["…"], or null'
    if row.get("date") and not _is_date(row["date"]):
        yield f'has a "date" that is no ISO day or time ("{row["date"][:40]}"); write it like 2026-03-04'
    yield from _unknown_choices(row)


def _unknown_choices(row: Row) -> Iterator[str]:
    for key, known in CHOICES.items():
        unknown = (value for value in _chosen(row, key) if value not in known)
        yield from (f'has the {key} "{value}", which is none; write one of {", ".join(known)}' for value in unknown)


def _is_date(written: str) -> bool:
    try:
        datetime.fromisoformat(written.strip())
    except ValueError:
        return False
    return True


def _is_list_of_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _chosen(row: Row, key: str) -> Iterable[object]:
    """What stands under a key, and as another answer that is as good."""
    return (*([row[key]] if row.get(key) else ()), *(row.get(f"{key}_also") or ()))
