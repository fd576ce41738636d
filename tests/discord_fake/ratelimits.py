"""Rate limits: the headers of every answer and the 429s (API docs, "Rate Limits"). Off unless a test asks for them."""

import hashlib
from collections import deque
from dataclasses import dataclass
from typing import Literal

from tests.discord_fake.clock import Clock
from tests.discord_fake.errors import JSON
from tests.discord_fake.routing import Reply

Scope = Literal["user", "shared", "global"]

VIA = {"Via": "1.1 google"}
"""Without it discord.py takes a 429 for a ban by Cloudflare and raises at once."""


@dataclass(slots=True, frozen=True)
class Rule:
    """`limit` requests each `per` seconds for one route and one channel, guild or webhook. Route None: all others."""

    limit: int
    per: float
    method: str | None = None
    route: str | None = None


OBSERVED = (
    Rule(5, 5.0, "POST", "/channels/{channel_id}/messages"),
    Rule(10, 3600.0, "POST", "/channels/{channel_id}/messages/{message_id}/crosspost"),
    Rule(5, 2.0, "POST", "/webhooks/{webhook_id}/{webhook_token}"),
    Rule(50, 1.0),
)
"""What the live service has been seen to allow; Discord promises no figures."""


class RateLimits:
    """Counts requests in sliding windows. Empty `rules`: no headers and no limits."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._taken: dict[tuple[Rule, str, str, str], deque[float]] = {}
        self.rules: tuple[Rule, ...] = ()

    def use(self, *rules: Rule) -> None:
        self.rules = rules
        self._taken.clear()

    def take(self, method: str, route: str, major: str) -> tuple[dict[str, str], Reply | None]:
        """Count one request: the headers for its answer, and the 429 where it is one too many."""
        rule = next((r for r in self.rules if r.method in (None, method) and r.route in (None, route)), None)
        if rule is None:
            return {}, None
        now = self._clock.time()
        taken = self._taken.setdefault((rule, method, route, major), deque())
        while taken and taken[0] <= now - rule.per:
            taken.popleft()
        refused = len(taken) >= rule.limit
        if not refused:
            taken.append(now)
        after = max(taken[0] + rule.per - now, 0.0)
        headers = {
            "X-RateLimit-Limit": str(rule.limit),
            "X-RateLimit-Remaining": str(rule.limit - len(taken)),
            "X-RateLimit-Reset": f"{now + after:.3f}",
            "X-RateLimit-Reset-After": f"{after:.3f}",
            "X-RateLimit-Bucket": hashlib.sha256(f"{method} {route}".encode()).hexdigest()[:32],
        }
        return headers, too_many(after, "user") if refused else None


def too_many(retry_after: float, scope: Scope, *, via: bool = True) -> Reply:
    """A 429 as Discord's own limiter writes it."""
    body: JSON = {"message": "You are being rate limited.", "retry_after": retry_after, "global": scope == "global"}
    headers = {"Retry-After": str(max(1, round(retry_after))), "X-RateLimit-Scope": scope} | (VIA if via else {})
    if scope == "global":
        headers["X-RateLimit-Global"] = "true"
    return Reply(429, body, headers)
