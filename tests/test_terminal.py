"""A message in the terminal says what it says in Discord."""

import re
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from rich.console import Console

from bot.core.details import sources_message
from bot.core.event import Amount, Party
from bot.core.message import Message, alert_message, minimal_message
from bot.core.relevance import Reason
from bot.core.story import Source
from bot.terminal import TerminalSender, ago, draw, formatted
from tests.builders import NOON, a_story

STORY = a_story(
    title="OpenAI *weighs* a deal",
    seller=Party("OpenAI", "OpenAI"),
    buyer=Party("NATO", "NATO"),
    amounts=(Amount("$200 million"),),
    key_points=("A first point.", "A [second] point."),
)


def printed(message: Message, *, width: int = 80, colours: bool = False) -> str:
    console = Console(
        file=StringIO(), width=width, force_terminal=colours, color_system="truecolor" if colours else None
    )
    console.print(draw(message, now=NOON + timedelta(hours=3)))
    text = console.file.getvalue()  # type: ignore[attr-defined]
    return "\n".join(line.rstrip() for line in text.splitlines())


def test_an_alert_is_drawn_as_discord_lays_it_out() -> None:
    assert printed(alert_message(STORY, mark="m")) == "\n".join(
        [
            "▌ 📝 CONTRACT · in talks · 1 outlet",
            "▌ OpenAI *weighs* a deal",
            "▌ • A first point.",
            "▌ • A [second] point.",
            "▌",
            "▌ First seen 3 h ago",
            "▌",
            "▌ Seller → Buyer   Amount",
            "▌ OpenAI → NATO    $200 million",
            "▌ Because",
            "▌ AI: model",
            "▌ news.example",
            "[ Read ↗ ] [ Sources ] [ Key points ] [ Why? ] [ Not relevant ]",
        ]
    )


def test_colour_and_links_are_for_terminals_only() -> None:
    coloured = printed(alert_message(STORY, mark="m"), colours=True)
    assert "38;2;46;125;50" in coloured
    assert "https://news.example/1" in coloured
    assert "\x1b" not in printed(alert_message(STORY, mark="m"))


def test_a_narrow_terminal_wraps_behind_the_bar() -> None:
    lines = printed(alert_message(STORY, mark="m"), width=24).splitlines()
    assert all(len(line) <= 24 for line in lines)
    assert all(line.startswith("▌") for line in lines[:12])


def test_a_minimal_message_is_text_and_buttons() -> None:
    assert printed(minimal_message(STORY, mark="m")).splitlines() == [
        "CONTRACT · in talks — OpenAI *weighs* a deal",
        "news.example",
        "[ Sources ] [ Key points ] [ Why? ] [ Not relevant ]",
    ]


@pytest.mark.parametrize("colours", [True, False])
@pytest.mark.parametrize(
    "hostile",
    [
        "\x1b[2J\x1b[H\x1b]0;owned\x07",
        "\x9b31mred",
        "\x1b]8;;https://evil.example\x1b\\click",
        "a\rb\bc",
        "[red]rich[/red]",
    ],
)
def test_a_feed_cannot_steer_the_terminal(hostile: str, colours: bool) -> None:
    """Every escape sequence in what is printed is one of rich's own: colours, and links to the story's address."""
    story = a_story(
        title=hostile, key_points=(hostile,), organisations=(hostile,), seller=Party(hostile, hostile),
        amounts=(Amount(hostile),), because=(Reason("ai", hostile),), link="https://news.example/1",
        sources=(Source(hostile, hostile, "https://news.example/1", NOON),),
    )  # fmt: skip
    for message in (alert_message(story, mark="m"), minimal_message(story, mark="m"), sources_message(story)):
        text = printed(message, colours=colours)
        own = re.sub(r"\x1b\[[0-9;]*m|\x1b\]8;(id=[0-9-]+)?;(https://news\.example/1)?\x1b\\", "", text)
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", own), repr(own)
        assert colours or own == text
    if hostile.startswith("["):
        assert "[red]rich[/red]" in printed(alert_message(story, mark="m"))


def test_lists_hang_behind_a_dot() -> None:
    message = Message(description="- a point that is longer than the line\n- another\n\nafter")
    assert printed(message, width=24).splitlines() == [
        "▌ • a point that is",
        "▌   longer than the line",
        "▌ • another",
        "▌",
        "▌ after",
    ]


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        (r"\*\*not bold\*\* \\ \[x\](y)", r"**not bold** \ [x](y)"),
        (r"**b \* b** after", "b * b after"),
        (r"[a \_b](https://x.example/y) c", "a _b c"),
        ("`/alerts add` in <#7>", "/alerts add in #7"),
        ("@\u2060everyone", "@everyone"),
        ("plain **unfinished", "plain **unfinished"),
    ],
)
def test_markup_is_read_back(markup: str, text: str) -> None:
    assert formatted(markup).plain == text


def test_a_moment_without_a_clock_is_absolute() -> None:
    moment = int(datetime(2026, 3, 4, 12, tzinfo=UTC).timestamp())
    assert formatted(f"seen <t:{moment}:R>").plain == "seen 2026-03-04 12:00 UTC"


def test_moments_read_as_people_say_them() -> None:
    assert ago(NOON, NOON + timedelta(seconds=5)) == "just now"
    assert ago(NOON - timedelta(days=2), NOON) == "2 d ago"
    assert ago(NOON + timedelta(hours=1), NOON) == "in 1 h"


async def test_the_terminal_takes_alerts_and_edits() -> None:
    console = Console(file=StringIO(), width=80)
    sender = TerminalSender(console, clock=lambda: NOON)
    first = await sender.create(0, alert_message(STORY, mark="1"), nonce="1")
    second = await sender.create(0, alert_message(STORY, mark="2"), nonce="2", reply_to=first)
    await sender.edit(0, first, alert_message(a_story(title="Now signed"), mark="1"))
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert (first, second) == (1, 2)
    assert "message 2, a reply to message 1" in text
    assert "message 1, edited" in text
    assert "Now signed" in text
    assert await sender.find(0, "1", NOON) is None
