"""The language workers: real processes, really killed."""

import asyncio
import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from multiprocessing import resource_tracker
from pathlib import Path

import pytest

from bot.core.analysis import Knowledge
from bot.core.article import Article
from bot.core.discovery import Page
from bot.errors import FeedError, LanguageError
from bot.language import DEFAULT_MODEL, Language
from bot.language.pool import NoWorkerError, Pool, WorkerDiedError, WorkerHungError
from bot.settings.knowledge import read_knowledge
from bot.store.codec import encode
from tests.beats import beats
from tests.workers import until_busy, workers_of

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
FEED = b"<rss version='2.0'><channel><title>T</title><item><title>One</title><guid>1</guid></item></channel></rss>"
CONFIG = Path(__file__).resolve().parents[1] / "config"
LABELLED = Path(__file__).parent / "data" / "labelled"


def article(title: str = "Pentagon signs AI contract with Palantir", text: str = "") -> Article:
    text = (
        text
        or "The U.S. Department of Defense signed a $10 million contract with Palantir for artificial intelligence."
    )
    return Article(title=title, text=text, link=None, outlet="a.org", language="en", first_seen=NOW)


@pytest.fixture
async def quick() -> AsyncIterator[Language]:
    """Workers that parse, with a short limit."""
    async with Language(time_limit=1.5) as language:
        yield language


@pytest.fixture(scope="module")
def knowledge() -> Knowledge:
    return read_knowledge(CONFIG.joinpath)


async def parse(language: Language, body: bytes) -> object:
    return await language.parse(body, url="https://a.org/feed", now=NOW)


async def test_a_feed_is_parsed_in_a_worker(quick: Language) -> None:
    feed = await quick.parse(FEED, url="https://a.org/feed", content_type="text/xml", now=NOW)
    assert [entry.title for entry in feed.entries] == ["One"]


async def test_what_is_no_feed_is_the_feeds_fault(quick: Language) -> None:
    with pytest.raises(FeedError, match="web page"):
        await parse(quick, b"<!doctype html><html></html>")


HOSTILE = {
    "an author of dots": b"<rss version='2.0'><channel><item><author>"
    + b"a." * 60_000
    + b"</author></item></channel></rss>",
    "open comments": b"<rss version='2.0'><channel><item><title>"
    + b"<!--" * 40_000
    + b"</title></item>&</channel></rss>",
    "a tag of attributes": b"<rss version='2.0'><channel>&<item " + b"a=b " * 40_000 + b"></item></channel></rss>",
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
async def test_a_hostile_feed_is_cut_off_and_the_next_one_is_read(quick: Language, body: bytes) -> None:
    began = time.monotonic()
    try:
        await parse(quick, body)
    except FeedError as error:
        assert "longer than 1.5 seconds" in str(error)
    assert time.monotonic() - began < 10
    assert await parse(quick, FEED)


async def test_a_hostile_feed_does_not_hold_up_the_event_loop(quick: Language) -> None:
    await parse(quick, FEED)
    async with beats() as found:
        with pytest.raises(FeedError):
            await parse(quick, HOSTILE["an author of dots"])
    assert found.late < 5, "and many times as much, were it parsed here"


async def test_a_feed_that_hangs_a_worker_does_not_hold_up_the_next_feed() -> None:
    async with Language(time_limit=60) as language:
        hanging = asyncio.create_task(parse(language, HOSTILE["an author of dots"]))
        await asyncio.sleep(0)
        assert await parse(language, FEED)
        assert not hanging.done()
        hanging.cancel()


async def test_the_feeds_that_a_page_names_are_read_in_a_worker(quick: Language) -> None:
    markup = b'<link rel="alternate" type="application/rss+xml" href="/feed">'
    page = await quick.page(markup, url="https://a.org/", content_type="text/html")
    assert [link.url for link in page.links] == ["https://a.org/feed"]


async def test_a_page_that_is_too_much_for_a_worker_names_no_feed() -> None:
    async with Language(time_limit=0.000001) as language:
        assert await language.page(b"<p>" * 300_000, url="https://a.org/") == Page()


async def test_many_feeds_at_once_are_all_answered() -> None:
    async with Language(workers=2) as language:
        feeds = await asyncio.gather(*(parse(language, FEED) for _ in range(50)))
    assert len(feeds) == 50


async def test_workers_that_only_parse_do_not_load_the_language_library() -> None:
    pool = Pool(workers=1, initializer=_nothing, initargs=())
    try:
        assert not await pool.run(5, _is_loaded, "spacy")
    finally:
        await pool.close()


def _is_loaded(module: str) -> bool:
    import bot.language.worker  # noqa: F401

    return module in sys.modules


async def test_analyses_come_in_the_order_of_the_articles(knowledge: Knowledge) -> None:
    articles = [article(), article("Local bakery wins prize", "Bread."), article()] * 12
    async with Language(knowledge=knowledge) as language:
        found = await language.analyse(articles)
        assert [analysis.relevance.relevant for analysis in found] == [True, False, True] * 12
        assert all(analysis.problem is None for analysis in found)
        assert await language.warning() is None
        assert (await language.model()).startswith(DEFAULT_MODEL)
        assert await language.analyse([]) == []


async def test_one_worker_and_several_say_the_same_however_articles_are_bundled(knowledge: Knowledge) -> None:
    """To the byte, as it would be stored; each worker is a process with hashes of its own."""
    lines = (LABELLED / "briefs.jsonl").read_text(encoding="utf-8").splitlines()[:90]
    articles = [article(row["title"], row["text"]) for row in map(json.loads, lines)]
    async with Language(knowledge=knowledge, workers=1) as one, Language(knowledge=knowledge, workers=2) as two:
        together, spread = await asyncio.gather(one.analyse(articles), two.analyse(articles))
        one_by_one = [found for each in articles[:20] for found in await two.analyse([each])]
    stored = [json.dumps(encode(analysis)) for analysis in together]
    assert [json.dumps(encode(analysis)) for analysis in spread] == stored
    assert [json.dumps(encode(analysis)) for analysis in one_by_one] == stored[:20]


async def test_a_missing_model_is_told_and_rules_go_on(knowledge: Knowledge) -> None:
    async with Language(knowledge=knowledge, model="en_no_such_model") as language:
        (found,) = await language.analyse([article()])
        assert found.relevance.relevant
        assert found.problem is not None
        assert "en_no_such_model" in found.problem
        assert await language.warning() == found.problem
        assert await language.model() == "rules only"


def poisoned(**fields: None) -> Article:
    """An article with what no parser makes, and any bug might."""
    poison = article(text="x" * 5000)
    for name in fields:
        object.__setattr__(poison, name, None)
    return poison


async def test_a_poison_article_costs_no_other_its_analysis(knowledge: Knowledge) -> None:
    async with Language(knowledge=knowledge) as language:
        found = await language.analyse([article(), poisoned(title=None), article()])
    assert [analysis.relevance.relevant for analysis in found] == [True, False, True]
    assert found[1].relevance.score == 0
    assert found[1].problem is not None
    assert found[0].problem is None


async def test_a_poison_text_does_not_hide_what_its_title_says(knowledge: Knowledge) -> None:
    """Fault 6: an alert without the analysis of the text."""
    async with Language(knowledge=knowledge) as language:
        (found,) = await language.analyse([poisoned(text=None)])
    assert found.relevance.relevant
    assert "by its title alone" in (found.problem or "")


def _nothing() -> None:
    pass


def _nothing_with(_: object) -> None:
    pass


def _fail() -> None:
    raise RuntimeError("no start")


def _hold(megabytes: int) -> int:
    from bot.language.worker import limit_memory

    limit_memory(300)
    return len(bytes(megabytes * 2**20))


@pytest.fixture
async def pool() -> AsyncIterator[Pool]:
    pool = Pool(workers=1, initializer=_nothing, initargs=())
    yield pool
    await pool.close()


async def test_a_call_that_hangs_is_killed(pool: Pool) -> None:
    with pytest.raises(WorkerHungError):
        await pool.run(0.2, time.sleep, 60)
    assert await pool.run(5, abs, -1) == 1


async def test_a_worker_that_dies_is_replaced(pool: Pool) -> None:
    with pytest.raises(WorkerDiedError):
        await pool.run(5, os._exit, 3)
    assert await pool.run(5, abs, -1) == 1


async def test_a_worker_killed_while_it_has_nothing_to_do_is_replaced(pool: Pool) -> None:
    os.kill(idle := await pool.run(5, os.getpid), signal.SIGKILL)
    while idle in workers_of(os.getpid()):
        await asyncio.sleep(0.01)
    assert await pool.run(5, abs, -1) == 1


async def test_memory_is_limited(pool: Pool) -> None:
    assert await pool.run(5, _hold, 1) == 2**20
    with pytest.raises(MemoryError):
        await pool.run(5, _hold, 2000)


async def test_a_feed_that_needs_too_much_memory_costs_no_other_feed() -> None:
    """Fault 2: a worker out of memory."""
    greedy = b'{"version":"https://jsonfeed.org/version/1","items":[' + b"{}," * 1_600_000 + b"{}]}"
    async with Language(memory_limit=150) as language:
        for _ in range(2):
            with pytest.raises(FeedError, match="memory"):
                await parse(language, greedy)
            assert await parse(language, FEED)


async def test_a_worker_that_is_killed_on_a_feed_costs_no_other_feed() -> None:
    """Fault 2: K in a worker."""
    async with Language(time_limit=60) as language:
        await parse(language, FEED)
        reading = asyncio.create_task(parse(language, HOSTILE["an author of dots"]))
        for worker in await asyncio.to_thread(until_busy, os.getpid(), seconds=0.1):
            os.kill(worker, signal.SIGKILL)
        with pytest.raises(FeedError):
            await reading
        assert await parse(language, FEED)


async def test_workers_that_cannot_start_are_an_error_of_ours() -> None:
    pool = Pool(workers=1, initializer=_fail, initargs=())
    with pytest.raises(NoWorkerError):
        await pool.run(1, abs, -1)
    await pool.close()


def _sleep_from(begun: Path) -> None:
    begun.touch()
    time.sleep(30)


async def sleeping(pool: Pool, folder: Path) -> "asyncio.Task[None]":
    """A call that a worker has begun and that takes its time."""
    task = asyncio.create_task(pool.run(30, _sleep_from, folder / "begun"))
    while not (folder / "begun").exists():
        await asyncio.sleep(0.01)
    return task


async def test_a_cancelled_call_ends_its_worker(pool: Pool, tmp_path: Path) -> None:
    task = await sleeping(pool, tmp_path)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.wait_for(pool.run(5, abs, -1), 60) == 1


async def test_calls_that_wait_when_the_pool_closes_are_told(tmp_path: Path) -> None:
    pool = Pool(workers=1, initializer=_nothing, initargs=())
    task = await sleeping(pool, tmp_path)
    await pool.close()
    with pytest.raises(LanguageError):
        await asyncio.wait_for(task, 60)


async def test_workers_are_started_in_a_thread_so_that_a_busy_machine_does_not_hold_up_the_event_loop() -> None:
    passed_on_in: list[int] = []
    pool = Pool(workers=1, initializer=_nothing_with, initargs=(Passed(passed_on_in),))
    assert await pool.run(5, abs, -1) == 1
    await pool.close()
    assert passed_on_in
    assert threading.get_ident() not in passed_on_in


class Passed:
    """Something to give to workers that notes the threads which give it to them."""

    def __init__(self, threads: list[int]) -> None:
        self.threads = threads

    def __reduce__(self) -> tuple[object, ...]:
        self.threads.append(threading.get_ident())
        return int, ()


async def test_a_pool_that_closes_while_it_starts_leaves_no_worker() -> None:
    pool, before = Pool(workers=1, initializer=_nothing, initargs=()), workers_of(os.getpid())
    task = asyncio.create_task(pool.run(5, time.sleep, 5))
    await asyncio.sleep(0)
    await pool.close()
    with pytest.raises(NoWorkerError):
        await task
    assert set(workers_of(os.getpid())) <= set(before)


async def test_workers_that_die_as_they_start_are_told_however_much_they_were_to_be_given(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """More than a pipe holds: who starts a process waits until it has read what it is given."""
    resource_tracker.ensure_running()  # which is a process as well
    pool = Pool(workers=1, initializer=_nothing_with, initargs=(b"x" * 500_000,))
    monkeypatch.setenv("PYTHONHOME", "/nowhere")
    with pytest.raises(NoWorkerError):
        await asyncio.wait_for(pool.run(1, abs, -1), 30)
    monkeypatch.delenv("PYTHONHOME")
    assert await pool.run(5, abs, -1) == 1
    await pool.close()


async def test_a_machine_without_room_for_a_worker_is_told_as_such() -> None:
    pool = Pool(workers=1, initializer=_nothing, initargs=())
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (len([*Path("/proc/self/fd").iterdir()]), limit[1]))
    try:
        with pytest.raises(NoWorkerError):
            await pool.run(5, abs, -1)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limit)
    assert await pool.run(5, abs, -1) == 1
    await pool.close()


PARENT = """
import asyncio, os, sys, time
from bot.language.pool import Pool
from bot.language.worker import Limits, start

async def main():
    pool = Pool(workers=1, initializer=start, initargs=(Limits(1000),))
    print(await pool.run(10, os.getpid), flush=True)
    await pool.run(60, time.sleep, 60)

if __name__ == "__main__":
    asyncio.run(main())
"""


def test_workers_die_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    env = os.environ | {"PYTHONPATH": str(CONFIG.parent)}
    parent = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True, env=env)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    assert _ends(child)


def _ends(process: int) -> bool:
    for _ in range(100):
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return True
        if _is_zombie(process):
            return True
        time.sleep(0.05)
    return False


def _is_zombie(process: int) -> bool:
    """Ended, and only not yet collected by whatever init this machine has."""
    status = Path(f"/proc/{process}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z"
