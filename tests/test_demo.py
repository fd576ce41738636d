"""The demo as people see it: played once through the whole real path, then looked at from every side."""

import asyncio
import re
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from bot.demo.newsroom import POLLS, Sample, read_newsroom
from bot.demo.player import Playbill, play
from bot.settings import load_settings

NOW = datetime(2026, 3, 4, 9, 30, tzinfo=UTC)
SAMPLES = tuple(sample for outlet in read_newsroom() for sample in outlet.samples)
NOISE = tuple(sample for sample in SAMPLES if sample.story is None)


@dataclass(frozen=True, slots=True)
class Evening:
    """One play: what was shown, what was written, and what was left in the temporary folder."""

    bill: Playbill
    text: str
    left: set[Path]

    @property
    def acts(self) -> list[str]:
        """What was written from each poll on, up to the next one or the answer to "Why?"."""
        return re.split(r"^(?:Poll \d of \d|Somebody presses) .*$", self.text, flags=re.MULTILINE)[1 : POLLS + 1]


@pytest.fixture(scope="module")
def evening(tmp_path_factory: pytest.TempPathFactory) -> Evening:
    """With a temporary folder to itself: several processes may play at a time."""
    place, out = tmp_path_factory.mktemp("evening"), StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(place))
        bill = asyncio.run(play(load_settings(), Console(file=out, width=200), now=NOW))
    return Evening(bill, out.getvalue(), set(place.iterdir()))


def titles(samples: tuple[Sample, ...], story: str) -> set[str]:
    return {sample.title for sample in samples if sample.story == story}


def number_of(evening: Evening, story: str) -> int:
    """The number of the alert that is headed by a report of the story."""
    wanted = titles(SAMPLES, story)
    return next(n for n, alert in enumerate(evening.bill.alerts, 1) if plain(alert.title) in wanted)


def plain(markup: str) -> str:
    return re.sub(r"\\([^\w\s])|\u2060", r"\1", markup)


def test_the_first_poll_is_silent_and_later_ones_alert(evening: Evening) -> None:
    first, second, third = evening.acts
    assert "message" not in first
    assert "message 1\n" in second
    assert f"message {len(evening.bill.alerts)}" in third


def test_it_shows_at_least_eight_alerts(evening: Evening) -> None:
    assert len(evening.bill.alerts) >= 8


def test_every_story_is_told_once(evening: Evening) -> None:
    first = [alert for alert in evening.bill.alerts if not alert.author.startswith("UPDATE")]
    shown = [plain(alert.title) for alert in first]
    stories = {sample.story for sample in SAMPLES if sample.story and sample.poll > 1}
    for story in stories - {"ondrel-denial"}:  # a denial may be a step of its own or an edit of what it denies
        assert sum(title in titles(SAMPLES, story) for title in shown) == 1, story


def test_two_stories_about_one_firm_are_two_alerts(evening: Evening) -> None:
    assert number_of(evening, "minehunters") != number_of(evening, "skerrivane-funding")
    assert number_of(evening, "nato-talks") != number_of(evening, "tallowmere-commodore")


def test_a_message_is_edited_when_more_outlets_report(evening: Evening) -> None:
    number = number_of(evening, "minehunters")
    assert number in evening.bill.edited
    edited = evening.text[evening.text.index(f"message {number}, edited") :]
    assert "3 outlets" in edited[: edited.index("Why?")]


def test_a_later_step_is_a_reply_to_the_earlier_alert(evening: Evening) -> None:
    reply = (number_of(evening, "nato-signed"), number_of(evening, "nato-talks"))
    assert reply in evening.bill.replies
    assert f"message {reply[0]}, a reply to message {reply[1]}" in evening.text


def test_a_denial_reaches_those_who_read_the_rumour(evening: Evening) -> None:
    rumour = number_of(evening, "ondrel-rumour")
    assert rumour in evening.bill.edited or rumour in {answered for _, answered in evening.bill.replies}
    assert "· denied ·" in evening.acts[2]


def test_unrelated_stories_follow_nothing(evening: Evening) -> None:
    replies = {reply for reply, _ in evening.bill.replies}
    assert not replies & {number_of(evening, "minehunters"), number_of(evening, "eschental-order")}


def test_why_is_answered_once(evening: Evening) -> None:
    assert evening.text.count("Somebody presses “Why?”") == 1
    assert "Why these reports are one story" in evening.text


def test_noise_alerts_nobody_and_the_end_says_why(evening: Evening) -> None:
    shown = {plain(alert.title) for alert in evening.bill.alerts}
    assert not shown & {sample.title for sample in NOISE}
    assert f"{len(NOISE)} of {len(SAMPLES)} articles alerted nobody: " in evening.text
    assert "defence but no AI" in evening.text


def test_a_headline_full_of_markup_pings_nobody_and_masks_nothing(evening: Evening) -> None:
    trick = evening.bill.alerts[number_of(evening, "dutch-trial") - 1]
    texts = (
        trick.content,
        trick.author,
        trick.title,
        trick.description,
        trick.footer,
        *(f.value for f in trick.fields),
    )
    assert not re.search(r"@(everyone|here)\b", trick.content)
    assert not any(re.search(r"(?<!\\)\*\*FREE|(?<!\\)\]\(https://evil", text) for text in texts)
    assert not any(button.url and "evil" in button.url for button in trick.buttons)
    assert "javascript:" not in repr(trick)


def test_what_is_shown_is_plain_text_where_there_is_no_terminal(evening: Evening) -> None:
    assert "\x1b" not in evening.text


def test_it_says_that_the_stories_are_invented_and_what_to_do_next(evening: Evening) -> None:
    assert "invented for this demo" in evening.text
    assert "TOCSIN_DISCORD_TOKEN" in evening.text
    assert "3 polls of 8 feeds" in evening.text


def test_it_leaves_nothing_behind(evening: Evening) -> None:
    assert evening.left == set()
