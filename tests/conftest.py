"""What every test gets: no connection that leaves this machine, a database of either engine, and the reference folder
where it is at hand."""

import ipaddress
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from bot.settings import knowledge
from bot.settings.toml import Table
from tests.memory import roomy_memory
from tests.postgres import (
    cluster,
    database_url,
    empty_database_url,
    empty_postgres_url,
    fresh_database,
    postgres,
    postgres_server,
    postgres_url,
)

__all__ = [
    "cluster",
    "database_url",
    "empty_database_url",
    "empty_postgres_url",
    "fresh_database",
    "postgres",
    "postgres_server",
    "postgres_url",
]

# A machine with other work on it makes single examples slow; whole tests are bounded by pytest-timeout.
settings.register_profile("tocsin", deadline=None)
settings.load_profile("tocsin")


def pytest_configure() -> None:
    """Has `tmp_path` lie in memory, for every process of the run."""
    if memory := roomy_memory():
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", memory)


@pytest.fixture(autouse=True, scope="session")
def loopback_only() -> Iterator[None]:
    """Refuses every connection that is not to loopback, in this process, and fails the test that tried."""
    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex

    def refuse(address: object) -> None:
        if isinstance(address, tuple) and not is_loopback(str(address[0])):
            pytest.fail(f"a test dialled {address[0]}, which is not loopback")

    def guarded_connect(self: socket.socket, address: object) -> None:
        refuse(address)
        return connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: object) -> int:
        refuse(address)
        return connect_ex(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded_connect)
        patch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
        yield


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@pytest.fixture(autouse=True, scope="session")
def language_read_once() -> Iterator[None]:
    """In one process, files of language with the same content are parsed and checked once: it takes longer than most
    tests, and many commands begin with it. One with a mistake is read each time."""
    read, known = knowledge.read_toml, {}

    def remembered(path: Path, model: type[Table]) -> Table:
        try:
            key = (path.read_bytes(), model)
        except OSError:
            return read(path, model)
        if key not in known:
            known[key] = read(path, model)
        return known[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(knowledge, "read_toml", remembered)
        yield


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No variable and no file of the person who runs the tests reaches the program."""
    ours = [name for name in os.environ if name.startswith(("TOCSIN_", "PG")) and name != "TOCSIN_REFERENCE"]
    for name in ours:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def reference() -> Path:
    """The reference folder (labelled news, Discord's description), named by TOCSIN_REFERENCE."""
    folder = os.environ.get("TOCSIN_REFERENCE")
    if not folder:
        pytest.skip("TOCSIN_REFERENCE is not set: the reference folder is not at hand")
    return Path(folder)
