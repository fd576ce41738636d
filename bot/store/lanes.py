"""Channels as lanes: several programs claim what is to be sent at once, but in one channel only one of them.

SQLite has one writer, so that nothing is needed there. On PostgreSQL whoever claims in a channel holds its lane until
the transaction ends; others pass it by without waiting. What is seen once a lane is held is all that was ever claimed
in it. It knows no outbox.
"""

from collections.abc import Callable, Sequence

from sqlalchemy import BigInteger, Connection, Select, cast, column, func, select, values

from bot.store.dialect import has_one_writer

SPARE = 4  # so many times as many rows are looked at as are wanted, because others may hold the lanes of some

Candidates = Callable[[Sequence[int] | None], Select[*tuple[int, int]]]
"""The (row, channel) of each channel that may be claimed, in the order in which they should be; of these channels
alone, if any are given."""

Locked = Callable[[Sequence[int], Sequence[int]], Select[*tuple[int]]]
"""Of these rows those that still may be claimed in these channels, so that they can be locked."""


def take(c: Connection, candidates: Candidates, locked: Locked, limit: int) -> list[int]:
    """At most `limit` rows, one of each channel, that nobody else can claim before this transaction ends."""
    seen = [(row.id, row.channel_id) for row in c.execute(candidates(None).limit(limit * SPARE))]
    if has_one_writer(c):
        return [id for id, _ in seen[:limit]]
    taken: list[int] = []
    while seen and len(taken) < limit:
        room = limit - len(taken)
        wanted, seen = seen[:room], seen[room:]
        held = _enter(c, [channel for _, channel in wanted])
        if held:
            heads = [row.id for row in c.execute(candidates(held))]  # as they are now that the lanes are held
            taken += c.scalars(locked(heads, held).with_for_update(skip_locked=True))
    return taken


def _enter(c: Connection, channels: Sequence[int]) -> list[int]:
    """Those of the channels whose lanes nobody else holds; from now on they are held."""
    lane = values(column("channel", BigInteger), name="lanes").data([(channel,) for channel in channels])
    key = cast(lane.c.channel, BigInteger)
    return list(c.scalars(select(key).where(func.pg_try_advisory_xact_lock(key))))
