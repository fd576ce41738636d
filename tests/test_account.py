"""The whole way of an article: what became of it in each channel, and why it stayed silent."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.core.account import Fate, Standards, Trace, account
from bot.core.importance import Importance
from bot.core.owing import Server
from bot.core.reasons import Part
from bot.core.relevance import Reason, Topic
from bot.core.story import Report, Source
from tests.builders import NOON, a_story, a_subscription, an_analysis, an_article

STALE = Standards(stale_after=timedelta(days=14))
TRACE = Trace(
    feed="Harbour Post",
    title="Talks",
    link="https://news.example/1",
    first_seen=NOON,
    published=NOON,
    report=Report(an_article(), an_analysis()),
    story=a_story(),
    because=(Reason("no open story is alike", ""),),
)
BOTH_UNMET = "not owed: asked for funding; asked for critical importance or more; this is high"
UNTOLD = "not owed yet: it wants the story as it stands now, and is told with its next fresh report"
SENT = Fate(1, 10, 20, "alert", "sent", NOON, "delivered", wishes=("asked for contract",))


def alerts(trace: Trace, **given: Any) -> Part:
    return account(trace, **{"standards": STALE, **given})[-1]


def test_parts_come_in_the_order_of_the_way() -> None:
    parts = account(replace(TRACE, earlier=a_story("s0", title="Rumour")), importance=Importance("high", 3.1))
    assert [part.name.split(" “")[0] for part in parts] == [
        "Origin", "Relevance", "Organisations", "What happened", "Story", "Importance", "Alerts",
    ]  # fmt: skip
    assert "The story follows: “Rumour”" in map(str, parts[4].lines)
    assert parts[5].verdict == "High, a score of 3.1, as the story stands now."


def test_an_entry_that_was_not_read_says_why() -> None:
    trace = replace(TRACE, report=None, story=None, because=(), adopted="known under another name", published=None)
    origin, told = account(trace)
    assert origin.verdict == "The feed “Harbour Post” brought it. It was not read."
    assert "Published: its publisher gives no date" in map(str, origin.lines)
    assert told.verdict == "None: known under another name."


def test_an_analysis_that_was_cut_short_says_so() -> None:
    report = Report(an_article(), an_analysis(relevant=False, problem="It was cut off."))
    origin, judged, told = account(replace(TRACE, report=report, story=None))
    assert "Analysis: It was cut off." in map(str, origin.lines)
    assert judged.verdict.startswith("Not relevant")
    assert told.verdict == "None: it is not relevant."


def test_what_was_told_names_the_channel_and_the_wish() -> None:
    told = alerts(replace(TRACE, fates=(SENT,)), subscriptions=[a_subscription(id=1)])
    assert told.verdict == "1 of 1 subscription has been told."
    assert [str(line) for line in told.lines] == [
        "Channel 20 of server 10 (subscription 1): told (2026-03-04 12:00 UTC); asked for contract"
    ]


@pytest.mark.parametrize(
    ("state", "why", "words"),
    [
        ("owed", "500 twice", "waits to be sent (2026-03-04 12:00 UTC); 500 twice"),
        ("owed", None, "waits to be sent (2026-03-04 12:00 UTC)"),
        ("sending", None, "is being sent (2026-03-04 12:00 UTC)"),
        ("suppressed", "the subscription was removed", "not told (2026-03-04 12:00 UTC); the subscription was removed"),
        ("dead", "10003", "given up (2026-03-04 12:00 UTC); 10003"),
        ("digested", "digest 7", "told in a digest (2026-03-04 12:00 UTC); digest 7"),
    ],
)
def test_each_state_of_a_row_has_its_words(state: Any, why: str | None, words: str) -> None:
    (line,) = alerts(replace(TRACE, fates=(replace(SENT, state=state, why=why, wishes=()),))).lines
    assert line.words == words


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"events": ("funding",)}, "not owed: asked for funding"),
        ({"min_importance": "critical"}, "not owed: asked for critical importance or more; this is high"),
        ({"paused": "a right is missing"}, "not owed yet, paused: a right is missing"),
        (
            {"created_at": NOON + timedelta(hours=1)},
            "not owed: it is newer than the story's last report; the next one is told",
        ),
        ({"mode": "both", "min_importance": "critical"}, UNTOLD),
        (
            {"mode": "both", "min_importance": "critical", "events": ("funding",)},
            "not owed: asked for funding; asked for critical importance or more; this is high",
        ),
        ({}, UNTOLD),
    ],
)
def test_each_subscription_without_a_row_is_told_why(changes: dict[str, Any], words: str) -> None:
    (line,) = alerts(TRACE, subscriptions=[a_subscription(**changes)], importance=Importance("high", 3.0)).lines
    assert line.words == words


@pytest.mark.parametrize(
    ("server", "words"),
    [
        (Server(muted=("nato",)), "not owed: this server has muted nato"),
        (Server(stricter=0.2), "not owed: relevance 0.90 is below the 1.00 that this server asks for"),
        (Server(watched=("nato",), muted=("Palantir",), stricter=0.1), UNTOLD),
    ],
)
def test_what_a_whole_server_does_not_want_is_not_promised(server: Server, words: str) -> None:
    standards = Standards((Topic(id="ai-defence", name="AI", threshold=0.8, bias=0.0, groups=()),))
    (line,) = alerts(TRACE, subscriptions=[a_subscription()], server=server, standards=standards).lines
    assert line.words == words


def test_copies_of_one_outlet_are_told_as_one() -> None:
    story = a_story(sources=(Source("a.example", "T", None, NOON), Source("b.example", "T", None, NOON, copy=True)))
    place = next(part for part in account(replace(TRACE, story=story)) if part.name.startswith("Story"))
    assert "Reports: 2 by now, of 1 independent outlet" in map(str, place.lines)


def test_why_a_report_owed_nothing_to_anybody_is_told() -> None:
    trace = replace(TRACE, silent=True, adopted="swept in", published=NOON - timedelta(days=15))
    assert alerts(trace).verdict == (
        "None: no channel is subscribed. This report owed none: it came with the first poll of its feed, which is "
        "silent; swept in; it was dated more than 14 days back when it was first seen."
    )


def test_what_is_held_back_says_why() -> None:
    (line,) = alerts(
        replace(TRACE, fates=(replace(SENT, state="owed", why=None, held="quiet hours", wishes=()),))
    ).lines
    assert line.words == "waits to be sent (2026-03-04 12:00 UTC); held back: quiet hours"


def test_an_update_is_a_line_of_its_own_and_no_further_subscription() -> None:
    told = alerts(replace(TRACE, fates=(SENT, replace(SENT, kind="update"))), subscriptions=[a_subscription(id=2)])
    assert told.verdict == "1 of 2 subscriptions has been told."
    assert [line.words[:12] for line in told.lines] == ["told (2026-0", "update: told", "not owed yet"]


def test_the_terminal_is_called_so() -> None:
    (line,) = alerts(replace(TRACE, fates=(replace(SENT, guild_id=0, channel_id=0),))).lines
    assert line.label == "The terminal"
