"""A Discord server with people in it, for commands and buttons: thin fixtures around simcord.

Only this module knows simcord, besides the tests' calls of `slash`, `autocomplete` and `click` on a person.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import discord
import simcord
from discord import app_commands

from bot.app.commands import Desk, all_buttons, all_commands
from bot.client import Index, TocsinClient
from bot.core.account import Standards
from bot.core.alert import Delivery, Subscription
from bot.core.importance import ImportanceRules
from bot.core.newfeed import FeedLimits
from bot.core.relevance import Topic
from bot.core.story import Story
from bot.errors import TocsinError
from bot.fetch import Fetcher
from bot.language import Language
from bot.store import Store, alerts, stories, subscriptions
from handlers import failures, feeds
from handlers.admin import Judgement
from handlers.membership import Membership
from handlers.remember import remember
from tests.builders import NOON, an_alert
from tests.postgres import migrated

TOPIC = Topic(id="ai-defence", name="AI and defence", threshold=0.5, bias=0.0, groups=())
IMPORTANCE = ImportanceRules(levels={"low": 0.0, "notable": 1.0, "high": 2.0, "critical": 3.0}, watched=2.0)
ORGANISATIONS = ("NATO", "Anthropic", "Anduril Industries", "US Department of Defense")


@dataclass
class Town:
    """The server, its people and what the bot knows. `now` is what the bot takes for the present."""

    env: simcord.Env
    store: Store
    index: Index
    guild: Any
    channel: Any
    manager: Any
    reader: Any
    now: datetime = NOON + timedelta(hours=1)
    allowed: Sequence[str] = ("*",)
    reading: dict[str, Any] = field(default_factory=dict)  # what /feeds fetches and judges with

    def build(self) -> TocsinClient:
        return a_client(self.store, self.index, clock=lambda: self.now, allowed=self.allowed, **self.reading)

    async def restart_bot(self) -> None:
        await self.env.restart_bot(self.build())

    async def keep(self, *kept: Story) -> None:
        await self.store.write(stories.save, kept)
        await self.refresh()

    async def refresh(self) -> None:
        await remember(self.index, store=self.store, topics=[TOPIC], organisations=ORGANISATIONS)

    async def subscribe(self, **changes: Any) -> int:
        subscription = Subscription(id=0, guild_id=self.guild.id, channel_id=self.channel.id, created_at=NOON)
        values = {name: getattr(subscription, name) for name in subscription.__slots__} | changes
        return await self.store.write(subscriptions.add, Subscription(**values))

    async def claim(self, kept: Story, **changes: Any) -> Delivery:
        """A story, owed to a subscription of the channel and claimed."""
        await self.keep(kept)
        subscription_id = await self.subscribe(**changes)
        await self.store.write(alerts.owe, [an_alert(subscription_id, kept.id)], NOON)
        claimed = await self.store.write(alerts.claim, now=self.now, lease=timedelta(minutes=1), limit=1)
        return claimed[0]

    def other_server(self) -> tuple[Any, Any, Any]:
        """Another server with a channel and its owner."""
        guild = self.env.create_guild("Elsewhere")
        return guild, guild.create_text_channel("general"), owner_of(self.env, guild, "mallory")


def a_client(
    store: Store,
    index: Index,
    *,
    clock: Any,
    allowed: Sequence[str] = ("*",),
    fetcher: Fetcher | None = None,
    language: Language | None = None,
    limits: FeedLimits | None = None,
) -> TocsinClient:
    """The client with every handler, as `app` composes it; without a fetcher it can look at no address."""
    reading = feeds.means_of(
        store=store,
        index=index,
        clock=clock,
        fetcher=fetcher or Fetcher(),
        language=language or Language(),
        limits=limits or FeedLimits(),
    )
    judgement = Judgement(Standards((TOPIC,)), importance=IMPORTANCE)
    desk = Desk(store=store, index=index, clock=clock, version="1.2.3", feeds=reading, judgement=judgement)
    return TocsinClient(
        commands=all_commands(desk),
        buttons=all_buttons(desk),
        explain=failures.explain,
        allowed_guilds=allowed,
        membership=Membership(store, index, clock),
    )


def owner_of(env: simcord.Env, guild: Any, name: str, **rights: bool) -> Any:
    """A member with the given rights, Manage Server if none are given."""
    role = guild.create_role(f"{name}'s role", permissions=discord.Permissions(**(rights or {"manage_guild": True})))
    return guild.add_member(env.create_user(name), roles=[role])


@asynccontextmanager
async def running(client: TocsinClient) -> AsyncIterator[simcord.Env]:
    """The client in a Discord. Refusals are answers; any other error that reached the bot fails the test."""
    env = simcord.Env(client, check_errors=False)
    await env.start()
    try:
        yield env
    finally:
        await env.shutdown()
        unexpected = [error for error in env.errors if not _is_answer(error)]
        assert not unexpected, unexpected


@asynccontextmanager
async def a_town(where: Path | str, *, allowed: Sequence[str] = ("*",), **reading: Any) -> AsyncIterator[Town]:
    """A server with a channel, a manager and a reader; the bot is in it and ready. `reading` is what /feeds fetches
    and judges with. `where` is a folder, or the address of a database."""
    index = Index()
    async with Store.open(where if isinstance(where, str) else migrated(where / "town.db")) as store:
        box: list[Town] = []
        client = a_client(store, index, clock=lambda: box[0].now if box else NOON, allowed=allowed, **reading)
        async with running(client) as env:
            guild = env.create_guild("Town")
            box.append(
                Town(
                    env,
                    store,
                    index,
                    guild,
                    guild.create_text_channel("news"),
                    owner_of(env, guild, "meg"),
                    guild.add_member(env.create_user("rob")),
                    allowed=allowed,
                    reading=reading,
                )
            )
            await box[0].refresh()
            yield box[0]


def _is_answer(error: BaseException) -> bool:
    cause = failures.cause_of(error) if isinstance(error, Exception) else error
    return isinstance(cause, TocsinError | app_commands.CommandOnCooldown)


def said(result: Any) -> str:
    """Everything that an answer shows, as one text."""
    shown = [result.response, *result.followups] if result.response else result.followups
    return "\n".join(text_of(message) for message in shown)


def text_of(message: Any) -> str:
    parts = [message.content]
    for embed in message.embeds:
        parts += [embed.author.name, embed.title, embed.description, embed.footer.text]
        parts += [text for field in embed.fields for text in (field.name, field.value)]
    return "\n".join(part for part in parts if part)


def labels(message: Any) -> list[str]:
    """The labels of a message's buttons."""
    return [button["label"] for row in message.components for button in row["components"]]
