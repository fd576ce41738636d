"""When a runner is well, and the sentences for what is wrong with one."""

from dataclasses import replace

import pytest

from bot.core.vitals import DATABASE_SILENT, DISCORD_AWAY, LOOP_STUCK, NO_HEADWAY, Signs, TickSigns, spoken, troubles

NOW = 100_000.0
POLL = TickSigns("poll", every=30.0, moved=NOW - 10)
WELL = Signs(now=NOW, loop_turned=NOW - 0.2, answered=NOW - 10, connected=NOW - 1, ticks=(POLL,))


def test_a_runner_that_turns_answers_and_ticks_is_well() -> None:
    assert troubles(WELL) == ()
    assert troubles(replace(WELL, connected=None)) == ()


def test_one_without_ticks_is_still_starting() -> None:
    assert troubles(replace(WELL, ticks=())) == ("Tocsin is still starting.",)


def test_one_that_stands_by_is_well_unless_it_is_stuck_or_could_not_take_over() -> None:
    standby = replace(WELL, ticks=(), connected=None, stands_by=True)
    assert troubles(standby) == ()
    assert troubles(replace(standby, loop_turned=NOW - 60))
    assert troubles(replace(standby, answered=NOW - 9_999)) == ("The database has not answered for 3 hours.",)


def test_a_stuck_event_loop_is_told_alone_and_with_its_place() -> None:
    """Fault 62: all else that is late is late because of it."""
    stuck = replace(
        WELL, loop_turned=NOW - LOOP_STUCK - 7, answered=NOW - 900, busy_with="bot/core/merging.py:12 (place)"
    )
    assert troubles(stuck) == (
        "The event loop has been stuck for 12 seconds; it is at bot/core/merging.py:12 (place).",
    )
    assert troubles(replace(stuck, busy_with="")) == ("The event loop has been stuck for 12 seconds.",)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"answered": NOW - DATABASE_SILENT - 15}, "The database has not answered for 75 seconds."),
        ({"connected": NOW - DISCORD_AWAY - 60}, "Discord has not been connected for 6 minutes."),
    ],
)
def test_what_is_away_for_too_long_is_told(changes: dict[str, float], sentence: str) -> None:
    assert troubles(replace(WELL, **changes)) == (sentence,)


@pytest.mark.parametrize("name", ["answered", "connected"])
def test_what_is_away_for_a_moment_is_not(name: str) -> None:
    assert troubles(replace(WELL, **{name: NOW - 45})) == ()


def with_tick(**changes: object) -> Signs:
    return replace(WELL, ticks=(replace(POLL, **changes),))  # type: ignore[arg-type]


def test_a_tick_that_commits_nothing_for_long_makes_no_headway() -> None:
    assert troubles(with_tick(running_since=NOW - 700, moved=NOW - NO_HEADWAY - 60)) == (
        "The tick “poll” has made no headway for 11 minutes.",
    )


def test_a_tick_that_runs_for_hours_and_commits_all_the_while_is_well() -> None:
    assert troubles(with_tick(running_since=NOW - 9_000, moved=NOW - 30)) == ()


def test_a_tick_that_the_clock_left_out_is_told() -> None:
    assert troubles(with_tick(moved=NOW - 600)) == (
        "The tick “poll” has not run for 10 minutes, though it is due every 30 seconds.",
    )
    assert troubles(with_tick(every=86_400.0, moved=NOW - 80_000)) == ()


def test_a_tick_that_fails_thrice_in_a_row_is_told_with_its_error() -> None:
    assert troubles(with_tick(failures=2, error="no")) == ()
    assert troubles(with_tick(failures=3, error="The disk is full")) == (
        "The tick “poll” has failed 3 times in a row (The disk is full).",
    )


def test_everything_that_is_wrong_is_told() -> None:
    bad = replace(with_tick(failures=9, error="X"), answered=NOW - 99, connected=NOW - 999)
    assert [sentence.split()[0:2] for sentence in troubles(bad)] == [
        ["The", "database"],
        ["The", "tick"],
        ["Discord", "has"],
    ]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "0 seconds"), (1, "1 second"), (119, "119 seconds"), (120, "2 minutes"), (7_200, "2 hours"),
     (172_800, "2 days")],
)  # fmt: skip
def test_lengths_of_time_are_no_finer_than_they_matter(seconds: float, words: str) -> None:
    assert spoken(seconds) == words
