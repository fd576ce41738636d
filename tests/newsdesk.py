"""An invented newsroom for pictures: the sample feeds of the demo through the whole real path into a Discord server,
and an archive of two months behind them.

It draws nothing. No firm, person or event here is real, and the well-known bodies did none of it.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from bot.app import Clock, Resources, deliver_tick, open_resources, poll_tick
from bot.app.outlet import make_client
from bot.client import DiscordSender, Index
from bot.core.alert import Habits, Subscription
from bot.core.event import EventType, Party, Stage
from bot.core.feed import Feed
from bot.core.hours import DigestPlan, QuietHours
from bot.core.story import Source, Story
from bot.demo.edition import edition
from bot.demo.newsroom import POLLS, read_newsroom
from bot.demo.server import HOST, FeedServer, feed_server
from bot.settings import load_settings, with_feeds
from bot.store import runners, stories, subscriptions
from bot.store.runners import Runner
from handlers.digest import digest
from handlers.notify import notify
from handlers.remember import remember
from tests.people import Town, owner_of, running

PORT = 18_145
BETWEEN_POLLS = timedelta(hours=24)
SINCE_POLL = timedelta(minutes=50)
"""How long ago the last poll is when the pictures are taken."""

# What the archive tells: who with whom, which kind of event, how far, and what.
ARCHIVE: Sequence[tuple[EventType, Stage | None, tuple[str, ...], str]] = (
    ("contract", "signed", ("Kestrelgate", "US Air Force"), "{0} wins an order of the {1} for AI inspection"),
    ("product_or_deployment", "deployed", ("Skerrivane Marine", "Royal Navy"), "{1} takes over robot boats of {0}"),
    ("policy", None, ("NATO",), "{0} revises its principles for AI in command posts"),
    ("contract", "in_talks", ("Tallowmere AI", "NATO"), "{0} and {1} talk about models for translators"),
    ("funding", "signed", ("Norrvinge",), "{0} raises money for an AI pilot"),
    ("partnership", "signed", ("Tallowmere AI", "Skerrivane Marine"), "{0} and {1} join forces at sea"),
    ("incident_or_ethics", None, ("Cindermoss",), "Drone of {0} leaves its route in an exercise"),
    ("research", None, ("US Army",), "Study for the {0}: models misread old maps"),
    ("regulation_or_law", "planned", ("European Parliament",), "{0} debates a register of military AI"),
    ("product_or_deployment", "planned", ("Eschental Robotik", "Bundeswehr"), "{1} tries supply vehicles of {0}"),
    ("contract", "signed", ("Eschental Robotik", "Bundeswehr"), "{1} orders more supply vehicles of {0}"),
    ("personnel", None, ("Tallowmere AI",), "{0} hires an admiral for its defence business"),
)
HOSTS = ("harbour-post.example", "defence-ledger.example", "northern-wire.example", "circuit-signal.example")


@dataclass
class Newsdesk:
    """The server, its people and channels, and what the bot works with."""

    town: Town
    resources: Resources
    feeds: FeedServer
    channels: dict[str, Any]

    async def poll(self, number: int) -> None:
        """The poll `number` of all feeds, 1 first, the last of them now; then everything that it leads to."""
        last = self.town.env.now() - SINCE_POLL
        times = [last - BETWEEN_POLLS * back for back in reversed(range(POLLS))][:number]
        self.feeds.publish({outlet.path: edition(outlet, times) for outlet in read_newsroom()})
        self.town.now = times[-1]
        await poll_tick(self.resources, now=times[-1], everything=True)
        await self.tick()

    async def tick(self, *, later: timedelta = timedelta()) -> None:
        """Everything that the clock calls besides polls."""
        now, store = self.town.now + later, self.resources.store
        us = Runner("us", "poll,deliver,gateway", "newsdesk", 1, "0.1.0", started_at=now, seen_at=self.town.env.now())
        await store.write(runners.put, us)
        await digest(now, store=store)
        await notify(now, store=store)
        await deliver_tick(self.resources, DiscordSender(self.town.env.bot), now=now)
        known = self.resources.settings.knowledge
        await remember(
            self.town.index,
            store=store,
            topics=known.topics,
            organisations=[organisation.name for organisation in known.organisations],
        )


@asynccontextmanager
async def newsdesk(folder: Path) -> AsyncIterator[Newsdesk]:
    """The newsroom before its first poll."""
    index = Index()
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(feed_server(PORT))
        feeds = tuple(outlet.feed(server.base) for outlet in read_newsroom())
        broken = Feed(f"{server.base}/tidewater.xml", "Tidewater Gazette")
        settings = with_feeds(
            load_settings(),
            (*feeds, broken),
            database=f"sqlite:///{(folder / 'pictures.db').as_posix()}",
            network=ip_network(HOST),
        )
        settings = replace(settings, discord=settings.discord.model_copy(update={"allowed_guilds": ("*",)}))
        box: list[Town] = []
        start = datetime.fromisoformat("2026-01-01T00:00:00+00:00") - BETWEEN_POLLS * POLLS
        clock = Clock(lambda: box[0].now if box else start)
        resources = await stack.enter_async_context(open_resources(settings, clock=clock))
        client = make_client(resources, index)
        env = await stack.enter_async_context(running(client))
        guild = env.create_guild("Newsroom")
        channel = guild.create_text_channel("ai-and-defence")
        reader = guild.add_member(env.create_user("Ren"))
        box.append(Town(env, resources.store, index, guild, channel, owner_of(env, guild, "Mara"), reader))
        place = client.get_channel(channel.id)
        await place.guild.me.edit(nick="Tocsin")  # type: ignore[union-attr]
        yield Newsdesk(box[0], resources, server, {"full": channel})


async def subscribe(desk: Newsdesk, name: str, **changes: Any) -> None:
    """A channel of its own with a subscription; `name` is what the picture calls it."""
    channel = desk.channels.get(name) or desk.town.guild.create_text_channel(f"ai-{name}")
    desk.channels[name] = channel
    wanted = Subscription(0, desk.town.guild.id, channel.id, created_at=desk.town.now)
    await desk.resources.store.write(subscriptions.add, replace(wanted, **changes))


async def subscribe_all(desk: Newsdesk) -> None:
    """Channels with every habit that looks different."""
    desk.town.now = desk.town.env.now() - BETWEEN_POLLS * POLLS
    await subscribe(desk, "full", topic="ai-defence", min_importance="low")
    await subscribe(desk, "compact", habits=Habits(layout="compact"))
    plan = DigestPlan(8, timezone="Europe/Berlin", top=10)
    await subscribe(desk, "digest", mode="digest", habits=Habits(digest=plan))
    quiet = QuietHours(0, 23 * 60 + 55, timezone="UTC", critical_override=False)
    await subscribe(desk, "quiet", habits=Habits(quiet=quiet), events=("contract", "policy", "incident_or_ethics"))


def archive(now: datetime, *, days: int = 60) -> list[Story]:
    """Two months of stories before `now`, more of them lately; the same every time."""
    told = []
    for number in range(150):
        event, stage, named, title = ARCHIVE[(number * 7 + number // 11) % len(ARCHIVE)]
        back = (1 - (number / 150) ** 0.75) * (days - 3) + 3 + (number * 37 % 19) / 19
        told.append(_archived(number, now - timedelta(days=back), event, stage, named, title.format(*named)))
    return told


def _archived(
    number: int, seen: datetime, event: EventType, stage: Stage | None, named: tuple[str, ...], title: str
) -> Story:
    link = f"https://{HOSTS[number % 4]}/archive/{number}"
    return Story(
        id=f"archive-{number}",
        title=title,
        link=link,
        topic="ai-defence",
        relevance=0.9,
        because=(),
        event=event,
        stage=stage,
        first_seen=seen,
        last_seen=seen,
        seller=Party(named[0], named[0]) if len(named) > 1 else None,
        buyer=Party(named[1], named[1]) if len(named) > 1 and event == "contract" else None,
        organisations=named,
        key_points=(title + ".",),
        sources=tuple(Source(HOSTS[(number + more) % 4], title, link, seen) for more in range(1 + number % 3)),
    )


async def fill_archive(desk: Newsdesk) -> None:
    """Puts the archive behind what was polled, some time after the last poll."""
    desk.town.now = desk.town.env.now()
    await desk.resources.store.write(stories.save, archive(desk.town.env.now()))
