"""What a server reads about feeds: which there are for it, and how each is. ServerFeed is a feed as one server sees it.

It draws and words; what a server may see is decided in store/guild_feeds, when a feed is due in feed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, get_args

from bot.core.escape import escape, host, length, plain
from bot.core.feed import Feed, FeedState, StoredFeed
from bot.core.message import ACCENT, LIMITS, Button, Field, Message, counted, joined, relative

PAGE = 10
LAST_PAGE = 999
WINDOW = timedelta(days=30)
"""How far back entries are counted for a feed's health."""

ShownFeeds = Literal["all", "failing", "paused", "own"]
FILTERS: tuple[ShownFeeds, ...] = get_args(ShownFeeds)
Health = Literal["healthy", "failing", "paused", "gone", "waiting"]
MARKS: dict[Health, str] = {"healthy": "✅", "failing": "⚠️", "paused": "⏸️", "gone": "❌", "waiting": "🕓"}

# What the buttons carry: a list by its filter and page, a feed by its number.
LIST = r"feeds:list:(?P<shown>all|failing|paused|own):(?P<page>\d{1,3})"
REMOVE = r"feeds:remove:(?P<feed>\d{1,18})"
KEEP = r"feeds:keep:(?P<feed>\d{1,18})"

EMPTY: dict[ShownFeeds, str] = {
    "all": "No feed is read yet. Add one with `/feeds add`.",
    "failing": "No feed fails.",
    "paused": "No feed is paused.",
    "own": "This server has added no feed. Add one with `/feeds add`, or a whole list with `/feeds import`.",
}


@dataclass(frozen=True, slots=True)
class ServerFeed:
    """A feed as one server sees it, under the name that it chose and paused where it paused it; `own` if it added it.

    What is not its own belongs to the catalogue or to the operator: nobody else's feed is ever one of these.
    """

    id: int
    feed: Feed
    state: FeedState
    own: bool


@dataclass(frozen=True, slots=True)
class Figures:
    """What a feed brought in a window: `entries` judged, `relevant` of them, `later` those that came after its first
    poll, which brings what is there already; `since` is when the counting begins."""

    entries: int = 0
    relevant: int = 0
    later: int = 0
    since: datetime | None = None


def as_seen(stored: StoredFeed, *, name: str | None, paused: bool) -> ServerFeed:
    """A stored feed as the server sees that calls it `name`; None for one that it did not add."""
    state = replace(stored.state, status="paused") if paused and stored.state.status == "active" else stored.state
    feed = stored.feed if name is None else replace(stored.feed, name=name)
    return ServerFeed(stored.id, feed, state, own=name is not None)


def health_of(state: FeedState) -> Health:
    """How a feed is, in one word."""
    if state.status != "active":
        return state.status
    if state.failures:
        return "failing"
    return "waiting" if state.last_success_at is None else "healthy"


def counts(feeds: Sequence[ServerFeed]) -> dict[str, int]:
    """How many feeds are well, failing, paused, gone and not read yet."""
    found: dict[str, int] = dict.fromkeys(MARKS, 0)
    for each in feeds:
        found[health_of(each.state)] += 1
    return found


def shown(feeds: Sequence[ServerFeed], wanted: ShownFeeds) -> list[ServerFeed]:
    """The feeds that a filter lets through: gone ones are failing ones too."""
    match wanted:
        case "failing":
            return [each for each in feeds if health_of(each.state) in ("failing", "gone")]
        case "paused":
            return [each for each in feeds if each.state.status == "paused"]
        case "own":
            return [each for each in feeds if each.own]
        case _:
            return list(feeds)


def feeds_message(feeds: Sequence[ServerFeed], wanted: ShownFeeds = "all", *, page: int = 0) -> Message:
    """A page of the server's feeds, each with how it is."""
    listed = shown(feeds, wanted)
    title = "Feeds" if wanted == "all" else f"Feeds: {wanted}"
    if not listed:
        return Message(title=title, description=EMPTY[wanted], colour=ACCENT)
    pages = -(-len(listed) // PAGE)
    page = min(page, pages - 1)
    lines = [_line(each) for each in listed[page * PAGE : (page + 1) * PAGE]]
    tally = tally_of(counts(listed))
    return Message(
        title=title,
        description=joined(lines, "\n", LIMITS["description"]),
        footer=f"Page {page + 1} of {pages} · {tally}" if pages > 1 else tally,
        colour=ACCENT,
        buttons=_turning(wanted, page, pages),
    )


def _word(health: str) -> str:
    return "not read yet" if health == "waiting" else health


def _line(each: ServerFeed) -> str:
    own = " · added here" if each.own else ""
    return f"{MARKS[health_of(each.state)]} **{name_of(each)}** · {address_host(each.feed.url)}{own}\n{_state(each)}"


def name_of(each: ServerFeed) -> str:
    """The feed's name, escaped."""
    return escape(each.feed.name, 100)


def address_host(url: str) -> str:
    """The host that an address leads to, escaped."""
    return escape(host(url), 80) or "an odd address"


def _state(each: ServerFeed) -> str:
    state = each.state
    match health_of(state):
        case "healthy":
            return f"read {_when(state.last_success_at)}"
        case "failing":
            return f"{failed(state)}: {error_words(state, 110)}"
        case "paused":
            return f"paused; last read {_when(state.last_success_at)}"
        case "gone":
            return f"given up: {error_words(state, 110)}"
        case _:
            return "not read yet; its first poll is silent"


def failed(state: FeedState) -> str:
    """ "failed 3 times in a row"."""
    return "failed once" if state.failures == 1 else f"failed {state.failures} times in a row"


def error_words(state: FeedState, limit: int) -> str:
    """What went wrong, escaped and in the words of who asked the feed."""
    return escape(state.error or "no reason is known", limit)


def _when(moment: datetime | None) -> str:
    return relative(moment) if moment else "never"


def _turning(wanted: ShownFeeds, page: int, pages: int) -> tuple[Button, ...]:
    before = (Button("Previous", custom_id=f"feeds:list:{wanted}:{page - 1}"),) if page > 0 else ()
    more = page + 1 < min(pages, LAST_PAGE)
    return before + ((Button("Next", custom_id=f"feeds:list:{wanted}:{page + 1}"),) if more else ())


def health_message(each: ServerFeed, figures: Figures, *, now: datetime) -> Message:
    """How one feed is: last success, error, streak, next try, entries a day, hit rate."""
    state = each.state
    fields = [
        Field("State", _health_words(state)),
        Field("Last success", _when(state.last_success_at)),
        Field("Next try", next_try(state, now)),
        Field("Entries a day", entries_a_day(figures, now)),
        Field("Hit rate, last 30 days", hit_rate(figures)),
        Field("From", "this server" if each.own else "the catalogue"),
    ]
    if state.error and state.failures:
        fields.insert(3, Field("Error", error_words(state, 600), inline=False))
    return Message(
        title=escape(each.feed.name, LIMITS["title"]),
        description=address_words(each.feed.url if each.own else without_values(each.feed.url)),
        fields=tuple(fields),
        colour=ACCENT,
    )


def without_values(url: str) -> str:
    """The address with an ellipsis for each value of its query: what an operator reads for everybody may hold a key
    that is nobody else's."""
    page, _, query = url.partition("?")
    hidden = (f"{pair.partition('=')[0]}=…" if "=" in pair else "…" for pair in query.split("&"))
    return f"{page}?{'&'.join(hidden)}" if query else page


def shareable(each: ServerFeed) -> bool:
    """Whether the address may be handed to the server's managers: its own, and others that can hold no key."""
    return each.own or "?" not in each.feed.url


def address_words(url: str) -> str:
    """The whole address, to be copied; nothing in it can end the code that it stands in."""
    shown_url = plain(url).replace("`", "%60")
    return f"`{shown_url}`" if length(shown_url) <= 2100 else address_host(url)


def _health_words(state: FeedState) -> str:
    health = health_of(state)
    words = {"healthy": "works", "failing": failed(state), "paused": "paused", "gone": "given up", "waiting": "new"}
    return f"{MARKS[health]} {words[health]}"


def next_try(state: FeedState, now: datetime) -> str:
    """When the feed is asked next."""
    if state.status == "paused":
        return "none while it is paused: `/feeds resume`"
    if state.status == "gone":
        return "none: its publisher says that it is gone; `/feeds resume` asks once more"
    return relative(state.due_at) if state.due_at and state.due_at > now else "within a minute"


def entries_a_day(figures: Figures, now: datetime) -> str:
    """How many entries a feed brings; what its first poll found counts for no day."""
    days = (now - figures.since) / timedelta(days=1) if figures.since else 0
    if days < 1:
        return "known after a day"
    rate = figures.later / days
    return f"{rate:.0f}" if rate >= 10 else f"{rate:.1f}"


def hit_rate(figures: Figures) -> str:
    """How much of what a feed brought was relevant."""
    if not figures.entries:
        return "no entries yet"
    part = figures.relevant / figures.entries
    shown_part = f"{part:.0%}" if part >= 0.01 or not part else "under 1%"
    return f"{shown_part} ({figures.relevant} of {counted(figures.entries, 'entry', 'entries')})"


def removing_message(each: ServerFeed) -> Message:
    """Asks once more before a feed goes."""
    lines = [
        f"**{name_of(each)}** · {address_host(each.feed.url)}",
        "It is read no more for this server. Stories that it told stay.",
    ]
    return Message(
        title="Remove this feed?",
        description="\n".join(lines),
        colour=ACCENT,
        buttons=(
            Button("Remove", custom_id=f"feeds:remove:{each.id}"),
            Button("Keep", custom_id=f"feeds:keep:{each.id}"),
        ),
    )


def told_message(title: str, lines: Sequence[str]) -> Message:
    """A short answer; the lines are ours, with strangers' words in them escaped."""
    return Message(title=title, description=joined(lines, "\n", LIMITS["description"]), colour=ACCENT)


def names_of(feeds: Sequence[ServerFeed]) -> list[tuple[str, str]]:
    """(number, name and host) of each feed, for people to choose from."""
    return [(str(each.id), f"{plain(each.feed.name)[:70]} · {host(each.feed.url)}") for each in feeds]


def tally_of(known: Mapping[str, int]) -> str:
    """ "12 healthy · 1 failing"."""
    return " · ".join(f"{number} {_word(health)}" for health, number in known.items() if number)
