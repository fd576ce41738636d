"""What managers do with `/alerts digest` and `/alerts quiet`, from their side, and that digests then come when told."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import discord
import pytest

from bot.core.alert import Habits
from bot.core.hours import DigestPlan, QuietHours
from bot.store import alerts, guilds
from bot.store.guilds import GuildSettings
from handlers.digest import digest
from tests import managing
from tests.builders import NOON, a_story, an_alert
from tests.managing import kept
from tests.people import Town, said

town = managing.town

BOTH = ("digest", "quiet")


async def ask(town: Town, command: str, **options: Any) -> str:
    return said(await town.manager.slash(town.channel, f"alerts {command}", subscription=1, **options))


def at(day: int, hour: int, minute: int = 0) -> str:
    """A moment of March 2026 as Discord draws it."""
    return f"<t:{int(datetime(2026, 3, day, hour, minute, tzinfo=UTC).timestamp())}:f>"


async def test_a_digest_is_planned_with_every_option(town: Town) -> None:
    await town.subscribe(mode="digest")
    text = await ask(town, "digest", time="18:30", days="mon, thu", timezone="europe/berlin", top=5)
    assert "Its digest comes on Mon, Thu at 18:30 (Europe/Berlin), at most 5 stories." in text
    assert f"The next digest comes {at(5, 17, 30)}" in text
    assert (await kept(town)).digest_plan == DigestPlan(18, 30, frozenset({0, 3}), "Europe/Berlin", 5)


async def test_what_is_not_given_of_a_plan_stays(town: Town) -> None:
    plan = DigestPlan(18, 30, frozenset({0}), "Europe/Berlin", 5)
    await town.subscribe(mode="digest", habits=Habits(digest=plan))
    await ask(town, "digest", top=7)
    assert (await kept(town)).digest_plan == replace(plan, top=7)


async def test_the_zone_is_that_of_the_server_unless_given(town: Town) -> None:
    await town.store.write(guilds.save, GuildSettings(town.guild.id, timezone="Asia/Tokyo"))
    await town.subscribe(mode="digest")
    assert "at 07:00 (Asia/Tokyo)" in await ask(town, "digest", time="7")


async def test_no_digest_comes_for_the_time_before_its_plan_and_the_next_one_does(town: Town) -> None:
    await town.subscribe(mode="digest")
    await town.keep(a_story())
    await town.store.write(alerts.owe, [an_alert(1, kind="digest")], NOON)
    await ask(town, "digest", time="14:00")
    assert (await digest(town.now, store=town.store)).digests == 0
    assert (await digest(NOON + timedelta(hours=2), store=town.store)).digests == 1
    await ask(town, "digest", time="11:00")
    assert (await digest(NOON + timedelta(hours=3), store=town.store)).digests == 0


async def test_a_digest_for_a_subscription_of_alerts_switches_to_both(town: Town) -> None:
    await town.subscribe(min_importance="high")
    assert "Every story that it wants is alerted at once" not in await ask(town, "digest", time="8")
    assert (await kept(town)).mode == "both"


async def test_a_digest_that_would_stay_empty_says_how_to_fill_it(town: Town) -> None:
    await town.subscribe()
    text = await ask(town, "digest", time="8")
    assert "Every story that it wants is alerted at once" in text and "choose `mode: digest`" in text


async def test_off_ends_the_digests_and_says_what_becomes_of_what_waits(town: Town) -> None:
    await town.subscribe(mode="digest", habits=Habits(max_per_hour=3))
    await town.keep(a_story())
    await town.store.write(alerts.owe, [an_alert(1, kind="digest")], NOON)
    text = await ask(town, "digest", time="off")
    assert "No digest any more. Each story that it wants comes as an alert of its own now." in text
    subscription = await kept(town)
    assert (subscription.mode, subscription.digest_plan, subscription.habits) == (
        "alerts",
        None,
        Habits(max_per_hour=3),
    )
    assert "What waits for the next digest comes in one last message." in text
    assert (await town.store.read(alerts.counts))["owed"] == 1
    assert "has no digest" in await ask(town, "digest", time="OFF")


async def test_without_options_the_plan_is_told_and_nothing_changes(town: Town) -> None:
    await town.subscribe(mode="digest")
    before = await kept(town)
    text = await ask(town, "digest")
    assert "Its digest comes daily at 08:00 (UTC)" in text and at(5, 8) in text
    assert await kept(town) == before


async def test_a_paused_subscription_says_that_its_digest_waits(town: Town) -> None:
    await town.subscribe(mode="digest", paused="a test")
    assert "It waits while the subscription is paused" in await ask(town, "digest", time="9")


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ({"time": "25:00"}, "'25:00' is no time of day; write it like 08:30."),
        ({"time": "noon"}, "'noon' is no time of day"),
        ({"days": "someday"}, "'someday' is no day; write daily, weekdays, or days such as mon, thu."),
        ({"timezone": "Mars/Olympus"}, "There is no time zone 'Mars/Olympus'"),
    ],
)
async def test_what_is_no_plan_is_refused(town: Town, option: dict[str, str], words: str) -> None:
    await town.subscribe(mode="digest")
    before = await kept(town)
    assert words in await ask(town, "digest", **option)
    assert await kept(town) == before


# -- quiet hours


async def test_quiet_hours_are_kept_with_every_option_and_told(town: Town) -> None:
    await town.subscribe()
    given = {"from": "22:00", "to": "7", "critical_override": False, "timezone": "Europe/Berlin"}
    text = await ask(town, "quiet", **given)
    assert "Quiet 22:00–07:00 (Europe/Berlin). Quiet begins" in text and at(4, 21) in text
    assert "held, never dropped" in text
    assert (await kept(town)).habits.quiet == QuietHours(22 * 60, 7 * 60, "Europe/Berlin", False)


async def test_what_is_not_given_of_quiet_hours_stays(town: Town) -> None:
    await town.subscribe(habits=Habits(quiet=QuietHours(60, 120, "Asia/Tokyo", False)))
    await ask(town, "quiet", critical_override=True)
    assert (await kept(town)).habits.quiet == QuietHours(60, 120, "Asia/Tokyo", True)


async def test_quiet_that_reigns_already_says_until_when(town: Town) -> None:
    await town.subscribe()
    text = await ask(town, "quiet", **{"from": "12:30", "to": "14:00"})
    assert f"It is quiet now, until {at(4, 14)}" in text
    assert "critical stories excepted" in text


async def test_off_ends_quiet_hours(town: Town) -> None:
    await town.subscribe(habits=Habits(quiet=QuietHours(60, 120)))
    assert "No quiet hours any more" in await ask(town, "quiet", **{"from": "off"})
    assert (await kept(town)).habits.quiet is None
    assert "has no quiet hours" in await ask(town, "quiet", **{"from": "off"})


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"from": "22:00"}, "Give both `from` and `to`"),
        ({"from": "22:00", "to": "22:00"}, "Quiet hours need two different times"),
        ({"from": "late", "to": "early"}, "'late' is no time of day"),
        ({"from": "22", "to": "7", "timezone": "Nowhere"}, "There is no time zone"),
    ],
)
async def test_what_are_no_quiet_hours_is_refused(town: Town, given: dict[str, str], words: str) -> None:
    await town.subscribe()
    assert words in await ask(town, "quiet", **given)
    assert (await kept(town)).habits.quiet is None


# -- who may


@pytest.mark.parametrize("command", BOTH)
async def test_readers_and_other_servers_change_nothing(town: Town, command: str) -> None:
    await town.subscribe(mode="digest")
    before = await kept(town)
    given = {"time": "9"} if command == "digest" else {"from": "22", "to": "7"}
    _, elsewhere, mallory = town.other_server()
    for person, place, words in (
        (town.reader, town.channel, "right Manage Server"),
        (mallory, elsewhere, "This server has no subscription 1"),
    ):
        assert words in said(await person.slash(place, f"alerts {command}", subscription=1, **given))
    assert await kept(town) == before


@pytest.mark.parametrize("command", BOTH)
async def test_a_manager_changes_only_channels_where_she_may_write(town: Town, command: str) -> None:
    hidden = town.guild.create_text_channel(
        "hidden", overwrites={town.guild.default_role: discord.PermissionOverwrite(send_messages=False)}
    )
    await town.subscribe(channel_id=hidden.id)
    given = {"time": "9"} if command == "digest" else {"from": "22", "to": "7"}
    assert "You cannot write in" in await ask(town, command, **given)


@pytest.mark.parametrize("command", BOTH)
async def test_time_zones_are_offered_to_managers_by_any_part_of_their_name(town: Town, command: str) -> None:
    offered = await town.manager.autocomplete(town.channel, f"alerts {command}", "timezone", "new y")
    assert [choice["value"] for choice in offered] == ["America/New_York"]
    assert len(await town.manager.autocomplete(town.channel, f"alerts {command}", "timezone", "")) == 25
    assert await town.reader.autocomplete(town.channel, f"alerts {command}", "timezone", "") == []
