"""The tick that makes digests and catch-up messages of what waits for them.

Everything that waits is settled with the message that tells it, in one transaction; sending is deliver's. It decides
neither what waits (see core/owing) nor what a digest holds (see core/digest).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from bot.core.bulletin import Bulletin, Content, beginning, digest_of
from bot.core.digest import compose
from bot.core.hours import MOST_SHOWN, DigestPlan, is_due, next_due, period
from bot.settings.zones import zone
from bot.store import Store, bulletins
from bot.store.bulletins import Backlog, Waiting

log = structlog.get_logger(__name__)

NOTHING_TO_TELL = "nothing was new"
SOON = timedelta(hours=24)
"""What is held goes into a digest that comes within this time, else into a catch-up message."""


@dataclass(frozen=True, slots=True)
class DigestReport:
    """What one tick made."""

    digests: int = 0
    catch_ups: int = 0


async def digest(now: datetime, *, store: Store) -> DigestReport:
    """Makes every digest and catch-up message that is due at `now`. A fault of one subscription stops no other."""
    digests = catch_ups = 0
    for backlog in await store.read(bulletins.backlogs):
        try:
            if await _digest(backlog, now, store=store):
                digests += 1
            elif await _catch_up(backlog, now, store=store):
                catch_ups += 1
        except Exception:
            log.exception("digest abandoned", subscription=backlog.subscription.id)
    return DigestReport(digests, catch_ups)


async def _digest(backlog: Backlog, now: datetime, *, store: Store) -> bool:
    """Makes the digest that is due, or writes down that there was nothing to tell; True if one goes out."""
    subscription, plan = backlog.subscription, backlog.subscription.digest_plan
    if plan is None or not is_due(plan, backlog.told, now, zone(plan.timezone)):
        return False
    if not backlog.told:
        await store.write(bulletins.make, beginning(subscription, plan, now, zone(plan.timezone)), now)
        return False
    key = period(plan, now, zone(plan.timezone))
    content = _content(backlog.waiting, plan, since=datetime.fromisoformat(max(backlog.told)))
    bulletin = digest_of(subscription, key, content, suppressed=None if content.stories else NOTHING_TO_TELL)
    made = await store.write(bulletins.make, bulletin, now, members=[each.alert_id for each in backlog.waiting])
    return made is not None and bool(content.stories)


async def _catch_up(backlog: Backlog, now: datetime, *, store: Store) -> bool:
    """Tells in one message what was held and may go out now; a single story goes out by itself."""
    due = [each for each in backlog.waiting if not each.for_digest and each.not_before <= now]
    if not due or _digest_comes_soon(backlog, now):
        return False
    rows = [each.alert_id for each in due]
    if len({each.ranked.story.id for each in due}) == 1:
        await store.write(bulletins.let_go, rows, now)
        return False
    subscription = backlog.subscription
    bulletin = Bulletin(
        guild_id=subscription.guild_id,
        channel_id=subscription.channel_id,
        kind="catch_up",
        period=f"{subscription.id}@{now.isoformat()}",
        content=_content(due, DigestPlan(0, top=MOST_SHOWN)),
        subscription_id=subscription.id,
    )
    return await store.write(bulletins.make, bulletin, now, members=rows) is not None


def _content(waiting: Sequence[Waiting], plan: DigestPlan, since: datetime | None = None) -> Content:
    found = compose([(each.ranked.story, each.ranked.importance) for each in waiting], plan, period="")
    listed = tuple(ranked.story.id for group in found.groups for ranked in group.stories)
    return Content(stories=listed, left_out=found.left_out, since=since)


def _digest_comes_soon(backlog: Backlog, now: datetime) -> bool:
    plan = backlog.subscription.digest_plan
    return plan is not None and next_due(plan, now, zone(plan.timezone)) - now <= SOON
