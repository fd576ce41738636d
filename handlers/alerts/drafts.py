"""Subscriptions that a person has not saved yet, in memory: lists are longer than a button can carry.

A restart forgets them, and so does time; a button of a lost draft says so. Nothing else of the bot rests on them.
"""

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.client.replies import RefusedError
from bot.core.alert import Subscription
from bot.core.subscribing import DRAFT_MINUTES

MOST = 500
LOST = f"That draft is gone: it lasts {DRAFT_MINUTES} minutes, and no restart. Start again with `/alerts add`."


@dataclass(frozen=True, slots=True)
class Draft:
    """What a person is about to save, and what was said to it."""

    wanted: Subscription
    user_id: int
    until: datetime
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class Drafts:
    """The drafts of everybody, by tokens that nobody can guess; the oldest go when there are too many."""

    kept: dict[str, Draft] = field(default_factory=dict)

    def keep(self, wanted: Subscription, user_id: int, now: datetime, notes: tuple[str, ...] = ()) -> str:
        """The token of a new draft."""
        self.kept = {token: draft for token, draft in list(self.kept.items())[-MOST + 1 :] if draft.until > now}
        token = secrets.token_urlsafe(12)
        self.kept[token] = Draft(wanted, user_id, now + timedelta(minutes=DRAFT_MINUTES), notes)
        return token

    def get(self, token: str, *, user_id: int, guild_id: int, now: datetime) -> Draft:
        """The person's own draft for this server. Raises RefusedError where it is gone."""
        draft = self.kept.get(token)
        if draft is None or draft.until <= now or (draft.user_id, draft.wanted.guild_id) != (user_id, guild_id):
            raise RefusedError(LOST)
        return draft

    def drop(self, token: str) -> None:
        self.kept.pop(token, None)
