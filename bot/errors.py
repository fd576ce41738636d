"""The exceptions that Tocsin raises on purpose: one small tree, each message one sentence for a person.

Bugs are not here: they surface as the exceptions that Python raised, with their traceback.
"""

from dataclasses import dataclass


class TocsinError(Exception):
    """Something went wrong that a person can act on; `str()` says what is wrong and what to do."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake in the configuration: where it stands and what it is."""

    file: str
    line: int | None
    text: str

    def __str__(self) -> str:
        where = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{where}: {self.text}"


class ConfigurationError(TocsinError):
    """The configuration cannot be used; `mistakes` holds all of them (exit code 78)."""

    def __init__(self, mistakes: tuple[Mistake, ...]) -> None:
        self.mistakes = mistakes
        super().__init__("\n".join(str(mistake) for mistake in mistakes))


class StoreError(TocsinError):
    """The database cannot be used: locked, read-only, newer than the program, damaged, out of reach."""


class InUseError(StoreError):
    """Another Tocsin holds the database."""


class DatabaseLostError(StoreError):
    """What was opened stands there no more: deleted, moved, replaced or damaged. To go on would write into nowhere."""


class FeedError(TocsinError):
    """The feed's fault: it cannot be reached, refuses, or is not a feed. Counted on the feed."""


class AddressRefusedError(FeedError):
    """The address of a feed is one that Tocsin must not dial."""


class LanguageError(TocsinError):
    """A language worker died or ran over its limits on one document."""


class DeliveryError(TocsinError):
    """Discord's answer to a delivery; the subclass says what becomes of the row. `code` is Discord's JSON code.

    `may_stand` says that an earlier try of the same call, whose answer is not known, may have made the message.
    """

    may_stand = False

    def __init__(self, text: str, *, code: int | None = None) -> None:
        self.code = code
        super().__init__(text)


class DestinationGoneError(DeliveryError):
    """The channel or server no longer exists (10003, 10004): its rows are dead."""


class DestinationForbiddenError(DeliveryError):
    """A right is missing in the channel (50001, 50013, 160005): the subscription is paused."""


class MessageRefusedError(DeliveryError):
    """Discord will not take this body (50035, 50006, 200000, 240000): once more as minimal text, then dead."""


class MessageGoneError(DeliveryError):
    """The message was delivered and has since been deleted (10008)."""


class TryAgainError(DeliveryError):
    """Nothing is known to be wrong: 5xx, reset, time-out or a rate limit. `retry_after` is in seconds."""

    def __init__(self, text: str, *, code: int | None = None, retry_after: float | None = None) -> None:
        self.retry_after = retry_after
        super().__init__(text, code=code)


class RateLimitedError(TryAgainError):
    """Discord asked to wait: not counted as an attempt."""


class BlockedError(TryAgainError):
    """Cloudflare answers instead of Discord: every send stops for at least ten minutes."""


class TokenRefusedError(DeliveryError):
    """Discord does not accept the token (401): everything stops (exit code 78)."""
