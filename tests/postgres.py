"""A real PostgreSQL for tests, out of the machine's own package, on loopback with a folder of its own.

Fixtures (`tests/conftest.py` offers them to every test; each skips with one sentence where PostgreSQL is missing):

- `database_url`: a fresh database with today's tables, once on each engine, for `Store.open(database_url)`.
- `fresh_database`: makes such databases, one for each example of a property: `with fresh_database() as url`.
- `postgres_url`: the same on PostgreSQL alone. It may be opened several times at once, by several processes.
- `empty_database_url`, `empty_postgres_url`: without any table, for what makes or upgrades them.
- `postgres_server`: a `Server` of this test alone, running, which may be stopped, restarted, frozen and killed:
  `url = postgres_server.create("tocsin")` makes an empty database, then `postgres_server.restart()` and so on. What it
  committed outlives a kill.

One server for each process that runs tests serves all but the last; it ends with that process, however that ends. It
sorts text as people do, not by bytes, because most servers that Tocsin will meet do so.
"""

import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from functools import cache, partial
from pathlib import Path
from typing import TypeAlias

import pytest
from sqlalchemy import URL

from bot.store.engine import address, engine_for
from bot.store.upgrade import upgrade
from tests.memory import roomy_memory
from tests.ports import free_port

FreshDatabase: TypeAlias = Callable[[], AbstractContextManager[str]]
MISSING = "PostgreSQL is not installed: install Debian's package postgresql to run these tests"
PATIENCE = 30.0  # seconds for a start or a stop
TEMPLATE = "migrated"
PREFIX = "tocsin-postgres"
ORDINARY = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",  # the machine does not lose power during a test
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "dynamic_shared_memory_type": "mmap",  # in its folder, so that one that is killed leaves nothing behind
    "max_connections": "100",
    "max_wal_size": "256MB",
    "autovacuum": "off",
    "jit": "off",
}


class Server:
    """A PostgreSQL server in `folder`, which was made by `initialise`. It runs between `start` and `stop`."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self.port = free_port()
        self._settings = ORDINARY | settings
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None, "the server does not run"
        return self._process.pid

    def url(self, name: str) -> str:
        """The address of a database on this server, as Tocsin takes it."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{name}"

    def start(self) -> None:
        """Starts it and returns when it answers. After a kill, the processes that it left have to end first."""
        deadline = time.monotonic() + PATIENCE
        while not self._try_to_start(deadline):
            time.sleep(0.1)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Ends it: SIGINT ends every transaction first, SIGTERM waits for clients to leave, SIGQUIT leaves at once."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.send_signal(how)
            self._process.wait(PATIENCE)
            self._process = None

    def restart(self) -> None:
        """Ends every connection and transaction, and comes back at the same address."""
        self.stop()
        self.start()

    def kill(self) -> None:
        """As if its machine lost it: nobody is told, nothing is finished. `start` brings it back, recovered."""
        self.stop(signal.SIGKILL)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """While inside, it accepts no new connection."""
        os.kill(self.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.pid, signal.SIGCONT)

    def create(self, name: str, template: str = "template0") -> str:
        """A new database, as a copy of `template`; returns its address."""
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self.url(name)

    def drop(self, name: str) -> None:
        """Removes a database, whoever is still connected to it."""
        self.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def execute(self, statement: str, database: str = "postgres") -> Sequence[Sequence[object]]:
        """Runs a statement as the superuser, in no transaction; returns the rows, if it gives any."""
        import psycopg

        with closing(psycopg.connect(self.url(database), autocommit=True)) as raw:
            cursor = raw.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def _try_to_start(self, deadline: float) -> bool:
        command = [*_leash(), str(_binary("postgres")), "-D", str(self.folder), "-p", str(self.port)]
        for name, value in self._settings.items():
            command += ["-c", f"{name}={value}"]
        with (self.folder / "log").open("ab") as log:
            self._process = _start(command, self.folder, stdout=log, stderr=log)
        while self._process.poll() is None and time.monotonic() < deadline:
            if self._is_ready():
                return True
            time.sleep(0.01)
        if time.monotonic() >= deadline:
            self.kill()
            raise TimeoutError("PostgreSQL did not start: " + (self.folder / "log").read_text()[-2000:])
        return False

    def _is_ready(self) -> bool:
        """Whether it wrote so into its own file, which it begins with its number."""
        with suppress(OSError):
            lines = (self.folder / "postmaster.pid").read_text().split("\n")
            return lines[0] == str(self.pid) and len(lines) > 7 and lines[7].strip() == "ready"
        return False


def initialise(folder: Path) -> None:
    """Makes a data folder that only this server's user may enter."""
    language = ["--locale-provider=icu", "--icu-locale=en-US"]
    basics = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
    for more in (language, []):
        made = _start([str(_binary("initdb")), "-D", str(folder), *basics, *more], folder.parent)
        said, _ = made.communicate(timeout=PATIENCE)
        if made.returncode == 0:
            return
    raise RuntimeError(f"initdb failed: {said.decode()}")


# -- Fixtures


@pytest.fixture(scope="session")
def cluster() -> Iterator[Path]:
    """A data folder that was just made; servers run in copies of it."""
    if _binary("initdb") is None or (os.geteuid() == 0 and not _has_user("postgres")):
        pytest.skip(MISSING)
    with _folder() as folder:
        initialise(folder / "made")
        yield folder / "made"


@pytest.fixture(scope="session")
def postgres(cluster: Path) -> Iterator[Server]:
    """The server that all ordinary tests of this process share, with a database `TEMPLATE` of today's tables."""
    with _running(cluster, synchronous_commit="off") as server:
        _migrate(address(server.create(TEMPLATE)))
        yield server


@pytest.fixture
def postgres_server(cluster: Path) -> Iterator[Server]:
    with _running(cluster) as server:
        yield server


@pytest.fixture
def postgres_url(postgres: Server) -> Iterator[str]:
    with _database(postgres, TEMPLATE) as url:
        yield url


@pytest.fixture
def empty_postgres_url(postgres: Server) -> Iterator[str]:
    with _database(postgres, "template0") as url:
        yield url


@cache
def _migrated_file() -> bytes:
    """An SQLite file with today's tables."""
    with tempfile.TemporaryDirectory(dir=roomy_memory()) as folder:
        path = Path(folder) / f"{TEMPLATE}.db"
        _migrate(address(f"sqlite:///{path}"))
        return path.read_bytes()


def migrated(path: Path) -> str:
    """The address of a new SQLite file there, with today's tables: a tenth of the work of making them anew."""
    path.write_bytes(_migrated_file())
    return f"sqlite:///{path}"


@pytest.fixture(params=["sqlite", "postgresql"])
def fresh_database(request: pytest.FixtureRequest) -> FreshDatabase:
    if request.param == "postgresql":
        return partial(_database, request.getfixturevalue("postgres"), TEMPLATE)
    return _file


@pytest.fixture
def database_url(fresh_database: FreshDatabase) -> Iterator[str]:
    with fresh_database() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgresql":
        return str(request.getfixturevalue("empty_postgres_url"))
    return f"sqlite:///{tmp_path / 'tocsin.db'}"


_numbers = itertools.count(1)


@contextmanager
def _database(server: Server, template: str) -> Iterator[str]:
    name = f"test_{next(_numbers)}"
    try:
        yield server.create(name, template)
    finally:
        server.drop(name)


@contextmanager
def _file() -> Iterator[str]:
    with tempfile.TemporaryDirectory(dir=roomy_memory()) as folder:
        yield migrated(Path(folder) / "tocsin.db")


def _migrate(url: URL) -> None:
    engine = engine_for(url, busy=1, connections=1)
    try:
        with engine.execution_options(writes=True).begin() as connection:
            upgrade(connection, "the template")
    finally:
        engine.dispose()


@contextmanager
def _running(made: Path, **settings: str) -> Iterator[Server]:
    with _folder() as folder:
        subprocess.run(["cp", "-a", made, folder / "data"], check=True)
        server = Server(folder / "data", **settings)
        try:
            server.start()
            yield server
        finally:
            server.kill()


@contextmanager
def _folder() -> Iterator[Path]:
    """A temporary folder that the server's user may enter. Those that killed tests left go first: they take memory."""
    place = Path(roomy_memory() or tempfile.gettempdir())
    for left in place.glob(f"{PREFIX}-*-*"):
        if Path("/proc/self").exists() and not Path(f"/proc/{left.name.split('-')[2]}").exists():
            shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}-{os.getpid()}-", dir=place))
    try:
        folder.chmod(0o755)
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


# -- The machine


def _binary(name: str) -> Path | None:
    """A program of the newest PostgreSQL that is installed; Debian keeps them out of the search path."""
    packaged = Path("/usr/lib/postgresql").glob(f"*/bin/{name}")
    newest = sorted(packaged, key=lambda path: float(path.parts[-3]), reverse=True)
    found = shutil.which(name)
    return newest[0] if newest else Path(found) if found else None


def _has_user(name: str) -> bool:
    with suppress(KeyError):
        return bool(pwd.getpwnam(name))
    return False


def _start(command: Sequence[str], folder: Path, **streams: object) -> subprocess.Popen[bytes]:
    """Starts a program in `folder`: as the user postgres where we are root, which PostgreSQL refuses to run as."""
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT} | streams
    if os.geteuid() == 0:
        options |= {"user": "postgres", "group": "postgres", "extra_groups": []}
    environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8"}
    return subprocess.Popen(command, cwd=folder, env=environment, start_new_session=True, **options)  # type: ignore[call-overload, no-any-return]


def _leash() -> list[str]:
    """Has the system end the server when the thread that started it ends, for tests that are killed."""
    return ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
