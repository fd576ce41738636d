"""The tick that makes digests and catch-up messages of what waits for them.

Everything that waits is settled with the message that tells it, in one transaction; sending is deliver's. It decides
neither what waits (see core/owing) nor what a digest holds (see core/digest).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from bot.core.alert import QUIET, Subscription
from bot.core.bulletin import Bulletin, Content, beginning, digest_of
from bot.core.digest import compose
from bot.core.hours import MOST_SHOWN, DigestPlan, QuietHours, is_due, next_due, period, quiet_until
from bot.core.importance import LEVELS, Importance, ImportanceRules, with_watched
from bot.core.story import Story
from bot.errors import StoreError
from bot.settings.zones import zone
from bot.store import Store, bulletins, guilds
from bot.store.bulletins import Backlog, Waiting

log = structlog.get_logger(__name__)

NOTHING_TO_TELL = "nothing was new"
UNWEIGHED = ImportanceRules()
Weighed = list[tuple[Story, Importance]]
SOON = timedelta(hours=24)
"""What is held goes into a digest that comes within this time, else into a catch-up message."""


@dataclass(frozen=True, slots=True)
class DigestReport:
    """What one tick made."""

    digests: int = 0
    catch_ups: int = 0


async def digest(now: datetime, *, store: Store, importance: ImportanceRules = UNWEIGHED) -> DigestReport:
    """Makes every digest and catch-up message that is due at `now`. A fault of one subscription stops no other. Their
    stories are in the order of how much each matters to the server, with what it watches for weighed by `importance`.

    Raises StoreError.
    """
    digests = catch_ups = 0
    for backlog in await store.read(bulletins.backlogs):
        try:
            if await _digest(backlog, now, store=store, importance=importance):
                digests += 1
            elif await _catch_up(backlog, now, store=store, importance=importance):
                catch_ups += 1
        except StoreError:
            raise
        except Exception:
            log.exception("digest.abandoned", subscription=backlog.subscription.id)
    return DigestReport(digests, catch_ups)


async def _digest(backlog: Backlog, now: datetime, *, store: Store, importance: ImportanceRules) -> bool:
    """Makes the digest that is due, or writes down that there was nothing to tell; True if one goes out."""
    subscription, plan = backlog.subscription, backlog.subscription.digest_plan
    if plan is None or not is_due(plan, backlog.told, now, zone(plan.timezone)):
        return False
    if not backlog.told:
        await store.write(bulletins.make, beginning(subscription, plan, now, zone(plan.timezone)), now)
        return False
    key = period(plan, now, zone(plan.timezone))
    last = max(each for each in backlog.told if each < key)  # a clock that was ahead has left later ones
    weighed = await _weighed(backlog.waiting, subscription.guild_id, now, store=store, importance=importance)
    content = _content(weighed, plan, since=datetime.fromisoformat(last))
    bulletin = digest_of(subscription, key, content, suppressed=None if content.stories else NOTHING_TO_TELL)
    made = await store.write(bulletins.make, bulletin, now, members=[each.alert_id for each in backlog.waiting])
    _tell(made, bulletin)
    return made is not None and bool(content.stories)


async def _catch_up(backlog: Backlog, now: datetime, *, store: Store, importance: ImportanceRules) -> bool:
    """Tells in one message what was held and may go out now, and what waits for a digest that never comes; a single
    story that was held goes out by itself, and so does each that became critical, if such may pass quiet hours."""
    subscription, ended = backlog.subscription, backlog.subscription.digest_plan is None
    if passing := [each for each in backlog.waiting if _passes(each, subscription.habits.quiet)]:
        await _let_go(passing, subscription, now, store=store)
        return False
    due = [each for each in backlog.waiting if each.not_before <= now and (ended or each.held)]
    if not due or _is_quiet(subscription, now) or _digest_comes_soon(backlog, now):
        return False
    if len({each.story_id for each in due}) == 1 and all(each.held for each in due):
        await _let_go(due, subscription, now, store=store)
        return False
    rows = [each.alert_id for each in due]
    weighed = await _weighed(due, subscription.guild_id, now, store=store, importance=importance)
    bulletin = Bulletin(
        guild_id=subscription.guild_id,
        channel_id=subscription.channel_id,
        kind="catch_up",
        period=f"{subscription.id}@{now.isoformat()}",
        content=_content(weighed, DigestPlan(0, top=MOST_SHOWN)),
        subscription_id=subscription.id,
    )
    made = await store.write(bulletins.make, bulletin, now, members=rows)
    _tell(made, bulletin)
    return made is not None


def _passes(each: Waiting, quiet: QuietHours | None) -> bool:
    return each.held == QUIET and each.level == LEVELS[-1] and quiet is not None and quiet.critical_override


async def _let_go(waiting: Sequence[Waiting], subscription: Subscription, now: datetime, *, store: Store) -> None:
    rows = [each.alert_id for each in waiting]
    await store.write(bulletins.let_go, rows, now)
    told = sorted({each.story_id for each in waiting})
    log.info("alert.let_go", alerts=rows, stories=told, subscription=subscription.id)


def _tell(made: int | None, bulletin: Bulletin) -> None:
    """The line of the log; None was made by another runner, or what it tells has changed."""
    if made is None:
        return
    ids = {"bulletin": made, "kind": bulletin.kind, "subscription": bulletin.subscription_id}
    event = "bulletin.suppressed" if bulletin.suppressed else "bulletin.owed"
    told = list(bulletin.content.stories)
    log.info(event, **ids, guild=bulletin.guild_id, channel=bulletin.channel_id, stories=told, why=bulletin.suppressed)


async def _weighed(
    waiting: Sequence[Waiting], guild_id: int, now: datetime, *, store: Store, importance: ImportanceRules
) -> Weighed:
    """The stories that wait, each with how much it matters to the server."""
    watched = (await store.read(guilds.wants, guild_id, now)).watched
    weighed = await store.read(bulletins.weighed, {each.story_id for each in waiting})
    return [(each.story, with_watched(each.importance, each.story, importance, watched=watched)) for each in weighed]


def _content(weighed: Weighed, plan: DigestPlan, *, since: datetime | None = None) -> Content:
    found = compose(weighed, plan, period="")
    listed = tuple(ranked.story.id for group in found.groups for ranked in group.stories)
    return Content(stories=listed, left_out=found.left_out, since=since)


def _is_quiet(subscription: Subscription, now: datetime) -> bool:
    quiet = subscription.habits.quiet
    return quiet is not None and quiet_until(quiet, now, zone(quiet.timezone)) is not None


def _digest_comes_soon(backlog: Backlog, now: datetime) -> bool:
    plan = backlog.subscription.digest_plan
    return plan is not None and next_due(plan, now, zone(plan.timezone)) - now <= SOON
