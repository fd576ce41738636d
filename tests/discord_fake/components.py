"""Buttons, selects, rows and modals: what Discord takes and how it stores them (API docs, "Component Reference")."""

from collections.abc import Iterator
from typing import Any

from tests.discord_fake.errors import JSON, Form, Path
from tests.discord_fake.limits import WEB, check_text, check_url

ROW, BUTTON, STRING_SELECT, TEXT_INPUT = 1, 2, 3, 4
USER_SELECT, ROLE_SELECT, MENTIONABLE_SELECT, CHANNEL_SELECT = 5, 6, 7, 8
SECTION, TEXT_DISPLAY, THUMBNAIL, GALLERY, FILE, SEPARATOR, CONTAINER, LABEL = 9, 10, 11, 12, 13, 14, 17, 18
SELECTS = {STRING_SELECT, USER_SELECT, ROLE_SELECT, MENTIONABLE_SELECT, CHANNEL_SELECT}
V2_TOP = {ROW, SECTION, TEXT_DISPLAY, GALLERY, FILE, SEPARATOR, CONTAINER}
LINK_STYLE, PREMIUM_STYLE = 5, 6

ROWS = 5
BUTTONS_PER_ROW = 5
CUSTOM_ID = 100
BUTTON_LABEL = 80
BUTTON_URL = 512
SELECT_OPTIONS = 25
OPTION_TEXT = 100
PLACEHOLDER = 150
V2_TOTAL = 40
V2_TEXT = 4000
MODAL_TITLE = 45
MODAL_COMPONENTS = 5
MODAL_LABEL = 45
TEXT_INPUT_LENGTH = 4000

_IGNORED_WHEN_NULL = ("emoji", "label", "url", "placeholder", "sku_id", "accent_color", "description", "default_values")


def walk(components: list[JSON]) -> Iterator[JSON]:
    """Every component, containers before what is in them."""
    for component in components:
        yield component
        yield from walk(component.get("components") or [])
        for key in ("accessory", "component"):
            if isinstance(component.get(key), dict):
                yield from walk([component[key]])


def find(components: list[JSON], custom_id: str) -> JSON | None:
    return next((c for c in walk(components) if c.get("custom_id") == custom_id), None)


def check_components(form: Form, components: Any, *, v2: bool) -> list[JSON]:
    """A message's components, numbered as Discord numbers them."""
    components = components or []
    path: Path = ("components",)
    if v2:
        _check_v2(form, path, components)
    else:
        if len(components) > ROWS:
            form.bad_length(path, 1, ROWS)
        for index, row in enumerate(components):
            if row.get("type") != ROW:
                form.choices((*path, index, "type"), (ROW,))
    for index, component in enumerate(components):
        _check_one(form, (*path, index), component)
    _check_unique(form, components)
    return number([_stored(component) for component in components])


def number(components: list[JSON]) -> list[JSON]:
    """Give each component without an `id` the next free one, in order of appearance."""
    taken = {c["id"] for c in walk(components) if c.get("id")}
    following = 1
    for component in walk(components):
        if not component.get("id"):
            while following in taken:
                following += 1
            component["id"] = following
            taken.add(following)
    return components


def _stored(component: JSON) -> JSON:
    kept = {k: v for k, v in component.items() if not (v is None and k in _IGNORED_WHEN_NULL)}
    if kept.get("type") == CONTAINER:
        kept = {"accent_color": None, "spoiler": False} | kept
    if kept.get("type") in SELECTS:
        kept |= {key: 1 for key in ("min_values", "max_values") if kept.get(key) is None}
    if "components" in kept:
        kept["components"] = [_stored(child) for child in kept["components"]]
    for key in ("accessory", "component"):
        if isinstance(kept.get(key), dict):
            kept[key] = _stored(kept[key])
    return kept


def _check_v2(form: Form, path: Path, components: list[JSON]) -> None:
    if sum(1 for _ in walk(components)) > V2_TOTAL:
        form.too_long(path, V2_TOTAL)
    texts = [c.get("content") or "" for c in walk(components) if c.get("type") == TEXT_DISPLAY]
    if sum(map(len, texts)) > V2_TEXT:
        form.add(path, "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED", "The total text is too long.")
    for index, component in enumerate(components):
        if component.get("type") not in V2_TOP:
            form.choices((*path, index, "type"), sorted(V2_TOP))


def _check_unique(form: Form, components: list[JSON]) -> None:
    seen: set[str] = set()
    for index, top in enumerate(components):
        for component in walk([top]):
            custom_id = component.get("custom_id")
            if custom_id is not None and custom_id in seen:
                message = "Component custom id cannot be duplicated"
                form.add(("components", index, "custom_id"), "COMPONENT_CUSTOM_ID_DUPLICATED", message)
            seen.add(custom_id or "")


def _check_one(form: Form, path: Path, component: JSON) -> None:
    kind = component.get("type")
    if kind == ROW:
        _check_row(form, path, component)
    elif kind == BUTTON:
        _check_button(form, path, component)
    elif kind in SELECTS:
        _check_select(form, path, component)
    elif kind in (SECTION, CONTAINER):
        for index, child in enumerate(component.get("components") or []):
            _check_one(form, (*path, "components", index), child)
        if isinstance(component.get("accessory"), dict):
            _check_one(form, (*path, "accessory"), component["accessory"])
    elif kind == TEXT_DISPLAY:
        check_text(form, (*path, "content"), component.get("content"), V2_TEXT, required=True)


def _check_row(form: Form, path: Path, row: JSON) -> None:
    children = row.get("components") or []
    kinds = [child.get("type") for child in children]
    if not 1 <= len(children) <= BUTTONS_PER_ROW or (SELECTS & set(kinds) and len(children) > 1):
        form.bad_length((*path, "components"), 1, 1 if SELECTS & set(kinds) else BUTTONS_PER_ROW)
    for index, child in enumerate(children):
        if child.get("type") not in SELECTS | {BUTTON}:
            form.choices((*path, "components", index, "type"), sorted(SELECTS | {BUTTON}))
        _check_one(form, (*path, "components", index), child)


def _check_custom_id(form: Form, path: Path, component: JSON) -> None:
    custom_id = component.get("custom_id")
    if custom_id is None:
        form.required((*path, "custom_id"))
    elif not 1 <= len(custom_id) <= CUSTOM_ID:
        form.bad_length((*path, "custom_id"), 1, CUSTOM_ID)


def _check_button(form: Form, path: Path, button: JSON) -> None:
    style = button.get("style")
    if style not in range(1, 7):
        form.choices((*path, "style"), range(1, 7))
    check_text(form, (*path, "label"), button.get("label"), BUTTON_LABEL)
    if not button.get("label") and not button.get("emoji") and style != PREMIUM_STYLE:
        form.add(path, "BUTTON_COMPONENT_INVALID_LABEL_OR_EMOJI", "A label or an emoji is required")
    if style == LINK_STYLE:
        if button.get("custom_id") is not None:
            message = "A custom id and url cannot both be specified"
            form.add((*path, "custom_id"), "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE", message)
        if button.get("url") is None:
            form.required((*path, "url"))
        else:
            check_url(form, (*path, "url"), button["url"], (*WEB, "discord"), BUTTON_URL)
    elif style != PREMIUM_STYLE:
        _check_custom_id(form, path, button)
        if button.get("url") is not None:
            form.add((*path, "url"), "BUTTON_COMPONENT_URL_NOT_ALLOWED", "Only link buttons have a url")


def _check_select(form: Form, path: Path, select: JSON) -> None:
    _check_custom_id(form, path, select)
    check_text(form, (*path, "placeholder"), select.get("placeholder"), PLACEHOLDER)
    options = select.get("options") or []
    if select.get("type") == STRING_SELECT:
        _check_options(form, (*path, "options"), options)
    least = 1 if select.get("min_values") is None else select["min_values"]
    most = 1 if select.get("max_values") is None else select["max_values"]
    if not 0 <= least <= SELECT_OPTIONS:
        form.add((*path, "min_values"), "NUMBER_TYPE_MAX", f"int value should be from 0 to {SELECT_OPTIONS}.")
    if not 1 <= most <= SELECT_OPTIONS or most < least:
        form.add((*path, "max_values"), "NUMBER_TYPE_MAX", f"int value should be from 1 to {SELECT_OPTIONS}.")
    elif options and most > len(options):
        message = f"int value should be less than or equal to {len(options)}."
        form.add((*path, "max_values"), "NUMBER_TYPE_MAX", message)


def _check_options(form: Form, path: Path, options: list[JSON]) -> None:
    if not 1 <= len(options) <= SELECT_OPTIONS:
        form.bad_length(path, 1, SELECT_OPTIONS)
    seen: set[str] = set()
    for index, option in enumerate(options):
        for key in ("label", "value", "description"):
            required = key != "description"
            check_text(form, (*path, index, key), option.get(key), OPTION_TEXT, required=required)
        value = str(option.get("value"))
        if value in seen:
            message = "The specified option value is already used"
            form.add((*path, index, "value"), "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", message)
        seen.add(value)


def check_modal(form: Form, modal: JSON) -> JSON:
    """A modal: title, custom id and one to five inputs, in rows (the old layout) or in labels."""
    path: Path = ("data",)
    check_text(form, (*path, "title"), modal.get("title"), MODAL_TITLE, required=True)
    _check_custom_id(form, path, modal)
    components = modal.get("components") or []
    if not 1 <= len(components) <= MODAL_COMPONENTS:
        form.bad_length((*path, "components"), 1, MODAL_COMPONENTS)
    for index, top in enumerate(components):
        below = (*path, "components", index)
        if top.get("type") not in (ROW, LABEL, TEXT_DISPLAY):
            form.choices((*below, "type"), (ROW, TEXT_DISPLAY, LABEL))
        if top.get("type") == LABEL:
            check_text(form, (*below, "label"), top.get("label"), MODAL_LABEL, required=True)
        for component in walk([top]):
            if component.get("type") == TEXT_INPUT:
                _check_text_input(form, below, component)
    _check_unique(form, components)
    return {**modal, "components": number([_stored(component) for component in components])}


def _check_text_input(form: Form, path: Path, component: JSON) -> None:
    _check_custom_id(form, path, component)
    check_text(form, (*path, "label"), component.get("label"), MODAL_LABEL)
    check_text(form, (*path, "placeholder"), component.get("placeholder"), OPTION_TEXT)
    check_text(form, (*path, "value"), component.get("value"), TEXT_INPUT_LENGTH)
    for key in ("min_length", "max_length"):
        if component.get(key) is not None and not 0 <= component[key] <= TEXT_INPUT_LENGTH:
            form.add((*path, key), "NUMBER_TYPE_MAX", f"int value should be from 0 to {TEXT_INPUT_LENGTH}.")
