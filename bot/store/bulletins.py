"""The outbox of messages that no single story owes: digests, catch-ups and notices, and what waits for them.

A row is `owed`, then `sending` while one attempt runs, and ends in one of `sent`, `suppressed` and `dead`. The alerts
that a bulletin tells are settled in the transaction that makes it, so that no story is in two.
"""

import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import ColumnElement, Connection, Select, and_, case, exists, func, or_, select, true, update

from bot.core.alert import Subscription
from bot.core.bulletin import Bulletin, BulletinState, Content, Dispatch
from bot.core.conditions import WITHOUT_WORDS
from bot.core.digest import Ranked
from bot.store import lanes, lists, rows, subscriptions
from bot.store.claims import AT_ONCE, REMOVED, SWEEPING, Claim, held_by
from bot.store.claims import PENDING as ALERTS_PENDING
from bot.store.codec import decode, encode
from bot.store.dialect import has_one_writer, has_turn, insert, take_turn
from bot.store.heirs import hand_over
from bot.store.schema import alerts, bulletins, channels, pending, stories
from bot.store.schema import subscriptions as subscription_table

NOTICING = 3
PENDING = pending(bulletins)

# Named subscriptions, or another order than the index of pending rows has, would make SQLite read all that ever was.
_WAITING = (
    select(*(alerts.c[name] for name in ("id", "subscription_id", "story_id", "kind", "not_before", "held")))
    .add_columns(stories.c.level)
    .join_from(alerts, stories, stories.c.id == alerts.c.story_id)
    .where(ALERTS_PENDING, alerts.c.state == "owed", or_(alerts.c.kind == "digest", alerts.c.held.is_not(None)))
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A row that waits for a digest (`held` None) or a catch-up, why, and from when it may go out; `level` is how much
    its story matters by now."""

    alert_id: int
    story_id: str
    not_before: datetime
    held: str | None
    level: str


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits for one subscription, and the periods whose digests are done."""

    subscription: Subscription
    waiting: tuple[Waiting, ...]
    told: frozenset[str]


def backlogs(c: Connection) -> list[Backlog]:
    """Every subscription that can be told and has a digest or something that waits for one, in the order of adding."""
    live = [each for each in subscriptions.listed(c) if each.paused is None]
    waiting: dict[int, list[Waiting]] = {}
    for row in sorted(c.execute(_WAITING), key=lambda row: row.id):
        found = Waiting(row.id, row.story_id, row.not_before, None if row.kind == "digest" else row.held, row.level)
        waiting.setdefault(row.subscription_id, []).append(found)
    told: dict[int, set[str]] = {}
    done = select(bulletins.c.subscription_id, bulletins.c.period).where(bulletins.c.kind == "digest")
    for subscription_id, period in c.execute(done):
        told.setdefault(subscription_id, set()).add(period.partition("@")[2])
    return [
        Backlog(each, tuple(waiting.get(each.id, ())), frozenset(told.get(each.id, ())))
        for each in live
        if each.digest_plan or each.id in waiting
    ]


def weighed(c: Connection, story_ids: Collection[str]) -> list[Ranked]:
    """The stories as they stand now, in no order."""
    return [rows.ranked(row) for row in c.execute(select(stories).where(stories.c.id.in_(story_ids))).mappings()]


def make(c: Connection, bulletin: Bulletin, now: datetime, *, members: Sequence[int] = ()) -> int | None:
    """Owes a bulletin and settles the alerts (`members`) that it tells.

    None if it was made before, or if one of its members does not wait any more: what is to be told has changed.
    """
    if not _still_waiting(c, members):
        return None
    values = {
        "guild_id": bulletin.guild_id,
        "channel_id": bulletin.channel_id,
        "subscription_id": bulletin.subscription_id,
        "kind": bulletin.kind,
        "period": bulletin.period,
        "content": encode(bulletin.content),
        "nonce": secrets.token_urlsafe(16),
        "state": "suppressed" if bulletin.suppressed else "owed",
        "state_reason": bulletin.suppressed,
        "owed_at": now,
        "not_before": now,
        "settled_at": now if bulletin.suppressed else None,
    }
    statement = insert(c, bulletins).values(**values).on_conflict_do_nothing().returning(bulletins.c.id)
    made = c.execute(statement).scalar_one_or_none()
    if made is None:
        return None
    told = update(alerts).where(alerts.c.id.in_(members), alerts.c.state == "owed")
    reason = f"told in {bulletin.kind.replace('_', '-')} {made}"
    c.execute(told.values(state="digested", state_reason=reason, bulletin_id=made, settled_at=now))
    return int(made)


def let_go(c: Connection, alert_ids: Sequence[int], now: datetime) -> None:
    """Lets alerts that were held go out by themselves after all."""
    held = update(alerts).where(alerts.c.id.in_(alert_ids), alerts.c.state == "owed", alerts.c.held.is_not(None))
    c.execute(held.values(held=None, not_before=now))


def claim(c: Connection, *, now: datetime, lease: timedelta, limit: int) -> list[Dispatch]:
    """The next bulletin of each channel, at most `limit`, the oldest first; ours until now + lease."""
    if has_turn(c, SWEEPING):
        _end_orphans(c, now)
    ids = lanes.take(c, partial(_next_of_each_channel, now), partial(_still_free, now), limit)
    began = case(
        (bulletins.c.state == "sending", func.coalesce(bulletins.c.unclear_since, bulletins.c.claimed_at)),
        else_=bulletins.c.unclear_since,
    )
    taken = {"state": "sending", "claimed_at": now, "lease_until": now + lease}
    chosen = update(bulletins).where(bulletins.c.id.in_(ids))
    c.execute(chosen.values(**taken, attempt=bulletins.c.attempt + 1, unclear_since=began))
    claimed = select(bulletins).where(bulletins.c.id.in_(ids)).order_by(bulletins.c.id)
    return [_dispatch(c, row) for row in c.execute(claimed).mappings().all()]


def _free(now: datetime) -> ColumnElement[bool]:
    return or_(
        and_(bulletins.c.state == "owed", bulletins.c.not_before <= now),
        and_(bulletins.c.state == "sending", bulletins.c.lease_until <= now),
    )


def _next_of_each_channel(now: datetime, only: Sequence[int] | None) -> Select[*tuple[int, int]]:
    in_flight = and_(PENDING, bulletins.c.state == "sending", bulletins.c.lease_until > now)
    here = true() if only is None else bulletins.c.channel_id.in_(only)
    waiting = select(bulletins.c.channel_id, func.min(bulletins.c.id).label("id")).where(PENDING, _reachable(), here)
    first = waiting.group_by(bulletins.c.channel_id).subquery()
    busy = select(bulletins.c.channel_id).where(in_flight)
    heads = select(bulletins.c.id, bulletins.c.channel_id).join(first, first.c.id == bulletins.c.id)
    return heads.where(_free(now), bulletins.c.channel_id.not_in(busy)).order_by(bulletins.c.id)


def _still_free(now: datetime, ids: Sequence[int], channel_ids: Sequence[int]) -> Select[*tuple[int]]:
    here = and_(bulletins.c.id.in_(ids), bulletins.c.channel_id.in_(channel_ids))
    return select(bulletins.c.id).where(here, _free(now))


def get(c: Connection, bulletin_id: int, guild_id: int) -> Dispatch | None:
    """A server's bulletin with its stories as they stand, those that it only counted among them."""
    wanted = select(bulletins).where(bulletins.c.id == bulletin_id, bulletins.c.guild_id == guild_id)
    row = c.execute(wanted).mappings().one_or_none()
    return _dispatch(c, row, whole=True) if row else None


def notices(c: Connection, guild_id: int) -> list[Content]:
    """What a server's ops channel was told or is owed, the oldest first. What was never sent is not told."""
    told = or_(bulletins.c.state.in_(("owed", "sending", "sent")), bulletins.c.state_reason == WITHOUT_WORDS)
    own = and_(bulletins.c.guild_id == guild_id, bulletins.c.kind == "notice")
    return [
        decode(Content, each)
        for each in c.scalars(select(bulletins.c.content).where(own, told).order_by(bulletins.c.id))
    ]


def make_notice(c: Connection, bulletin: Bulletin, now: datetime, *, told: Sequence[Content]) -> int | None:
    """Owes a notice of what has changed since `told`; None if its server has been told more since, or less."""
    take_turn(c, NOTICING)
    return make(c, bulletin, now) if notices(c, bulletin.guild_id) == list(told) else None


def redirect(c: Connection, guild_id: int, channel_id: int) -> None:
    """Lets the notices that wait for another channel go to the server's ops channel of now."""
    stray = and_(
        bulletins.c.guild_id == guild_id,
        bulletins.c.kind == "notice",
        bulletins.c.state == "owed",
        bulletins.c.unclear_since.is_(None),
        bulletins.c.channel_id != channel_id,
    )
    c.execute(update(bulletins).where(stray).values(channel_id=channel_id))


def settle_sent(c: Connection, bulletin_id: int, *, message_id: int | None, now: datetime) -> None:
    """Ends a claimed row: the message was created. That is true whoever has claimed the row since."""
    _end(c, bulletin_id, "sent", "delivered", now, message_id=message_id or None)


def settle_dead(c: Connection, bulletin_id: int, *, reason: str, now: datetime, claim: Claim | None = None) -> bool:
    """Ends a claimed row that can never be delivered; see `alerts.settle_dead`."""
    return _end(c, bulletin_id, "dead", reason, now, claim=claim)


def renew(c: Connection, bulletin_id: int, *, claim: Claim, until: datetime) -> bool:
    """Keeps a claimed row ours until then; False if it is ours no more."""
    ours = update(bulletins).where(bulletins.c.id == bulletin_id, held_by(bulletins, claim))
    return c.execute(ours.values(lease_until=until)).rowcount > 0


def settle_retry(
    c: Connection,
    bulletin_id: int,
    *,
    not_before: datetime,
    problem: str,
    now: datetime,
    counts: bool = True,
    minimal: bool = False,
    unclear: bool = True,
    claim: Claim | None = None,
) -> bool:
    """Gives a claimed row back for another try; the arguments are those of `alerts.settle_retry`."""
    values: dict[str, object] = {"state": "owed", "not_before": not_before, "lease_until": None}
    values |= {"state_reason": problem, "minimal": minimal}
    if not counts:
        values["attempt"] = bulletins.c.attempt - 1
    if unclear:
        values["unclear_since"] = func.coalesce(bulletins.c.unclear_since, bulletins.c.claimed_at)
    ours = update(bulletins).where(bulletins.c.id == bulletin_id, held_by(bulletins, claim))
    return c.execute(ours.values(**values)).rowcount > 0


def release(c: Connection, now: datetime) -> int:
    """Frees what was being sent when the program ended; see `alerts.release`."""
    if not has_one_writer(c):
        return 0
    held = and_(bulletins.c.state == "sending", bulletins.c.lease_until > now)
    return c.execute(update(bulletins).where(held).values(lease_until=now)).rowcount


def _still_waiting(c: Connection, members: Sequence[int]) -> bool:
    """Whether all of them wait, and go on to until the transaction ends."""
    there = select(alerts.c.id).where(alerts.c.id.in_(members), alerts.c.state == "owed").order_by(alerts.c.id)
    return not members or set(c.scalars(there.with_for_update())) >= set(members)


def _reachable() -> ColumnElement[bool]:
    shut = exists().where(channels.c.channel_id == bulletins.c.channel_id)
    paused = exists().where(
        subscription_table.c.id == bulletins.c.subscription_id, subscription_table.c.paused.is_not(None)
    )
    return and_(~shut, ~paused)


def _end_orphans(c: Connection, now: datetime) -> None:
    """Ends pending rows that nobody is sending and whose subscription is removed or whose channel is closed.

    What a removed subscription was to tell is told by another one of the channel.
    """
    idle = or_(bulletins.c.state == "owed", and_(bulletins.c.state == "sending", bulletins.c.lease_until <= now))
    gone = select(subscription_table.c.id).where(subscription_table.c.removed)
    removed = and_(PENDING, idle, bulletins.c.subscription_id.in_(gone))
    orphans = select(bulletins).where(removed).order_by(bulletins.c.channel_id, bulletins.c.id).limit(AT_ONCE)
    for row in c.execute(orphans.with_for_update(skip_locked=True)).mappings().all():
        if row["state"] == "owed" and row["unclear_since"] is None:
            members = list(c.scalars(select(alerts.c.story_id).where(alerts.c.bulletin_id == row["id"])))
            hand_over(c, row["subscription_id"], members)
        elif lists.hand_over(c, row, now):
            continue
        _end(c, row["id"], "suppressed", REMOVED, now)
    closed = and_(channels.c.channel_id == bulletins.c.channel_id, channels.c.state == "closed")
    for orphan in c.execute(
        select(bulletins.c.id, channels.c.reason).join(channels, closed).where(PENDING, idle)
    ).all():
        _end(c, orphan.id, "dead", orphan.reason, now)


def _dispatch(c: Connection, row: rows.Row, *, whole: bool = False) -> Dispatch:
    content = decode(Content, row["content"])
    listed = content.stories + (content.left_out if whole else ())
    found = {ranked.story.id: ranked for ranked in weighed(c, listed)}
    return Dispatch(
        id=row["id"],
        bulletin=Bulletin(
            guild_id=row["guild_id"],
            channel_id=row["channel_id"],
            kind=row["kind"],
            period=row["period"],
            content=replace(content, left_out=()) if whole else content,
            subscription_id=row["subscription_id"],
        ),
        stories=tuple(found[id] for id in listed if id in found),
        nonce=row["nonce"],
        attempt=row["attempt"],
        claimed_at=row["claimed_at"] or row["owed_at"],
        earlier_claim=row["unclear_since"],
        minimal=row["minimal"],
    )


def _end(
    c: Connection,
    bulletin_id: int,
    state: BulletinState,
    reason: str,
    now: datetime,
    *,
    claim: Claim | None = None,
    **values: object,
) -> bool:
    """Ends a pending row; what a message that is not sent was to tell ends as it does."""
    pending = PENDING if claim is None else held_by(bulletins, claim)
    ended = update(bulletins).where(bulletins.c.id == bulletin_id, pending)
    final = {"state": state, "state_reason": reason, "settled_at": now, "lease_until": None}
    if not c.execute(ended.values(**final, **values)).rowcount:
        return False
    if state != "sent":
        members = update(alerts).where(alerts.c.bulletin_id == bulletin_id, alerts.c.state == "digested")
        c.execute(members.values(state=state, state_reason=reason, settled_at=now))
    return True
