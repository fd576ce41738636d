"""The limits of a message's body, checked as Discord checks them, and the body as it is then stored.

Lengths count Unicode code points after trimming. Sources: API docs, "Create Message", "Embed Limits" and "Allowed
Mentions Structure". Components have `components`, commands have `commands`.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from tests.discord_fake.errors import JSON, Form, Path

CONTENT = 2000
CONTENT_HARD = 4000
NONCE = 25
EMBEDS = 10
EMBED_TITLE = 256
EMBED_DESCRIPTION = 4096
EMBED_FIELDS = 25
FIELD_NAME = 256
FIELD_VALUE = 1024
EMBED_FOOTER = 2048
EMBED_AUTHOR = 256
EMBEDS_TOTAL = 6000
URL = 2048
COLOR = 0xFFFFFF
MENTION_IDS = 100
FILES = 10
FILE_BYTES = 10 * 1024 * 1024
THREAD_NAME = 100
ARCHIVE_DURATIONS = (60, 1440, 4320, 10080)
POST_TAGS = 5

WEB = ("http", "https")
IMAGE = ("http", "https", "attachment")


@dataclass(slots=True)
class AllowedMentions:
    """Which mentions may ping. `None` for a list means: all that the text names."""

    users: set[int] | None = None
    roles: set[int] | None = None
    everyone: bool = True
    replied_user: bool = True


MESSAGE_MENTIONS = AllowedMentions()
"""No `allowed_mentions` on a channel message: everything pings."""
INTERACTION_MENTIONS = AllowedMentions(roles=set(), everyone=False)
"""No `allowed_mentions` on an interaction's message: users only."""


@dataclass(slots=True)
class Checked:
    """The parts of a body in the form they are stored; a part is None where the body does not name it."""

    content: str | None = None
    embeds: list[JSON] | None = None
    mentions: AllowedMentions | None = None
    problems: Form = field(default_factory=Form)


def check_body(body: JSON) -> Checked:
    """Content, embeds, allowed mentions and nonce; the caller adds the rest and raises with `problems.check()`."""
    checked = Checked()
    form = checked.problems
    if "content" in body:
        checked.content = check_content(form, body["content"])
    if "embeds" in body:
        checked.embeds = check_embeds(form, body["embeds"] or [])
    if body.get("allowed_mentions") is not None:
        checked.mentions = check_mentions(form, body["allowed_mentions"])
    check_nonce(form, body.get("nonce"))
    return checked


def check_content(form: Form, content: object) -> str:
    text = check_text(form, ("content",), content, CONTENT_HARD)
    if CONTENT < len(text) <= CONTENT_HARD:
        form.too_long(("content",), CONTENT)
    return text


def check_nonce(form: Form, nonce: object) -> None:
    if isinstance(nonce, str) and len(nonce) > NONCE:
        form.too_long(("nonce",), NONCE)
    elif nonce is not None and not isinstance(nonce, str | int):
        form.add(("nonce",), "NONCE_TYPE_COERCE", "Value is not a valid nonce.")


def check_text(form: Form, path: Path, value: object, limit: int, *, required: bool = False) -> str:
    """The trimmed text; empty for null."""
    if value is None:
        value = ""
    if not isinstance(value, str):
        form.add(path, "STRING_TYPE_CONVERT", f'Could not interpret "{value}" as string.')
        return ""
    text = value.strip()
    if required and not text:
        form.required(path)
    if len(text) > limit:
        form.too_long(path, limit)
    return text


def check_embeds(form: Form, embeds: Any) -> list[JSON]:
    if not isinstance(embeds, list):
        form.add(("embeds",), "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
        return []
    if len(embeds) > EMBEDS:
        form.too_long(("embeds",), EMBEDS)
    stored = [_Embed(form, ("embeds", index)).check(embed) for index, embed in enumerate(embeds)]
    if sum(embed_size(embed) for embed in stored) > EMBEDS_TOTAL:
        form.add(("embeds",), "MAX_EMBED_SIZE_EXCEEDED", f"Embed size exceeds maximum size of {EMBEDS_TOTAL}")
    return stored


def embed_size(embed: JSON) -> int:
    """What counts towards the 6000 of all embeds of a message."""
    texts = [embed.get("title", ""), embed.get("description", "")]
    texts += [part for item in embed.get("fields", []) for part in (item["name"], item["value"])]
    texts += [embed.get("footer", {}).get("text", ""), embed.get("author", {}).get("name", "")]
    return sum(map(len, texts))


class _Embed:
    """Checks one embed and gives back what Discord would store: trimmed, typed "rich", unknown keys dropped."""

    def __init__(self, form: Form, path: Path) -> None:
        self.form = form
        self.path = path

    def check(self, embed: Any) -> JSON:
        if not isinstance(embed, dict):
            self.form.add(self.path, "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType")
            return {"type": "rich"}
        stored: JSON = {"type": "rich"}
        self._text(stored, embed, "title", EMBED_TITLE)
        self._text(stored, embed, "description", EMBED_DESCRIPTION)
        self._url(stored, embed, (), "url", WEB)
        self._color(stored, embed)
        self._timestamp(stored, embed)
        self._fields(stored, embed)
        self._named(stored, embed, "footer", "text", EMBED_FOOTER)
        self._named(stored, embed, "author", "name", EMBED_AUTHOR)
        for key in ("image", "thumbnail"):
            self._image(stored, embed, key)
        if stored.keys() <= {"type", "color", "timestamp", "url"}:
            self.form.required((*self.path, "description"))
        return stored

    def _text(self, stored: JSON, embed: JSON, key: str, limit: int) -> None:
        text = check_text(self.form, (*self.path, key), embed.get(key), limit)
        if text:
            stored[key] = text

    def _url(self, stored: JSON, source: JSON, below: Path, key: str, schemes: tuple[str, ...]) -> None:
        if source.get(key) is None:
            return
        if check_url(self.form, (*self.path, *below, key), source[key], schemes, URL):
            stored[key] = source[key]

    def _color(self, stored: JSON, embed: JSON) -> None:
        color = embed.get("color")
        if color is None:
            return
        if not isinstance(color, int) or isinstance(color, bool):
            self.form.add((*self.path, "color"), "NUMBER_TYPE_COERCE", f'Value "{color}" is not int.')
        elif color < 0:
            self.form.add((*self.path, "color"), "NUMBER_TYPE_MIN", "int value should be greater than or equal to 0.")
        elif color > COLOR:
            message = f"int value should be less than or equal to {COLOR}."
            self.form.add((*self.path, "color"), "NUMBER_TYPE_MAX", message)
        else:
            stored["color"] = color

    def _timestamp(self, stored: JSON, embed: JSON) -> None:
        value = embed.get("timestamp")
        if value is None:
            return
        try:
            datetime.fromisoformat(str(value))
        except ValueError:
            message = f"Could not parse {value}. Should be ISO8601."
            self.form.add((*self.path, "timestamp"), "DATE_TIME_TYPE_PARSE", message)
        else:
            stored["timestamp"] = value

    def _fields(self, stored: JSON, embed: JSON) -> None:
        fields = embed.get("fields") or []
        if len(fields) > EMBED_FIELDS:
            self.form.too_long((*self.path, "fields"), EMBED_FIELDS)
        kept = []
        for index, item in enumerate(fields):
            path = (*self.path, "fields", index)
            name = check_text(self.form, (*path, "name"), item.get("name"), FIELD_NAME, required=True)
            value = check_text(self.form, (*path, "value"), item.get("value"), FIELD_VALUE, required=True)
            kept.append({"name": name, "value": value, "inline": bool(item.get("inline", False))})
        if kept:
            stored["fields"] = kept

    def _named(self, stored: JSON, embed: JSON, key: str, text_key: str, limit: int) -> None:
        """Footer and author: one text, and links beside it."""
        part = embed.get(key)
        if not part:
            return
        text = check_text(self.form, (*self.path, key, text_key), part.get(text_key), limit, required=True)
        stored[key] = {text_key: text}
        self._url(stored[key], part, (key,), "url", WEB)
        self._url(stored[key], part, (key,), "icon_url", IMAGE)

    def _image(self, stored: JSON, embed: JSON, key: str) -> None:
        part = embed.get(key)
        if not part:
            return
        image: JSON = {}
        self._url(image, part, (key,), "url", IMAGE)
        if image:
            stored[key] = image
        elif part.get("url") is None:
            self.form.required((*self.path, key, "url"))


def check_url(form: Form, path: Path, value: object, schemes: tuple[str, ...], limit: int) -> bool:
    """True for a link Discord takes."""
    if not isinstance(value, str):
        form.add(path, "STRING_TYPE_CONVERT", f'Could not interpret "{value}" as string.')
        return False
    if len(value) > limit:
        form.too_long(path, limit)
        return False
    try:
        parts = urlsplit(value)
        host = parts.hostname
    except ValueError:
        parts, host = None, None
    if parts and parts.scheme and parts.scheme not in schemes:
        shown = ", ".join(f"'{scheme}'" for scheme in schemes)
        form.add(path, "URL_TYPE_INVALID_SCHEME", f'Scheme "{parts.scheme}" must be one of ({shown}).')
        return False
    if not parts or not host or any(c.isspace() for c in value):
        form.add(path, "URL_TYPE_INVALID_URL", "Not a well formed URL.")
        return False
    return True


def check_mentions(form: Form, value: Any) -> AllowedMentions:
    """Who may be pinged: `parse` names kinds, `users` and `roles` name ids; a kind may not stand in both."""
    if not isinstance(value, dict):
        form.add(("allowed_mentions",), "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType")
        return AllowedMentions()
    parse = value.get("parse") or []
    for index, kind in enumerate(parse):
        if kind not in ("users", "roles", "everyone"):
            form.choices(("allowed_mentions", "parse", index), ("roles", "users", "everyone"))
    return AllowedMentions(
        users=_mention_ids(form, value, parse, "users"),
        roles=_mention_ids(form, value, parse, "roles"),
        everyone="everyone" in parse,
        replied_user=bool(value.get("replied_user", False)),
    )


def _mention_ids(form: Form, value: JSON, parse: list[str], kind: str) -> set[int] | None:
    ids = value.get(kind) or []
    path = ("allowed_mentions", kind)
    if ids and kind in parse:
        message = f'parse:["{kind}"] and {kind}: [ids...] are mutually exclusive.'
        form.add(("allowed_mentions",), "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", message)
    if len(ids) > MENTION_IDS:
        form.too_long(path, MENTION_IDS)
    if len(set(map(str, ids))) != len(ids):
        form.add(path, "SET_TYPE_ALREADY_CONTAINS_VALUE", "The set already contains this value.")
    return None if kind in parse else {int(item) for item in ids if str(item).isdigit()}
