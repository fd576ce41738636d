"""Bulletin: a message that no single story owes — a digest, a catch-up, a word to the ops channel — and how it looks.

When a digest is due is told by hours, what it holds by digest; sending is the deliver handler's.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Literal

from bot.core.alert import Subscription
from bot.core.digest import Ranked
from bot.core.escape import cut, escape, length, masked_link
from bot.core.hours import DigestPlan, period
from bot.core.message import ACCENT, LIMITS, LOOKS, Button, Message, counted, event_name, joined, outlets_line
from bot.core.reasons import stage_name

BulletinKind = Literal["digest", "catch_up", "notice"]
BulletinState = Literal["owed", "sending", "sent", "suppressed", "dead"]
TITLES: dict[BulletinKind, str] = {"digest": "Digest", "catch_up": "What you missed", "notice": "Tocsin"}
HELD: dict[BulletinKind, str] = {"catch_up": "that came while messages were held back"}
_MOST = 150  # stories that can find room in one list, however short their lines are
_TITLE = 180  # characters of a story's title in a list: twenty-five find room in one embed


@dataclass(frozen=True, slots=True)
class Content:
    """What a bulletin tells: the ids of stories, the most important of each type of event first, how many `left_out`
    found no place, `since` when; or `lines` of our own, with strangers' words in them escaped.

    `subjects` are the conditions that a notice tells, each with the sentence for its end, "" for those that ended.
    """

    stories: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    since: datetime | None = None
    title: str = ""
    lines: tuple[str, ...] = ()
    subjects: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Bulletin:
    """A message owed to a channel. `period` keeps it from being made twice; `suppressed` says why it is only written
    down."""

    guild_id: int
    channel_id: int
    kind: BulletinKind
    period: str
    content: Content = Content()
    subscription_id: int | None = None
    suppressed: str | None = None


@dataclass(frozen=True, slots=True)
class Dispatch:
    """A bulletin, claimed for one attempt, with the stories that it lists as they stand now.

    `nonce`, `attempt`, `claimed_at`, `earlier_claim` and `minimal` are those of a Delivery.
    """

    id: int
    bulletin: Bulletin
    stories: tuple[Ranked, ...]
    nonce: str
    attempt: int
    claimed_at: datetime
    earlier_claim: datetime | None = None
    minimal: bool = False


def digest_of(
    subscription: Subscription, key: str, content: Content = Content(), *, suppressed: str | None = None
) -> Bulletin:
    """The digest of a subscription for the local period `key`."""
    return Bulletin(
        guild_id=subscription.guild_id,
        channel_id=subscription.channel_id,
        kind="digest",
        period=f"{subscription.id}@{key}",
        content=content,
        subscription_id=subscription.id,
        suppressed=suppressed,
    )


def beginning(subscription: Subscription, plan: DigestPlan, now: datetime, zone: tzinfo) -> Bulletin:
    """What is written down when a digest plan is made or changed: its first digest is the next that falls due."""
    return digest_of(subscription, period(plan, now, zone), suppressed="the digest begins after this")


def title_of(dispatch: Dispatch) -> str:
    """What a bulletin is called."""
    return dispatch.bulletin.content.title or TITLES[dispatch.bulletin.kind]


def bulletin_message(dispatch: Dispatch) -> Message:
    """What the channel shows, with the dispatch's mark in its button."""
    bulletin, content = dispatch.bulletin, dispatch.bulletin.content
    if bulletin.kind == "notice":
        return Message(
            title=cut(content.title or TITLES["notice"], LIMITS["title"]),
            description=joined(list(content.lines), "\n", LIMITS["description"]),
            colour=ACCENT,
            buttons=(_button(dispatch),),
        )
    return digest_message(
        dispatch.stories,
        title=title_of(dispatch),
        left_out=len(content.left_out),
        since=content.since,
        held=HELD.get(bulletin.kind, ""),
        buttons=(_button(dispatch),),
    )


def minimal_bulletin(dispatch: Dispatch) -> Message:
    """The bulletin as one line of text, for when Discord refuses the full one."""
    content = dispatch.bulletin.content
    told = counted(len(dispatch.stories) + len(content.left_out), "story", "stories")
    line = joined(list(content.lines), " ", 1500) or f"{told}; press the button for the list."
    return Message(
        content=f"**{cut(title_of(dispatch), 200)}** — {line}",
        buttons=(_button(dispatch),),
    )


def _button(dispatch: Dispatch) -> Button:
    """What the message leaves out, with the mark of the delivery."""
    if dispatch.bulletin.kind == "notice":
        return Button("Status", custom_id=bulletin_action("status", dispatch))
    return Button("Whole list", custom_id=bulletin_action("whole", dispatch))


# What the buttons of bulletins carry: what they ask for, the bulletin, the delivery's mark.
WHOLE_ACTION = r"bulletin:whole:(?P<bulletin>\d{1,18}):(?P<mark>[^:\s]{1,25})"
STATUS_ACTION = r"bulletin:status:(?P<bulletin>\d{1,18}):(?P<mark>[^:\s]{1,25})"


def bulletin_action(asked: str, dispatch: Dispatch) -> str:
    """The custom_id of a bulletin's button."""
    return f"bulletin:{asked}:{dispatch.id}:{dispatch.nonce}"


def whole_message(dispatch: Dispatch) -> Message:
    """Every story of the bulletin, for one person, as far as one message holds them."""
    bulletin = dispatch.bulletin
    held = HELD.get(bulletin.kind, "")
    return digest_message(dispatch.stories, title=title_of(dispatch), since=bulletin.content.since, held=held)


def digest_message(
    stories: Sequence[Ranked],
    *,
    title: str,
    left_out: int = 0,
    since: datetime | None = None,
    held: str = "",
    buttons: tuple[Button, ...] = (),
) -> Message:
    """Stories by type of event in the order given, as one list; `held` says why they come so late."""
    total = len(stories) + left_out
    number = counted(total, "story", "stories")
    opening = f"{number} since <t:{int(since.timestamp())}:f>" if since else f"{number} {held}".strip()
    if not stories:
        return Message(title=cut(title, LIMITS["title"]), description="Nothing new.", colour=ACCENT, buttons=buttons)
    listed = _fitting(stories, LIMITS["description"] - 100 - length(opening))
    shown = "\n\n".join([opening, *_blocks(listed)])
    hidden = total - len(listed)
    rest = f"\n\n… and {hidden} more of less importance" if hidden else ""
    return Message(title=cut(title, LIMITS["title"]), description=shown + rest, colour=ACCENT, buttons=buttons)


def _fitting(stories: Sequence[Ranked], room: int) -> list[Ranked]:
    """As many stories as find room in one list, in the order given; the least important are left out."""
    weighed = sorted(range(len(stories)), key=lambda place: -stories[place].importance.score)[:_MOST]

    def best(number: int) -> list[Ranked]:
        return [stories[place] for place in sorted(weighed[:number])]

    def is_too_much(number: int) -> bool:
        return length("\n\n".join(_blocks(best(number)))) > room

    return best(bisect_left(range(1, len(weighed) + 1), True, key=is_too_much))


def _blocks(stories: Sequence[Ranked]) -> list[str]:
    """One block of lines for each type of event, in the order in which the types come first."""
    events = dict.fromkeys(ranked.story.event for ranked in stories)
    return [
        f"{LOOKS[event][0]} **{event_name(event).capitalize()}**\n"
        + "\n".join(_line(ranked) for ranked in stories if ranked.story.event == event)
        for event in events
    ]


def _line(ranked: Ranked) -> str:
    story = ranked.story
    level = f"**{ranked.importance.level}**" if ranked.importance.level in ("high", "critical") else ""
    told = (stage_name(story.event, story.stage), level, escape(outlets_line(story, 1), 60))
    title = masked_link(cut(story.title, _TITLE), story.link)
    return f"- {title} — {' · '.join(filter(None, told))}"
