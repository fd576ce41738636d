"""How transactions begin on either engine, and when one is run once more.

It knows no table and turns no error into a sentence.
"""

import random
import time
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from bot.store import postgresql

Result = TypeVar("Result")

PAUSES = (0.05, 0.15, 0.4, 0.8)
"""Seconds before each new try of a transaction: together about as long as a server takes to restart."""


def reading(engine: Engine) -> Engine:
    """The engine for transactions that only read and see one moment. SQLite's see one anyway."""
    if engine.dialect.name == "sqlite":
        return engine
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def writing(engine: Engine) -> Engine:
    """The engine for transactions that write: one at a time in SQLite, each statement on what is committed by then in
    PostgreSQL."""
    if engine.dialect.name == "sqlite":
        return engine.execution_options(writes=True)
    return engine.execution_options(isolation_level="READ COMMITTED")


def in_transaction(engine: Engine, work: Callable[[Connection], Result]) -> Result:
    """`work(connection)` in a transaction that ends with it.

    Where PostgreSQL undid it in favour of another one, or its connection broke before it was told to commit, `work`
    runs again in a new transaction, after a pause, a few times.
    """
    for pause in (*PAUSES, None):
        committing = False
        try:
            with engine.begin() as connection:
                result = work(connection)
                committing = True
        except DBAPIError as error:
            passes = engine.dialect.name == "postgresql" and postgresql.may_pass(error, committing=committing)
            if pause is None or not passes:
                raise
        else:
            return result
        time.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 so that two do not meet again at once
    raise AssertionError("the last try returns or raises")
