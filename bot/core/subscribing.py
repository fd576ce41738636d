"""What a manager reads about subscriptions: a draft with its forecast, the list, what was changed.

It draws; rights are looked up by the client, drafts are kept by the alerts handler.
"""

from collections.abc import Sequence
from datetime import datetime

from bot.core.alert import Subscription
from bot.core.escape import cut, escape, length
from bot.core.forecast import Forecast, forecast_words, latest_lines
from bot.core.message import ACCENT, LIMITS, Button, Field, Message, counted, joined, listed, relative
from bot.core.wishes import habit, wish

Right = tuple[str, bool]
"""A right as Discord's settings name it, and whether the bot has it."""

PAGE = 6  # subscriptions of a page: with the longest wishes they find room
LAST_PAGE = 999

# What the buttons carry. A draft is known by its token; a list by its page, a subscription by its number.
DRAFT = r"alerts:draft:(?P<asked>save|check|preview|cancel):(?P<token>[\w-]{4,40})"
LIST = r"alerts:list:(?P<page>\d{1,3})"
REMOVE = r"alerts:remove:(?P<subscription>\d{1,18})"
KEEP = r"alerts:keep:(?P<subscription>\d{1,18})"

SILENT_START = "What is known already stays silent; such a story is told here with its next report."


def draft_message(
    wanted: Subscription,
    found: Forecast,
    *,
    token: str,
    rights: Sequence[Right],
    notes: Sequence[str] = (),
    minutes: int,
) -> Message:
    """A subscription before it is saved, for which there are so many `minutes`: the bot's rights first, then what it
    would have told."""
    missing = [name for name, held in rights if not held]
    fields = [Field("Tocsin's rights there", rights_words(rights, wanted.channel_id), inline=False)]
    fields.append(Field("Forecast", forecast_words(found, wanted), inline=False))
    examples = latest_lines(found)
    if examples:
        fields.append(Field("The last that match", examples, inline=False))
    first = Button("Check again", custom_id=draft_action("check", token))
    if not missing:
        first = Button("Save", custom_id=draft_action("save", token))
    return Message(
        title="New subscription",
        description=joined([f"<#{wanted.channel_id}> would get: {wish(wanted)}", habit(wanted), *notes], "\n", 4000),
        fields=tuple(fields),
        footer=f"Nothing is saved yet; this draft is kept for {minutes} minutes.",
        colour=ACCENT,
        buttons=(
            first,
            Button("Preview", custom_id=draft_action("preview", token)),
            Button("Cancel", custom_id=draft_action("cancel", token)),
        ),
    )


def draft_action(asked: str, token: str) -> str:
    """The custom_id of a draft's button."""
    return f"alerts:draft:{asked}:{token}"


def rights_words(rights: Sequence[Right], channel_id: int) -> str:
    """Each right with a mark and, where some are missing, what to do."""
    marked = " · ".join(f"{'✅' if held else '❌'} {escape(name, 120)}" for name, held in rights)
    missing = lacking(rights, channel_id)
    return f"{marked}\n{missing}" if missing else marked


def lacking(rights: Sequence[Right], channel_id: int) -> str:
    """What the bot lacks in a channel and who can mend it; "" where it lacks nothing."""
    names = [escape(name, 120) for name, held in rights if not held]
    return f"Tocsin lacks {', '.join(names)} in <#{channel_id}>. Give it that there, then try again." if names else ""


def added_message(subscription: Subscription, *, notes: Sequence[str] = ()) -> Message:
    """A subscription was added."""
    told = {"alerts": "gets alerts", "digest": "gets digests", "both": "gets alerts and digests"}[subscription.mode]
    lines = [f"<#{subscription.channel_id}> {told} from now on: {wish(subscription)}.", habit(subscription)]
    return _answer(f"Subscription {subscription.id} added", [*lines, *notes, SILENT_START])


def changed_message(subscription: Subscription, found: Forecast | None = None, *, notes: Sequence[str] = ()) -> Message:
    """A subscription as it stands after a change, and what it would have told."""
    lines = [f"<#{subscription.channel_id}> · {wish(subscription)}", habit(subscription), *notes]
    if found is not None:
        lines.append(forecast_words(found, subscription))
    if subscription.paused:
        lines.append(f"It is paused: {escape(subscription.paused, 200)}")
    return _answer(f"Subscription {subscription.id} changed", lines)


def noted_message(title: str, lines: Sequence[str]) -> Message:
    """A short answer under a title; the lines are ours, with strangers' words in them escaped."""
    return _answer(title, lines)


def removing_message(subscription: Subscription) -> Message:
    """Asks once more before a subscription ends."""
    lines = [
        f"<#{subscription.channel_id}> · {wish(subscription)}",
        "What still waits for it is not sent. What was sent stays. This cannot be taken back.",
    ]
    return Message(
        title=f"Remove subscription {subscription.id}?",
        description=joined(lines, "\n", 4000),
        colour=ACCENT,
        buttons=(
            Button("Remove", custom_id=f"alerts:remove:{subscription.id}"),
            Button("Keep", custom_id=f"alerts:keep:{subscription.id}"),
        ),
    )


def subscriptions_message(
    subscriptions: Sequence[Subscription], *, page: int = 0, watched: Sequence[str] = (), muted: Sequence[str] = ()
) -> Message:
    """A page of a server's subscriptions, each with its number, channel, wishes and habits, and what the whole server
    watches for and has muted (escaped)."""
    fields = _lists(watched, muted)
    if not subscriptions:
        nothing = "No channel of this server gets alerts yet. Add one with `/alerts add`."
        return Message(title="Subscriptions", description=nothing, fields=fields, colour=ACCENT)
    pages = -(-len(subscriptions) // PAGE)
    page = min(page, pages - 1)
    shown = subscriptions[page * PAGE : (page + 1) * PAGE]
    counting = counted(len(subscriptions), "subscription")
    return Message(
        title="Subscriptions",
        description="\n\n".join(_entry(each) for each in shown),
        fields=fields,
        footer=f"Page {page + 1} of {pages} · {counting}" if pages > 1 else counting,
        colour=ACCENT,
        buttons=_turning(page, pages),
    )


def _lists(watched: Sequence[str], muted: Sequence[str]) -> tuple[Field, ...]:
    lists = (("Watched for by the whole server", watched), ("Muted for the whole server", muted))
    return tuple(Field(name, listed(words, " · ", 470), inline=False) for name, words in lists if words)


def _entry(subscription: Subscription) -> str:
    """At most as long as lets a page of them fit into one description."""
    most = LIMITS["description"] // PAGE - 10
    head = f"**{subscription.id}** · <#{subscription.channel_id}> · "
    paused = f"\n⏸ paused: {escape(subscription.paused, 100)}" if subscription.paused else ""
    how = f"\n{habit(subscription)}"
    room = most - length(head + how + paused)
    wanted = wish(subscription)
    return head + (wanted if length(wanted) <= room else _shortened(subscription, room)) + how + paused


def _shortened(subscription: Subscription, room: int) -> str:
    """A wish too long for a list, cut; more of it is shown by `/alerts edit` and by Why?."""
    plain = wish(subscription, shown=cut)
    return escape(plain, max(room, 40))


def _turning(page: int, pages: int) -> tuple[Button, ...]:
    before = (Button("Previous", custom_id=f"alerts:list:{page - 1}"),) if page > 0 else ()
    after = (Button("Next", custom_id=f"alerts:list:{page + 1}"),) if page + 1 < min(pages, LAST_PAGE) else ()
    return before + after


def digest_lines(subscription: Subscription, due: datetime) -> list[str]:
    """When the next digest comes, and what it will hold."""
    lines = [f"The next digest comes {moment(due)}."]
    if subscription.mode == "both" and subscription.min_importance == "low":
        lines.append(
            "Every story that it wants is alerted at once, so a digest holds only what quiet hours or the hourly cap "
            "hold back. For more, raise `min_importance` or choose `mode: digest` with `/alerts edit`."
        )
    return lines


def moment(when: datetime) -> str:
    """A moment as Discord draws it for each reader: "4 March 2026 08:00 (in 3 hours)"."""
    return f"<t:{int(when.timestamp())}:f> ({relative(when)})"


def _answer(title: str, lines: Sequence[str]) -> Message:
    return Message(
        title=title, description=joined([line for line in lines if line], "\n", LIMITS["description"]), colour=ACCENT
    )
