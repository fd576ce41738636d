"""Several deliverers on one PostgreSQL: each row is claimed by one of them, and each channel keeps its order.

Every deliverer here is a thread with connections of its own, so that the server sees as many programs; what they send
is a list in memory, which knows nonces as Discord does.
"""

import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, func, select

from bot.core.alert import Habits
from bot.core.bulletin import Bulletin, Content
from bot.core.conditions import Condition, changes, notice, told_so_far
from bot.core.importance import Importance
from bot.core.owing import told_by
from bot.store import alerts, bulletins, guilds, stories, subscriptions
from bot.store.engine import address, engine_for
from bot.store.guilds import GuildSettings
from bot.store.schema import alerts as alert_table
from bot.store.schema import bulletins as bulletin_table
from tests.builders import NOON, a_story, a_subscription, an_alert

DELIVERERS = 6
LEASE = timedelta(seconds=3)  # longer than a thread may have to wait for its turn on a busy machine
Work = Callable[..., Any]


@dataclass
class Channel:
    """What stands in a channel, the oldest first, and who sends there just now."""

    messages: list[int] = field(default_factory=list)
    nonces: set[str] = field(default_factory=set)
    sending: int | None = None


@dataclass
class Discord:
    """Channels, and what should never be seen in them."""

    channels: dict[int, Channel] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, channel_id: int, row: int) -> None:
        with self.lock:
            channel = self.channels.setdefault(channel_id, Channel())
            if channel.sending is not None:
                self.wrong.append(f"row {row} was claimed in channel {channel_id} beside row {channel.sending}")
            channel.sending = row

    def send(self, channel_id: int, row: int, nonce: str) -> None:
        with self.lock:
            channel = self.channels[channel_id]
            if nonce not in channel.nonces:
                channel.messages.append(row)
                channel.nonces.add(nonce)

    def end(self, channel_id: int) -> None:
        with self.lock:
            self.channels[channel_id].sending = None


@contextmanager
def a_program(url: str) -> Iterator[Callable[..., Any]]:
    """One program's way to the database."""
    engine: Engine = engine_for(address(url), busy=5, connections=1).execution_options(writes=True)

    def write(work: Work, *args: Any, **kwargs: Any) -> Any:
        with engine.begin() as c:
            return work(c, *args, **kwargs)

    try:
        yield write
    finally:
        engine.dispose()


def now() -> datetime:
    return datetime.now(UTC)


def at_once(count: int, work: Callable[[int], None]) -> None:
    """Runs `work` in so many threads, which begin together."""
    start = threading.Barrier(count)

    def begin(number: int) -> None:
        start.wait()
        work(number)

    with ThreadPoolExecutor(count) as pool:
        list(pool.map(begin, range(count)))


def left(c: Connection) -> int:
    pending = alert_table.c.state.in_(("owed", "sending"))
    return c.scalar(select(func.count()).select_from(alert_table).where(pending)) or 0


def owe_everywhere(url: str, channels: int, rows: int, **changes: Any) -> None:
    with a_program(url) as write:
        ids = [f"story-{number}" for number in range(rows)]
        write(stories.save, [a_story(id) for id in ids])
        for channel in range(channels):
            wanted = write(subscriptions.add, a_subscription(100 + channel, guild_id=channel % 5, **changes))
            write(alerts.owe, [an_alert(wanted, id) for id in ids], now())


def deliver_all(url: str, discord: Discord, number: int, *, dies: float) -> None:
    """Claims, sends and settles until nothing is left. Of `dies` attempts nothing is heard again."""
    chance = random.Random(number)
    with a_program(url) as write:
        while True:
            claimed = write(alerts.claim, now=now(), lease=LEASE, limit=chance.randint(1, 8))
            for each in claimed:
                discord.begin(each.subscription.channel_id, each.alert_id)
            for each in claimed:
                attempt(write, discord, each, chance.random(), dies)
            if not claimed and not write(left):
                return


def attempt(write: Callable[..., Any], discord: Discord, each: Any, fate: float, dies: float) -> None:
    channel, claim = each.subscription.channel_id, (each.attempt, each.claimed_at)
    if fate > 0.1:
        discord.send(channel, each.alert_id, each.nonce)
    discord.end(channel)
    if fate < dies:
        return
    if fate < 0.2:
        write(alerts.settle_retry, each.alert_id, not_before=now(), problem="no answer", now=now(), claim=claim)
    else:
        write(alerts.settle_sent, each.alert_id, message_id=each.alert_id, shown_revision=1, now=now())


def test_many_deliverers_send_each_row_once_and_keep_the_order_of_each_channel(postgres_url: str) -> None:
    """Fault 33: whoever dies with a row in hand leaves it to the others. Attempts fail before and after the create."""
    owe_everywhere(postgres_url, channels=30, rows=20)
    discord = Discord()
    at_once(DELIVERERS, lambda number: deliver_all(postgres_url, discord, number, dies=0.01))
    assert not discord.wrong
    assert [channel.messages == sorted(channel.messages) for channel in discord.channels.values()] == [True] * 30
    assert sum(len(channel.messages) for channel in discord.channels.values()) == 600
    with a_program(postgres_url) as write:
        assert write(alerts.counts)["sent"] == 600


def test_a_channel_whose_stories_change_hands_meanwhile_is_told_each_of_them_once(postgres_url: str) -> None:
    """Subscriptions end while others send: what they were to tell is told by another one of the channel."""
    channels, told = range(100, 108), [f"story-{number}" for number in range(12)]
    with a_program(postgres_url) as write:
        write(stories.save, [a_story(id) for id in told])
        tellers: list[int] = []
        for channel in channels:
            first, *others = [write(subscriptions.add, a_subscription(channel)) for _ in range(3)]
            tellers.append(first)
            write(alerts.owe, [an_alert(first, id) for id in told], now())
            for other in others:
                write(alerts.owe, [an_alert(other, id, suppressed=told_by(first)) for id in told], now())
    discord = Discord()

    def act(number: int) -> None:
        if number:
            deliver_all(postgres_url, discord, number, dies=0.0)
            return
        with a_program(postgres_url) as write:
            for teller in tellers + [teller + 1 for teller in tellers]:
                write(subscriptions.remove, teller)

    at_once(4, act)
    assert not discord.wrong
    with a_program(postgres_url) as write:
        rows = write(sent_rows)
    assert sorted(rows) == sorted((channel, story) for channel in channels for story in told)
    assert sum(len(channel.messages) for channel in discord.channels.values()) == len(rows)


def sent_rows(c: Connection) -> list[tuple[int, str]]:
    wanted = select(alert_table.c.channel_id, alert_table.c.story_id).where(alert_table.c.state == "sent")
    return [(row.channel_id, row.story_id) for row in c.execute(wanted)]


def test_two_rows_of_a_channel_are_never_claimed_together_when_an_older_one_comes_back(postgres_url: str) -> None:
    """The older one was held, and is let go just when the other is claimed."""
    with a_program(postgres_url) as one, a_program(postgres_url) as other:
        one(stories.save, [a_story("older"), a_story("newer")])
        wanted = one(subscriptions.add, a_subscription(7))
        one(alerts.owe, [an_alert(wanted, "older", held="pause"), an_alert(wanted, "newer")], now())

        def claim_beside(c: Connection) -> tuple[list[int], list[int]]:
            mine = alerts.claim(c, now=now(), lease=LEASE, limit=9)
            other(bulletins.let_go, [1], now())
            theirs = other(alerts.claim, now=now(), lease=LEASE, limit=9)
            return [each.alert_id for each in mine], [each.alert_id for each in theirs]

        assert one(claim_beside) == ([2], [])
        assert other(alerts.claim, now=now(), lease=LEASE, limit=9) == []


def test_a_server_with_much_to_tell_leaves_every_deliverer_room_for_others(postgres_url: str) -> None:
    with a_program(postgres_url) as write:
        write(stories.save, [a_story()])
        for channel in range(30):
            wanted = write(subscriptions.add, a_subscription(100 + channel, guild_id=1))
            write(alerts.owe, [an_alert(wanted)], now())
        wanted = write(subscriptions.add, a_subscription(999, guild_id=2))
        write(alerts.owe, [an_alert(wanted)], now())
    claimed: list[int] = []

    def claim(_: int) -> None:
        with a_program(postgres_url) as write:
            claimed.extend(each.subscription.guild_id for each in write(alerts.claim, now=now(), lease=LEASE, limit=2))

    at_once(2, claim)
    assert 2 in claimed


def test_one_role_ping_an_hour_is_kept_by_all_of_them_together(postgres_url: str) -> None:
    with a_program(postgres_url) as write:
        ids = [f"story-{number}" for number in range(12)]
        write(stories.save, [a_story(id) for id in ids], {id: Importance("critical", 9.0) for id in ids})
        for _ in range(3):
            wanted = write(subscriptions.add, a_subscription(7, habits=Habits(role_id=5)))
            write(alerts.owe, [an_alert(wanted, id) for id in ids[wanted - 1 :: 3]], now())
    at_once(4, lambda number: deliver_all(postgres_url, Discord(), number, dies=0.0))
    with a_program(postgres_url) as write:
        assert write(lambda c: c.scalar(select(func.count()).where(alert_table.c.pinged))) == 1


def test_who_claims_does_not_wait_for_another_who_does(postgres_url: str) -> None:
    """A deliverer that stands still in the middle of its transaction holds up its own channels alone."""
    owe_everywhere(postgres_url, channels=3, rows=1)
    with a_program(postgres_url) as one, a_program(postgres_url) as other:

        def claim_beside(c: Connection) -> tuple[list[int], list[int]]:
            mine = alerts.claim(c, now=now(), lease=LEASE, limit=2)
            theirs = other(alerts.claim, now=now(), lease=LEASE, limit=3)
            return [each.alert_id for each in mine], [each.alert_id for each in theirs]

        mine, theirs = one(claim_beside)
    assert (len(mine), len(theirs)) == (2, 1)
    assert not set(mine) & set(theirs)


# -- digests, catch-ups and notices


def test_bulletins_are_claimed_once_and_in_order(postgres_url: str) -> None:
    with a_program(postgres_url) as write:
        for number in range(60):
            write(bulletins.make, Bulletin(1, 100 + number % 6, "notice", str(number), Content(lines=("x",))), now())
    discord = Discord()

    def act(number: int) -> None:
        with a_program(postgres_url) as write:
            while True:
                claimed = write(bulletins.claim, now=now(), lease=LEASE, limit=1 + number)
                for each in claimed:
                    discord.begin(each.bulletin.channel_id, each.id)
                    discord.send(each.bulletin.channel_id, each.id, each.nonce)
                    discord.end(each.bulletin.channel_id)
                    write(bulletins.settle_sent, each.id, message_id=each.id, now=now())
                if not claimed and not write(unsent_bulletins):
                    return

    at_once(4, act)
    assert not discord.wrong
    found = [channel.messages for channel in discord.channels.values()]
    assert found and all(messages == sorted(messages) and len(messages) == 10 for messages in found)


def unsent_bulletins(c: Connection) -> int:
    return c.scalar(select(func.count()).where(bulletin_table.c.state != "sent")) or 0


def test_what_waits_for_a_digest_is_told_in_one_message_however_many_make_it(postgres_url: str) -> None:
    """Some make it of all that waits, some of a part, some once more: each story ends in one message or waits on."""
    ids = [f"story-{number}" for number in range(30)]
    with a_program(postgres_url) as write:
        write(stories.save, [a_story(id) for id in ids])
        wanted = write(subscriptions.add, a_subscription(7, mode="digest"))
        write(alerts.owe, [an_alert(wanted, id, kind="digest") for id in ids], now())
    made: list[tuple[int, list[int]]] = []

    def act(number: int) -> None:
        chance = random.Random(number)
        with a_program(postgres_url) as write:
            for turn in range(10):
                members = sorted(chance.sample(range(1, 31), 5), reverse=bool(number % 2))
                content = Content(stories=tuple(ids[each - 1] for each in members))
                bulletin = Bulletin(10, 7, "catch_up", f"{number}/{turn}", content, subscription_id=wanted)
                if (found := write(bulletins.make, bulletin, now(), members=members)) is not None:
                    made.append((found, members))

    at_once(DELIVERERS, act)
    told = [member for _, members in made for member in members]
    assert made and len(told) == len(set(told))
    with a_program(postgres_url) as write:
        rows = write(
            lambda c: c.execute(select(alert_table.c.id, alert_table.c.state, alert_table.c.bulletin_id)).all()
        )
    assert {row.id: row.bulletin_id for row in rows if row.state == "digested"} == {
        member: bulletin for bulletin, members in made for member in members
    }
    assert {row.state for row in rows} <= {"digested", "owed"}


def test_a_digest_of_one_period_is_made_once(postgres_url: str) -> None:
    with a_program(postgres_url) as write:
        write(stories.save, [a_story()])
        wanted = write(subscriptions.add, a_subscription(7, mode="digest"))
        write(alerts.owe, [an_alert(wanted, kind="digest")], now())
    made: list[int | None] = []

    def act(_: int) -> None:
        with a_program(postgres_url) as write:
            bulletin = Bulletin(10, 7, "digest", "1@2026-03-04", Content(stories=("story-1",)), subscription_id=wanted)
            made.append(write(bulletins.make, bulletin, now(), members=[1]))

    at_once(DELIVERERS, act)
    assert sorted(made, key=bool)[:-1] == [None] * (DELIVERERS - 1)
    assert any(made)


# -- edits


def test_each_edit_is_taken_by_one(postgres_url: str) -> None:
    with a_program(postgres_url) as write:
        write(stories.save, [a_story()])
        for channel in range(10):
            wanted = write(subscriptions.add, a_subscription(100 + channel))
            write(alerts.owe, [an_alert(wanted)], NOON)
        for each in write(alerts.claim, now=now(), lease=LEASE, limit=10):
            write(alerts.settle_sent, each.alert_id, message_id=1, shown_revision=1, now=NOON)
        write(stories.save, [a_story(revision=2)])
    taken: list[int] = []

    def act(_: int) -> None:
        with a_program(postgres_url) as write:
            for due in write(alerts.due_edits, now=now(), debounce=timedelta(0), limit=99):
                edit = write(alerts.take_edit, due.alert_id, now=now(), lease=timedelta(minutes=1))
                if edit is not None:
                    taken.append(edit.alert_id)

    at_once(4, act)
    assert sorted(taken) == list(range(1, 11))


def test_a_trouble_that_several_see_at_once_is_told_once(postgres_url: str) -> None:
    """Each looks at what was told and finds the same to tell; the first one's notice is the only one."""
    trouble = Condition("database", "It broke.", "It works again.")
    with a_program(postgres_url) as write:
        write(guilds.save, GuildSettings(10, ops_channel_id=7))
    start, made = threading.Barrier(DELIVERERS), list[int | None]()

    def act(_: int) -> None:
        with a_program(postgres_url) as write:
            told = write(bulletins.notices, 10)
            start.wait()
            content = changes([trouble], told_so_far(told), {"database"})
            assert content is not None
            made.append(write(bulletins.make_notice, notice(10, 7, now().isoformat(), content), now(), told=told))

    at_once(DELIVERERS, act)
    assert len([each for each in made if each is not None]) == 1
    with a_program(postgres_url) as write:
        assert write(bulletins.notices, 10) != []
