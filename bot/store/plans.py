"""A subscription together with the beginning of its digests, in one transaction.

When a digest is due is told by core/hours; what one holds, by the digest handler.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, tzinfo

from sqlalchemy import Connection

from bot.core.alert import Subscription
from bot.core.bulletin import beginning
from bot.store import bulletins, subscriptions

Check = Callable[[Sequence[Subscription]], None]
"""Raises where the server's subscriptions leave no room for another one."""


def add(c: Connection, wanted: Subscription, now: datetime, zone: tzinfo | None, check: Check) -> Subscription:
    """The new subscription with its id; `zone` is that of its digest plan, if it has one."""
    check(subscriptions.listed(c, wanted.guild_id))
    new = replace(wanted, id=subscriptions.add(c, wanted))
    _begin(c, new, now, zone)
    return new


def change(c: Connection, wanted: Subscription, now: datetime, zone: tzinfo | None, check: Check) -> bool:
    """Makes the subscription what `wanted` says; False if the server has none of this id.

    A plan that changed begins anew. Without a plan, what waits for a digest comes in a last message of its own.
    """
    before = subscriptions.get(c, wanted.id, wanted.guild_id)
    if before is None:
        return False
    check([each for each in subscriptions.listed(c, wanted.guild_id) if each.id != wanted.id])
    subscriptions.edit(c, wanted)
    if wanted.digest_plan != before.digest_plan:
        _begin(c, wanted, now, zone)
    return True


def _begin(c: Connection, subscription: Subscription, now: datetime, zone: tzinfo | None) -> None:
    plan = subscription.digest_plan
    if plan is not None and zone is not None:
        bulletins.make(c, beginning(subscription, plan, now, zone), now)
