"""The play of the demo: sample feeds on loopback, polled, judged, merged and delivered into the terminal by the very
code that `tocsin run` uses, with one database in a folder that is gone afterwards.

It decides nothing about news: what alerts, merges, follows or stays silent is Tocsin's own verdict.
"""

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console, RenderableType
from rich.rule import Rule
from rich.text import Text

from bot.app import Clock, Resources, deliver_tick, open_resources, poll_tick, subscribe_terminal
from bot.core.alert import TERMINAL
from bot.core.details import Reasoned, why_message
from bot.core.message import Message, counted
from bot.demo.closing import NEXT_STEP, Totals, silent_examples, silent_line
from bot.demo.edition import edition, link_of
from bot.demo.newsroom import POLLS, Outlet, read_newsroom
from bot.demo.server import HOST, FeedServer, feed_server
from bot.settings import Settings, with_feeds
from bot.store import articles, stories
from bot.store.articles import Placed
from bot.terminal import WIDTH, TerminalSender, draw, formatted
from handlers.poll import PollReport

BETWEEN_POLLS = timedelta(hours=24)
"""How far the polls of the play lie apart. The last is now: nothing that is shown lies in the future."""

PORT = 18_144
"""The usual port of the feeds. The order in which feeds are read hangs on their addresses: with one port every play is
the same, and with this one the wire service is read before the paper that copies it."""

INTRODUCTION = (
    "Sample stories, invented for this demo: no firm, person or event in them is real, and the well-known bodies did "
    "none of it. They come from feeds on this machine and go through the very code that `tocsin run` uses; it needs "
    "no token and no network, and leaves nothing behind."
)


@dataclass(slots=True)
class Playbill:
    """What was shown: the alerts, number 1 first, the numbers of edited ones, and (reply, answered) for the replies."""

    alerts: list[Message] = field(default_factory=list)
    edited: list[int] = field(default_factory=list)
    replies: list[tuple[int, int]] = field(default_factory=list)


class _Stage(TerminalSender):
    """The terminal sender with the play's clock; it says what a reply answers, and keeps a record of what was shown."""

    def __init__(self, console: Console) -> None:
        self.now = datetime.min.replace(tzinfo=UTC)
        self.bill = Playbill()
        super().__init__(console, clock=lambda: self.now)

    async def create(
        self, channel_id: int, message: Message, *, nonce: str, reply_to: int | None = None, guild_id: int | None = None
    ) -> int:
        if reply_to is not None:
            answered = formatted(self.bill.alerts[reply_to - 1].title)
            self._console.print(Text("↱ replies to ", style="dim").append_text(answered))
        message_id = await super().create(channel_id, message, nonce=nonce, reply_to=reply_to, guild_id=guild_id)
        self.bill.alerts.append(message)
        if reply_to is not None:
            self.bill.replies.append((message_id, reply_to))
        return message_id

    async def edit(self, channel_id: int, message_id: int, message: Message) -> None:
        await super().edit(channel_id, message_id, message)
        self.bill.edited.append(message_id)


@dataclass(frozen=True, slots=True)
class _Play:
    """Everything that the acts share."""

    console: Console
    outlets: Sequence[Outlet]
    server: FeedServer
    resources: Resources
    stage: _Stage


async def play(settings: Settings, console: Console, *, now: datetime | None = None) -> Playbill:
    """Plays the sample news to `console`; the last poll is at `now`. Returns what was shown. Raises TocsinError."""
    began = time.monotonic()
    last = now or datetime.now(UTC)
    times = [last - BETWEEN_POLLS * number for number in reversed(range(POLLS))]
    _say(console, "Tocsin demo", INTRODUCTION)
    async with _scene(settings, console, times[0]) as scene:
        reports = [await _act(scene, times[:number]) for number in range(1, POLLS + 1)]
        read = await _read(scene)
        await _ask_why(scene, read)
        _tell_silence(scene, read)
        totals = await _totals(scene, reports, time.monotonic() - began)
    _say(console, "In all", str(totals))
    _say(console, "Next", NEXT_STEP)
    return scene.stage.bill


def _say(console: Console, heading: str, *lines: str | RenderableType) -> None:
    """A heading and what stands under it, as wide as an alert at most."""
    width = min(console.width, WIDTH)
    console.print(Rule(Text(heading), align="left"), *lines, "", sep="\n", width=width, markup=False, highlight=False)


@asynccontextmanager
async def _scene(settings: Settings, console: Console, now: datetime) -> AsyncIterator[_Play]:
    """The server, and Tocsin's resources on a database in a temporary folder; all are gone after the block."""
    outlets = read_newsroom()
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(TemporaryDirectory(prefix="tocsin-demo-"))
        server = await stack.enter_async_context(feed_server(PORT))
        own = with_feeds(
            settings,
            tuple(outlet.feed(server.base) for outlet in outlets),
            database=f"sqlite:///{(Path(folder) / 'demo.db').as_posix()}",
            network=ip_network(HOST),
        )
        resources = await stack.enter_async_context(open_resources(own, clock=Clock(lambda: now)))
        await subscribe_terminal(resources.store, now=now)
        yield _Play(console, outlets, server, resources, _Stage(console))


async def _act(scene: _Play, times: Sequence[datetime]) -> PollReport:
    """One poll of all feeds as they stand at the last of `times`, and what it leads to."""
    now = scene.stage.now = times[-1]
    scene.server.publish({outlet.path: edition(outlet, times) for outlet in scene.outlets})
    report = await poll_tick(scene.resources, now=now, everything=True)
    heading = f"Poll {len(times)} of {POLLS} · {now:%A %H:%M} UTC"
    _say(scene.console, heading, _poll_line(report, first=len(times) == 1))
    await deliver_tick(scene.resources, scene.stage, now=now)
    return report


def _poll_line(report: PollReport, *, first: bool) -> str:
    fetched = f"{counted(report.fetched, 'feed')} read"
    unchanged = f", {report.not_modified} unchanged" if report.not_modified else ""
    found = f"{counted(report.entries_new, 'new article')}, {report.relevant} about AI and defence"
    told = f"{counted(report.stories_new, 'new story', 'new stories')}, {report.stories_grown} grown"
    owed = (
        "A first poll is silent: what it finds is known from now on and alerts nobody."
        if first
        else f"{counted(report.alerts, 'alert')} to send."
    )
    return f"{fetched}{unchanged}: {found} – {told}. {owed}"


async def _read(scene: _Play) -> list[Placed]:
    """Every article as the database has it."""
    found = []
    for outlet in scene.outlets:
        for sample in outlet.samples:
            found += await scene.resources.store.read(articles.by_link, link_of(outlet, sample))
    return found


async def _ask_why(scene: _Play, read: Sequence[Placed]) -> None:
    """The answer to the button "Why?" of the story that most articles tell."""
    ids = [placed.story_id for placed in read if placed.story_id]
    story_id = max(ids, key=lambda each: (ids.count(each), each), default=None)
    why = await scene.resources.store.read(stories.why, story_id) if story_id else None
    if why is None:
        return
    number = next((n for n, alert in enumerate(scene.stage.bill.alerts, 1) if _tells(alert, why.story.id)), None)
    reports = [Reasoned(each.report.article.outlet, each.report.analysis, each.because) for each in why.reports]
    topics = {topic.id: topic.name for topic in scene.resources.settings.knowledge.topics}
    topic = topics.get(why.story.topic, "")
    message = why_message(why.story, topic=topic, subscription=TERMINAL, reports=reports)
    _say(scene.console, f"Somebody presses “Why?” under message {number}", draw(message, now=scene.stage.now))


def _tells(message: Message, story_id: str) -> bool:
    """Whether the message's buttons are about the story."""
    return any(story_id in (button.custom_id or "") for button in message.buttons)


def _tell_silence(scene: _Play, read: Sequence[Placed]) -> None:
    thresholds = {topic.id: topic.threshold for topic in scene.resources.settings.knowledge.topics}
    examples = [f"• “{title}” – {why}" for title, why in silent_examples(read, thresholds)]
    _say(scene.console, "What stayed silent, and why", silent_line(read), *examples)


async def _totals(scene: _Play, reports: Sequence[PollReport], seconds: float) -> Totals:
    bill = scene.stage.bill
    told = await scene.resources.store.read(stories.latest, limit=1000)
    return Totals(
        polls=len(reports),
        feeds=len(scene.outlets),
        articles=sum(report.entries_new for report in reports),
        relevant=sum(report.relevant for report in reports),
        stories=sum(report.stories_new for report in reports),
        copies=sum(source.copy for story in told for source in story.sources),
        alerts=len(bill.alerts),
        edits=len(bill.edited),
        replies=len(bill.replies),
        seconds=seconds,
    )
