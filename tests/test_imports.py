"""Who may import whom, and which library lives where: read from the import statements themselves."""

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# The data path: a file of `core` imports only from those before it.
PATH = (
    "feed", "link", "text", "words", "phrases", "body", "discovery", "draft", "jsonfeed", "entry", "novelty",
    "article", "organisations", "strangers", "relevance", "amounts", "expressions", "patterns", "signs", "parties",
    "wording", "event", "dateline", "keypoints", "analysis", "story", "clauses", "sketch", "traits", "profile",
    "evidence", "credit", "sharpening", "likeness", "joining", "followup", "merging", "correction", "reasons",
    "stream", "hours", "importance", "alert", "owing", "digest", "account", "escape", "query", "message", "recalling",
    "wishes", "forecast", "subscribing", "watchlist", "bulletin", "conditions", "feedlist", "newfeed", "chart", "lists",
    "trends", "entity", "timeline", "details", "vitals", "pages", "voting", "corrected", "explained", "about", "labels",
    "labelled", "evaluation", "confusion", "misses", "review",
)  # fmt: skip

# The rooms of the program, from the inside out: each imports only from those before it.
ROOMS = (
    "errors", "core", "opml", "logs", "settings", "fetch", "language", "store", "schedule", "health", "terminal",
    "page", "charts", "client", "handlers", "app", "demo", "doctor", "cli", "fit", "__main__",
)  # fmt: skip

# A library has one home; replacing it touches nothing else.
HOMES = {
    "feedparser": ("bot/core/entry",),
    "jinja2": ("bot/page",),
    "matplotlib": ("bot/charts",),
    "nh3": ("bot/core/text",),
    "spacy": ("bot/core/", "bot/language", "bot/fit/"),
    "numpy": ("bot/fit/softmax",),
    "pebble": ("bot/language",),
    "prometheus_client": ("bot/health/",),
    "wsgiref": ("bot/health/",),
    "sqlalchemy": ("bot/store/",),
    "alembic": ("bot/store/",),
    "aiohttp": ("bot/fetch", "bot/client", "bot/demo/server"),
    "apscheduler": ("bot/schedule",),
    "discord": ("bot/client", "bot/core/message", "handlers/"),
    "typer": ("bot/cli/", "bot/__main__", "bot/fit/"),
    "rich": ("bot/terminal", "bot/cli/", "bot/demo/", "bot/app/outlet"),
    "pydantic": ("bot/settings/",),
    "pydantic_settings": ("bot/settings/",),
    "defusedxml": ("bot/opml",),
    "filelock": ("bot/store/",),
    "tomllib": ("bot/settings/toml",),
    "logging": ("bot/logs",),
    "yarl": ("bot/fetch/", "bot/client/"),
}

EDGES = ("fetch", "language", "store", "client", "terminal", "schedule", "opml", "charts", "health")
IMPURE = (
    "time", "random", "secrets", "os", "pathlib", "socket", "subprocess", "asyncio", "uuid", "tempfile", "threading",
    "multiprocessing", "concurrent", "sys", "shutil", "logging", "structlog", "http", "urllib.request",
)  # fmt: skip


def sources(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def is_any(module: str, names: Iterable[str]) -> bool:
    return any(module == name or module.startswith(f"{name}.") for name in names)


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).with_suffix("").as_posix()


def room_of(name: str) -> str | None:
    """The room of a file or module of ours, such as "bot/core/feed"; None for what is not ours, and for `bot` alone."""
    first, *rest = name.split("/")
    return "handlers" if first == "handlers" else rest[0] if first == "bot" and rest and rest != ["__init__"] else None


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module or ""
            if node.module in ("bot", "bot.core", "bot.store", "handlers"):
                yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", sources("bot", "handlers"), ids=name_of)
def test_a_library_is_imported_only_where_it_lives(path: Path) -> None:
    for module in imported(path):
        homes = HOMES.get(module.partition(".")[0])
        assert homes is None or name_of(path).startswith(homes), f"{name_of(path)} imports {module}"


@pytest.mark.parametrize("path", sources("bot/core"), ids=name_of)
def test_core_reaches_for_nothing_impure(path: Path) -> None:
    for module in imported(path):
        assert not is_any(module, IMPURE), f"{name_of(path)} imports {module}"
        assert not module.startswith(("bot.settings", "handlers", *(f"bot.{edge}" for edge in EDGES)))


@pytest.mark.parametrize("path", sources("bot/core"), ids=name_of)
def test_core_asks_no_clock_and_opens_no_file(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        assert not isinstance(node, ast.AsyncFunctionDef | ast.Await), f"{name_of(path)}:{node.lineno} awaits"
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            assert called not in ("open", "datetime.now", "datetime.utcnow", "date.today", "datetime.today"), (
                f"{name_of(path)}:{node.lineno} calls {called}"
            )


@pytest.mark.parametrize("path", sources("bot/core"), ids=name_of)
def test_core_imports_only_from_earlier_on_the_path(path: Path) -> None:
    if path.stem == "__init__":
        return
    assert path.stem in PATH, f"{path.name} has no place on the data path: give it one here and in bot/README.md"
    allowed = {f"bot.core.{name}" for name in PATH[: PATH.index(path.stem)]}
    assert not [name for name in imported(path) if name.startswith("bot.core.") and name not in allowed]


@pytest.mark.parametrize("path", sources("bot"), ids=name_of)
def test_every_room_stands_in_the_table_of_rooms(path: Path) -> None:
    rooms = (ROOT / "bot" / "README.md").read_text(encoding="utf-8")
    room = room_of(name_of(path))
    name = f"core/{path.stem}" if room == "core" and path.stem != "__init__" else room
    assert name is None or name == "errors" or re.search(rf"`{name}/?`", rooms), f"bot/README.md lacks `{name}`"


@pytest.mark.parametrize("path", sources("bot", "handlers"), ids=name_of)
def test_a_room_imports_only_from_itself_and_rooms_further_in(path: Path) -> None:
    own = room_of(name_of(path))
    if own is None:
        return
    allowed = ROOMS[: ROOMS.index(own) + 1]
    for module in imported(path):
        room = room_of(module.replace(".", "/"))
        assert room is None or room in allowed, f"{name_of(path)} imports {module}"


@pytest.mark.parametrize("path", sources("bot"), ids=name_of)
def test_edges_never_import_each_other(path: Path) -> None:
    room = path.relative_to(ROOT / "bot").parts[0].removesuffix(".py")
    if room in EDGES:
        others = tuple(f"bot.{edge}" for edge in EDGES if edge != room)
        assert not [module for module in imported(path) if module.startswith(others)]


@pytest.mark.parametrize("path", sources("handlers"), ids=name_of)
def test_handlers_never_import_each_other(path: Path) -> None:
    own = ".".join(path.relative_to(ROOT).with_suffix("").parts[:2])  # a large handler is a folder
    assert not [module for module in imported(path) if module.startswith("handlers") and not module.startswith(own)]


@pytest.mark.parametrize("path", sources("bot"), ids=name_of)
def test_only_the_composition_root_imports_handlers(path: Path) -> None:
    root = ("bot/app", "bot/cli/", "bot/demo/", "bot/__main__")
    if not name_of(path).startswith(root):
        assert not [module for module in imported(path) if module.startswith("handlers")]
