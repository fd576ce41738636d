"""Runners: the programs that work on this database, each with what it does and how it is.

One that has not been seen for a while is no more, whatever became of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, select

from bot.store.dialect import insert
from bot.store.schema import runners


@dataclass(frozen=True, slots=True)
class Runner:
    """One program: `roles` are comma-separated, `facts` what it tells of itself in JSON's types."""

    id: str
    roles: str
    machine: str
    pid: int
    version: str
    started_at: datetime
    seen_at: datetime
    facts: Mapping[str, Any] = field(default_factory=dict)


def put(c: Connection, runner: Runner) -> None:
    """Writes down that the runner was seen, and how it is."""
    values = asdict(runner)
    statement = insert(c, runners).values(**values)
    c.execute(statement.on_conflict_do_update(index_elements=["id"], set_=values))


def leave(c: Connection, id: str) -> None:
    """Takes back that the runner is there."""
    c.execute(delete(runners).where(runners.c.id == id))


def listed(c: Connection, since: datetime) -> Sequence[Runner]:
    """Those seen since then, the longest running first."""
    wanted = select(runners).where(runners.c.seen_at >= since).order_by(runners.c.started_at, runners.c.id)
    return [Runner(**row) for row in c.execute(wanted).mappings()]
