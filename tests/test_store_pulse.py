"""What every runner asks the outboxes for again and again costs by what waits in them, not by what was ever sent."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import Connection, Table, select

from bot.store import Store, claims
from bot.store import bulletins as owed_bulletins
from bot.store.schema import alerts, bulletins


def plan_of(c: Connection, outbox: Table) -> Sequence[str]:
    """The steps that SQLite takes for what is pending, with parameters as a statement of ours has them."""
    condition = claims.PENDING if outbox is alerts else owed_bulletins.PENDING
    statement = (
        select(outbox.c.owed_at)
        .where(condition)
        .compile(dialect=c.dialect, compile_kwargs={"render_postcompile": True})
    )
    values = tuple(statement.params[name] for name in statement.positiontup or ())
    asked = f"EXPLAIN QUERY PLAN {statement}"
    return [row.detail for row in c.exec_driver_sql(asked, values)]


@pytest.mark.parametrize("outbox", [alerts, bulletins], ids=["alerts", "bulletins"])
async def test_what_is_pending_is_found_by_its_own_index(tmp_path: Path, outbox: Table) -> None:
    async with Store.open(f"sqlite:///{tmp_path}/t.db") as store:
        plan = await store.read(plan_of, outbox)
    assert any(f"ix_{outbox.name}_pending" in step for step in plan), plan
