"""`/alerts quiet`: hours in which a subscription sends nothing."""

from dataclasses import replace as changed
from datetime import datetime

from discord import app_commands

from bot.client.places import find_place, require_place
from bot.client.replies import Interaction, RefusedError, reply
from bot.core.alert import Subscription
from bot.core.hours import DigestPlan, QuietHours, next_due, quiet_until, read_time
from bot.core.subscribing import moment, noted_message
from bot.core.wishes import quiet_words
from bot.settings.zones import zone
from handlers.alerts.listing import WHICH
from handlers.alerts.means import Means, chosen, server_zone
from handlers.alerts.timing import is_off, keep, offer, refusing, zone_name

_NONE_YET = QuietHours(0, 1)


def add_to(group: app_commands.Group, means: Means) -> None:
    """Adds the command to the group."""

    @group.command(name="quiet", description="Hours in which a subscription sends nothing; what came is told after")
    @app_commands.rename(begins="from", ends="to")
    @app_commands.describe(
        subscription=WHICH,
        begins="When quiet begins, in local time, such as 22:00; off ends quiet hours",
        ends="When it ends, such as 07:00; before its beginning means over midnight",
        critical_override="Let critical stories through; yes unless given",
        timezone="A time zone such as Europe/Berlin; this server's unless given",
    )
    async def quiet(
        interaction: Interaction,
        subscription: int,
        begins: str | None = None,
        ends: str | None = None,
        critical_override: bool | None = None,
        timezone: str | None = None,
    ) -> None:
        found = await chosen(interaction, means, subscription)
        require_place(interaction, await find_place(interaction, found.channel_id))
        before = found.habits.quiet
        if is_off(begins):
            if before is None:
                raise RefusedError(f"Subscription {found.id} has no quiet hours.")
            await keep(means, changed(found, habits=changed(found.habits, quiet=None)))
            lines = ["No quiet hours any more. What was held is told when they would have ended."]
            await reply(interaction, noted_message(f"Subscription {found.id}", lines))
            return
        if before is None and (begins is None or ends is None):
            raise RefusedError("Give both `from` and `to`, such as from 22:00 to 07:00.")
        usual = await _usual_zone(means, found)
        with refusing():
            hours = _changed(before or _NONE_YET, begins, ends, critical_override, timezone, usual)
        await keep(means, changed(found, habits=changed(found.habits, quiet=hours)))
        await reply(interaction, noted_message(f"Subscription {found.id}", _quiet_lines(hours, means.clock())))

    offer(quiet, means)


def _changed(
    before: QuietHours, begins: str | None, ends: str | None, critical: bool | None, timezone: str | None, usual: str
) -> QuietHours:
    """The hours with what was given in place of what they had. Raises TocsinError."""
    return QuietHours(
        _minutes(begins) if begins else before.begins,
        _minutes(ends) if ends else before.ends,
        zone_name(timezone) if timezone else usual,
        before.critical_override if critical is None else critical,
    )


async def _usual_zone(means: Means, found: Subscription) -> str:
    """That of its quiet hours so far, else of its digest, else the server's."""
    habits = found.habits
    own = habits.quiet or habits.digest
    return own.timezone if own else await server_zone(means, found.guild_id)


def _quiet_lines(hours: QuietHours, now: datetime) -> list[str]:
    where = zone(hours.timezone)
    until = quiet_until(hours, now, where)
    when = (
        f"It is quiet now, until {moment(until)}."
        if until
        else f"Quiet begins {moment(next_due(DigestPlan(*divmod(hours.begins, 60)), now, where))}."
    )
    return [
        f"Quiet {quiet_words(hours)}. {when}",
        "What comes meanwhile is held, never dropped: it is told when quiet ends, or with the next digest.",
    ]


def _minutes(words: str) -> int:
    hour, minute = read_time(words)
    return hour * 60 + minute
