"""`/alerts edit`: only what is given changes; "none" empties an option."""

from dataclasses import replace as changed

import structlog
from discord import app_commands

from bot.client.places import Place, find_place, require_place
from bot.client.replies import Interaction, RefusedError, reply
from bot.core.alert import Layout, Mode, Subscription
from bot.core.importance import Level
from bot.core.subscribing import changed_message, lacking
from bot.core.wishes import planned
from bot.store import alerts, plans
from handlers.alerts.adding import require_fit, rights_of, unplanned_note
from handlers.alerts.listing import WHICH
from handlers.alerts.means import (
    Means,
    chosen,
    existing,
    forecast_of,
    next_digest_lines,
    offer_subscriptions,
    plan_zone,
    refresh,
    require_room,
    server_zone,
)
from handlers.alerts.options import ABOUT, MOST_AN_HOUR, Given, applied, known_role, offer, offer_roles

log = structlog.get_logger(__name__)

NOTHING = "Nothing was given to change. Give at least one option; `none` empties one."
CLEARED = {
    "topic": "Only stories of this topic; none for every topic",
    "organisations": "Only stories that name one of these, separated by commas; none for all",
    "events": "Only these kinds of event, separated by commas; none for all",
    "languages": "Only stories told in these languages, separated by commas; none for all",
    "min_importance": "Only stories that matter this much or more; low for all",
    "max_per_hour": "At most so many alerts an hour; 0 for no limit",
    "role": "A role that alerts call, from min_importance (else high) on; none for no role",
}


def add_to(group: app_commands.Group, means: Means) -> None:
    """Adds the command to the group."""

    @group.command(name="edit", description="Changes a subscription: what you leave out stays, none empties an option")
    @app_commands.describe(subscription=WHICH, channel="Another channel, forum or thread for it", **(ABOUT | CLEARED))
    async def edit(
        interaction: Interaction,
        subscription: int,
        channel: Place | None = None,
        topic: str | None = None,
        organisations: str | None = None,
        events: str | None = None,
        languages: str | None = None,
        min_importance: Level | None = None,
        mode: Mode | None = None,
        max_per_hour: app_commands.Range[int, 0, MOST_AN_HOUR] | None = None,
        role: str | None = None,
        layout: Layout | None = None,
        thread: bool | None = None,
        publish: bool | None = None,
    ) -> None:
        before = await chosen(interaction, means, subscription)
        called = known_role(role, interaction.guild)
        given = Given(
            topic, organisations, events, languages, min_importance, mode, max_per_hour, called, layout, thread, publish
        )
        if given.is_empty and channel is None:
            raise RefusedError(NOTHING)
        place = channel or await find_place(interaction, before.channel_id)
        after = applied(given, changed(before, channel_id=place.id), means.index)
        await _change(interaction, means, place, before, after)

    offer(edit, means.index, clearing=True)

    @edit.autocomplete("subscription")
    async def offer_numbers(interaction: Interaction, typed: int | str) -> list[app_commands.Choice[int]]:
        return offer_subscriptions(interaction, means, str(typed))

    @edit.autocomplete("role")
    async def offer_names(interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        return offer_roles(interaction, means.index, typed)


async def _change(
    interaction: Interaction, means: Means, place: Place, before: Subscription, after: Subscription
) -> None:
    """Checks the channel, saves, and shows the subscription as it stands. Raises RefusedError."""
    require_place(interaction, place)
    require_fit(interaction, place, after)
    missing = lacking(rights_of(place, after), place.id)
    if missing:
        raise RefusedError(missing)
    zone_name, now = await server_zone(means, before.guild_id), means.clock()
    notes = unplanned_note(after, zone_name)
    after = planned(after, zone_name)
    if not await means.store.write(
        plans.change, after, now, plan_zone(after), lambda others: require_room(others, after)
    ):
        raise RefusedError(f"This server has no subscription {after.id} any more; see `/alerts list`.")
    if after.channel_id != before.channel_id:
        await means.store.write(alerts.resume_channel, after.channel_id)
    log.info("subscription.changed", subscription=after.id, guild=after.guild_id, channel=after.channel_id)
    await refresh(means, after.guild_id)
    after = await existing(means, after.guild_id, after.id)
    lines = (*notes, *next_digest_lines(after, now))
    await reply(interaction, changed_message(after, await forecast_of(means, after), notes=lines))
