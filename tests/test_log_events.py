"""The lines of the log: events of one form, listed for whoever reads them, and ids by which a story is followed."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
EVENT = re.compile(r"[a-z]+\.[a-z_]+")
LEVELS = {"debug", "info", "warning", "error", "exception"}
KEYS = {  # what one thing is called everywhere, and what it was or might be called
    "why": {"reason", "error", "said", "cause"},
    "then": {"sentence", "hint"},
    "guild": {"guild_id", "server"},
    "channel": {"channel_id"},
    "message": {"message_id"},
    "story": {"story_id"},
    "seconds": {"again_in", "wait"},
}
USUAL = {wrong: right for right, others in KEYS.items() for wrong in others}


def calls(path: Path) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {f"log.{level}" for level in LEVELS}:
            yield node


def events(path: Path) -> set[str]:
    """The events that a module logs, those among which it chooses by a name `event` too."""
    named = {call.args[0].value for call in calls(path) if isinstance(call.args[0], ast.Constant)}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "event":
            chosen = (each.value for each in ast.walk(node.value) if isinstance(each, ast.Constant))
            named |= {each for each in chosen if isinstance(each, str) and EVENT.fullmatch(each)}
    return named


SOURCES = [path for folder in ("bot", "handlers") for path in sorted((ROOT / folder).rglob("*.py")) if events(path)]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_an_event_has_one_form_and_its_keys_the_usual_names(path: Path) -> None:
    assert [event for event in events(path) if not EVENT.fullmatch(event)] == []
    for call in calls(path):
        odd = {word.arg: USUAL[word.arg] for word in call.keywords if word.arg in USUAL}
        assert not odd, f"{path.name}:{call.lineno}: say {odd}"


def test_every_event_stands_in_the_list_and_every_one_in_the_list_is_logged() -> None:
    logged = {event for path in SOURCES for event in events(path)}
    assert listed() == logged


def listed() -> set[str]:
    """The events of bot/README.md: whole, or after the one area of their row."""
    text = (ROOT / "bot" / "README.md").read_text(encoding="utf-8").partition("## Logs")[2].partition("\n## ")[0]
    found = set()
    for areas, told in re.findall(r"^\| (`.*?) \| (.*) \|$", text, re.MULTILINE):
        area, *others = re.findall(r"`(\w+)`", areas)
        for event in re.findall(r"`([a-z_.]+)`", told):
            assert "." in event or not others, f"{event} does not say of which area it is"
            found.add(event if "." in event else f"{area}.{event}")
    return found
