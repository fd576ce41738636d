"""Routes of the REST API: templates as Discord's docs write them, and the call and reply that pass through them."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.discord_fake.errors import INVALID_FORM, JSON, ApiError, invalid


@dataclass(slots=True, frozen=True)
class Upload:
    """One `files[n]` part of a multipart request."""

    index: int
    filename: str
    data: bytes
    content_type: str


@dataclass(slots=True)
class Call:
    """One request as a handler sees it: `route` is the template, `json` the body (an empty dict without one)."""

    method: str
    route: str
    path: str
    params: Mapping[str, str]
    query: Mapping[str, str] = field(default_factory=dict)
    json: Any = field(default_factory=dict)
    files: list[Upload] = field(default_factory=list)

    def id(self, name: str) -> int:
        """A path parameter that must be a snowflake."""
        value = self.params[name]
        if not value.isdigit():
            raise invalid((name,), "NUMBER_TYPE_COERCE", f'Value "{value}" is not snowflake.')
        return int(value)

    def body(self) -> JSON:
        if not isinstance(self.json, dict):
            raise ApiError(INVALID_FORM, {"_errors": [{"code": "DICT_TYPE_CONVERT", "message": "Expected an object"}]})
        return self.json

    def flag(self, name: str) -> bool:
        """A boolean of the query: discord.py writes 1 and 0, others true and false."""
        return self.query.get(name, "0").lower() in ("1", "true")

    def number(self, name: str, default: int, least: int, most: int) -> int:
        """An integer of the query inside its bounds."""
        raw = self.query.get(name, str(default))
        if not re.fullmatch(r"-?\d+", raw):
            raise invalid((name,), "NUMBER_TYPE_COERCE", f'Value "{raw}" is not int.')
        value = int(raw)
        if value < least:
            raise invalid((name,), "NUMBER_TYPE_MIN", f"int value should be greater than or equal to {least}.")
        if value > most:
            raise invalid((name,), "NUMBER_TYPE_MAX", f"int value should be less than or equal to {most}.")
        return value

    def snowflake(self, name: str) -> int | None:
        """An id of the query, if it is there."""
        raw = self.query.get(name)
        if raw is None:
            return None
        if not raw.isdigit():
            raise invalid((name,), "NUMBER_TYPE_COERCE", f'Value "{raw}" is not snowflake.')
        return int(raw)


@dataclass(slots=True)
class Reply:
    """What goes back; `body` None means no body at all (204)."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


NO_CONTENT = 204
CREATED = 201

Handler = Callable[[Call], Reply]


@dataclass(slots=True, frozen=True)
class Route:
    """`auth` False: the token stands in the path, and no Authorization header comes."""

    method: str
    template: str
    handler: Handler
    auth: bool = True


class Router:
    """Finds the route of a path. Literal segments win over parameters: `/users/@me` before `/users/{user_id}`."""

    def __init__(self, routes: list[Route]) -> None:
        ordered = sorted(routes, key=lambda route: route.template.count("{"))
        self._routes = [(_pattern(route.template), route) for route in ordered]

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        for pattern, route in self._routes:
            if route.method == method and (match := pattern.fullmatch(path)):
                return route, match.groupdict()
        return None


def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template))
