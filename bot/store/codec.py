"""Values of core to JSON and back, led by their type hints.

A field that a value gains is stored without a change here, and an older row reads with the field's default. It
handles the shapes that core uses (dataclasses, tuples, sets, mappings, times, optional and plain values) and no others.
"""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from functools import cache
from math import copysign, isfinite, isnan
from sys import float_info
from types import NoneType, UnionType
from typing import Any, TypeAlias, TypeVar, Union, cast, get_args, get_origin, get_type_hints

Value = TypeVar("Value")
Plain: TypeAlias = Any  # what `json.loads` gives
Shape: TypeAlias = Any  # a type hint


def clean(text: str) -> str:
    """`text` as UTF-8 and PostgreSQL can hold it: a lone surrogate becomes "?", NUL is dropped."""
    text = text.replace("\0", "")
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def encode(value: object) -> Plain:
    """`value` as JSON knows it. Raises TypeError for a shape that core does not use."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, float) and not isfinite(value):  # JSON has no word for it, and PostgreSQL takes none
        return 0.0 if isnan(value) else copysign(float_info.max, value)
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, Mapping):
        return {clean(str(key)): encode(each) for key, each in value.items()}
    if isinstance(value, frozenset):
        return [encode(each) for each in sorted(value)]
    if isinstance(value, tuple | list):
        return [encode(each) for each in value]
    if is_dataclass(value):
        return {field.name: encode(getattr(value, field.name)) for field in fields(value)}
    raise TypeError(f"{type(value).__name__} cannot be stored as JSON")


def decode(shape: type[Value], raw: Plain) -> Value:
    """What `encode` made JSON of, as a `shape` again."""
    return cast(Value, _decode(shape, raw))


def decode_all(shape: type[Value], raw: Plain) -> tuple[Value, ...]:
    """A JSON list (or NULL) as a tuple of `shape`."""
    return tuple(decode(shape, each) for each in raw or ())


def _decode(shape: Shape, raw: Plain) -> Plain:
    origin: object = get_origin(shape)
    inner = get_args(shape)
    if raw is None:
        return None
    if isinstance(shape, type) and is_dataclass(shape):
        hints = _hints(shape)
        return cast(Shape, shape)(**{name: _decode(hints[name], each) for name, each in raw.items() if name in hints})
    if shape is datetime:
        return datetime.fromisoformat(raw)
    if origin is frozenset:
        return frozenset(_decode(inner[0], each) for each in raw)
    if origin is tuple:
        return _decode_tuple(inner, raw)
    if origin in (Union, UnionType):
        return _decode_optional(inner, raw)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {key: _decode(inner[1], each) for key, each in raw.items()}
    return raw


def _decode_tuple(inner: tuple[Shape, ...], raw: Plain) -> tuple[Shape, ...]:
    if len(inner) == 2 and inner[1] is Ellipsis:
        return tuple(_decode(inner[0], each) for each in raw)
    return tuple(_decode(each_shape, each) for each_shape, each in zip(inner, raw, strict=True))


def _decode_optional(inner: tuple[Shape, ...], raw: Plain) -> Plain:
    """`X | None` as X; a union of plain values needs no reading."""
    shapes = [each for each in inner if each is not NoneType]
    return _decode(shapes[0], raw) if len(shapes) == 1 else raw


@cache
def _hints(shape: type) -> dict[str, Shape]:
    hints = get_type_hints(shape)
    return {field.name: hints[field.name] for field in fields(shape) if field.init}
