"""The port on which a running Tocsin says how it is: what it says, or whether it could be opened."""

import asyncio
import json
import socket
from collections.abc import Sequence
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from typing import Any

from bot.doctor.finding import Finding, Level
from bot.settings import Settings

ABOUT = "health"
PATIENCE = 5.0


async def check(settings: Settings) -> Sequence[Finding]:
    """Asks, or tries to listen."""
    chosen = settings.health
    if not chosen.port:
        return [Finding(ABOUT, "ok", "No health port is set; TOCSIN_HEALTH_PORT opens one.")]
    return [await asyncio.to_thread(_of_port, str(chosen.address), chosen.port)]


def _of_port(address: str, port: int) -> Finding:
    where = f"port {port} of {address}"
    try:
        account = _asked(address, port)
    except ConnectionRefusedError:
        return _free(address, port, where)
    except (OSError, HTTPException, ValueError):
        account = {}
    if not isinstance(account.get("says"), str):
        says = f"Something else than Tocsin answers on {where}: choose another under [health]."
        return Finding(ABOUT, "wrong", says, configured=True)
    level: Level = "ok" if account.get("ok") else "wrong"
    return Finding(ABOUT, level, f"The running Tocsin says on {where}: {account['says']}")


def _asked(address: str, port: int) -> dict[str, Any]:
    """The account of whoever answers there. Raises OSError, HTTPException or ValueError where it is none."""
    with closing(HTTPConnection(address, port, timeout=PATIENCE)) as connection:
        connection.request("GET", "/healthz")
        account = json.loads(connection.getresponse().read(100_000))
    return account if isinstance(account, dict) else {}


def _free(address: str, port: int, where: str) -> Finding:
    try:
        with closing(socket.create_server((address, port), family=_family(address))):
            return Finding(ABOUT, "ok", f"The {where} is free for Tocsin to say there how it is.")
    except OSError as error:
        says = f"Tocsin cannot listen on {where} ({error.strerror}): choose another under [health]."
        return Finding(ABOUT, "wrong", says, configured=True)


def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET
