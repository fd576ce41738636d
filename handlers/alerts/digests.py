"""`/alerts digest`: when a subscription's digests come."""

from dataclasses import replace as changed
from datetime import datetime

from discord import app_commands

from bot.client.places import find_place, require_place
from bot.client.replies import Interaction, RefusedError, reply
from bot.core.alert import Subscription
from bot.core.hours import DigestPlan, read_days, read_time
from bot.core.subscribing import moment, noted_message
from bot.core.wishes import MORNING, plan_words, planned
from handlers.alerts.listing import WHICH
from handlers.alerts.means import Means, chosen, next_digest, next_digest_lines, server_zone
from handlers.alerts.timing import is_off, keep, offer, refusing, zone_name


def add_to(group: app_commands.Group, means: Means) -> None:
    """Adds the command to the group."""

    @group.command(name="digest", description="Plans a subscription's digests: many stories in one message")
    @app_commands.describe(
        subscription=WHICH,
        time="When, in local time, such as 08:00; off ends its digests",
        days="daily, weekdays, or days such as mon, thu; daily unless given",
        timezone="A time zone such as Europe/Berlin; this server's unless given",
        top="How many stories one digest lists, the most important; 10 unless given",
    )
    async def digest(
        interaction: Interaction,
        subscription: int,
        time: str | None = None,
        days: str | None = None,
        timezone: str | None = None,
        top: app_commands.Range[int, 1, 25] | None = None,
    ) -> None:
        found = await chosen(interaction, means, subscription)
        require_place(interaction, await find_place(interaction, found.channel_id))
        if is_off(time):
            await reply(interaction, noted_message(f"Subscription {found.id}", await _end_digest(means, found)))
            return
        if all(given is None for given in (time, days, timezone, top)):
            raise RefusedError(_planned_so_far(found, means.clock()))
        base = found.habits.digest or DigestPlan(MORNING, timezone=await server_zone(means, found.guild_id))
        with refusing():
            hour, minute = read_time(time) if time else (base.hour, base.minute)
            wanted_days = read_days(days) if days else base.days
            named = zone_name(timezone) if timezone else base.timezone
            plan = DigestPlan(hour, minute, wanted_days, named, top or base.top)
        await reply(interaction, noted_message(f"Subscription {found.id}", await _plan_digest(means, found, plan)))

    offer(digest, means)


async def _plan_digest(means: Means, found: Subscription, plan: DigestPlan) -> list[str]:
    """Keeps the plan, with digests switched on if they were off; what to say of it."""
    mode = "both" if found.mode == "alerts" else found.mode
    wanted = changed(found, mode=mode, habits=changed(found.habits, digest=plan))
    now = means.clock()
    await keep(means, wanted)
    lines = [f"Its digest comes {plan_words(plan)}.", *next_digest_lines(wanted, now)]
    return [*lines, *(["It waits while the subscription is paused: `/alerts resume`."] if found.paused else ())]


async def _end_digest(means: Means, found: Subscription) -> list[str]:
    """Ends the digests: from then on each story comes by itself. Raises RefusedError where there are none."""
    if found.digest_plan is None:
        raise RefusedError(f"Subscription {found.id} has no digest; give a `time` for one.")
    await keep(means, planned(changed(found, mode="alerts"), "UTC"))
    alone = "Each story that it wants comes as an alert of its own now. " if found.mode == "digest" else ""
    return [f"No digest any more. {alone}What waits for the next digest comes in one last message."]


def _planned_so_far(found: Subscription, now: datetime) -> str:
    due = next_digest(found, now)
    if found.digest_plan is None or due is None:
        return f"Subscription {found.id} has no digest; give a `time` such as 08:00 for one."
    said = f"Its digest comes {plan_words(found.digest_plan)}; the next one {moment(due)}."
    return f"{said} Give `time`, `days`, `timezone` or `top` to change that."
