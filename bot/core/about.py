"""About: what Tocsin keeps and for how long, what a server has set, and the question before everything is deleted.

It draws; it looks nothing up and deletes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.core.escape import cut, escape
from bot.core.message import ACCENT, Button, Field, Message, counted, joined
from bot.core.pages import PURPOSE, REFUSAL
from bot.core.voting import needed

KEPT_AFTER_LEAVING = 30
VOTERS_KEPT = 30
"""Days."""

PURGING = r"purge:(?P<asked>yes|no):(?P<user>\d{1,20})"


@dataclass(frozen=True, slots=True)
class GuildView:
    """A server's settings as its managers read them."""

    timezone: str | None = None
    ops_channel_id: int | None = None
    manager_role_id: int | None = None
    added: float = 0.0


def settings_message(view: GuildView, *, thresholds: Mapping[str, float], changed: Sequence[str] = ()) -> Message:
    """The settings as they stand. `thresholds` are by a topic's name; `changed` says what was changed just now."""
    ops = f"<#{view.ops_channel_id}>" if view.ops_channel_id else "none: nobody is told when a feed or a channel fails"
    role = f"Manage Server, or <@&{view.manager_role_id}>" if view.manager_role_id else "Manage Server"
    topics = [f"{escape(name, 60)}: {needed(view.added, least)}" for name, least in thresholds.items()]
    relevance = joined(topics, "\n", 900)
    fields = (
        Field("Time zone", escape(view.timezone or "UTC, as none is set", 60), inline=False),
        Field("Ops channel", ops, inline=False),
        Field("Who may manage Tocsin", role, inline=False),
        *((Field("Relevance", relevance, inline=False),) if relevance else ()),
    )
    hint = "Give an option to change it; `none` clears one."
    return Message(title="Settings", description="\n".join(changed) or hint, fields=fields, colour=ACCENT)


def about_message(*, version: str, keep_days: int, feeds: int, contact: str = "") -> Message:
    """What Tocsin is, what it reads, what it keeps, and for how long."""
    kept = (
        f"- **Articles** from public feeds, what was found in them and their stories: {counted(keep_days, 'day')}",
        "- **This server's** subscriptions, settings, watch lists, feeds, digests, corrections by its managers:"
        f" until they are removed. {KEPT_AFTER_LEAVING} days after Tocsin is removed from the server all of it is"
        " deleted; if Tocsin comes back before, everything is as it was",
        f"- **Votes** (Not relevant, Wrong merge): who voted is forgotten after {VOTERS_KEPT} days, the count stays",
        "- **Messages** of this server are never read, and nothing of it leaves the machine that Tocsin runs on but"
        " what it sends to Discord",
        "- A manager deletes everything of this server at once with `/admin purge`",
    )
    sources = (
        f"{counted(feeds, 'feed')} of news sites, agencies and ministries; `/status` tells how they are."
        " Under each alert, Sources lists every report with its link. Sentences are quoted as they were written."
    )
    by = f"\nThis Tocsin is run by {escape(contact, 100)}." if contact else ""
    return Message(
        title="About Tocsin",
        description=PURPOSE + by,
        fields=(
            Field("What is kept", "\n".join(kept), inline=False),
            Field("Where it comes from", sources, inline=False),
        ),
        footer=f"Tocsin {cut(version, 40)} · free software (MIT)",
        colour=ACCENT,
    )


def purge_question(parts: Mapping[str, int], *, user_id: int) -> Message:
    """Asks whether everything of the server is to be deleted. `parts` count what there is, by name in the plural."""
    there = [f"- {escape(name, 40)}: {number}" for name, number in parts.items() if number]
    if not there:
        return Message(title="Delete everything?", description="Nothing is kept of this server.", colour=ACCENT)
    lines = [
        "This deletes at once, for good, what Tocsin keeps of this server:",
        *there,
        "Messages that it has sent stay in their channels. Stories are everybody's and stay.",
    ]
    buttons = (
        Button("Delete everything", custom_id=f"purge:yes:{user_id}"),
        Button("Cancel", custom_id=f"purge:no:{user_id}"),
    )
    return Message(title="Delete everything?", description="\n".join(lines), colour=REFUSAL, buttons=buttons)
