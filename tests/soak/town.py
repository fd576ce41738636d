"""The town that is told: servers with channels of every kind, each with a subscription that wants every story.

What people do there to Tocsin's messages and rights is done here too, and remembered for the oracle.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random

from bot.core.alert import Habits, Subscription
from bot.core.hours import DigestPlan
from bot.core.message import mark_of
from bot.store import Store, plans
from tests.discord_fake import FakeDiscord, Permission
from tests.discord_fake.errors import JSON
from tests.discord_fake.world import ANNOUNCEMENT, FORUM, TEXT, Channel

SERVERS = 3


@dataclass(frozen=True, slots=True)
class Told:
    """A message of Tocsin's: where it stands (a forum's or thread's parent) and its delivery's mark."""

    channel_id: int
    message_id: int
    mark: str


@dataclass
class Town:
    """Channels with subscriptions on `discord`. `gone` are channels that were deleted, `removed` marks of messages that
    people deleted."""

    discord: FakeDiscord
    random: Random
    channels: list[Channel] = field(default_factory=list)
    muted: set[int] = field(default_factory=set)
    gone: set[int] = field(default_factory=set)
    removed: set[str] = field(default_factory=set)

    async def build(self, store: Store) -> None:
        """Three servers: in each a plain channel; then a forum, a digest, threads, announcements, compact looks."""
        guilds = [self.discord.add_guild(f"server {number}") for number in range(SERVERS)]
        wishes = [(guild, TEXT, "alerts", Habits()) for guild in guilds]
        wishes += [
            (guilds[0], FORUM, "alerts", Habits()),
            (guilds[1], TEXT, "digest", Habits(digest=DigestPlan(8, top=25))),
            (guilds[1], TEXT, "alerts", Habits(thread=True)),
            (guilds[2], ANNOUNCEMENT, "alerts", Habits(publish=True, layout="compact")),
        ]
        for guild, kind, mode, habits in wishes:
            await self.add(store, guild.id, kind, mode, habits)

    async def add(self, store: Store, guild_id: int, kind: int, mode: str, habits: Habits) -> Channel:
        """A channel with its subscription."""
        channel = self.discord.add_channel(guild_id, f"channel-{len(self.channels)}", type=kind)
        now = datetime.now(UTC)
        wanted = Subscription(0, guild_id, channel.id, mode=mode, habits=habits, created_at=now)  # type: ignore[arg-type]
        await store.write(plans.add, wanted, now, UTC, lambda _: None)
        self.channels.append(channel)
        return channel

    # -- what people do

    def mute(self) -> None:
        """Takes the right to write, or to see, from one channel."""
        channel = self.random.choice(self.there())
        denied = self.random.choice((Permission.SEND_MESSAGES, Permission.VIEW_CHANNEL))
        self.discord.set_permissions(channel, deny=denied)
        self.muted.add(channel.id)

    def unmute(self) -> None:
        """Gives every right back."""
        for channel_id in self.muted - self.gone:
            self.discord.set_permissions(channel_id)
        self.muted.clear()

    def delete(self, channel: Channel) -> None:
        self.discord.delete_channel(channel)
        self.gone.add(channel.id)

    def delete_message(self, told: Told) -> None:
        """A moderator deletes a message, whether Tocsin knows of it yet or not."""
        place = next(channel for channel in self._places() if told.message_id in channel.messages)
        self.discord.delete_message(place, told.message_id)
        self.removed.add(told.mark)

    # -- what stands there

    def there(self) -> list[Channel]:
        return [channel for channel in self.channels if channel.id not in self.gone]

    def told(self) -> Iterator[Told]:
        """Every message of Tocsin's, wherever it stands; one without a mark has the mark ""."""
        for place in self._places():
            for message in self.discord.messages(place):
                if int(message["author"]["id"]) == self.discord.bot.id and message["type"] in (0, 19):
                    yield Told(place.parent_id if place.thread else place.id, int(message["id"]), _mark(message))  # type: ignore[arg-type]

    def _places(self) -> list[Channel]:
        return [channel for channel in self.discord.world.channels.values() if channel.id not in self.gone]


def _mark(message: JSON) -> str:
    buttons = (button for row in message["components"] for button in row.get("components", ()))
    return next((mark for button in buttons if (mark := mark_of(button.get("custom_id")))), "")
