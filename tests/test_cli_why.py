"""`tocsin why URL`: the way of an article, for people and programs, after real polls of the demo's news."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from io import StringIO
from ipaddress import ip_network
from typing import Any

import pytest
from rich.console import Console

from bot.app import Clock, deliver_tick, open_resources, poll_tick
from bot.core.account import Standards, account
from bot.core.details import Reasoned, why_message
from bot.core.escape import plain
from bot.core.message import Message
from bot.core.reasons import event_part
from bot.demo.edition import edition, link_of
from bot.demo.newsroom import read_newsroom
from bot.demo.server import feed_server
from bot.settings import load_settings, with_feeds
from bot.store import Store, stories, subscriptions, traces
from bot.terminal import TerminalSender, formatted
from tests.builders import NOON, a_subscription
from tests.command import Ended, call

Capture = pytest.CaptureFixture[str]
HOUR = timedelta(hours=1)
UNREAD = "https://news.example/never"


@dataclass(frozen=True, slots=True)
class Archive:
    """The database after three polls, and the links of the sample news by the story that they were written for."""

    url: str
    links: dict[str, list[str]]

    def ask(self, capsys: Capture, link: str, *options: str) -> Ended:
        return call(capsys, "why", link, "--database", self.url, *options)

    def founder(self, capsys: Capture, story: str) -> dict[str, dict[str, Any]]:
        """The parts of the report that began a story: which one that is hangs on which feed answers first."""
        told = [self.parts(capsys, link) for link in self.links[story]]
        (first,) = [parts for parts in told if "It began this story" in parts["Story"]["verdict"]]
        return first

    def parts(self, capsys: Capture, link: str) -> dict[str, dict[str, Any]]:
        """What `--json` tells, by the first word of each part's name."""
        (row,) = self.ask(capsys, link, "--json").rows
        return {part["name"].split()[0]: part for part in row["parts"]}


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    path = tmp_path_factory.mktemp("why") / "tocsin.db"
    url = f"sqlite:///{path}"
    asyncio.run(fill(url))
    links: dict[str, list[str]] = {}
    for outlet in read_newsroom():
        for sample in outlet.samples:
            links.setdefault(sample.story or "noise", []).append(link_of(outlet, sample))
    return Archive(url, links)


async def fill(url: str) -> None:
    outlets, times = read_newsroom(), [NOON, NOON + HOUR, NOON + 2 * HOUR]
    async with feed_server(0) as server:
        own = with_feeds(
            load_settings(),
            tuple(outlet.feed(server.base) for outlet in outlets),
            database=url,
            network=ip_network("127.0.0.1"),
        )
        async with open_resources(own, clock=Clock(lambda: NOON)) as resources:
            for wanted in (
                a_subscription(0, 0),
                a_subscription(20, events=("funding",)),
                a_subscription(21, min_importance="critical"),
                a_subscription(22, mode="digest"),
            ):
                await resources.store.write(subscriptions.add, wanted)
            for number, now in enumerate(times, 1):
                server.publish({outlet.path: edition(outlet, times[:number]) for outlet in outlets})
                await poll_tick(resources, now=now, everything=True)
                await deliver_tick(resources, TerminalSender(Console(file=StringIO())), now=now)


def test_an_alerted_article_tells_every_gate_with_its_value(archive: Archive, capsys: Capture) -> None:
    parts = archive.founder(capsys, "kestrelgate-contract")
    assert list(parts) == ["Origin", "Relevance", "Organisations", "What", "Story", "Importance", "Alerts"]
    assert parts["Relevance"]["verdict"].startswith("Relevant to ")
    assert any(line["weight"] > 0 for line in parts["Relevance"]["lines"])
    assert any(
        line["label"] == "US Air Force" and "Air Force”" in line["words"] for line in parts["Organisations"]["lines"]
    )
    assert any(line["label"] == "Amount" and "120 million" in line["words"] for line in parts["What"]["lines"])
    assert "Reports" in [line["label"] for line in parts["Story"]["lines"]]


def test_each_subscription_has_its_line_with_what_it_was_told_or_why_not(archive: Archive, capsys: Capture) -> None:
    alerts = archive.founder(capsys, "eschental-order")["Alerts"]
    assert alerts["verdict"] == "1 of 4 subscriptions has been told."
    found = {line["label"].split("(")[-1]: line["words"] for line in alerts["lines"]}
    terminal, funding, critical, digest = (
        found[name] for name in ("The terminal", *(f"subscription {n})" for n in (2, 3, 4)))
    )
    assert terminal.startswith("told (2026-03-04 14:00 UTC)")
    assert funding == "not owed: asked for funding"
    assert "asked for critical importance or more; this is" in critical
    assert "digest" in digest


def test_the_first_poll_is_said_to_be_silent(archive: Archive, capsys: Capture) -> None:
    alerts = archive.parts(capsys, archive.links["interpreter-trial"][0])["Alerts"]
    assert "it came with the first poll of its feed, which is silent" in alerts["verdict"]


def test_a_report_that_joined_says_why_and_a_copy_that_it_is_one(archive: Archive, capsys: Capture) -> None:
    told = [archive.parts(capsys, link)["Story"]["verdict"] for link in archive.links["nato-talks"]]
    assert sum("It began this story" in verdict for verdict in told) == 1
    assert sum("as a copy" in verdict for verdict in told) == 1
    assert sum("It joined this story, " in verdict for verdict in told) == 1


def test_what_is_not_relevant_tells_how_far_it_was_off(archive: Archive, capsys: Capture) -> None:
    found = [archive.parts(capsys, link) for link in archive.links["noise"]]
    assert all(list(parts) == ["Origin", "Relevance", "Alerts"] for parts in found)
    assert all(parts["Alerts"]["verdict"] == "None: it is not relevant." for parts in found)
    assert all("are needed" in parts["Relevance"]["verdict"] for parts in found)


def test_people_read_the_same_as_programs(archive: Archive, capsys: Capture) -> None:
    link = archive.links["minehunters"][0]
    shown = " ".join(archive.ask(capsys, link).out.split())
    for part in archive.parts(capsys, link).values():
        assert " ".join(part["verdict"].split()) in shown
        for line in part["lines"]:
            told = f"{line['label']}: {line['words']}" if line["words"] else line["label"]
            assert plain(told) in shown


def test_a_link_is_found_however_a_person_writes_it(archive: Archive, capsys: Capture) -> None:
    link = archive.links["nato-signed"][0]
    bare = link.removeprefix("https://")
    for written in (f"http://{bare}", bare, f"https://www.{bare}/?utm_source=chat", f"{link}/"):
        assert archive.ask(capsys, written, "--json").rows[0]["link"] == link


@pytest.mark.parametrize(
    ("link", "sentence"),
    [
        (UNREAD, "No feed has brought https://news.example/never so far; `tocsin feeds list` shows"),
        ("mailto:me@news.example", "is no address of a web page"),
        ("nonsense", "is no address of a web page"),
    ],
)
def test_an_unknown_link_is_one_sentence_that_says_what_to_do(
    link: str, sentence: str, archive: Archive, capsys: Capture
) -> None:
    ended = archive.ask(capsys, link)
    assert (ended.code, ended.out) == (1, "")
    assert sentence in ended.sentence


def test_a_hostile_title_reaches_the_terminal_as_plain_text(archive: Archive, capsys: Capture) -> None:
    shown = archive.ask(capsys, archive.links["dutch-trial"][0]).out
    assert "@everyone **FREE** look: [Dutch navy tries AI lookout](https://evil.example/x)" in shown
    assert "\x1b" not in shown


async def test_the_button_in_discord_never_differs_from_the_command_line(archive: Archive) -> None:
    """Every line of "Why?" is a line of the account of the story's first report, or of how another one joined; only the
    names of patterns, which an operator may change, stand in the account alone."""
    settings = load_settings()
    (topic,) = settings.knowledge.topics
    async with Store.open(archive.url) as store:
        for link in archive.links["minehunters"]:
            (trace,) = await store.read(traces.of_link, [link])
            assert trace.story
            placed = await store.read(stories.reports, trace.story.id)
            reports = [Reasoned(each.report.article.outlet, each.report.analysis, each.because) for each in placed]
            message = why_message(trace.story, topic=topic.name, reports=reports)
            told = {
                text
                for each in placed
                for one in await store.read(traces.of_link, [each.report.article.link or ""])
                for part in (
                    *account(one, standards=Standards(settings.knowledge.topics)),
                    event_part(each.report.analysis.event, patterns=False),
                )
                for text in (part.verdict, *map(str, part.lines))
            }
            assert not [line for line in lines_of(message) if not any(line in text or text in line for text in told)]


def lines_of(message: Message) -> list[str]:
    """What a message says, as plain lines, without its headings and the lines that count what is left out."""
    text = "\n".join([message.description, *(field.value for field in message.fields)])
    lines = [formatted(line.removeprefix("- ")).plain for line in text.split("\n") if line]
    return [line for line in lines if not line.endswith(("first:", " more"))]
