"""Subscriptions: channels and what they want. With `guild_id` given, nothing outside that server is seen or changed."""

from collections.abc import Collection

from sqlalchemy import ColumnElement, Connection, Select, and_, insert, not_, select, true, update

from bot.core.alert import Subscription
from bot.store import rows
from bot.store.alerts import hold_missed
from bot.store.claims import REMOVED
from bot.store.heirs import hand_over, move
from bot.store.schema import alerts, channels, subscriptions


def add(c: Connection, subscription: Subscription) -> int:
    """The id of the new subscription; the one in the value is not used. `created_at` must be set."""
    values = rows.subscription_columns(subscription) | {
        "guild_id": subscription.guild_id,
        "paused": subscription.paused,
        "created_at": subscription.created_at,
    }
    return int(c.execute(insert(subscriptions).values(**values).returning(subscriptions.c.id)).scalar_one())


def listed(c: Connection, guild_id: int | None = None) -> list[Subscription]:
    """The subscriptions, paused ones too, in the order of their adding."""
    return _all(c, _wanted().where(_of_guild(guild_id)))


def get(c: Connection, id: int, guild_id: int | None = None) -> Subscription | None:
    """The subscription with this id."""
    found = _all(c, _wanted().where(subscriptions.c.id == id, _of_guild(guild_id)))
    return found[0] if found else None


def remove(c: Connection, id: int, guild_id: int | None = None) -> bool:
    """Ends a subscription; what it was still owed is suppressed. False if there is none.

    Where another subscription of the channel wanted the same story and was not told because of this one, it is now.
    """
    if not _change(c, id, guild_id, removed=True):
        return False
    pending = select(alerts.c.id, alerts.c.story_id).where(alerts.c.subscription_id == id, alerts.c.state == "owed")
    ended = {row.id: row.story_id for row in c.execute(pending.order_by(alerts.c.id).with_for_update())}
    hand_over(c, id, list(ended.values()))
    c.execute(update(alerts).where(alerts.c.id.in_(ended)).values(state="suppressed", state_reason=REMOVED))
    return True


def edit(c: Connection, changed: Subscription) -> bool:
    """Makes the subscription with this id and server what `changed` says; what waits moves to its channel.

    False if there is none.
    """
    if not _change(c, changed.id, changed.guild_id, **rows.subscription_columns(changed)):
        return False
    move(c, changed.id, changed.channel_id)
    return True


def pause(c: Connection, id: int, reason: str, guild_id: int | None = None) -> bool:
    """Holds back what the subscription is owed, and says why. False if there is none."""
    return _change(c, id, guild_id, paused=reason)


def resume(c: Connection, id: int, guild_id: int | None = None) -> bool:
    """Ends a pause of the subscription itself; a channel that Discord closed to us stays so. False if there is none."""
    found = get(c, id, guild_id)
    if found is None:
        return False
    if found.paused is not None:
        _change(c, id, guild_id, paused=None)
        hold_missed(c, alerts.c.subscription_id == id)
    return True


def serve_only(c: Connection, guild_ids: Collection[int] | None, reason: str) -> int:
    """Pauses the subscriptions of servers that are not among `guild_ids` (None: every server may stay), and resumes
    those that were paused for this `reason` and may go on; how many are newly paused. The terminal's stay as they are.
    """
    allowed = true() if guild_ids is None else subscriptions.c.guild_id.in_(guild_ids)
    here = and_(~subscriptions.c.removed, subscriptions.c.guild_id != 0)
    for id in list(c.scalars(select(subscriptions.c.id).where(here, allowed, subscriptions.c.paused == reason))):
        resume(c, id)
    closed = and_(here, not_(allowed), subscriptions.c.paused.is_(None))
    return c.execute(update(subscriptions).where(closed).values(paused=reason)).rowcount


def _change(c: Connection, id: int, guild_id: int | None, **values: object) -> bool:
    there = and_(subscriptions.c.id == id, ~subscriptions.c.removed, _of_guild(guild_id))
    return c.execute(update(subscriptions).where(there).values(**values)).rowcount > 0


def _wanted() -> Select[*tuple[object, ...]]:
    return (
        select(subscriptions, channels.c.reason.label("channel_paused"))
        .outerjoin(channels, channels.c.channel_id == subscriptions.c.channel_id)
        .where(~subscriptions.c.removed)
        .order_by(subscriptions.c.id)
    )


def _of_guild(guild_id: int | None) -> ColumnElement[bool]:
    return true() if guild_id is None else subscriptions.c.guild_id == guild_id


def _all(c: Connection, wanted: Select[*tuple[object, ...]]) -> list[Subscription]:
    return [rows.subscription(row) for row in c.execute(wanted).mappings()]
