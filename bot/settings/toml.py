"""TOML files to checked values, with every mistake named by file and line.

`tomllib` keeps no positions and no maintained library gives them for checked values, so the line of a mistake is
found again in the text: the n-th header of its array of tables, then the key below it.
"""

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from bot.errors import ConfigurationError, Mistake

Model = TypeVar("Model", bound=BaseModel)
Location = Sequence[int | str]

_SENTENCES = {
    "Extra inputs are not permitted": "is not a known key",
    "Field required": "is missing; set it",
    ", unable to parse string as an integer": "",
    "a valid integer": "a whole number",
    "Input should be": "must be",
    "String should": "must",
}
"""pydantic's words, which speak of inputs, in those of a person who edits a file or sets a variable."""


class Table(BaseModel):
    """The base of every model of a configuration table: frozen, and an unknown key is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def read_toml(path: Path, model: type[Model]) -> Model:
    """The file as `model`. Raises ConfigurationError with every mistake in it."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(
            (Mistake(str(path), None, f"cannot be read ({error.strerror}); put the file there or name another folder"),)
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigurationError((Mistake(str(path), None, "is not UTF-8 text; save it as UTF-8"),)) from error
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError((_syntax_mistake(path, text, str(error)),)) from error
    return check(content, model, path=path, text=text)


def check(content: dict[str, Any], model: type[Model], *, path: Path, text: str) -> Model:
    """`content` as `model`; a failed check becomes mistakes that name the line of `text`."""
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise ConfigurationError(
            tuple(
                Mistake(str(path), line_of(text, details["loc"]), _sentence(details["loc"], details["msg"]))
                for details in error.errors()
            )
        ) from error


def line_of(text: str, location: Location) -> int | None:
    """The line (from 1) where the value at `location` (as pydantic gives it) stands, or its table's, or None."""
    lines = text.splitlines()
    first, last, names = 0, len(lines), list(location)
    header: list[str] = []
    found: int | None = None
    while names:
        name = names.pop(0)
        if isinstance(name, int):
            continue
        header.append(name)
        index = names[0] if names and isinstance(names[0], int) else None
        block = _block(lines, header, index, first, last)
        if block is None:
            return _key_line(lines, name, first, last) or found
        first, last = block
        found = first + 1
    return found


def _block(lines: list[str], header: list[str], index: int | None, first: int, last: int) -> tuple[int, int] | None:
    """The lines of `[header]`, or of the `index`-th `[[header]]`, between `first` and `last`."""
    dotted = r"\s*\.\s*".join(re.escape(name) for name in header)
    opening = re.compile(rf"\s*\[\[?\s*{dotted}\s*\]\]?\s*(#.*)?$")
    starts = [number for number in range(first, last) if opening.match(lines[number])]
    if len(starts) <= (index or 0):
        return None
    start = starts[index or 0]
    sub_table = re.compile(rf"\s*\[\[?\s*{dotted}\s*\.")
    for number in range(start + 1, last):
        if re.match(r"\s*\[\[?\s*[\w\"'-]", lines[number]) and not sub_table.match(lines[number]):
            return start, number
    return start, last


def _key_line(lines: list[str], key: str, first: int, last: int) -> int | None:
    """The line (from 1) that sets `key` between `first` and `last`."""
    setting = re.compile(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=")
    return next((number + 1 for number in range(first, last) if setting.match(lines[number])), None)


def in_our_words(message: str) -> str:
    """A message of pydantic's as people read it."""
    message = message.removeprefix("Value error, ")
    for theirs, ours in _SENTENCES.items():
        message = message.replace(theirs, ours)
    return message


def _syntax_mistake(path: Path, text: str, message: str) -> Mistake:
    position = re.search(r"\(at line (\d+), column (\d+)\)", message)
    line = int(position.group(1)) if position else len(text.splitlines())
    what = re.sub(r" *\(at .*\)", "", message)
    return Mistake(str(path), line, f"is not valid TOML: {what}")


def _sentence(location: Location, message: str) -> str:
    """ "feed 3, url: …" out of pydantic's location and message."""
    names = [
        f"{name} {after + 1}" if isinstance(after, int) else str(name)
        for name, after in zip(location, [*location[1:], None], strict=True)
        if not isinstance(name, int)
    ]
    message = in_our_words(message)
    return f"{', '.join(names)}: {message}" if names else message
