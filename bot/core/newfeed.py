"""NewFeed: a feed that a server may add; what was found at its address, and what an imported list holds.

It sorts and draws. Fetching, parsing and judging come before it (see the feeds handler), limits are held where the
feed is written down (store/guild_feeds).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.core.analysis import Analysis
from bot.core.article import Article
from bot.core.discovery import FeedLink
from bot.core.escape import cut, escape, masked_link, plain
from bot.core.feed import Feed
from bot.core.feedlist import ServerFeed, address_host, address_words
from bot.core.link import canonical_link, host_of, link_key
from bot.core.message import ACCENT, LIMITS, Button, Field, Message, counted, joined, relative
from bot.core.reasons import line_of
from bot.core.relevance import Relevance

DRAFT = r"feeds:draft:(?P<asked>add|cancel):(?P<token>[\w-]{4,40})"
LONGEST_NAME = 100
SHOWN = 3
LISTED = 12  # lines of a summary
MOST_LISTED = 500
"""Feeds of an imported list that are looked at: ten times what a server may have."""

SILENT = "The first poll only learns what is already there, so nothing floods."
_FORMATS = {
    "rss20": "RSS 2.0", "rss10": "RSS 1.0", "rss090": "RSS 0.90", "rss091n": "RSS 0.91", "rss091u": "RSS 0.91",
    "rss092": "RSS 0.92", "rss093": "RSS 0.93", "rss094": "RSS 0.94", "rss": "RSS", "atom10": "Atom 1.0",
    "atom03": "Atom 0.3", "atom": "Atom", "json10": "JSON Feed 1.0", "json11": "JSON Feed 1.1",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class FeedLimits:
    """What one server may do: how many feeds it may have, add within an hour, and look at within an hour."""

    per_server: int = 50
    adds_an_hour: int = 20
    looks_an_hour: int = 60


@dataclass(frozen=True, slots=True)
class NewFeed:
    """A feed, and how the server that adds it calls it. The feed's own name is what its publisher calls it, since
    other servers may come to read it too."""

    feed: Feed
    name: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """An entry and what Tocsin makes of it."""

    title: str
    link: str | None
    relevance: Relevance


@dataclass(frozen=True, slots=True)
class Look:
    """What stands at an address: the feed, its verdicts on the newest entries (the newest first), `entries` in all.

    `asked` is the address that was given, `others` are more feeds that its page names.
    """

    new: NewFeed
    asked: str
    format: str = ""
    entries: int = 0
    newest: datetime | None = None
    verdicts: tuple[Verdict, ...] = ()
    others: tuple[FeedLink, ...] = ()


@dataclass(frozen=True, slots=True)
class Sorted:
    """An imported list: what would be added, how many are there already, and what is refused as (name, why)."""

    new: tuple[NewFeed, ...] = ()
    known: int = 0
    refused: tuple[tuple[str, str], ...] = ()


def new_feed(url: str, *, name: str | None = None, title: str = "") -> NewFeed:
    """The feed at `url` under the server's name for it, else its publisher's, else its host."""
    own = cut(title, LONGEST_NAME) or host_of(url)[:LONGEST_NAME] or "Feed"
    return NewFeed(Feed(url=url, name=own), cut(name or "", LONGEST_NAME) or own)


def key_of(url: str) -> str:
    """What two spellings of one address share."""
    return link_key(canonical_link(url) or url)


def verdict(article: Article, analysis: Analysis) -> Verdict:
    """What is shown of an analysed entry."""
    return Verdict(article.title, article.link, analysis.relevance)


def main_reason(relevance: Relevance) -> str:
    """What weighed most for the verdict, as plain words; "" where nothing did."""
    told = [reason for reason in relevance.reasons if not reason.gate.startswith("input:")]
    sided = [reason for reason in told if reason.weight and (reason.weight > 0) == relevance.relevant]
    strongest = max(sided, key=lambda reason: abs(reason.weight), default=told[0] if told else None)
    return str(line_of(strongest)) if strongest else ""


def sort_list(listed: Sequence[Feed], *, check: Callable[[str], str]) -> Sorted:
    """The feeds of a list whose addresses can be kept, each once. `check` gives an address as it is kept, or raises
    ValueError with the reason that it cannot be."""
    new: dict[str, NewFeed] = {}
    refused: list[tuple[str, str]] = []
    known = 0
    for feed in listed[:MOST_LISTED]:
        name = cut(feed.name, LONGEST_NAME) if feed.name != feed.url else ""
        try:
            url = check(feed.url)
        except ValueError as error:
            refused.append((name or "a feed without a name", str(error)))
            continue
        known += key_of(url) in new
        new.setdefault(key_of(url), new_feed(url, name=name))
    if len(listed) > MOST_LISTED:
        refused.append((f"{len(listed) - MOST_LISTED} more", f"a list may hold {MOST_LISTED} feeds; split it"))
    return Sorted(tuple(new.values()), known, tuple(refused))


def admitted(found: Sorted, seen: Sequence[ServerFeed], *, lately: int, limits: FeedLimits) -> Sorted:
    """What of a list the server may add: what it does not read already (`seen` is all that it may know of), as far as
    it has room and has not added too many within the last hour (`lately`)."""
    keys = {key_of(each.feed.url) for each in seen}
    unknown = [new for new in found.new if key_of(new.feed.url) not in keys]
    room = max(limits.per_server - sum(each.own for each in seen), 0)
    left = max(limits.adds_an_hour - lately, 0)
    most = min(room, left)
    why = NO_ROOM if most == room else NOT_NOW
    over = tuple((new.name, why) for new in unknown[most:])
    return Sorted(tuple(unknown[:most]), found.known + len(found.new) - len(unknown), found.refused + over)


NO_ROOM = "the server has no room for more feeds; remove some with `/feeds remove` first"
NOT_NOW = "the server has added as many as it may within an hour; import the list again later"


def look_message(look: Look, *, token: str | None, minutes: int = 0, notes: Sequence[str] = ()) -> Message:
    """What was found, with three verdicts; Add and Cancel where there is a draft behind it, kept for `minutes`."""
    fields = [_verdict_field(each) for each in look.verdicts[:SHOWN]]
    if len(look.verdicts) > SHOWN:
        hits = sum(each.relevance.relevant for each in look.verdicts)
        newest = counted(len(look.verdicts), "entry", "entries")
        fields.append(Field(f"Of the newest {newest}", f"{hits or 'none'} relevant", inline=False))
    if look.others:
        fields.append(Field("The page names more feeds", _others(look.others), inline=False))
    return Message(
        title=escape(look.new.name, LIMITS["title"]),
        description=joined([address_words(look.new.feed.url), _contents(look), *_whence(look), *notes], "\n", 4000),
        fields=tuple(fields),
        footer=_kept(minutes) if token else "",
        colour=ACCENT,
        buttons=_draft_buttons(token, "Add") if token else (),
    )


def _kept(minutes: int) -> str:
    return f"Nothing is saved yet; this draft is kept for {minutes} minutes."


def _draft_buttons(token: str, label: str) -> tuple[Button, ...]:
    return (
        Button(label, custom_id=f"feeds:draft:add:{token}"),
        Button("Cancel", custom_id=f"feeds:draft:cancel:{token}"),
    )


def _contents(look: Look) -> str:
    kind = _FORMATS.get(look.format, "A feed")
    if not look.entries:
        return f"{kind} · it holds no entry just now"
    newest = f", the newest {relative(look.newest)}" if look.newest else ""
    return f"{kind} · {counted(look.entries, 'entry', 'entries')}{newest}"


def _whence(look: Look) -> list[str]:
    """Where the feed was found, if not where somebody pointed."""
    if key_of(look.asked) == key_of(look.new.feed.url):
        return []
    asked, found = host_of(look.asked), host_of(look.new.feed.url)
    if asked == found:
        return ["Found behind the page that you gave."]
    there = address_host(look.new.feed.url)
    return [f"The page at {address_host(look.asked)} names it; it lives at another host, {there}."]


def _verdict_field(each: Verdict) -> Field:
    relevance = each.relevance
    mark = "✅ Relevant" if relevance.relevant else "➖ Not relevant"
    why = escape(main_reason(relevance), 200)
    told = masked_link(each.title, each.link, limit=250)
    return Field(f"{mark} · {relevance.score * 100:.0f} of 100", f"{told}\n{why}" if why else told, inline=False)


def _others(others: Sequence[FeedLink]) -> str:
    lines = [f"{escape(each.title, 60)} {address_words(each.url)}".strip() for each in others[:5]]
    more = len(others) - 5
    return joined([*lines, f"… and {more} more"] if more > 0 else lines, "\n", 1000) or "–"


def list_message(found: Sorted, *, token: str | None, minutes: int = 0) -> Message:
    """What an import would do: new, known and refused; Apply and Cancel where there is something to add, kept for
    `minutes`."""
    fields = []
    if found.new:
        fields.append(Field("New", _names(found.new), inline=False))
    if found.refused:
        fields.append(Field("Refused", refused_words(found.refused), inline=False))
    known = f"{counted(found.known, 'feed')} there already" if found.known else ""
    told = [counted(len(found.new), "new feed"), known, f"{len(found.refused)} refused" if found.refused else ""]
    return Message(
        title="Import",
        description=" · ".join(filter(None, told)) + ("" if found.new else "\nThere is nothing to add."),
        fields=tuple(fields),
        footer=_kept(minutes) if token else "",
        colour=ACCENT,
        buttons=_draft_buttons(token, "Apply") if token else (),
    )


def _names(new: Sequence[NewFeed]) -> str:
    lines = [f"{escape(each.name, 60)} · {address_host(each.feed.url)}" for each in new[:LISTED]]
    return _shortened(lines, len(new))


def refused_words(refused: Sequence[tuple[str, str]]) -> str:
    """Names with the reason for each, as many as fit into a field."""
    return _shortened([f"{escape(name, 60)}: {escape(why, 140)}" for name, why in refused[:LISTED]], len(refused))


def _shortened(lines: Sequence[str], total: int) -> str:
    shown = joined(lines, "\n", 960)
    more = total - (shown.count("\n") + 1 if shown else 0)
    return f"{shown}\n… and {more} more" if more > 0 else shown


def added_message(added: Sequence[NewFeed], refused: Sequence[tuple[str, str]] = ()) -> Message:
    """What became of a draft."""
    one = added[0] if len(added) == 1 else None
    title = f"{escape(plain(one.name), 100)} is added" if one else f"{counted(len(added), 'feed')} added"
    lines = [SILENT, "How it is: `/feeds health`." if one else "How they are: `/feeds list`."] if added else []
    fields = (Field("Refused", refused_words(refused), inline=False),) if refused else ()
    return Message(title=title, description="\n".join(lines), fields=fields, colour=ACCENT)
