"""What the disk and other programs do to the database: nothing that was said to be committed is lost, nothing is told
twice, one sentence says what is wrong, and where it can, the work goes on by itself.
"""

import asyncio
import signal
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.client import DiscordSender
from bot.core.feed import FeedState
from bot.core.story import Placement
from bot.errors import DatabaseLostError, StoreError
from bot.store import Connection, Store, alerts, feeds, polls, stories, subscriptions
from bot.store.polls import Judged, Outcome
from handlers.deliver import deliver
from tests import stage
from tests.builders import NOON, a_feed, a_story, a_subscription, an_alert, an_analysis, an_article, an_entry
from tests.command import start
from tests.discord_fake import CREATE, FakeDiscord, Fault
from tests.discord_fake.world import Channel, Guild
from tests.disks import Disk, small_disk
from tests.test_kills import Outbox, an_outbox, ends

fake, guild, channel, client, sender = stage.fake, stage.guild, stage.channel, stage.client, stage.sender


def an_outcome(number: int, feed: int = 1) -> Outcome:
    """A feed's news: a story with one report, owed to subscription 1."""
    story = a_story(f"s{number}", title="A title of some length. " * 40)
    judged = Judged(an_entry(number), an_article(number), an_analysis(), Placement(story, True, 0.0))
    state = FeedState(etag=f'"{number}"', first_polled_at=NOON)
    return Outcome(feed, state, (judged,), stories=(story,), alerts=(an_alert(1, story.id),))


def shorten_log(database: Path) -> None:
    """Empties the write-ahead log, so that the next commit needs room."""
    with closing(sqlite3.connect(database, timeout=10)) as raw:
        assert raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0


def is_sound(database: Path) -> bool:
    with closing(sqlite3.connect(database)) as raw:
        whole: str = raw.execute("PRAGMA integrity_check").fetchone()[0]
        return whole == "ok" and not raw.execute("PRAGMA foreign_key_check").fetchall()


@asynccontextmanager
async def a_store(folder: Path, *, busy: float = 5) -> AsyncIterator[Store]:
    async with Store.open(f"sqlite:///{folder / 'tocsin.db'}", busy=busy) as store:
        yield store


async def subscribed(store: Store) -> None:
    await store.write(feeds.add, a_feed(), NOON)
    await store.write(subscriptions.add, a_subscription())


async def test_a_poll_for_which_the_disk_has_no_room_is_as_if_it_had_not_been_and_goes_through_later(
    tmp_path: Path,
) -> None:
    """Fault 24: disk full at commit."""
    with small_disk(tmp_path / "disk", megabytes=8, or_limit=True) as disk:
        async with a_store(disk.folder) as store:
            await subscribed(store)
            await store.write(polls.commit, an_outcome(1), NOON)
            shorten_log(disk.folder / "tocsin.db")
            disk.fill()
            for _ in range(2):
                with pytest.raises(StoreError, match=r"is full; make room there\.$|check its disk"):
                    await store.write(polls.commit, an_outcome(2), NOON)
            assert (await store.read(stories.figures))["stories"] == 1
            assert [each.state.etag for each in await store.read(feeds.listed)] == ['"1"']
            disk.free()
            await store.write(polls.commit, an_outcome(2), NOON)
            assert (await store.read(alerts.counts))["owed"] == 2
        async with a_store(disk.folder) as store:
            assert (await store.read(stories.figures))["stories"] == 2
        assert is_sound(disk.folder / "tocsin.db")


async def test_a_checkpoint_for_which_there_is_no_room_loses_no_commit(tmp_path: Path) -> None:
    """Fault 25: disk full at checkpoint."""
    with small_disk(tmp_path / "disk", megabytes=16) as disk:
        database, log = disk.folder / "tocsin.db", disk.folder / "tocsin.db-wal"
        async with a_store(disk.folder) as store:
            shorten_log(database)
            size = database.stat().st_size
            disk.fill(leave=6_000_000)
            kept = await filled(store)
            assert log.stat().st_size > 1000 * 4096  # beyond the length at which SQLite empties it
            assert database.stat().st_size < size + 3_000_000  # for which there was no room
            assert len(await store.read(feeds.listed)) == kept
            disk.free()
            await store.write(feeds.add, a_feed("https://news.example/last"), NOON)
            assert len(await store.read(feeds.listed)) == kept + 1
        async with a_store(disk.folder) as store:
            assert len(await store.read(feeds.listed)) == kept + 1
        assert is_sound(database)


async def filled(store: Store) -> int:
    """How many commits went through before there was no room for one more."""
    with pytest.raises(StoreError):
        for number in range(10_000):
            kept = number
            await store.write(feeds.add, a_feed(f"https://news.example/{number}", name="n" * 40_000), NOON)
    return kept


async def test_a_bot_whose_disk_fills_up_tells_each_story_once_when_there_is_room_again(tmp_path: Path) -> None:
    """Fault 24: disk full at commit, first of a claim, then of a settlement."""
    with small_disk(tmp_path / "disk", megabytes=8) as disk:
        (tmp_path / "tocsin.db").symlink_to(disk.folder / "tocsin.db")
        async with an_outbox(tmp_path) as outbox:
            await outbox.owe("told before")
            running = await outbox.start()
            await outbox.settled()
            await outbox.owe("claimed late", not_before=datetime.now(UTC) + timedelta(seconds=4))
            said = fill(disk, outbox)
            await noticed(outbox, said)
            assert outbox.titles() == ["told before"]
            disk.free()
            await outbox.settled()
            assert outbox.titles() == ["told before", "claimed late"]

            slow = outbox.discord.faults.add(Fault("slow", when="after", route=CREATE, seconds=60))
            await outbox.owe("settled late")
            await outbox.discord.until(lambda: slow.hits, seconds=60)
            said = fill(disk, outbox)
            slow.seconds = 0
            await noticed(outbox, said)
            assert outbox.rows("SELECT state FROM alerts WHERE story_id = 'settled-late'") == [("sending",)]
            disk.free()
            running.send_signal(signal.SIGTERM)
            await ends(running, 0)
            running = await outbox.start()
            await outbox.settled()
            assert outbox.titles() == ["told before", "claimed late", "settled late"]
            running.send_signal(signal.SIGTERM)
            await ends(running, 0)
        assert "Traceback" not in outbox.log()
        assert is_sound(disk.folder / "tocsin.db")


def fill(disk: Disk, outbox: Outbox) -> int:
    """Leaves no room for any commit; how often the program had noticed such a thing before."""
    said = outbox.log().count("tick.failed")
    shorten_log(outbox.folder / "tocsin.db")
    disk.fill()
    return said


async def noticed(outbox: Outbox, said: int) -> None:
    """Waits until the program says so once more."""
    async with asyncio.timeout(60):
        while outbox.log().count("tick.failed") == said:
            await asyncio.sleep(0.1)


async def test_a_second_bot_on_one_file_ends_with_a_sentence_by_whatever_name_it_is_reached(tmp_path: Path) -> None:
    """Fault 32: two processes, one SQLite file."""
    async with an_outbox(tmp_path) as outbox:
        await outbox.owe("told by the first")
        running = await outbox.start()
        await outbox.settled()
        (tmp_path / "link.db").symlink_to("tocsin.db")
        for name, words in (("tocsin.db", ["run"]), ("link.db", ["run"]), ("link.db", ["db", "upgrade"])):
            second = start(*words, "--config", str(tmp_path), "--database", f"sqlite:///{tmp_path / name}")
            said = (await asyncio.to_thread(second.communicate, timeout=60))[1].splitlines()
            assert (second.returncode, len(said)) == (1, 1)
            assert f"{name} is in use by another Tocsin; stop that one first" in said[0]
        await outbox.owe("told by the first too")
        await outbox.settled()
        assert len(outbox.titles()) == 2
        running.send_signal(signal.SIGTERM)
        await ends(running, 0)


async def test_a_bot_whose_file_is_replaced_stops_with_a_sentence_and_touches_neither(tmp_path: Path) -> None:
    """Fault 26: file replaced."""
    async with an_outbox(tmp_path) as outbox:
        running = await outbox.start()
        await outbox.owe("told")
        await outbox.settled()
        database = tmp_path / "tocsin.db"
        with closing(sqlite3.connect(database)) as raw, closing(sqlite3.connect(tmp_path / "other.db")) as other:
            raw.backup(other)
        other_before = (tmp_path / "other.db").read_bytes()
        (tmp_path / "other.db").replace(database)
        await ends(running, 1)
        last = outbox.log().splitlines()[-1]
        assert last.startswith(f"The database {database} was replaced while Tocsin worked with it; put the right one")
        assert "Traceback" not in outbox.log()
        assert database.read_bytes() == other_before


@pytest.mark.parametrize("what", ["deleted", "moved", "log deleted"])
async def test_what_is_written_after_the_file_is_gone_is_refused(tmp_path: Path, what: str) -> None:
    """Fault 26: file deleted, moved, or parted from its log."""
    async with a_store(tmp_path) as store:
        await subscribed(store)
        database = tmp_path / "tocsin.db"
        match what:
            case "deleted":
                database.unlink()
            case "moved":
                database.rename(tmp_path / "elsewhere.db")
            case _:
                (tmp_path / "tocsin.db-wal").unlink()
        with pytest.raises(DatabaseLostError, match=r"while Tocsin worked with it; put the right one there"):
            await store.write(polls.commit, an_outcome(1), NOON)
        with pytest.raises(DatabaseLostError):
            await store.read(feeds.listed)


async def test_a_commit_into_a_file_that_went_away_meanwhile_does_not_count(tmp_path: Path) -> None:
    """Fault 26: file deleted, in the middle of a transaction."""
    async with a_store(tmp_path) as store:

        def add(c: Connection) -> None:
            feeds.add(c, a_feed(), NOON)
            (tmp_path / "tocsin.db").unlink()

        with pytest.raises(DatabaseLostError):
            await store.write(add)


async def test_a_page_that_is_damaged_under_a_bot_that_runs_stops_it(tmp_path: Path) -> None:
    """Fault 27: corrupted page, while running. (At the start: tests/test_store.py.)"""
    async with a_store(tmp_path) as store:
        for number in range(300):
            await store.write(feeds.add, a_feed(f"https://news.example/{number}"), NOON)
        shorten_log(tmp_path / "tocsin.db")
        with (tmp_path / "tocsin.db").open("r+b") as file:
            for start in range(4096, (tmp_path / "tocsin.db").stat().st_size, 4096):
                file.seek(start)
                file.write(b"\xff" * 64)
        with pytest.raises(DatabaseLostError, match=r"is damaged; put a backup in its place"):
            for _ in range(5):  # each reader's connection remembers other pages
                await asyncio.gather(*(store.read(stories.figures) for _ in range(5)))
                await store.read(feeds.listed)


async def test_a_short_lock_by_another_program_is_waited_for(tmp_path: Path) -> None:
    """Fault 23: SQLite locked, for less long than we wait."""
    async with a_store(tmp_path, busy=10) as store:
        raw = sqlite3.connect(tmp_path / "tocsin.db", isolation_level=None)
        raw.execute("BEGIN IMMEDIATE")
        writing = asyncio.create_task(store.write(feeds.add, a_feed(), NOON))
        await asyncio.sleep(0.5)
        assert not writing.done()
        assert await store.read(feeds.listed) == []
        raw.execute("ROLLBACK")
        raw.close()
        assert await writing == 1


async def test_a_message_that_cannot_be_settled_for_a_lock_is_found_again_and_not_repeated(
    tmp_path: Path, fake: FakeDiscord, guild: Guild, channel: Channel, sender: DiscordSender
) -> None:
    """Fault 23: SQLite locked, for longer than we wait, between the create and its settlement."""
    now = datetime.now(UTC)
    async with a_store(tmp_path, busy=0.2) as store:
        await store.write(subscriptions.add, a_subscription(channel.id, guild.id))
        await store.write(stories.save, [a_story("one"), a_story("two")])
        await store.write(alerts.owe, [an_alert(1, "one"), an_alert(1, "two")], now)
        slow = fake.faults.add(Fault("slow", when="after", route=CREATE, seconds=0.3))
        sending = asyncio.create_task(deliver(now, store=store, sender=sender))
        await fake.until(lambda: slow.hits)
        with closing(sqlite3.connect(tmp_path / "tocsin.db", isolation_level=None)) as raw:
            raw.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreError, match="locked by another program"):
                await sending
        assert (await store.read(alerts.counts))["sent"] == 0
        report = await deliver(now + timedelta(minutes=3), store=store, sender=sender)
        assert (report.found, report.sent) == (1, 2)
        assert len(fake.messages(channel)) == 2
        assert (await store.read(alerts.counts))["sent"] == 2
