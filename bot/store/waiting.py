"""Rows that only wait for a digest, and what becomes of them when their story is told at once after all.

The subscription's own row becomes the alert; those of others in the channel are suppressed, because the alert tells it.
It decides neither who is told nor when (see core/owing).
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, select, update

from bot.core.owing import told_by
from bot.store.schema import alerts

WAITS = and_(alerts.c.kind == "digest", alerts.c.state == "owed")
Row = Mapping[str, Any]


def for_digest(c: Connection, story_ids: Collection[str]) -> set[tuple[int, str]]:
    """The (subscription, story) whose row only waits for a digest. None is made of them before the transaction ends."""
    wanted = select(alerts.c.subscription_id, alerts.c.story_id).where(WAITS, alerts.c.story_id.in_(set(story_ids)))
    return {(row.subscription_id, row.story_id) for row in c.execute(wanted.order_by(alerts.c.id).with_for_update())}


def tell_at_once(c: Connection, entering: Sequence[Row], now: datetime) -> dict[tuple[int, str], int]:
    """Lets waiting rows give way to alerts that enter the outbox, as values of columns: those of the alerts' own
    subscriptions become the alerts, and are told by (subscription, story) with their ids."""
    at_once = [row for row in entering if row["kind"] == "alert" and row["state"] == "owed"]
    waiting = for_digest(c, {row["story_id"] for row in at_once}) if at_once else set()
    risen: dict[tuple[int, str], int] = {}
    for row in at_once if waiting else ():
        key = row["subscription_id"], row["story_id"]
        if key in waiting:
            own = _of(row, alerts.c.subscription_id == row["subscription_id"])
            kept = {name: row[name] for name in ("kind", "revision", "reasons", "owed_at", "not_before", "held")}
            risen[key] = c.execute(update(alerts).where(own).values(**kept).returning(alerts.c.id)).scalar_one()
        others = _of(row, alerts.c.channel_id == row["channel_id"])
        ended = {"state": "suppressed", "state_reason": told_by(row["subscription_id"]), "settled_at": now}
        c.execute(update(alerts).where(others).values(**ended))
    return risen


def _of(row: Row, whose: ColumnElement[bool]) -> ColumnElement[bool]:
    return and_(WAITS, alerts.c.story_id == row["story_id"], whose)
