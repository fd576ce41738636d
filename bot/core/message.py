"""Message: what Discord shows — text, one embed, buttons — within its limits, escaped, with no stray mention.

It draws; it decides nothing. `Message` is a plain value so that the terminal can draw the same one.
"""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Field:
    """A named line of an embed."""

    name: str
    value: str
    inline: bool = True


@dataclass(frozen=True, slots=True)
class Button:
    """A button: a link with `url`, or an action with `custom_id` (stable, at most 100 characters)."""

    label: str
    url: str | None = None
    custom_id: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """What a channel shows. Every text is already escaped and within Discord's limits."""

    content: str = ""
    author: str = ""
    title: str = ""
    url: str | None = None
    description: str = ""
    fields: tuple[Field, ...] = ()
    footer: str = ""
    colour: int = 0
    timestamp: datetime | None = None
    buttons: tuple[Button, ...] = ()
