"""What managers do with `/alerts watch · mute · unmute`, from their side, and what it does to alerts."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.core.watchlist import MOST_WORDS
from bot.store import guilds
from bot.store.guilds import GuildSettings, Watch
from handlers.poll.wishes import wishes
from tests import managing
from tests.builders import NOON, a_story
from tests.people import Town, said
from tests.told import tell

town = managing.town


async def ask(town: Town, command: str, words: str, **options: Any) -> str:
    return said(await town.manager.slash(town.channel, f"alerts {command}", words=words, **options))


async def lists(town: Town) -> list[tuple[str, str, datetime | None]]:
    found = await town.store.read(guilds.listed_watches, town.now, town.guild.id)
    return [(each.kind, each.words, each.until) for each in found]


async def test_muted_words_are_kept_for_the_server_and_their_effect_is_told(town: Town) -> None:
    await town.keep(a_story("a"), a_story("b", organisations=("Palantir",), title="Other", key_points=()))
    text = await ask(town, "mute", "nato")
    assert "No channel of this server is told stories that name **nato**, until `/alerts unmute`." in text
    assert "It would have kept 1 story of 2 in the last 30 days from this server's channels." in text
    assert await lists(town) == [("mute", "nato", None)]
    servers = (await town.store.read(wishes, town.now)).servers
    assert servers[town.guild.id].muted == ("nato",)


async def test_watched_words_are_kept_for_the_server(town: Town) -> None:
    text = await ask(town, "watch", "swarming drones")
    assert "Stories that name **swarming drones** matter more in this server" in text
    assert "It would have met 0 stories of 0" in text
    assert (await town.store.read(wishes, town.now)).servers[town.guild.id].watched == ("swarming drones",)


@pytest.mark.parametrize(
    ("until", "end"),
    [
        ("8h", timedelta(hours=8)),
        ("3d", timedelta(days=3)),
        (" 2 W ", timedelta(weeks=2)),
        ("90m", timedelta(minutes=90)),
    ],
)
async def test_an_end_may_be_a_time_from_now(town: Town, until: str, end: timedelta) -> None:
    await ask(town, "mute", "NATO", until=until)
    assert await lists(town) == [("mute", "NATO", town.now + end)]


async def test_an_end_may_be_a_date_in_the_zone_of_the_server(town: Town) -> None:
    await town.store.write(guilds.save, GuildSettings(town.guild.id, timezone="Europe/Berlin"))
    text = await ask(town, "mute", "NATO", until="2026-03-10")
    end = datetime(2026, 3, 9, 23, tzinfo=UTC)
    assert f"until <t:{int(end.timestamp())}:f>" in text
    assert await lists(town) == [("mute", "NATO", end)]


@pytest.mark.parametrize(
    ("words", "until", "said_back"),
    [
        ("NATO", "soon", "“soon” is no end; write 8h, 3d, 2w, or a date such as 2026-12-24."),
        ("NATO", "2020-01-01", "The end has to be in the future"),
        ("NATO", "9999w", "within five years"),
        ("NATO", "0h", "The end has to be in the future"),
        ("*", None, "Give a name, an outlet such as reuters.com, or a phrase"),
        ("x" * 200, None, "200 characters long; give at most 80"),
    ],
)
async def test_what_could_never_be_is_refused(town: Town, words: str, until: str | None, said_back: str) -> None:
    for command in ("mute", "watch"):
        options = {"until": until} if until else {}
        assert said_back in await ask(town, command, words, **options)
    assert await lists(town) == []


async def test_the_same_words_stand_on_one_list_once(town: Town) -> None:
    await ask(town, "watch", "NATO")
    text = await ask(town, "mute", "nato", until="8h")
    assert "It is no longer watched for." in text
    assert [(kind, words) for kind, words, _ in await lists(town)] == [("mute", "nato")]
    assert "It is no longer muted." in await ask(town, "watch", "NATO")


async def test_unmute_lifts_a_mute_and_a_watch_in_any_case(town: Town) -> None:
    await ask(town, "mute", "NATO")
    assert "Stories that name **nato** are told again." in await ask(town, "unmute", " nato ")
    await ask(town, "watch", "NATO")
    assert "matter no more than others" in await ask(town, "unmute", "NATO")
    assert await lists(town) == []


async def test_unmute_of_what_stands_on_no_list_says_what_does(town: Town) -> None:
    assert "neither mutes nor watches for “NATO”" in await ask(town, "unmute", "NATO")
    await ask(town, "mute", "Palantir")
    assert "On its lists: Palantir." in await ask(town, "unmute", "NATO")


async def test_a_server_has_a_most_of_words(town: Town) -> None:
    for number in range(MOST_WORDS):
        await town.store.write(guilds.add_watch, Watch(town.guild.id, "mute", f"w{number:02}", None, 1, NOON))
    assert f"holds {MOST_WORDS} already" in await ask(town, "mute", "one more")
    assert "No channel" in await ask(town, "mute", "W00", until="8h")
    assert "matter more" in await ask(town, "watch", "one more")


async def test_the_list_tells_what_is_watched_and_muted_here_and_not_elsewhere(town: Town) -> None:
    await ask(town, "mute", "NATO", until="8h")
    await ask(town, "watch", "Palantir *x*")
    _, elsewhere, mallory = town.other_server()
    here = said(await town.manager.slash(town.channel, "alerts list"))
    assert "Muted for the whole server\nNATO (ends <t:" in here
    assert "Watched for by the whole server\nPalantir \\*x\\*" in here
    there = said(await mallory.slash(elsewhere, "alerts list"))
    assert "NATO" not in there and "Palantir" not in there


@pytest.mark.parametrize("command", ["watch", "mute", "unmute"])
async def test_readers_and_other_servers_change_nothing_here(town: Town, command: str) -> None:
    await ask(town, "mute", "Palantir")
    before = await lists(town)
    refused = await town.reader.slash(town.channel, f"alerts {command}", words="Palantir")
    assert "right Manage Server" in said(refused)
    _, elsewhere, mallory = town.other_server()
    await mallory.slash(elsewhere, f"alerts {command}", words="Palantir")
    assert await lists(town) == before


async def test_names_and_outlets_are_offered_and_for_unmute_what_is_listed(town: Town) -> None:
    await tell(town.store, a_story(), "Both talk.")
    await town.refresh()
    for command in ("watch", "mute"):
        assert {"name": "NATO", "value": "NATO"} in await town.manager.autocomplete(
            town.channel, f"alerts {command}", "words", "nat"
        )
        assert await town.reader.autocomplete(town.channel, f"alerts {command}", "words", "") == []
        outlets = await town.manager.autocomplete(town.channel, f"alerts {command}", "words", "news.")
        assert [choice["value"] for choice in outlets] == ["news.example"]
    await ask(town, "mute", "Palantir", until="8h")
    await town.restart_bot()
    await town.refresh()
    _, elsewhere, mallory = town.other_server()
    unmute = ("alerts unmute", "words", "")
    assert await town.manager.autocomplete(town.channel, *unmute) == [{"name": "Palantir", "value": "Palantir"}]
    assert await mallory.autocomplete(elsewhere, *unmute) == []
    assert await town.reader.autocomplete(town.channel, *unmute) == []
    town.now += timedelta(hours=9)
    assert await town.manager.autocomplete(town.channel, *unmute) == []
