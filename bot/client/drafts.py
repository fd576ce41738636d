"""Drafts: what people are about to save, in memory, since it is longer than a button can carry.

A restart forgets them, and so does time; a button of a lost draft says so. Nothing else of the bot rests on them.
"""

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from bot.client.replies import RefusedError

Wanted = TypeVar("Wanted")
MINUTES = 15
MOST = 500


@dataclass(frozen=True, slots=True)
class Draft(Generic[Wanted]):
    """What a person is about to save for a server, and what was said to it."""

    wanted: Wanted
    user_id: int
    guild_id: int
    until: datetime
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class Drafts(Generic[Wanted]):
    """The drafts of everybody, by tokens that nobody can guess; the oldest go when there are too many. `command` names
    what one begins anew with."""

    command: str
    kept: dict[str, Draft[Wanted]] = field(default_factory=dict)

    def keep(self, wanted: Wanted, *, user_id: int, guild_id: int, now: datetime, notes: tuple[str, ...] = ()) -> str:
        """The token of a new draft."""
        self.kept = {token: draft for token, draft in list(self.kept.items())[-MOST + 1 :] if draft.until > now}
        token = secrets.token_urlsafe(12)
        self.kept[token] = Draft(wanted, user_id, guild_id, now + timedelta(minutes=MINUTES), notes)
        return token

    def get(self, token: str, *, user_id: int, guild_id: int, now: datetime) -> Draft[Wanted]:
        """The person's own draft for this server. Raises RefusedError where it is gone."""
        draft = self.kept.get(token)
        if draft is None or draft.until <= now or (draft.user_id, draft.guild_id) != (user_id, guild_id):
            raise RefusedError(
                f"That draft is gone: it lasts {MINUTES} minutes, and no restart. Start again with {self.command}."
            )
        return draft

    def drop(self, token: str) -> None:
        """Forgets a draft."""
        self.kept.pop(token, None)
