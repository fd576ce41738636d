"""Lists that may stand in their channel already when their subscription ends: they go on as the catch-up of those who
were to hear the stories from it, so that they are looked for, and sent where they do not stand.

It sends nothing, and hands over no single alert (see heirs).
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, or_, select, update

from bot.core.bulletin import Content
from bot.core.owing import told_by
from bot.store import rows
from bot.store.claims import REMOVED
from bot.store.codec import decode, encode
from bot.store.heirs import HEIRS
from bot.store.schema import alerts, bulletins


def hand_over(c: Connection, row: rows.Row, now: datetime) -> bool:
    """Lets the bulletin go on with the stories that others were to hear; False where there are none."""
    silent = and_(
        alerts.c.state == "suppressed",
        alerts.c.state_reason == told_by(row["subscription_id"]),
        alerts.c.channel_id == row["channel_id"],
    )
    heirs = _heirs(c, row["id"], silent)
    if not heirs:
        return False
    ids = [each["id"] for each in heirs.values()]
    gone = update(alerts).where(alerts.c.bulletin_id == row["id"], alerts.c.id.not_in(ids))
    c.execute(gone.values(state="suppressed", state_reason=REMOVED, bulletin_id=None))
    told = {"state": "digested", "state_reason": f"told in catch-up {row['id']}", "bulletin_id": row["id"]}
    c.execute(update(alerts).where(alerts.c.id.in_(ids)).values(**told, settled_at=now))
    for story_id, heir in heirs.items():
        others = update(alerts).where(silent, alerts.c.story_id == story_id)
        c.execute(others.values(state_reason=told_by(heir["subscription_id"])))
    content = _about(decode(Content, row["content"]), heirs)
    owner = min(each["subscription_id"] for each in heirs.values())
    goes_on = update(bulletins).where(bulletins.c.id == row["id"])
    c.execute(goes_on.values(subscription_id=owner, kind="catch_up", content=encode(content)))
    return True


def _heirs(c: Connection, bulletin_id: int, silent: ColumnElement[bool]) -> dict[str, rows.Row]:
    """By story the first row that hears of it from now on, or does already, in this list."""
    listed = select(alerts.c.story_id).where(alerts.c.bulletin_id == bulletin_id)
    there = and_(alerts.c.subscription_id.in_(HEIRS), or_(silent, alerts.c.bulletin_id == bulletin_id))
    wanted = select(alerts).where(there, alerts.c.story_id.in_(listed)).order_by(alerts.c.id).with_for_update()
    found: dict[str, rows.Row] = {}
    for row in c.execute(wanted).mappings():
        found.setdefault(row["story_id"], row)
    return found


def _about(content: Content, story_ids: Mapping[str, object]) -> Content:
    stories, left_out = (tuple(id for id in ids if id in story_ids) for ids in (content.stories, content.left_out))
    return replace(content, stories=stories, left_out=left_out)
