"""`/alerts add`: a draft with the bot's rights and a forecast first, saved by a button."""

import re

import discord
import structlog
from discord import app_commands

from bot.client.drafts import MINUTES, Draft
from bot.client.places import Place, find_place, require_kind, require_place, require_role, rights_in
from bot.client.replies import Interaction, PersistentButton, RefusedError, defer, persistent_button, replace, reply
from bot.client.rights import require_manager
from bot.core.alert import Layout, Mode, Subscription
from bot.core.importance import Level
from bot.core.message import Message
from bot.core.subscribing import DRAFT, Right, added_message, draft_message, noted_message
from bot.core.wishes import MORNING, planned
from bot.store import alerts, plans, subscriptions
from handlers.alerts.means import (
    Means,
    entered,
    forecast_of,
    next_digest_lines,
    plan_zone,
    refresh,
    require_room,
    server_zone,
)
from handlers.alerts.options import ABOUT, MOST_AN_HOUR, Given, applied, offer
from handlers.alerts.showing import show_preview

log = structlog.get_logger(__name__)


def add_to(group: app_commands.Group, means: Means) -> None:
    """Adds the command to the group."""

    @group.command(name="add", description="Sends stories to a channel: checks rights, forecasts how many, then saves")
    @app_commands.describe(channel="The channel, forum or thread that gets them", **ABOUT)
    async def add(
        interaction: Interaction,
        channel: Place,
        topic: str | None = None,
        organisations: str | None = None,
        events: str | None = None,
        languages: str | None = None,
        min_importance: Level | None = None,
        mode: Mode | None = None,
        max_per_hour: app_commands.Range[int, 1, MOST_AN_HOUR] | None = None,
        role: discord.Role | None = None,
        layout: Layout | None = None,
        thread: bool | None = None,
        publish: bool | None = None,
    ) -> None:
        guild_id = await entered(interaction, means)
        require_place(interaction, channel)
        given = Given(
            topic, organisations, events, languages, min_importance, mode, max_per_hour, role, layout, thread, publish
        )
        now = means.clock()
        empty = Subscription(id=0, guild_id=guild_id, channel_id=channel.id, created_at=now)
        wanted = applied(given, empty, means.index)
        require_fit(interaction, channel, wanted)
        zone_name = await server_zone(means, guild_id)
        notes = unplanned_note(wanted, zone_name)
        wanted = planned(wanted, zone_name)
        require_room(await means.store.read(subscriptions.listed, guild_id), wanted)
        token = means.drafts.keep(wanted, user_id=interaction.user.id, guild_id=guild_id, now=now, notes=notes)
        await reply(interaction, await _shown(means, means.drafts.kept[token], token, rights_of(channel, wanted)))

    offer(add, means.index, clearing=False)


def buttons(means: Means) -> list[type[PersistentButton]]:
    """Save, Check again, Preview and Cancel under a draft."""

    async def press(interaction: Interaction, match: "re.Match[str]") -> None:
        guild_id = require_manager(interaction, means.index)
        token, asked = match["token"], match["asked"]
        draft = means.drafts.get(token, user_id=interaction.user.id, guild_id=guild_id, now=means.clock())
        if asked == "preview":
            await defer(interaction)
            await show_preview(interaction, means, draft.wanted)
            return
        await interaction.response.defer()
        if asked == "cancel":
            means.drafts.drop(token)
            await replace(interaction, noted_message("Nothing was saved", ["Start again with `/alerts add`."]))
        else:
            await replace(interaction, await _checked(interaction, means, token, draft, save=asked == "save"))

    return [persistent_button(DRAFT, press)]


async def _checked(
    interaction: Interaction, means: Means, token: str, draft: Draft[Subscription], *, save: bool
) -> Message:
    """Looks at the channel once more, and saves the draft if all is well and it is to be saved."""
    place = await find_place(interaction, draft.wanted.channel_id)
    require_place(interaction, place)
    require_fit(interaction, place, draft.wanted)
    rights = rights_of(place, draft.wanted)
    if not save or not all(held for _, held in rights):
        return await _shown(means, draft, token, rights)
    means.drafts.drop(token)
    try:
        return await _saved(means, draft)
    except Exception:
        means.drafts.kept[token] = draft
        raise


async def _saved(means: Means, draft: Draft[Subscription]) -> Message:
    wanted, now = draft.wanted, means.clock()
    new = await means.store.write(
        plans.add, wanted, now, plan_zone(wanted), lambda others: require_room(others, wanted)
    )
    await means.store.write(alerts.resume_channel, new.channel_id)
    log.info("subscription.added", subscription=new.id, guild=new.guild_id, channel=new.channel_id)
    await refresh(means, new.guild_id)
    return added_message(new, notes=(*draft.notes, *next_digest_lines(new, now)))


async def _shown(means: Means, draft: Draft[Subscription], token: str, rights: list[Right]) -> Message:
    found = await forecast_of(means, draft.wanted)
    return draft_message(draft.wanted, found, token=token, rights=rights, notes=draft.notes, minutes=MINUTES)


def require_fit(interaction: Interaction, place: Place, wanted: Subscription) -> None:
    """Raises RefusedError for habits that the channel's kind has not, and for a role that cannot be called there."""
    require_kind(place, thread=wanted.habits.thread, publish=wanted.habits.publish)
    if wanted.habits.role_id is not None:
        role = place.guild.get_role(wanted.habits.role_id)
        if role is None:
            raise RefusedError("The role that alerts call no longer exists; choose another, or none, as `role`.")
        require_role(interaction, place, role)


def rights_of(place: Place, wanted: Subscription) -> list[Right]:
    """The rights that the subscription needs in its channel, and whether the bot has them."""
    habits = wanted.habits
    role = place.guild.get_role(habits.role_id) if habits.role_id else None
    return rights_in(place, thread=habits.thread, role=role)


def unplanned_note(wanted: Subscription, zone_name: str) -> tuple[str, ...]:
    """What is said where digests are wanted and nobody said when."""
    if wanted.mode == "alerts" or wanted.habits.digest is not None:
        return ()
    return (f"Digests come every morning at {MORNING:02}:00 ({zone_name}); change that with `/alerts digest`.",)
