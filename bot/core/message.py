"""Message: what Discord shows — text, one embed, buttons — and how an alert looks.

It draws; it decides nothing. `Message` is a plain value so that the terminal can draw the same one. Answers to
people's questions about a story stand in details, lists in pages, the making-safe of strangers' text in escape.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate

from bot.core.escape import LONGEST_BUTTON_LINK, UNTITLED, cut, escape, length, safe_link
from bot.core.event import EventType
from bot.core.reasons import ROLES, SELLS_TO, label_of, stage_name
from bot.core.relevance import AXES, Reason
from bot.core.story import Source, Story

# https://docs.discord.com/developers/resources/message#embed-object-embed-limits
LIMITS = {
    "content": 2000, "author": 256, "title": 256, "description": 4096, "fields": 25, "field name": 256,
    "field value": 1024, "footer": 2048, "buttons": 25, "button label": 80, "custom_id": 100, "embed": 6000,
}  # fmt: skip

# One colour and one mark for each event type, the same everywhere.
LOOKS: dict[EventType, tuple[str, int]] = {
    "contract": ("📝", 0x2E7D32),
    "partnership": ("🤝", 0x1565C0),
    "funding": ("💰", 0xF9A825),
    "product_or_deployment": ("🚀", 0x00838F),
    "policy": ("🏛️", 0x6A1B9A),
    "regulation_or_law": ("⚖️", 0x4527A0),
    "incident_or_ethics": ("⚠️", 0xD84315),
    "personnel": ("👤", 0x6D4C41),
    "research": ("🔬", 0x00695C),
    "market": ("📈", 0x9E9D24),
    "conflict_use": ("🎯", 0xB71C1C),
    "other": ("📰", 0x546E7A),
}
ACCENT = 0x78909C
"""The colour of every message that is about no single event."""

KEY_POINTS_SHOWN = 3
OUTLETS_SHOWN = 4
NAMES_SHOWN = 6
WORDS_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Field:
    """A named line of an embed."""

    name: str
    value: str
    inline: bool = True


@dataclass(frozen=True, slots=True)
class Button:
    """A button: a link with `url`, or an action with `custom_id` (stable, at most 100 characters)."""

    label: str
    url: str | None = None
    custom_id: str | None = None
    disabled: bool = False


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture in an embed: PNG bytes, a file name in plain letters, and its figures in words for those who cannot
    see it (at most 1,024 characters)."""

    name: str
    png: bytes
    alt: str


@dataclass(frozen=True, slots=True)
class Message:
    """What a channel shows. Every text is already escaped and within Discord's limits."""

    content: str = ""
    author: str = ""
    title: str = ""
    url: str | None = None
    description: str = ""
    fields: tuple[Field, ...] = ()
    footer: str = ""
    colour: int = 0
    timestamp: datetime | None = None
    buttons: tuple[Button, ...] = ()
    picture: Picture | None = None
    role: int | None = None  # the one role that the message calls; it stands in `content`


def alert_message(
    story: Story,
    *,
    mark: str,
    reasons: Sequence[str] = (),
    update: bool = False,
    key_points: int = KEY_POINTS_SHOWN,
    compact: bool = False,
    role: int | None = None,
    follows: str | None = None,
) -> Message:
    """The story as a channel sees it. `mark` is the delivery's nonce; `reasons` say which subscription wish it met, or
    what an update changes.

    `compact` leaves one key point and one line of facts. `role` is called in the content. `follows` is the address of
    an earlier message that this one continues and cannot answer.
    """
    told = _compact(story) if compact else _description(story, key_points)
    before = f"Follows [an earlier alert]({follows})\n\n" if follows else ""
    why = Field("What changed" if update else "Because", because(story, reasons, update=update), inline=False)
    return Message(
        content=f"<@&{role}>" if role else "",
        author=headline(story, update=update),
        title=escape(story.title, LIMITS["title"]) or UNTITLED,
        url=safe_link(story.link),
        description=before + told,
        fields=() if compact and not update else (why,) if compact else (*facts(story), why),
        footer=outlets_line(story),
        colour=LOOKS[story.event][1],
        buttons=alert_buttons(story, mark=mark),
        role=role,
    )


def minimal_message(story: Story, *, mark: str) -> Message:
    """The story as one line of text, for when Discord refuses the full one: no embed, no address, the same mark."""
    title = escape(story.title, 600) or UNTITLED
    content = f"**{kind_of(story)}** — {title}\n{escape(outlets_line(story), 400)}"
    return Message(content=content, buttons=alert_buttons(story, mark=mark, read=False))


def alert_buttons(story: Story, *, mark: str, read: bool = True) -> tuple[Button, ...]:
    """Read (where the address is short enough for Discord), Sources, Key points, Why? and Not relevant, which work for
    ever."""
    link = safe_link(story.link, longest=LONGEST_BUTTON_LINK)
    first = (Button("Read", url=link),) if read and link else ()
    return (
        *first,
        Button("Sources", custom_id=action("sources", story.id, mark)),
        Button("Key points", custom_id=action("points", story.id, mark)),
        Button("Why?", custom_id=action("why", story.id, mark)),
        Button("Not relevant", custom_id=action("reject", story.id, mark)),
    )


# What a button of an alert carries, as a pattern: what it asks for, the story, the delivery's mark.
ACTION = r"story:(?P<asked>sources|points|why|reject):(?P<story>[^:\s]{1,60}):(?P<mark>[^:\s]{1,25})"
UPDATE = "UPDATE"  # how the headline begins of a message that tells what changed
NO_MARK = "-"  # for buttons under a story that no delivery brought


def action(asked: str, story_id: str, mark: str) -> str:
    """The custom_id of an alert's button. At most 100 characters: 6 + 8 + 60 + 25 and a colon."""
    return f"story:{asked}:{story_id}:{mark or NO_MARK}"


def mark_of(custom_id: str | None) -> str | None:
    """The delivery's mark in a button's custom_id, or None."""
    parts = (custom_id or "").split(":")
    marked = len(parts) == 4 and parts[0] in ("story", "bulletin") and parts[3] != NO_MARK
    return parts[3] if marked else None


def headline(story: Story, *, update: bool = False) -> str:
    """ "📝 CONTRACT · in talks · 5 outlets"."""
    outlets = max(len(story.outlets), 1)
    return " · ".join(
        (*((UPDATE,) if update else ()), f"{LOOKS[story.event][0]} {kind_of(story)}", counted(outlets, "outlet"))
    )


def kind_of(story: Story) -> str:
    """ "CONTRACT · in talks", without the stage where none is known."""
    return " · ".join(filter(None, (event_name(story.event).upper(), stage_name(story.event, story.stage))))


def event_name(event: EventType) -> str:
    return event.replace("_", " ")


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """ "1 outlet", "5 outlets", "2 stories"."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def relative(when: datetime) -> str:
    """A moment as Discord draws it for each reader: "3 hours ago"."""
    return f"<t:{int(when.timestamp())}:R>"


def facts(story: Story) -> tuple[Field, ...]:
    """Parties, amount and other names, each only where known."""
    amounts = " · ".join(escape(amount.words, 80) for amount in story.amounts[:3])
    found = (*_parties(story), ("Amount", amounts), ("Also named", _also_named(story)))
    return tuple(Field(name, value) for name, value in found if value)


def because(story: Story, reasons: Sequence[str] = (), *, update: bool = False) -> str:
    """ "AI: AI models · Defence: NATO, Pentagon · 5 outlets in 3 h": what was found on each axis of the topic. For an
    update its reasons alone."""
    if update and reasons:
        return joined([told for reason in reasons if (told := escape(reason, 300))], " · ", 900) or "–"
    words: dict[str, list[str]] = {}
    for reason in _found_on_axes(story.because):
        words.setdefault(reason.gate, []).extend(reason.words.split(", "))
    gates = [f"{gate_name(gate)}: {_listed(named)}" for gate, named in words.items() if any(named)]
    outlets = len(story.outlets)
    spread = [f"{counted(outlets, 'outlet')} {_within(story.last_seen - story.first_seen)}"] if outlets > 1 else []
    return joined((*gates[:5], *spread, *(escape(reason, 120) for reason in reasons[:2])), " · ", 900) or "–"


def gate_name(gate: str) -> str:
    """A gate as people read it (see `label_of`), escaped."""
    return escape(label_of(gate), 60)


def _within(span: timedelta) -> str:
    return "at once" if span < timedelta(minutes=2) else f"in {duration(span)}"


def duration(span: timedelta) -> str:
    """ "12 min", "3 h" or "2 d", rounded to the nearest, at least a minute."""
    minutes = max(round(span.total_seconds() / 60), 1)
    if minutes < 60:
        return f"{minutes} min"
    return f"{round(minutes / 60)} h" if minutes < 36 * 60 else f"{round(minutes / 1440)} d"


def outlets_line(story: Story, shown: int = OUTLETS_SHOWN) -> str:
    """ "Reuters · DefenseScoop · +3", plain text."""
    outlets = story.outlets
    more = (f"+{len(outlets) - shown}",) if len(outlets) > shown else ()
    return " · ".join((*(cut(outlet, 80) for outlet in outlets[:shown]), *more))


def remarks(source: Source) -> str:
    """ " · official · copy": what sets a report apart from any other outlet's own."""
    found = (("official", source.feed_kind == "official"), ("copy", source.copy))
    return "".join(f" · {word}" for word, holds in found if holds)


def joined(parts: Iterable[str], between: str, limit: int) -> str:
    """As many of the (escaped) parts, from the first, as fit into `limit`; never a part of one."""
    text = ""
    for part in parts:
        longer = text + between + part if text else part
        if length(longer) > limit:
            break
        text = longer
    return text


def listed(parts: Sequence[str], between: str, limit: int) -> str:
    """All of the (escaped) parts if they fit into `limit`, else as many as do and how many more there are."""
    ends = list(accumulate(length(part) + length(between) for part in parts))
    if not ends or ends[-1] - length(between) <= limit:
        return between.join(parts)
    shown = bisect_right(ends, limit - len(f"… and {len(parts)} more"))
    return between.join((*parts[:shown], f"… and {len(parts) - shown} more"))


def excess(message: Message) -> list[str]:
    """What of a message is over Discord's limits, in words; empty for every message drawn here."""
    embed = (message.author, message.title, message.description, message.footer)
    sizes = [
        ("content", length(message.content)), ("author", length(message.author)), ("title", length(message.title)),
        ("description", length(message.description)), ("footer", length(message.footer)),
        ("fields", len(message.fields)), ("buttons", len(message.buttons)),
        *(("field name", length(field.name)) for field in message.fields),
        *(("field value", length(field.value)) for field in message.fields),
        *(("button label", length(button.label)) for button in message.buttons),
        *(("custom_id", length(button.custom_id or "")) for button in message.buttons),
        ("embed", sum(map(length, embed)) + sum(length(field.name + field.value) for field in message.fields)),
    ]  # fmt: skip
    return [f"{name} is {size}, at most {LIMITS[name]}" for name, size in sizes if size > LIMITS[name]]


def _description(story: Story, shown: int) -> str:
    points = [f"- {escape(point, 500)}" for point in story.key_points[:shown]]
    seen = f"First seen {relative(story.first_seen)}"
    return "\n".join(points) + "\n\n" + seen if points else seen


def _compact(story: Story) -> str:
    """The first key point, and the facts on one line."""
    points = [escape(point, 500) for point in story.key_points[:1]]
    known = [field.value for field in facts(story) if field.name != "Also named"]
    return "\n".join([*points, " · ".join([*known, f"First seen {relative(story.first_seen)}"])])


def _parties(story: Story) -> Sequence[tuple[str, str]]:
    """The parties by their roles: on one line ("Seller → Buyer") where both are known and the event has such a line."""
    sells, buys, between = ROLES.get(story.event, SELLS_TO)
    seller = escape(story.seller.name, 100) if story.seller else ""
    buyer = escape(story.buyer.name, 100) if story.buyer else ""
    if seller and buyer and between:
        return [("Partners" if sells == buys else f"{sells}{between}{buys}", f"{seller}{between}{buyer}")]
    return [(sells, seller), (buys, buyer)]


def _also_named(story: Story) -> str:
    parties = {party.name for party in (story.buyer, story.seller) if party}
    names = [name for name in story.organisations if name not in parties]
    more = (f"+{len(names) - NAMES_SHOWN}",) if len(names) > NAMES_SHOWN else ()
    return ", ".join((*(escape(name, 80) for name in names[:NAMES_SHOWN]), *more))


def _found_on_axes(reasons: Sequence[Reason]) -> Sequence[Reason]:
    """The reasons that name what each axis found, or, where there are none, those that spoke for the story."""
    named = [reason for reason in reasons if not reason.weight and reason.gate in AXES.values()]
    return named or [reason for reason in reasons if reason.weight >= 0]


def _listed(words: Sequence[str]) -> str:
    """The first few different words, by their own look."""
    different = list({word.casefold(): word for word in words if word}.values())
    return ", ".join(escape(word, 60) for word in different[:WORDS_SHOWN])
