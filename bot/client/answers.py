"""Discord's answer to a delivery, as one of the errors that say what becomes of the row.

The table is RELIABILITY, section 1. It does not act on any of them (see the deliver handler).
"""

import asyncio

import aiohttp
import discord

from bot.client.budget import BLOCK
from bot.errors import (
    BlockedError,
    DeliveryError,
    DestinationForbiddenError,
    DestinationGoneError,
    MessageGoneError,
    MessageRefusedError,
    RateLimitedError,
    TokenRefusedError,
    TryAgainError,
)

ARCHIVED = 50083
NO_REPLIES = 160002

_NO_PLACE = "the channel is of a kind that takes no messages; choose a text channel"

# https://docs.discord.com/developers/topics/opcodes-and-status-codes#json
_GONE = {10003: "the channel no longer exists", 10004: "the server no longer exists"}
_FORBIDDEN = {
    50001: "the bot cannot see the channel; give it View Channel there",
    50013: "the bot lacks a right in the channel; give it View Channel, Send Messages and Embed Links there",
    NO_REPLIES: "the bot may not reply in the channel; give it Read Message History there",
    160005: "the thread is locked; unlock it or choose another channel",
    ARCHIVED: "the thread is archived and the bot may not open it; open it or choose another channel",
    40067: "the forum asks for a tag on each post and has none to give; add a tag, or ask for none",
    50008: "the channel takes no messages; choose a text channel",
    50024: _NO_PLACE,
}


def delivery_error(error: Exception) -> DeliveryError:
    """What `error`, raised by discord.py during one call, means for the delivery."""
    if isinstance(error, DeliveryError):
        return error
    if isinstance(error, discord.RateLimited):
        return RateLimitedError("Discord asks to wait", retry_after=error.retry_after)
    if isinstance(error, discord.HTTPException):
        return _by_status(error)
    if isinstance(error, discord.InvalidData):
        return DestinationForbiddenError(_NO_PLACE)
    if isinstance(error, TimeoutError | asyncio.TimeoutError):
        return TryAgainError("Discord did not answer in time")
    if isinstance(error, aiohttp.ClientError | OSError):
        return TryAgainError(f"the connection to Discord broke ({type(error).__name__})")
    return TryAgainError(f"Discord's answer could not be read ({type(error).__name__})")


def _by_status(error: discord.HTTPException) -> DeliveryError:
    status, code = error.status, error.code
    if status == 401:
        return TokenRefusedError("Discord refuses the bot's token; set TOCSIN_DISCORD_TOKEN to a valid one", code=code)
    if status == 429:
        return _limited(error)
    if status == 403 and not _is_json(error):
        return _blocked()
    if status >= 500 or status < 400:
        return TryAgainError(f"Discord is in trouble ({status})", code=code)
    return _by_code(error)


def _by_code(error: discord.HTTPException) -> DeliveryError:
    code = error.code
    if code in _GONE:
        return DestinationGoneError(_GONE[code], code=code)
    if code == 10008:
        return MessageGoneError("the message was deleted", code=code)
    if code in _FORBIDDEN:
        return DestinationForbiddenError(_FORBIDDEN[code], code=code)
    said = "; ".join((error.text or "no reason given").splitlines())[:300]
    if error.status == 403 and code not in (200000, 200001, 240000, 50005):
        return DestinationForbiddenError(f"Discord does not let the bot write there: {said} ({code})", code=code)
    return MessageRefusedError(f"Discord refuses the message: {said} ({code})", code=code)


def _limited(error: discord.HTTPException) -> DeliveryError:
    """A 429 without `Via` did not come from Discord itself."""
    if not _header(error, "Via") or not _is_json(error):
        return _blocked()
    return RateLimitedError(
        "Discord asks to wait", code=error.code, retry_after=_seconds(_header(error, "Retry-After"))
    )


def _blocked() -> BlockedError:
    text = "Cloudflare refuses this machine's requests to Discord; all sends rest for ten minutes"
    return BlockedError(text, retry_after=BLOCK)


def _seconds(header: str) -> float | None:
    try:
        return float(header)
    except ValueError:
        return None


def _is_json(error: discord.HTTPException) -> bool:
    return _header(error, "Content-Type").startswith("application/json")


def _header(error: discord.HTTPException, name: str) -> str:
    headers = getattr(error.response, "headers", None) or {}
    return str(headers.get(name, ""))
