"""What every runner asks again and again costs by what waits, not by what was ever sent; and what a prune asks while
others wait for it, by what is old."""

import re
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event

from bot.core.alert import Habits
from bot.core.importance import Importance
from bot.store import Store, alerts, bulletins, edits, prune, pulse, stories, subscriptions
from tests.builders import MINUTE, NOON, a_story, a_subscription, an_alert

LEASE = timedelta(minutes=2)
BOUNDED = ("PRIMARY KEY", "_pending", "_shown", "_pinged", "_first_seen", "(story_id=?)", "(alert_id=?)", "(feed_id=?)")
"""How a plan names what holds few rows or leads to few: neither a whole table nor all that a subscription was owed."""


def steps(c: Connection, work: Callable[[Connection], object]) -> Sequence[str]:
    """How SQLite reads the tables for each statement of `work`, with parameters as it was given them."""
    asked: list[tuple[str, Any]] = []

    def note(_c: object, _cursor: object, statement: str, values: Any, _context: object, many: bool) -> None:
        asked.append((statement, values[0] if many else values))

    event.listen(c, "before_cursor_execute", note)
    work(c)
    event.remove(c, "before_cursor_execute", note)
    plans = (c.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values) for statement, values in asked)
    return [row.detail for plan in plans for row in plan]


def owe(c: Connection) -> None:
    """An alert whose message is to call a role."""
    subscription = subscriptions.add(c, a_subscription(habits=Habits(role_id=5)))
    stories.save(c, [a_story()], {"story-1": Importance("critical", 9.0)})
    alerts.owe(c, [an_alert(subscription)], NOON)


ASKED: dict[str, tuple[Callable[[Connection], object], str]] = {
    "which alerts are to be sent": (lambda c: alerts.claim(c, now=NOON, lease=LEASE, limit=5), "alerts"),
    "whether there are any": (lambda c: alerts.is_due(c, now=NOON), "alerts"),
    "which bulletins are to be sent": (lambda c: bulletins.claim(c, now=NOON, lease=LEASE, limit=5), "bulletins"),
    "what waits for digests": (bulletins.backlogs, "alerts"),
    "which are to be edited": (lambda c: edits.due_edits(c, now=NOON, debounce=MINUTE, limit=5), "alerts"),
    "how the outboxes are": (lambda c: pulse.work(c, NOON), "(?:alerts|bulletins)"),
    "which articles are old": (lambda c: prune.old_articles(c, NOON, NOON, 5), "(?:articles|alerts)"),
    "which entries are old": (lambda c: prune.old_entries(c, 1, NOON, 5), "entries"),
    "which stories are old": (lambda c: prune.old_stories(c, NOON, 5), "(?:alerts|deliveries|articles)"),
}


@pytest.mark.parametrize("what", ASKED)
async def test_what_is_asked_again_and_again_reads_no_table_as_a_whole(tmp_path: Path, what: str) -> None:
    work, table = ASKED[what]
    async with Store.open(f"sqlite:///{tmp_path}/t.db") as store:
        await store.write(owe)
        taken = [step for step in await store.write(steps, work) if re.match(rf"(SCAN|SEARCH) {table}\b", step)]
    assert taken
    assert not [step for step in taken if not any(way in step for way in BOUNDED)]
