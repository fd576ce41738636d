"""Discord's own OpenAPI description as a judge of what is sent and what the fake answers.

One validator for each operation, compiled when it is first asked for (JSON Schema 2020-12, by jsonschema-rs). The
description does not hold everything: the 2000 characters of a message, the 6000 of its embeds, permissions and the
gateway are in `limits`, `permissions` and `gateway`.
"""

import json
import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs

JSON = dict[str, Any]

FILE = Path("discord", "openapi.json")
"""Where it lies in the reference folder."""
ALIASES = {"/oauth2/applications/@me": "/applications/@me"}
"""Paths discord.py uses which the description has under another name."""
MEDIA_CHANNEL = 16


class Description:
    """The loaded description. Problems come back as sentences; an empty list means that all is well."""

    def __init__(self, spec: JSON) -> None:
        self._components = _widened(spec["components"])
        self._operations = [
            (_pattern(template), template.count("{"), method.upper(), operation)
            for template, item in spec["paths"].items()
            for method, operation in item.items()
            if method in ("get", "post", "put", "patch", "delete")
        ]
        self._operations.sort(key=lambda entry: entry[1])
        self._validators: dict[int, jsonschema_rs.Validator] = {}

    def validate_request(self, method: str, path: str, json: Any) -> list[str]:
        """What is wrong with a request's JSON body; an unknown path is wrong too."""
        operation = self._operation(method, path)
        if operation is None:
            return [f"{method} {path}: not in Discord's description"]
        schema = _json_schema(operation.get("requestBody", {}))
        return [] if schema is None else list(self._errors(f"{method} {path}", schema, json))

    def validate_response(self, method: str, path: str, status: int, json: Any) -> list[str]:
        """What is wrong with an answer, be it an error."""
        operation = self._operation(method, path)
        if operation is None:
            return [f"{method} {path}: not in Discord's description"]
        responses = operation["responses"]
        response = responses.get(str(status)) or responses.get(f"{status // 100}XX")
        if response is None:
            return [] if status >= 500 else [f"{method} {path}: no answer {status} is described"]
        schema = _json_schema(self._resolved(response))
        return [] if schema is None else list(self._errors(f"{method} {path} {status}", schema, json))

    def _resolved(self, response: JSON) -> JSON:
        """The response itself, where only its name is given."""
        name = response.get("$ref", "").removeprefix("#/components/responses/")
        found: JSON = self._components["responses"][name] if name else response
        return found

    def _operation(self, method: str, path: str) -> JSON | None:
        path = ALIASES.get(path, path)
        for pattern, _, verb, operation in self._operations:
            if verb == method and pattern.fullmatch(path):
                found: JSON = operation
                return found
        return None

    def _errors(self, where: str, schema: JSON, value: Any) -> Iterator[str]:
        validator = self._validators.get(id(schema))
        if validator is None:
            document = {"$ref": "#/__s", "__s": schema, "components": self._components}
            validator = self._validators[id(schema)] = jsonschema_rs.Draft202012Validator(document)
        for error in validator.iter_errors(value):
            path = "/".join(map(str, error.instance_path))
            yield f"{where}: {path or 'body'}: {error.message[:300]}"


def at_hand() -> Description | None:
    """The description in the folder TOCSIN_REFERENCE names; None where it is not set."""
    folder = os.environ.get("TOCSIN_REFERENCE")
    return load(Path(folder)) if folder else None


@cache
def load(folder: Path) -> Description:
    """The description in the reference folder, loaded once."""
    return Description(json.loads((folder / FILE).read_text()))


def _widened(components: JSON) -> JSON:
    """What Discord takes or says and its description leaves out: ids as numbers, as discord.py sends some; media
    channels, which discord.py names beside forums as the channels an option takes; names instead of numbers for what is
    wrong with a field; a rate limit without a number (https://docs.discord.com/developers/topics/rate-limits)."""
    schemas = components["schemas"]
    snowflake = {"anyOf": [{"type": "string", "pattern": r"^(0|[1-9][0-9]*)$"}, {"type": "integer", "minimum": 0}]}
    channel_types = {"anyOf": [schemas["ChannelTypes"], {"const": MEDIA_CHANNEL}]}
    named = {"type": "object", "required": ["code", "message"], "properties": {"code": {"type": "string"}}}
    inner = schemas["InnerErrors"] | {"properties": {"_errors": {"type": "array", "items": named, "minItems": 1}}}
    _, limited = schemas["RatelimitedResponse"]["allOf"]
    changed = {"SnowflakeType": snowflake, "ChannelTypes": channel_types, "InnerErrors": inner}
    return components | {"schemas": schemas | changed | {"RatelimitedResponse": limited}}


def _json_schema(described: JSON) -> JSON | None:
    content = described.get("content", {}).get("application/json")
    return None if content is None else content.get("schema")


def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(template)))
