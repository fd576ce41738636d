"""A short soak: twenty kills of the real program at moments drawn at random, and nothing is lost or told twice.

`make soak` runs a long one. A failure prints its seed, with which it is run again.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import pytest

from bot.client import DiscordSender
from bot.core.message import alert_message
from bot.demo.server import FeedServer
from bot.store import Store, alerts, stories
from tests.builders import NOON, a_story, an_alert
from tests.discord_fake import FakeDiscord, QuickClient, point_client
from tests.soak.__main__ import run, table
from tests.soak.books import Books
from tests.soak.oracle import Verdict, judge
from tests.soak.press import Press
from tests.soak.town import Town

CYCLES = 10
"""Of each of two that run side by side."""


@pytest.mark.timeout(400)
async def test_random_kills_and_faults_lose_nothing_and_repeat_nothing(tmp_path: Path) -> None:
    """Faults 3, 4, 5, 7, 8, 9, 10, 12, 13, 14, 15, 16, 17, 18, 19, 43, 44, 49 and 50, in any order and together."""
    folders = [tmp_path / "one", tmp_path / "another"]
    for folder in folders:
        folder.mkdir()
        async with Store.open(f"sqlite:///{folder / 'tocsin.db'}"):
            pass  # one after the other: alembic upgrades one database at a time
    tallies = await asyncio.gather(*(run(CYCLES, secrets.randbelow(1_000_000), "", folder) for folder in folders))
    told = "\n\n".join(map(table, tallies))
    print(told)  # noqa: T201 - the seeds and figures, for whoever asks
    assert not any(tally.lost or tally.twice for tally in tallies), told
    assert all(tally.kills.total() >= CYCLES and tally.sent > 20 for tally in tallies), told


@asynccontextmanager
async def a_town(folder: Path) -> AsyncIterator[tuple[Town, Store, DiscordSender]]:
    """A town that was told nothing yet, and a sender into it."""
    async with FakeDiscord() as discord, Store.open(f"sqlite:///{folder / 'tocsin.db'}") as store:
        town = Town(discord, Random(1))
        await town.build(store)
        client = QuickClient()
        with point_client(discord):
            async with client:
                await client.login(discord.token)
                yield town, store, DiscordSender(client)


def asked(town: Town, folder: Path) -> Verdict:
    return judge(town, Books(f"sqlite:///{folder / 'tocsin.db'}"), Press(FeedServer(), Random(1)), last=True)


async def tell(town: Town, store: Store, sender: DiscordSender, *, times: int) -> None:
    """Settles one row as sent whose message is made so many times."""
    await store.write(stories.save, [a_story()])
    await store.write(alerts.owe, [an_alert(1)], NOON)
    (row,) = await store.write(alerts.claim, now=NOON, lease=NOON - NOON, limit=1)
    for number in range(times):
        message = alert_message(a_story(), mark=row.nonce)
        await sender.create(town.channels[0].id, message, nonce=f"{row.nonce[:20]}{number}")
    await store.write(alerts.settle_sent, row.alert_id, message_id=1, shown_revision=1, now=NOON)


@pytest.mark.parametrize(("times", "lost", "twice"), [(1, 0, 0), (0, 1, 0), (2, 0, 1)])
async def test_the_oracle_sees_what_is_lost_and_what_is_told_twice(
    tmp_path: Path, times: int, lost: int, twice: int
) -> None:
    async with a_town(tmp_path) as (town, store, sender):
        await tell(town, store, sender, times=times)
        verdict = asked(town, tmp_path)
    assert (len(verdict.lost), len(verdict.twice)) == (lost, twice), verdict


async def test_the_oracle_sees_a_row_without_an_end_a_message_without_a_row_and_an_article_that_nobody_read(
    tmp_path: Path,
) -> None:
    async with a_town(tmp_path) as (town, store, sender):
        await store.write(stories.save, [a_story()])
        await store.write(alerts.owe, [an_alert(1)], NOON)
        await sender.create(town.channels[0].id, alert_message(a_story(), mark="nobody's"), nonce="nobody's")
        press = Press(FeedServer(), Random(1))
        press.report(1)
        verdict = judge(town, Books(f"sqlite:///{tmp_path / 'tocsin.db'}"), press, last=True)
    assert [said.rpartition(" ")[0] for said in verdict.twice] == [
        f"message {next(iter(town.told())).message_id} in {town.channels[0].id} belongs to no row that was sent"
    ]
    assert len(verdict.lost) == 2
    assert verdict.lost[0].endswith("is in no database")
    assert verdict.lost[1].startswith("alert 1 is owed")
