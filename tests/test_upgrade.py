"""A database of any earlier version goes on with everything that it held, on either engine, wherever it is killed."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Column, Connection, MetaData, Table, insert, inspect, select, text

from bot.core.alert import Habits
from bot.core.feed import FeedState
from bot.core.importance import Importance
from bot.core.query import terms_of
from bot.core.story import Placement
from bot.store import Store, alerts, bulletins, feeds, polls, search, stories, subscriptions
from bot.store.engine import address, engine_for
from bot.store.numbering import numbered
from bot.store.schema import metadata
from bot.store.transactions import writing
from bot.store.upgrade import known, revisions
from handlers.digest import DigestReport, digest
from tests import filled
from tests.builders import NOON, a_feed, a_story, a_subscription, an_alert, an_analysis, an_article, an_entry

LEASE = timedelta(minutes=2)
Rows = Mapping[str, Sequence[Mapping[str, Any]]]
ROOT = Path(__file__).resolve().parents[1]


def of_the_first_version(c: Connection) -> None:
    """A row in every table that the first version had."""
    feeds.add(c, a_feed(), NOON)
    wanted = subscriptions.add(c, a_subscription())
    other = subscriptions.add(c, a_subscription(21, mode="digest"))
    story, later = a_story(), a_story("later", follows="story-1")
    placement = Placement(story, True, 0.4)
    judged = polls.Judged(an_entry(), an_article(text="Talks about talks."), an_analysis(), placement)
    owed = (an_alert(wanted), an_alert(wanted, "later"), an_alert(other, kind="digest"))
    state = FeedState(etag='"1"', first_polled_at=NOON)
    polls.commit(c, polls.Outcome(1, state, (judged,), stories=(story, later), alerts=owed), NOON)
    (sent, *_) = alerts.claim(c, now=NOON, lease=LEASE, limit=5)
    alerts.settle_sent(c, sent.alert_id, message_id=500, shown_revision=1, now=NOON)
    alerts.claim(c, now=NOON, lease=LEASE, limit=5)
    alerts.pause_channel(c, 22, reason="no right", now=NOON)


@contextmanager
def beside(url: str) -> Iterator[Connection]:
    """A transaction in a database as it is, upgraded or not."""
    engine = engine_for(address(url), busy=5, connections=1)
    with writing(engine).begin() as c:
        yield c
    engine.dispose()


def make(url: str, version: str, rows: Rows) -> None:
    """A database as that version made it, with these rows, as far as it had a place for them."""
    with beside(url) as c:
        command.upgrade(config(c), version)
        for table in tables_of(c):
            if rows[table.name]:
                c.execute(
                    insert(table), [{column.name: row[column.name] for column in table.c} for row in rows[table.name]]
                )
        if c.dialect.name == "postgresql":
            for name in {each.name for each in numbered()} & {each.name for each in tables_of(c)}:
                c.execute(text(f"SELECT setval('{name}_id_seq', (SELECT max(id) + 1 FROM {name}))"))  # noqa: S608


def config(c: Connection) -> Config:
    found = Config()
    found.set_main_option("script_location", "bot.store:migrations")
    found.set_main_option("path_separator", "os")
    found.attributes["connection"] = c
    return found


def tables_of(c: Connection) -> list[Table]:
    """Today's tables as far as they are there, cut to the columns that are, so that times and JSON are written as
    they were."""
    there = MetaData()
    there.reflect(c)
    return [
        Table(
            each.name,
            MetaData(),
            *(Column(column.name, each.c[column.name].type) for column in there.tables[each.name].c),
        )
        for each in metadata.sorted_tables
        if each.name in there.tables
    ]


def rows_of(c: Connection, like: Rows | None = None) -> Rows:
    """What is in every table, or what is in the columns that `like` has."""
    found = {}
    for table in tables_of(c):
        names = [column.name for column in table.c]
        if like is not None:
            names = list(like[table.name][0]) if like.get(table.name) else []
        if names:
            rows = c.execute(select(*(table.c[name] for name in names))).mappings()
            found[table.name] = sorted(map(dict, rows), key=repr)
    return found


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Rows:
    """Rows for every table, of many shapes."""
    return model(tmp_path_factory.mktemp("model"), filled.fill)


def model(folder: Path, fill: Any) -> Rows:
    url = f"sqlite:///{folder / 'model.db'}"
    with beside(url) as c:
        command.upgrade(config(c), "head")
        fill(c)
        return {name: sorted(rows, key=lambda row: str(row.get("id"))) for name, rows in rows_of(c).items()}


def test_the_versions_are_those_of_the_files_in_a_row() -> None:
    scripts = ScriptDirectory.from_config(config(None))  # type: ignore[arg-type]
    assert [script.revision for script in scripts.walk_revisions()] == known()[::-1]


@pytest.mark.parametrize("version", known()[:-1])
async def test_everything_that_an_earlier_version_held_is_there_after_the_upgrade(
    empty_database_url: str, version: str, everything: Rows
) -> None:
    make(empty_database_url, version, everything)
    with beside(empty_database_url) as c:
        before = rows_of(c)
    assert all(before.values())
    async with Store.open(empty_database_url) as store:
        assert store.upgraded
        assert await store.read(rows_of, before) == before
        assert await store.read(revisions) == (known()[-1], known()[-1])
        assert await store.write(feeds.add, a_feed("https://fresh.example/feed"), NOON) > 3
        found = await store.read(search.search, terms_of('"words 3"'))
        assert [each.story.id for each in found.listed] == ["s3"]


async def test_what_the_first_version_knew_means_the_same_now(empty_database_url: str, tmp_path: Path) -> None:
    make(empty_database_url, "0001", model(tmp_path, of_the_first_version))
    async with Store.open(empty_database_url) as store:
        assert store.upgraded
        await still_there(store)


async def still_there(store: Store) -> None:
    """What the first version knew, and what it means now."""
    (feed,) = await store.read(feeds.listed)
    assert (feed.feed, feed.state.etag) == (a_feed(), '"1"')
    assert await store.read(stories.get, "later") == a_story("later", follows="story-1")
    told, later = await store.read(subscriptions.listed)
    assert (told.habits, later.mode, later.digest_plan is not None) == (Habits(), "digest", True)
    assert (await store.read(bulletins.weighed, ["story-1"]))[0].importance == Importance("low", 0.0)
    assert await store.read(alerts.paused_channels) == {22: ("no right", NOON)}
    (again,) = await store.write(alerts.claim, now=NOON + LEASE, lease=LEASE, limit=5)
    assert (again.story.id, again.reply_to, again.earlier_claim) == ("later", 500, NOON)
    assert await digest(NOON, store=store) == DigestReport()
    assert await digest(NOON + timedelta(days=1), store=store) == DigestReport(digests=1)
    found = await store.read(search.search, terms_of("talks about"))
    assert [each.story.id for each in found.listed] == ["story-1"]


async def test_a_feed_has_the_host_where_it_is_asked_after_the_upgrade(empty_database_url: str) -> None:
    moves = {
        "https://stays.example/feed": (None, 0, "stays.example"),
        "http://Loud.example:8080/feed": (None, 0, "loud.example"),
        "https://moves.example/feed": ("https://new.example/feed", 2, "moves.example"),
        "https://moved.example/feed": ("https://new.example:8443/feed", 3, "new.example"),
        "https://unsure.example/feed": (None, 3, "unsure.example"),
        "http://[2606:4700::1111]/feed": (None, 0, "2606:4700::1111"),
        "http://[nonsense/feed": (None, 0, ""),
    }
    words = dict.fromkeys(("name", "kind", "country", "language"), "")
    rest = {"in_catalogue": False, "added_at": NOON, "removed": False, "failures": 0, "status": "active"}
    rows = [
        {"id": id, "url": url, "moved_to": moved_to, "moved_times": times} | words | rest
        for id, (url, (moved_to, times, _)) in enumerate(moves.items(), start=1)
    ]
    with beside(empty_database_url) as c:
        command.upgrade(config(c), "0005")
        (table,) = (each for each in tables_of(c) if each.name == "feeds")
        c.execute(insert(table), rows)
    async with Store.open(empty_database_url) as store:
        hosts = await store.read(
            lambda c: {row.url: row.host for row in c.execute(text("SELECT url, host FROM feeds"))}
        )
        assert hosts == {url: host for url, (_, _, host) in moves.items()}


KILLED = """
import asyncio, json, os, signal, sys
from sqlalchemy import Engine, event, inspect
from bot.store import Store
from bot.store.engine import address, engine_for

url, every = sys.argv[1], int(sys.argv[2])

async def upgrade():
    async with Store.open(url):
        pass

def die_at(number):
    def count(_connection, _cursor, statement, *_rest):
        nonlocal number
        number -= statement.lstrip().upper().startswith(("CREATE", "ALTER", "DROP", "INSERT", "UPDATE"))
        if number == 0:
            os.kill(os.getpid(), signal.SIGKILL)
    event.listen(Engine, "before_cursor_execute", count)
    asyncio.run(upgrade())
    os._exit(0)

def standing():
    engine = engine_for(address(url), busy=5, connections=1)
    with engine.begin() as c:
        look = inspect(c)
        found = {name: sorted(column["name"] for column in look.get_columns(name)) for name in look.get_table_names()}
    engine.dispose()
    return found

found, ended = [standing()], 9
while ended:
    child = os.fork()
    if child == 0:
        die_at(len(found) * every)
    ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    found.append(standing())
print(json.dumps(found))
"""


async def test_an_upgrade_that_is_killed_at_any_statement_leaves_nothing_half(
    empty_database_url: str, everything: Rows
) -> None:
    """Fault 11: K during migration."""
    make(empty_database_url, "0001", everything)
    with beside(empty_database_url) as c:
        before = rows_of(c)
    words = [sys.executable, "-c", KILLED, empty_database_url, "5"]
    ended = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=150, check=True)
    *halves, whole = json.loads(ended.stdout)
    assert len(halves) > 5
    assert all(half == halves[0] for half in halves)
    assert "bulletins" in whole and "bulletins" not in halves[0]
    async with Store.open(empty_database_url) as store:
        assert not store.upgraded
        assert await store.read(rows_of, before) == before
        assert await store.read(lambda c: inspect(c).has_table("counters"))


OPENED = """
import asyncio, sys
from bot.store import Store
async def main():
    async with Store.open(sys.argv[1]):
        print("alembic" in sys.modules)
asyncio.run(main())
"""


def test_a_database_of_today_is_opened_without_loading_what_upgrades_it(database_url: str) -> None:
    words = [sys.executable, "-c", OPENED, database_url]
    opened = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=90, check=True)
    assert opened.stdout == "False\n"
