"""The fake's objects as JSON, for a test in another process."""

from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from types import SimpleNamespace
from typing import Any

from tests.discord_fake.clock import iso
from tests.discord_fake.interactions import Interaction

_LEFT_OUT = {"messages", "roles", "members"}
"""Fields of guilds and channels that would drag the whole world along."""


def to_json(value: Any) -> Any:
    """Dataclasses become objects, ids stay numbers, times become ISO 8601."""
    if isinstance(value, Interaction):
        return {"id": value.id}
    if is_dataclass(value) and not isinstance(value, type):
        names = [item.name for item in fields(value)]
        whole = not hasattr(value, "id")
        return {name: to_json(getattr(value, name)) for name in names if whole or name not in _LEFT_OUT}
    if isinstance(value, dict):
        return {str(key): to_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [to_json(item) for item in value]
    if isinstance(value, datetime):
        return iso(value)
    return value.value if isinstance(value, Enum) else value


def argument(value: Any) -> Any:
    """A verb's argument on its way out: what has an id goes as its id."""
    if isinstance(value, SimpleNamespace) and hasattr(value, "id"):
        return value.id
    if isinstance(value, list | tuple):
        return [argument(item) for item in value]
    if isinstance(value, dict):
        return {key: argument(item) for key, item in value.items()}
    return to_json(value)
