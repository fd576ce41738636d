"""`/healthz` and `/metrics` over HTTP, from threads of their own.

It answers GET and HEAD of these two and nothing else, reads no body, and by itself listens on loopback alone.
"""

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from socket import AF_INET, AF_INET6
from socketserver import TCPServer, ThreadingMixIn
from threading import Thread
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import structlog
from prometheus_client import make_wsgi_app

from bot.core.vitals import troubles
from bot.errors import TocsinError
from bot.health.vitals import Vitals
from bot.logs import redact

log = structlog.get_logger(__name__)
PATIENCE = 5.0
"""Seconds that a request may take to arrive."""

WELL = "Tocsin is well."
STANDS_BY = "Tocsin stands by, as another runner is the gateway."
Environ = dict[str, Any]
StartResponse = Callable[..., Any]


@contextmanager
def serving(vitals: Vitals, *, address: str, port: int) -> Iterator[int]:
    """Answers on `address`, a number, and `port` (0: any that is free) for as long as the block; gives the port.

    Raises TocsinError where it cannot listen there.
    """
    try:
        server = make_server(address, port, _app(vitals), _server(address), _Handler)
    except OSError as error:
        raise TocsinError(
            f"Health cannot be served on {address}, port {port} ({error.strerror}); choose another under [health]."
        ) from error
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, name="health", daemon=True)
    thread.start()
    log.info("health.served", address=address, port=server.server_port)
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def health(vitals: Vitals) -> tuple[bool, dict[str, object]]:
    """Whether all is well, and the object that `/healthz` answers with: `says` is one sentence for people."""
    found = [redact(each) for each in troubles(vitals.signs())]
    return not found, {
        "ok": not found,
        "says": found[0] if found else STANDS_BY if vitals.stands_by else WELL,
        "troubles": found,
        "version": vitals.version,
        "roles": vitals.roles,
        "uptime_seconds": round(vitals.clock() - vitals.began, 1),
        "event_loop_lag_max_seconds": round(vitals.latest_turn(), 3),
    }


class _Server(ThreadingMixIn, WSGIServer):
    """A thread for each request, so that a slow reader keeps nobody waiting."""

    daemon_threads = True
    block_on_close = False

    def server_bind(self) -> None:
        """Without the look-up of this machine's name that the library would make."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]  # type: ignore[assignment]
        self.setup_environ()

    def handle_error(self, request: object, client_address: object) -> None:
        """Who goes away in the midst of a question, or never asks one, is no news for the log."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _Handler(WSGIRequestHandler):
    """Writes no line for each request, and waits for none for long."""

    timeout = PATIENCE

    def log_message(self, format: str, *args: object) -> None:
        """Nobody asked for a log of those who look."""


def _server(address: str) -> type[_Server]:
    family = AF_INET6 if ip_address(address).version == 6 else AF_INET
    return type("_HealthServer", (_Server,), {"address_family": family})


def _app(vitals: Vitals) -> Callable[[Environ, StartResponse], Iterable[bytes]]:
    """The WSGI application over both."""
    metrics = make_wsgi_app(vitals.registry)

    def answer(environ: Environ, start: StartResponse) -> Iterable[bytes]:
        path, method = environ.get("PATH_INFO", ""), environ.get("REQUEST_METHOD", "")
        if method not in ("GET", "HEAD"):
            return _said(start, "405 Method Not Allowed", {"ok": False, "says": "Ask with GET."})
        if path == "/metrics":
            found: Iterable[bytes] = metrics(environ | {"REQUEST_METHOD": "GET"}, start)
            return found
        if path == "/healthz":
            well, account = health(vitals)
            return _said(start, "200 OK" if well else "503 Service Unavailable", account)
        return _said(start, "404 Not Found", {"ok": False, "says": "There are /healthz and /metrics here."})

    return lambda environ, start: _bodiless(environ, answer(environ, start))


def _bodiless(environ: Environ, body: Iterable[bytes]) -> Iterable[bytes]:
    """HEAD asks for the first lines alone."""
    return () if environ.get("REQUEST_METHOD") == "HEAD" else body


def _said(start: StartResponse, status: str, account: dict[str, object]) -> Iterable[bytes]:
    body = (json.dumps(account, ensure_ascii=False) + "\n").encode()
    start(
        status,
        [
            ("Content-Type", "application/json; charset=utf-8"),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"),
        ],
    )
    return [body]
