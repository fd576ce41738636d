"""Which messages show less than their story has, and who edits one just now.

Several programs may look at once; each edit is taken by one of them. It sends nothing.
"""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, and_, func, literal_column, or_, select, update

from bot.core.alert import Edit
from bot.store import rows
from bot.store.claims import for_channel, joined, part, whole
from bot.store.schema import alerts, channels, stories, subscriptions

PATIENCE = 10  # times the debounce that an edit waits for a story that is never quiet
STANDS = and_(alerts.c.state == literal_column("'sent'"), alerts.c.edits_ended.is_(None))  # as its index has it
LATELY = timedelta(days=7)
"""What changed before has its edit, or could not be edited for so long that nobody scrolls up to it any more."""


def due_edits(c: Connection, *, now: datetime, debounce: timedelta, limit: int, of_channel: int = 20) -> list[Edit]:
    """Sent alerts that show an older revision than their story has, the longest unchanged first, at most `limit` and
    `of_channel` of one channel.

    A story has to be quiet for `debounce` first, so that a burst of reports makes one edit; one that never is gets
    its edit after ten times that. Paused channels are left alone, and those that want nothing any more. Only stories
    that changed in the last week are looked at: of the others there are too many.
    """
    place = func.row_number().over(partition_by=alerts.c.channel_id, order_by=(alerts.c.shown_at, alerts.c.id))
    due = (
        select(alerts.c.id, place.label("place"))
        .select_from(joined())
        .where(
            STANDS,
            alerts.c.story_id.in_(_changed_lately(now)),
            alerts.c.kind == "alert",
            alerts.c.message_id.is_not(None),
            alerts.c.shown_revision < stories.c.revision,
            or_(stories.c.last_seen <= now - debounce, alerts.c.shown_at <= now - PATIENCE * debounce),
            _may_begin(now),
            channels.c.channel_id.is_(None),
            _still_wanted(),
        )
        .subquery()
    )
    chosen = select(due.c.id).where(due.c.place <= of_channel)
    wanted = whole().where(alerts.c.id.in_(chosen)).order_by(alerts.c.shown_at, alerts.c.id).limit(limit)
    return [_edit(row) for row in c.execute(wanted).mappings()]


def take_edit(c: Connection, alert_id: int, *, now: datetime, lease: timedelta) -> Edit | None:
    """The edit as it stands now, ours until now + lease; None where there is none, or it is somebody's."""
    free = and_(alerts.c.id == alert_id, alerts.c.state == "sent", alerts.c.edits_ended.is_(None), _may_begin(now))
    if not c.execute(update(alerts).where(free).values(edit_not_before=now + lease)).rowcount:
        return None
    wanted = whole().where(alerts.c.id == alert_id, alerts.c.shown_revision < stories.c.revision)
    row = c.execute(wanted).mappings().one_or_none()
    return _edit(row) if row else None


def _changed_lately(now: datetime) -> Select[tuple[str]]:
    """Stories with a change since the first one that changed in that time and is known by the time of its last report;
    what a person corrected has no time, but its number is greater."""
    changed, reported = stories.alias("changed"), stories.alias("reported")
    number = reported.c.touched + 0  # as it is, SQLite would seek the least one through all that is older
    first = select(func.coalesce(func.min(number), 0)).where(reported.c.last_seen > now - LATELY)
    return select(changed.c.id).where(changed.c.touched >= first.scalar_subquery())


def _may_begin(now: datetime) -> ColumnElement[bool]:
    return or_(alerts.c.edit_not_before.is_(None), alerts.c.edit_not_before <= now)


def _still_wanted() -> ColumnElement[bool]:
    """Whether the channel has a subscription that is neither removed nor paused: the alert's own, or a later one."""
    heir = subscriptions.alias("heir")
    there = select(heir.c.id).where(heir.c.channel_id == alerts.c.channel_id, ~heir.c.removed, heir.c.paused.is_(None))
    own = and_(~subscriptions.c.removed, subscriptions.c.paused.is_(None))
    return or_(own, and_(subscriptions.c.removed, there.exists()))


def _edit(row: RowMapping) -> Edit:
    alert = part(row, alerts)
    return Edit(
        alert_id=alert["id"],
        subscription=for_channel(row),
        story=rows.story(part(row, stories)),
        nonce=alert["nonce"],
        message_id=alert["message_id"],
        shown_revision=alert["shown_revision"],
        reasons=tuple(alert["reasons"]),
        place_id=alert["place_id"],
        ping=alert["pinged"],
    )
