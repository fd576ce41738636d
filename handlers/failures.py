"""What a person reads when a command or a button fails: one plain sentence; the log gets the rest.

It repairs nothing.
"""

from math import ceil

import discord
import structlog
from discord import app_commands

from bot.client.replies import Interaction, RefusedError, refuse
from bot.core.escape import escape
from bot.core.message import counted
from bot.core.pages import refusal
from bot.errors import TocsinError

log = structlog.get_logger(__name__)

# The interaction is over (too late, answered already, its token ran out): nobody can be told anything any more.
OVER = frozenset({10062, 40060, 50027})
UNSEEN = "Tocsin does not see “{}”. Give it View Channel there, or choose another."
CHANGED = "Tocsin's commands have changed since your Discord loaded them. Restart Discord, then try again."


async def explain(interaction: Interaction, error: Exception) -> None:
    """Answers with the sentence for `error`. Never raises."""
    cause = cause_of(error)
    if isinstance(cause, discord.HTTPException) and cause.code in OVER:
        log.info("interaction.over", reference=interaction.id, guild=interaction.guild_id, code=cause.code)
        return
    sentence = sentence_for(cause, reference=interaction.id)
    if _is_ours(cause):
        command = interaction.command.qualified_name if interaction.command else None
        ids = {"reference": interaction.id, "guild": interaction.guild_id, "channel": interaction.channel_id}
        log.error("interaction.failed", **ids, command=command, exc_info=cause)
    try:
        await refuse(interaction, refusal(sentence))
    except Exception as unanswered:
        log.info("interaction.unanswered", reference=interaction.id, why=repr(unanswered))


def cause_of(error: Exception) -> Exception:
    """What a command really raised: discord.py wraps it."""
    return error.original if isinstance(error, app_commands.CommandInvokeError) else error


def sentence_for(error: Exception, *, reference: int) -> str:
    """One sentence for the person who asked. `reference` finds the error in the log."""
    if isinstance(error, TocsinError):
        return str(error)
    if isinstance(error, app_commands.TransformerError):
        return UNSEEN.format(escape(str(error.value), 100))
    if isinstance(error, app_commands.CommandOnCooldown):
        often = counted(error.cooldown.rate, "time")
        return f"You may do that {often} in {error.cooldown.per:.0f} s; go on in {max(ceil(error.retry_after), 1)} s."
    if isinstance(error, app_commands.CommandNotFound | app_commands.CommandSignatureMismatch):
        return CHANGED
    if isinstance(error, app_commands.NoPrivateMessage):
        return "Use this command in a server."
    if isinstance(error, discord.Forbidden):
        return f"Discord does not let Tocsin do that ({error.code}). Check its rights in this server."
    return f"That failed on Tocsin's side, not yours. Its log has the cause under {reference}."


def _is_ours(error: Exception) -> bool:
    commands = app_commands.TransformerError | app_commands.NoPrivateMessage | app_commands.CommandOnCooldown
    return not isinstance(error, RefusedError | commands | discord.Forbidden)
