"""How an attempt at an alert ends, and what its message shows from then on.

What becomes of a row after an answer of Discord is told by the deliver handler. It claims nothing.
"""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, and_, func, select, update

from bot.core.alert import AlertState
from bot.store.claims import Claim, held_by
from bot.store.dialect import has_one_writer, insert
from bot.store.schema import alerts, deliveries


def release(c: Connection, now: datetime) -> int:
    """Frees what was being sent when the program ended, for the one that starts now; how many rows that were.

    Only where no other process can be sending: on PostgreSQL the leases have to run out.
    """
    if not has_one_writer(c):
        return 0
    held = and_(alerts.c.state == "sending", alerts.c.lease_until > now)
    return c.execute(update(alerts).where(held).values(lease_until=now)).rowcount


def settle_sent(
    c: Connection,
    alert_id: int,
    *,
    message_id: int | None,
    shown_revision: int,
    now: datetime,
    reason: str = "delivered",
    place_id: int | None = None,
) -> None:
    """Ends a claimed row: the message was created. `message_id` is None (or 0) where it is known no longer.

    That is true whoever has claimed the row since: it was sent with the row's own nonce. One that has ended stays so.
    `place_id` is the forum post where it stands, or the thread that was opened under it.
    """
    shown = {"place_id": place_id, "message_id": message_id or None, "shown_revision": shown_revision, "shown_at": now}
    _end(c, alert_id, "sent", reason, now, shown=shown)


def settle_dead(c: Connection, alert_id: int, *, reason: str, now: datetime, claim: Claim | None = None) -> bool:
    """Ends a row that can never be delivered; with `claim` only while it is being sent under that, else False."""
    return _end(c, alert_id, "dead", reason, now, claim=claim)


def settle_retry(
    c: Connection,
    alert_id: int,
    *,
    not_before: datetime,
    problem: str,
    now: datetime,
    counts: bool = True,
    minimal: bool = False,
    unclear: bool | None = None,
    claim: Claim | None = None,
) -> bool:
    """Gives a claimed row back for another try at `not_before`; with `claim` only while it is being sent under that,
    else False.

    `counts=False` takes the attempt back (a rate limit). `minimal` asks for minimal text from now on. `unclear` says
    that the message may have arrived, so that the next claim carries `earlier_claim`; unless given, that is so when
    the attempt counts and Discord did not refuse the body.
    """
    may_have_arrived = counts and not minimal if unclear is None else unclear
    values: dict[str, object] = {
        "state": "owed",
        "not_before": not_before,
        "lease_until": None,
        "state_reason": problem,
    }
    if not counts:
        values["attempt"] = alerts.c.attempt - 1
    if minimal:
        values["minimal"] = True
    if may_have_arrived:
        values["unclear_since"] = func.coalesce(alerts.c.unclear_since, alerts.c.claimed_at)
    ours = update(alerts).where(alerts.c.id == alert_id, held_by(alerts, claim))
    if not c.execute(ours.values(**values)).rowcount:
        return False
    _close_delivery(c, alert_id, "retry", problem, now)
    return True


def settle_edit(c: Connection, alert_id: int, *, shown_revision: int, now: datetime) -> None:
    """The message now shows `shown_revision`."""
    _change_shown(c, alert_id, shown_revision=shown_revision, shown_at=now, edit_not_before=None)
    _note(c, alert_id, "edited", f"revision {shown_revision}", now)


def delay_edit(c: Connection, alert_id: int, *, not_before: datetime, problem: str, now: datetime) -> None:
    """An edit did not go through; it is due again at `not_before`."""
    _change_shown(c, alert_id, edit_not_before=not_before)
    _note(c, alert_id, "edit failed", problem, now)


def end_edits(c: Connection, alert_id: int, reason: str) -> None:
    """The message is never edited again, for instance because somebody deleted it."""
    _change_shown(c, alert_id, edits_ended=reason)


def _end(
    c: Connection,
    alert_id: int,
    state: AlertState,
    reason: str,
    now: datetime,
    *,
    claim: Claim | None = None,
    shown: Mapping[str, object] | None = None,
) -> bool:
    """A row ends once: one that has ended already stays as it is."""
    pending = alerts.c.state.in_(("owed", "sending")) if claim is None else held_by(alerts, claim)
    ended = update(alerts).where(alerts.c.id == alert_id, pending)
    final = {"state": state, "state_reason": reason, "settled_at": now, "lease_until": None}
    if not c.execute(ended.values(**final, **(shown or {}))).rowcount:
        return False
    _close_delivery(c, alert_id, state, reason, now)
    return True


def _change_shown(c: Connection, alert_id: int, **values: object) -> None:
    c.execute(update(alerts).where(alerts.c.id == alert_id, alerts.c.state == "sent").values(**values))


def _close_delivery(c: Connection, alert_id: int, outcome: str, detail: str, now: datetime) -> None:
    running = and_(deliveries.c.alert_id == alert_id, deliveries.c.outcome == "sending")
    c.execute(update(deliveries).where(running).values(outcome=outcome, detail=detail, ended_at=now))


def _note(c: Connection, alert_id: int, outcome: str, detail: str, now: datetime) -> None:
    """A record of an attempt that was not claimed (an edit), unless the row has been deleted meanwhile."""
    attempt = c.scalar(select(alerts.c.attempt).where(alerts.c.id == alert_id))
    if attempt is not None:
        noted = {"alert_id": alert_id, "attempt": attempt, "began_at": now, "ended_at": now}
        c.execute(insert(c, deliveries).values(**noted, outcome=outcome, detail=detail))
