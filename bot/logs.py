"""Logs: one line per decision on standard error, for people or as JSON, with secrets taken out.

Libraries log through the standard `logging`, our own code through structlog; both end in the same lines.
"""

import logging
import re
import sys
import threading
from collections.abc import Callable, Collection, MutableMapping
from typing import Any, Literal

import structlog
from structlog.typing import Processor

# Tokens of Discord bots, webhook addresses, user names and passwords in addresses, the values of queries and of
# fragments, and fields that call themselves a token or a password.
# Every repetition that a stranger's text could drag out has a bound.
_SECRETS = (
    (re.compile(r"\b[\w-]{23,28}\.[\w-]{6,7}\.[\w-]{27,}\b"), "[token]"),
    (re.compile(r"(/webhooks/\d{1,20}/)[\w.%-]+"), r"\1[token]"),
    (re.compile(r"(/interactions/\d{1,20}/)[\w.%-]+"), r"\1[token]"),
    (re.compile(r"(\w{1,20}://)[^/\s]+@"), r"\1[login]@"),
    (re.compile(r"([?&#][^=&\s\"'<>]{0,200}=)[^&\s\"<>]{0,4000}[^&\s\"'<>),.;]"), r"\1[value]"),
    (re.compile(r"(://[^\s?#\"'<>]{1,300}[?#])(?![^\s\"'<>]{0,300}=)[^\s\"'<>]{6,}"), r"\1[value]"),
    (re.compile(r"(?i)\b(Bot|Bearer|Basic) [\w.+/=-]{20,}"), r"\1 [token]"),
    (
        re.compile(
            r"(?i)((?:token|password|passwd|secret|api_?key)[\"']?\s{0,9}(?:=\s{0,9}[\"']?|:\s{0,9}[\"']))"
            r"(?!\[)[^\s\"'&,;)}\]]{6,}"
        ),
        r"\1[secret]",
    ),
)
# Control characters, and those that turn the direction of writing.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
SHORTEST_SECRET = 6
"""Letters: what is shorter would be found in ordinary words."""

_Event = MutableMapping[str, Any]


def set_up_logs(*, level: str = "INFO", form: Literal["text", "json"] = "text", secrets: Collection[str] = ()) -> None:
    """Sends every log line to standard error in one form, redacted; of `secrets`, whatever they look like, none is
    left."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        redactor(secrets),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    renderer: Processor = (
        structlog.processors.JSONRenderer()
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=0)
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, visible, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    logging.captureWarnings(True)
    threading.excepthook = _thread_failed
    for chatty in ("discord", "alembic", "aiohttp.access", "asyncio", "filelock", "sqlalchemy"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, logging.getLevelNamesMapping()[level]))
    # It warns of each tick that is left out because the last one still runs, which is as it should be.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    logging.getLogger("discord.client").addFilter(_calm)


def _thread_failed(failed: threading.ExceptHookArgs) -> None:
    """What ends a thread, as a line like any other: Python would write it to standard error as it is."""
    if failed.exc_value is not None:
        error = (failed.exc_type, failed.exc_value, failed.exc_traceback)
        logging.getLogger(__name__).error("thread.failed", exc_info=error)


def _calm(record: logging.LogRecord) -> bool:
    """discord.py's lines as an operator needs them: nothing of voice, and no traceback for a lost connection."""
    message = record.getMessage()
    if message.startswith("Attempting a reconnect") and record.exc_info:
        record.msg, record.args = f"{message} ({record.exc_info[1]!r})", ()
        record.exc_info, record.exc_text = None, None
        record.levelno, record.levelname = logging.WARNING, "WARNING"
    return "voice will NOT be supported" not in message


def redact(text: str, secrets: Collection[str] = ()) -> str:
    """`text` without tokens, webhook addresses, logins and the values of queries, and without any of `secrets`,
    whatever they look like."""
    # The longest first, for it may hold another.
    for secret in sorted((each for each in secrets if len(each) >= SHORTEST_SECRET), key=len, reverse=True):
        text = text.replace(secret, "[secret]")
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text


def redactor(secrets: Collection[str] = ()) -> Processor:
    """A structlog processor: every text of the event, redacted."""

    def clean(text: str) -> str:
        return redact(text, secrets)

    def process(_logger: object, _method: str, event: _Event) -> _Event:
        # The names with an underscore are structlog's own, and gone before the line is written.
        return {name: value if name.startswith("_") else _redact_value(value, clean) for name, value in event.items()}

    return process


def visible(_logger: object, _method: str, event: _Event) -> _Event:
    """A structlog processor: what a stranger's text could steer a terminal with, or forge a line with, is spelt out.

    Renderers quote the values of an event, but write its sentence and its traceback as they are.
    """
    for name, kept in (("event", "\t"), ("exception", "\t\n"), ("stack", "\t\n")):
        if isinstance(event.get(name), str):
            event[name] = "".join(_spelt(character, kept) for character in event[name])
    return event


def _spelt(character: str, kept: str) -> str:
    return character if character in kept or not _CONTROL.match(character) else ascii(character)[1:-1]


def _redact_value(value: object, clean: Callable[[str], str]) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, dict):
        return {key: _redact_value(inner, clean) for key, inner in value.items()}
    if type(value) in (list, tuple):
        return type(value)(_redact_value(inner, clean) for inner in value)  # type: ignore[call-arg, attr-defined]
    return clean(str(value))
