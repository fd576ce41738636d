"""`tocsin alerts …`: subscriptions without Discord's commands."""

import sqlite3
from contextlib import closing

import pytest

from tests.command import call

Capture = pytest.CaptureFixture[str]
SNOWFLAKE = "1234567890123456789"
THERE = ("--guild", "1", "--channel", SNOWFLAKE)


def test_what_is_added_is_listed_with_every_key_and_ends_when_removed(capsys: Capture) -> None:
    added = call(
        capsys, "alerts", "add", *THERE, "--topic", "ai-defence", "--events", "funding,contract",
        "--organisations", "OpenAI",
    )  # fmt: skip
    assert (added.code, added.out, added.err) == (0, "1\n", "")
    assert call(capsys, "alerts", "list", "--json").rows == [
        {
            "id": 1,
            "guild_id": "1",
            "channel_id": SNOWFLAKE,
            "topic": "ai-defence",
            "organisations": ["OpenAI"],
            "events": ["contract", "funding"],
            "languages": [],
            "min_importance": "low",
            "mode": "alerts",
            "paused": None,
        }
    ]
    assert call(capsys, "alerts", "remove", "1").code == 0
    assert call(capsys, "alerts", "list", "--json").out == ""


def test_without_subscriptions_the_list_says_how_to_add_one(capsys: Capture) -> None:
    assert "tocsin alerts add --guild ID --channel ID" in call(capsys, "alerts", "list").out


def test_ids_are_whole_in_a_terminal_of_80_columns(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    monkeypatch.setenv("COLUMNS", "80")
    call(capsys, "alerts", "add", "--guild", SNOWFLAKE, "--channel", SNOWFLAKE, "--organisations", "NATO, OpenAI, AWS")
    listed = call(capsys, "alerts", "list").out
    assert listed.count(SNOWFLAKE) == 2


def test_a_reason_to_pause_is_whole_in_a_narrow_terminal(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    monkeypatch.setenv("COLUMNS", "30")
    call(capsys, "alerts", "add", "--guild", "1", "--channel", "2")
    with closing(sqlite3.connect("tocsin.db")) as database:
        database.execute("UPDATE subscriptions SET paused = 'Internationalisation!'")
        database.commit()
    assert "…" not in call(capsys, "alerts", "list").out


def test_an_organisation_may_be_called_by_an_alias_and_is_kept_by_its_name(capsys: Capture) -> None:
    call(capsys, "alerts", "add", *THERE, "--organisations", "pentagon, openai, US Department of Defense")
    (row,) = call(capsys, "alerts", "list", "--json").rows
    assert row["organisations"] == ["US Department of Defense", "OpenAI"]


@pytest.mark.parametrize(
    ("wish", "sentence"),
    [
        (("--organisations", "Palantr"), "did you mean Palantir"),
        (("--organisations", "Zzyzx & Sons"), "organisations.toml has those that it knows"),
        (("--topic", "cooking"), "there is no topic 'cooking'; topics.toml has ai-defence"),
        (("--events", "wedding"), "'wedding' is no event type; there are contract"),
        (("--mode", "weekly"), "'weekly' is no mode; there are alerts, digest, both"),
        (("--languages", "xx"), "'xx' is no language that Tocsin knows; there are ar"),
    ],
)
def test_a_wish_that_no_story_could_meet_is_refused(wish: tuple[str, ...], sentence: str, capsys: Capture) -> None:
    ended = call(capsys, "alerts", "add", *THERE, *wish)
    assert ended.code == 2
    assert sentence in ended.sentence
    assert call(capsys, "alerts", "list", "--json").out == ""


@pytest.mark.parametrize("mode", ["digest", "both"])
def test_a_mode_with_digests_says_when_they_come(mode: str, capsys: Capture) -> None:
    added = call(capsys, "alerts", "add", *THERE, "--mode", mode, "--languages", "de,EN")
    assert (added.code, added.out) == (0, "1\n")
    assert "Its digest comes daily at 08:00 (UTC), at most 10 stories" in added.err
    (row,) = call(capsys, "alerts", "list", "--json").rows
    assert (row["mode"], row["languages"]) == (mode, ["de", "en"])
    assert "08:00" in call(capsys, "alerts", "list").out


def test_the_same_wish_for_the_same_channel_is_refused(capsys: Capture) -> None:
    call(capsys, "alerts", "add", *THERE, "--events", "funding,contract")
    again = call(capsys, "alerts", "add", *THERE, "--events", "contract,funding")
    assert (again.code, again.sentence) == (1, "The channel has that already: it is subscription 1.")
    assert call(capsys, "alerts", "add", *THERE, "--events", "funding").code == 0


def test_a_subscription_that_is_not_there_cannot_be_removed(capsys: Capture) -> None:
    ended = call(capsys, "alerts", "remove", "7")
    assert (ended.code, ended.sentence) == (
        1,
        "There is no subscription 7; `tocsin alerts list` shows which there are.",
    )
