"""Hosts: whose turn it is to ask one, among all who work on this database, and until when it wants rest.

A turn lapses when its holder is not heard of any more. It dials nobody.
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select, update

from bot.store.dialect import insert
from bot.store.schema import hosts


def take_turns(c: Connection, names: Collection[str], *, runner: str, now: datetime, until: datetime) -> set[str]:
    """Those of the hosts whose turn `runner` has from now on, or had already; others have the rest."""
    if not names:
        return set()
    # In one order, so that two who enter the same new hosts do not wait for each other.
    c.execute(insert(c, hosts).on_conflict_do_nothing(), [{"name": name} for name in sorted(names)])
    free = and_(hosts.c.name.in_(names), _is_free(runner, now))
    got = set(c.scalars(select(hosts.c.name).where(free).with_for_update(skip_locked=True)))
    if got:
        c.execute(update(hosts).where(hosts.c.name.in_(got)).values(turn_by=runner, turn_until=until))
    return got


def keep_turns(c: Connection, *, runner: str, until: datetime) -> int:
    """Makes the turns of `runner` last until then; how many they are."""
    return c.execute(update(hosts).where(hosts.c.turn_by == runner).values(turn_until=until)).rowcount


def end_turns(c: Connection, *, runner: str | None = None) -> None:
    """Gives the turns of `runner` back, or those of all."""
    whose = hosts.c.turn_by.is_not(None) if runner is None else hosts.c.turn_by == runner
    c.execute(update(hosts).where(whose).values(turn_by=None, turn_until=None))


def let_rest(c: Connection, name: str, until: datetime) -> None:
    """Nobody asks the host before `until`; an earlier wish for a longer rest stands."""
    statement = insert(c, hosts).values(name=name, rest_until=until)
    longer = or_(hosts.c.rest_until.is_(None), hosts.c.rest_until < until)
    c.execute(
        statement.on_conflict_do_update(
            index_elements=["name"], set_={"rest_until": statement.excluded.rest_until}, where=longer
        )
    )


def rests_until(c: Connection, name: str) -> datetime | None:
    """Until when the host wants rest, if it ever said so."""
    return c.scalar(select(hosts.c.rest_until).where(hosts.c.name == name))


def may_ask(name: ColumnElement[str], *, runner: str, now: datetime) -> ColumnElement[bool]:
    """Whether the host that the column names is neither resting nor another's."""
    asleep = hosts.c.rest_until > now
    taken = and_(hosts.c.turn_until > now, func.coalesce(hosts.c.turn_by, runner) != runner)
    return ~select(hosts.c.name).where(hosts.c.name == name, or_(asleep, taken)).exists()


def _is_free(runner: str, now: datetime) -> ColumnElement[bool]:
    return or_(hosts.c.turn_until.is_(None), hosts.c.turn_until <= now, hosts.c.turn_by == runner)
