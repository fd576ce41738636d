"""What the commands of `/alerts` work with, and the first steps that they share. It holds no command."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from discord import app_commands

from bot.client.drafts import Drafts
from bot.client.index import Index
from bot.client.replies import Interaction, RefusedError, defer
from bot.client.rights import is_manager, require_manager
from bot.core.alert import Subscription
from bot.core.escape import cut
from bot.core.forecast import WINDOW, Forecast, forecast
from bot.core.hours import next_due
from bot.core.importance import ImportanceRules
from bot.core.subscribing import digest_lines
from bot.core.wishes import same_wish, wish
from bot.settings.zones import zone
from bot.store import Connection, Store, forecasts, guilds, subscriptions

Clock = Callable[[], datetime]
MOST = 50  # subscriptions of one server


@dataclass(frozen=True, slots=True)
class Means:
    """The store, what autocomplete offers, the present, what people are about to save, by topic the score that a story
    needs, and what importance goes by."""

    store: Store
    index: Index
    clock: Clock
    drafts: Drafts[Subscription]
    thresholds: Mapping[str, float]
    importance: ImportanceRules


async def entered(interaction: Interaction, means: Means) -> int:
    """Defers and gives the server's id. Raises RefusedError for people who may not manage it."""
    await defer(interaction)
    return require_manager(interaction, means.index)


async def chosen(interaction: Interaction, means: Means, number: int) -> Subscription:
    """Defers and gives the subscription that a manager chose. Raises RefusedError as `entered` and `existing` do."""
    return await existing(means, await entered(interaction, means), number)


async def existing(means: Means, guild_id: int, number: int) -> Subscription:
    """The server's subscription of that number. Raises RefusedError where it has none, as for other servers' ones."""
    found = await means.store.read(subscriptions.get, number, guild_id) if 0 < number < 2**63 else None
    if found is None:
        raise RefusedError(f"This server has no subscription {number}; see `/alerts list`.")
    return found


async def refresh(means: Means, guild_id: int) -> None:
    """Makes autocomplete know the server's subscriptions as they stand now."""
    means.index.subscriptions[guild_id] = await means.store.read(subscriptions.listed, guild_id)


async def server_zone(means: Means, guild_id: int) -> str:
    """The IANA name of the server's time zone; UTC where it has chosen none."""
    return (await means.store.read(guilds.settings, guild_id)).timezone or "UTC"


async def forecast_of(means: Means, wanted: Subscription) -> Forecast:
    """What the subscription would have told in the last weeks, what its whole server wants heeded."""
    now, rules, thresholds = means.clock(), means.importance, means.thresholds

    def reckon(c: Connection) -> Forecast:  # in the reader's thread: thousands of stories are looked through
        past, server = forecasts.past(c, now - WINDOW), guilds.wants(c, wanted.guild_id, now)
        return forecast(past, wanted, now=now, server=server, rules=rules, thresholds=thresholds)

    return await means.store.read(reckon)


def plan_zone(subscription: Subscription) -> tzinfo | None:
    """The time zone of its digests, None without any."""
    plan = subscription.digest_plan
    return zone(plan.timezone) if plan else None


def next_digest(subscription: Subscription, now: datetime) -> datetime | None:
    """When its next digest comes, None without any."""
    plan = subscription.digest_plan
    return next_due(plan, now, zone(plan.timezone)) if plan else None


def next_digest_lines(subscription: Subscription, now: datetime) -> list[str]:
    """When its next digest comes and what it will hold; empty without digests."""
    due = next_digest(subscription, now)
    return digest_lines(subscription, due) if due else []


def require_room(others: Sequence[Subscription], wanted: Subscription) -> None:
    """Raises RefusedError if another subscription of the server asks for the very same, or there are too many."""
    same = [each for each in others if same_wish(each, wanted)]
    if same:
        raise RefusedError(
            f"<#{wanted.channel_id}> has that already: it is subscription {same[0].id}; change it with `/alerts edit`."
        )
    if len(others) >= MOST:
        raise RefusedError(f"This server has {MOST} subscriptions, the most there can be; remove one first.")


def offer_subscriptions(interaction: Interaction, means: Means, typed: str) -> list[app_commands.Choice[int]]:
    """This server's subscriptions for its managers, by number, channel and wishes."""
    if not is_manager(interaction, means.index):
        return []
    found = []
    for each in means.index.subscriptions.get(interaction.guild_id or 0, ()):
        channel = interaction.guild.get_channel_or_thread(each.channel_id) if interaction.guild else None
        paused = " · paused" if each.paused else ""
        name = f"{each.id} · #{channel.name if channel else each.channel_id} · {wish(each, shown=cut)}{paused}"
        if typed.strip().casefold() in name.casefold():
            found.append(app_commands.Choice(name=cut(name, 100), value=each.id))
    return found[:25]
