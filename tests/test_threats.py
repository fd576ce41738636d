"""Threats that belong to no single module: stored code, ticks that are dropped, texts that cost more than they are."""

import ast
import asyncio
import time
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from pathlib import Path

import pytest
from sqlalchemy import LargeBinary, PickleType

from bot.core.article import Article
from bot.core.entry import parse_feed
from bot.errors import TocsinError
from bot.language import Language
from bot.opml import read_opml
from bot.schedule import Schedule
from bot.settings.knowledge import read_knowledge
from bot.store.schema import metadata
from tests.builders import NOON, an_article

ROOT = Path(__file__).resolve().parents[1]
CODE_OUT_OF_DATA = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "jsonpickle", "yaml"}
HANDED_ON = {("pool.py", "pickle")}
"""What workers are to start with, in memory of this user's that their own program has made: as multiprocessing does."""
NAMED = "Pentagon signs AI contract with Palantir"
SAID = "The Pentagon signed a contract with Palantir for its artificial intelligence models."


@cache
def program() -> tuple[tuple[str, ast.AST], ...]:
    """(file, node) of everything that the program is written in."""
    paths = [*(ROOT / "bot").rglob("*.py"), *(ROOT / "handlers").rglob("*.py")]
    return tuple((path.name, node) for path in paths for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


def imported() -> Iterator[tuple[str, str]]:
    """(file, module) of every import statement."""
    for name, node in program():
        if isinstance(node, ast.Import):
            yield from ((name, each.name.partition(".")[0]) for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield name, (node.module or "").partition(".")[0]


def test_nothing_that_is_stored_can_run() -> None:
    """No pickle, no bytes that could be one, and no job of the clock, is ever in the database."""
    kinds = [column for table in metadata.sorted_tables for column in table.columns]
    assert [column for column in kinds if isinstance(column.type, LargeBinary | PickleType)] == []
    assert [table.name for table in metadata.sorted_tables if "job" in table.name] == []
    assert {each for each in imported() if each[1] in CODE_OUT_OF_DATA} == HANDED_ON


def test_no_text_is_ever_run_as_code_or_by_a_shell() -> None:
    calls = {(name, getattr(node.func, "id", "")) for name, node in program() if isinstance(node, ast.Call)}
    assert [each for each in calls if each[1] in ("eval", "exec", "compile", "__import__")] == []
    assert [each for each in imported() if each[1] in ("subprocess", "pty", "commands")] == []


MADE_OF_OURS = {
    "amounts.py", "credit.py", "dateline.py", "expressions.py", "labels.py", "menus.py", "patterns.py", "query.py",
    "text.py", "toml.py", "words.py",
}  # fmt: skip
"""Where patterns are put together, of constants and of what an operator's files say."""


def test_no_pattern_is_made_of_what_people_type() -> None:
    """Their words are phrases: no expression of theirs can be one that takes for ever."""
    made = {
        name
        for name, node in program()
        if isinstance(node, ast.Call)
        and ast.unparse(node.func)
        in {f"re.{verb}" for verb in ("compile", "search", "match", "fullmatch", "sub", "split")}
        and not isinstance(node.args[0], ast.Constant)
    }
    learning = {path.name for path in (ROOT / "bot" / "fit").glob("*.py")}
    assert made - learning <= MADE_OF_OURS


@pytest.mark.parametrize("entity", ["file:///etc/hostname", "http://127.0.0.1:9/secret", "expect://id"])
def test_no_feed_and_no_list_reads_a_file_or_an_address_into_itself(entity: str) -> None:
    head = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "{entity}"><!ENTITY % p SYSTEM "{entity}"> %p;]>'
    item = "<item><guid>1</guid><title>a &e; b</title></item>"
    rss = f"{head}<rss version='2.0'><channel><title>&e;</title>{item}</channel></rss>"
    found = parse_feed(rss.encode(), url="https://a.example/feed", content_type=None, now=NOON)
    assert [each.title.replace("&e;", "").split() for each in found.entries] in ([["a", "b"]], [])
    with pytest.raises(TocsinError):
        read_opml(
            f"{head}<opml version='2.0'><body><outline text='&e;' xmlUrl='https://a.example/'/></body></opml>".encode()
        )


def test_entities_within_entities_grow_into_nothing() -> None:
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    head = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY l0 "lol">{levels}]>'
    rss = f"{head}<rss version='2.0'><channel><item><guid>1</guid><title>&l9;</title></item></channel></rss>"
    found = parse_feed(rss.encode(), url="https://a.example/feed", content_type=None, now=NOON)
    assert all(len(each.title) < 100 for each in found.entries)


async def test_a_wake_up_is_not_lost_where_the_loop_was_held_for_longer_than_a_second() -> None:
    """The clock's default drops what is a second late, and with it all that waited for an hour's tick."""
    ran: list[float] = []

    async def tick() -> None:
        ran.append(time.monotonic())

    async with Schedule({"deliver": (timedelta(hours=1), tick)}) as schedule:
        async with asyncio.timeout(30):
            while not ran:
                await asyncio.sleep(0.01)
        schedule.wake("deliver")
        time.sleep(1.3)  # noqa: ASYNC251 - as a busy loop does
        async with asyncio.timeout(30):
            while len(ran) < 2:
                await asyncio.sleep(0.01)


POISON = {
    "emoji": "\U0001f468\u200d\U0001f469\u200d\U0001f467" * 10_000,
    "marks": "Z" + "\u0335" * 50_000,
    "signs": "!?" * 25_000,
    "dots": "a." * 25_000,
    "brackets": "([{" * 16_000,
    "one word": "x" * 50_000,
    "lone surrogates": "\ud83d\udc68 \ude00" * 5_000 + SAID,
    "nothing but line breaks": "\n" * 50_000,
    "amounts": "$1,000,000,000 million " * 2_000,
    "names": "Palantir " * 6_000,
}


@pytest.fixture(scope="module")
def knowledge() -> object:
    return read_knowledge((ROOT / "config").joinpath)


async def test_a_text_that_would_take_a_language_model_minutes_is_judged_at_once(knowledge) -> None:
    """50 kB of emoji took half a minute and a gigabyte; here each is judged within limits, beside its neighbours."""
    articles: list[Article] = [
        an_article(number, title=NAMED if number % 2 else text[:500], text=f"{SAID}\n{text}" if number % 2 else text)
        for number, text in enumerate(each for each in POISON.values() for _ in range(2))
    ]
    began = time.monotonic()
    async with Language(knowledge=knowledge) as language:
        found = await language.analyse([*articles, an_article(99, title=NAMED, text=SAID)])
        seconds = time.monotonic() - began
        assert [each.problem for each in found if each.problem and "took longer" in each.problem] == []
    assert found[-1].relevance.relevant
    assert all(each.relevance.relevant for each in found[1:-1:2]), "what stands before the poison is read"
    assert seconds < 30
