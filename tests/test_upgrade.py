"""A database of the first version, with a row in every table, goes on with everything that it held."""

from datetime import timedelta
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Column, Connection, MetaData, Table, insert, select

from bot.core.alert import Habits
from bot.core.feed import FeedState
from bot.core.importance import Importance
from bot.core.query import terms_of
from bot.core.story import Placement
from bot.store import Store, alerts, bulletins, feeds, polls, search, stories, subscriptions
from bot.store.engine import address, engine_for
from bot.store.schema import metadata
from handlers.digest import DigestReport, digest
from tests.builders import NOON, a_feed, a_story, a_subscription, an_alert, an_analysis, an_article, an_entry

LEASE = timedelta(minutes=2)


def fill(c: Connection) -> None:
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


def copy(c: Connection, old: Connection) -> None:
    """Writes what is in `c` into the tables of the first version, as far as they hold it."""
    tables = MetaData()
    tables.reflect(old)
    for name in (each.name for each in metadata.sorted_tables if each.name in tables.tables):
        then = _of_then(name, tables.tables[name])
        there = [dict(row) for row in c.execute(select(then)).mappings()]
        assert there, name
        old.execute(insert(then), there)


def _of_then(name: str, reflected: Table) -> Table:
    """Today's table cut to the columns of then, so that times and JSON are written as they were."""
    return Table(
        name, MetaData(), *(Column(each.name, metadata.tables[name].c[each.name].type) for each in reflected.c)
    )


async def test_everything_in_a_database_of_the_first_version_is_there_after_the_upgrade(tmp_path: Path) -> None:
    first = f"sqlite:///{tmp_path / 'first.db'}"
    engine = engine_for(address(first), busy=1, connections=2)
    async with Store.open(f"sqlite:///{tmp_path / 'model.db'}") as model:
        await model.write(fill)
        with engine.execution_options(writes=True).begin() as old:
            config = Config()
            config.set_main_option("script_location", "bot.store:migrations")
            config.set_main_option("path_separator", "os")
            config.attributes["connection"] = old
            command.upgrade(config, "0001")
            await model.read(copy, old)
    engine.dispose()
    async with Store.open(first) as store:
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
