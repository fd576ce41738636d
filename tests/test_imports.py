"""Who may import whom, and which library lives where: read from the import statements themselves."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# The data path: a file of `core` imports only from those before it.
PATH = (
    "feed", "link", "text", "words", "phrases", "body", "draft", "jsonfeed", "entry", "novelty", "article",
    "organisations", "strangers", "relevance", "amounts", "patterns", "parties", "event", "keypoints", "analysis",
    "story", "importance", "alert", "digest", "message",
)  # fmt: skip

# A library has one home; replacing it touches nothing else.
HOMES = {
    "feedparser": ("bot/core/entry",),
    "nh3": ("bot/core/text",),
    "spacy": ("bot/core/", "bot/language"),
    "pebble": ("bot/language",),
    "sqlalchemy": ("bot/store/",),
    "alembic": ("bot/store/",),
    "aiohttp": ("bot/fetch", "bot/client", "bot/demo/server"),
    "apscheduler": ("bot/schedule",),
    "discord": ("bot/client", "bot/core/message", "handlers/"),
    "typer": ("bot/cli/", "bot/__main__"),
    "rich": ("bot/terminal", "bot/cli/", "bot/demo/", "bot/app/outlet"),
    "pydantic": ("bot/settings/",),
    "pydantic_settings": ("bot/settings/",),
    "defusedxml": ("bot/opml",),
    "filelock": ("bot/store/",),
}

EDGES = ("fetch", "language", "store", "client", "terminal", "schedule", "opml")
IMPURE = {
    "time",
    "random",
    "secrets",
    "os",
    "pathlib",
    "socket",
    "subprocess",
    "asyncio",
    "uuid",
    "tempfile",
    "threading",
}


def sources(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).with_suffix("").as_posix()


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
        assert module.partition(".")[0] not in IMPURE, f"{name_of(path)} imports {module}"
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
    if path.stem not in PATH:
        return
    allowed = {f"bot.core.{name}" for name in PATH[: PATH.index(path.stem)]}
    for module in imported(path):
        if module.startswith("bot.core.") and module.split(".")[2] in PATH:
            assert module in allowed, f"{path.stem} imports {module}"


@pytest.mark.parametrize("path", sources("bot"), ids=name_of)
def test_edges_never_import_each_other(path: Path) -> None:
    room = path.relative_to(ROOT / "bot").parts[0].removesuffix(".py")
    if room in EDGES:
        others = tuple(f"bot.{edge}" for edge in EDGES if edge != room)
        assert not [module for module in imported(path) if module.startswith(others)]


@pytest.mark.parametrize("path", sources("handlers"), ids=name_of)
def test_handlers_never_import_each_other(path: Path) -> None:
    assert not [module for module in imported(path) if module.startswith("handlers")]


@pytest.mark.parametrize("path", sources("bot"), ids=name_of)
def test_only_the_composition_root_imports_handlers(path: Path) -> None:
    root = ("bot/app", "bot/cli/", "bot/demo/", "bot/__main__")
    if not name_of(path).startswith(root):
        assert not [module for module in imported(path) if module.startswith("handlers")]
