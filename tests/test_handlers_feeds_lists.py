"""What managers do with `/feeds list · health · pause · resume · remove`, from their side; and that no server learns of
another's feeds."""

from datetime import timedelta
from typing import Any

import pytest

from bot.core.feed import FeedState
from bot.store import feeds, guild_feeds, polls
from bot.store.polls import Outcome
from tests import own_feeds
from tests.builders import NOON, a_feed, an_analysis, an_article, an_entry
from tests.own_feeds import LISTED, OPML, SECRET, have, seen
from tests.people import Town, labels, said, text_of

town = own_feeds.town

WORDS = ("secret", "4711", "Hidden")
GIVEN: dict[str, dict[str, Any]] = {
    "feeds add": {"url": "https://a.example/feed"},
    "feeds check": {"url": "https://a.example/feed"},
    "feeds list": {},
    **{f"feeds {verb}": {"feed": "2"} for verb in ("health", "pause", "resume", "remove")},
    "feeds import": {"file": ("x.opml", b"<opml/>")},
    "feeds export": {},
}


async def asked(town: Town, command: str, **options: Any) -> str:
    return said(await town.manager.slash(town.channel, command, **options))


async def state(town: Town, number: int = 2) -> FeedState:
    return next(each.state for each in await town.store.read(feeds.listed) if each.id == number)


async def be(town: Town, **changes: Any) -> None:
    await town.store.write(feeds.save_state, 2, FeedState(**changes))


# -- list


async def test_the_list_names_the_servers_feeds_and_the_catalogues(town: Town) -> None:
    text = await asked(town, "feeds list")
    assert "**Listed Times** · listed.example\nnot read yet" in text
    assert "**Hidden Wire** · secret.example · added here" in text
    assert "2 not read yet" in text


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"last_success_at": NOON}, "✅ **Hidden Wire** · secret.example · added here\nread <t:1772625600:R>"),
        ({"failures": 1, "error": "x@here fails."}, "failed once: x@\u2060here fails."),
        ({"failures": 4, "error": "Late."}, "⚠️ **Hidden Wire** · secret.example · added here\nfailed 4 times in a row"),
        ({"status": "paused", "last_success_at": NOON}, "paused; last read <t:1772625600:R>"),
        ({"status": "gone", "error": "It is gone."}, "given up: It is gone."),
    ],
)
async def test_the_list_tells_how_each_feed_is(town: Town, changes: dict[str, Any], line: str) -> None:
    await be(town, **changes)
    assert line in await asked(town, "feeds list")


@pytest.mark.parametrize(
    ("wanted", "there", "not_there"),
    [
        ("failing", ["Hidden"], ["Listed"]),
        ("paused", ["No feed is paused."], ["Hidden"]),
        ("own", ["Hidden"], ["Listed"]),
        ("all", ["Hidden", "Listed"], []),
    ],
)
async def test_the_list_can_be_filtered(town: Town, wanted: str, there: list[str], not_there: list[str]) -> None:
    await be(town, failures=2, error="Late.")
    text = await asked(town, "feeds list", filter=wanted)
    assert all(word in text for word in there)
    assert not any(word in text for word in not_there)


async def test_empty_lists_say_what_to_do(town: Town) -> None:
    await town.store.write(guild_feeds.remove, town.guild.id, 2, NOON)
    assert "This server has added no feed. Add one with `/feeds add`" in await asked(town, "feeds list", filter="own")
    assert "No feed fails." in await asked(town, "feeds list", filter="failing")
    await town.store.write(feeds.sync_catalogue, [], NOON)
    assert "No feed is read yet." in await asked(town, "feeds list")
    assert "nothing to export" in await asked(town, "feeds export")


async def test_a_long_list_has_pages_that_outlive_a_restart(town: Town) -> None:
    many = [a_feed(f"https://{number}.example/feed", name=f"Feed {number:02}" + "_" * 90) for number in range(25)]
    await town.store.write(feeds.sync_catalogue, [LISTED, *many], NOON)
    listed = await town.manager.slash(town.channel, "feeds list")
    assert "Page 1 of 3" in said(listed)
    await town.restart_bot()
    await town.manager.click(listed.response, label="Next")
    assert "Page 2 of 3" in text_of(listed.response)
    assert labels(listed.response) == ["Previous", "Next"]
    await town.manager.click(listed.response, label="Next")
    assert "Feed 24" in text_of(listed.response)
    assert labels(listed.response) == ["Previous"]


# -- health


async def test_health_tells_everything_of_one_feed(town: Town) -> None:
    found = FeedState(first_polled_at=NOON - timedelta(days=10))
    for number in range(1, 5):
        when = NOON - timedelta(days=10 - number + 1)
        judged = polls.Judged(an_entry(number), an_article(number), an_analysis())
        await town.store.write(polls.commit, Outcome(2, found, (judged,)), when)
    due = NOON + timedelta(hours=3)
    await be(
        town,
        first_polled_at=NOON - timedelta(days=10),
        last_success_at=NOON,
        due_at=due,
        failures=3,
        error="It *broke*.",
    )
    text = await asked(town, "feeds health", feed="2")
    for words in (
        f"`{SECRET}`", "⚠️ failed 3 times in a row", "Last success\n<t:1772625600:R>", "Next try\n<t:1772636400:R>",
        "Error\nIt \\*broke\\*.", "Entries a day\n0.3", "100% (4 of 4 entries)", "From\nthis server",
    ):  # fmt: skip
        assert words in text


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, ["🕓 new", "Last success\nnever", "Next try\nwithin a minute", "known after a day", "no entries yet"]),
        ({"status": "paused"}, ["none while it is paused: `/feeds resume`"]),
        ({"status": "gone", "failures": 1, "error": "Gone."}, ["❌ given up", "asks once more", "Error\nGone."]),
    ],
)
async def test_health_of_a_feed_that_is_not_read(town: Town, changes: dict[str, Any], words: list[str]) -> None:
    await be(town, **changes)
    text = await asked(town, "feeds health", feed="Hidden Wire")
    assert all(word in text for word in words)


@pytest.mark.parametrize("typed", ["2", "hidden wire", "HIDDEN", SECRET, "http://www.secret.example/feed?token=4711"])
async def test_a_feed_may_be_named_by_number_name_or_address(town: Town, typed: str) -> None:
    assert "Hidden Wire" in await asked(town, "feeds health", feed=typed)


async def test_a_name_that_fits_none_or_several_is_told(town: Town) -> None:
    assert "reads no feed called “x\\*y”" in await asked(town, "feeds health", feed="x*y")
    assert "reads no feed called" in await asked(town, "feeds health", feed="9" * 40)
    several = await asked(town, "feeds health", feed="example")
    assert "Several feeds hold “example”: Listed Times, Hidden Wire. Choose one from the list." in several


# -- pause, resume, remove


async def test_a_feed_is_paused_and_resumed(town: Town) -> None:
    assert "is not paused" in await asked(town, "feeds resume", feed="2")
    assert "The feed is paused" in await asked(town, "feeds pause", feed="2")
    assert (await state(town)).status == "paused"
    assert "is paused already" in await asked(town, "feeds pause", feed="2")
    assert "The feed goes on" in await asked(town, "feeds resume", feed="2")
    assert await state(town) == FeedState(due_at=town.now)


async def test_a_feed_is_removed_after_a_question_that_outlives_a_restart(town: Town) -> None:
    question = await town.manager.slash(town.channel, "feeds remove", feed="2")
    assert "Remove this feed?" in said(question)
    await town.restart_bot()
    await town.manager.click(question.response, label="Keep")
    assert "The feed stays" in text_of(question.response)
    assert await seen(town) == ["Listed Times", "Hidden Wire"]
    question = await town.manager.slash(town.channel, "feeds remove", feed="2")
    again = await town.manager.slash(town.channel, "feeds remove", feed="2")
    await town.manager.click(question.response, label="Remove")
    assert "The feed is removed" in text_of(question.response)
    assert await seen(town) == ["Listed Times"]
    assert "no longer has that feed" in said(await town.manager.click(again.response, label="Remove"))


@pytest.mark.parametrize("verb", ["pause", "resume", "remove"])
async def test_what_the_catalogue_holds_no_server_changes(town: Town, verb: str) -> None:
    text = await asked(town, f"feeds {verb}", feed="Listed Times")
    assert f"belongs to the catalogue that every server reads, so no server can {verb} it" in text
    assert "`/alerts mute`" in text
    assert (await state(town, 1)) == FeedState()


# -- one server and another


@pytest.mark.parametrize("command", GIVEN)
async def test_a_reader_is_refused_and_told_what_he_lacks(town: Town, command: str) -> None:
    text = said(await town.reader.slash(town.channel, command, **GIVEN[command]))
    assert "This needs the right Manage Server." in text
    assert not any(word in text for word in WORDS)
    assert (await state(town)).status == "active"


@pytest.mark.parametrize(
    "command", ["feeds list", "feeds health", "feeds pause", "feeds resume", "feeds remove", "status"]
)
@pytest.mark.parametrize("feed", ["2", "Hidden Wire", SECRET])
async def test_no_server_learns_of_anothers_feed(town: Town, command: str, feed: str) -> None:
    await be(town, failures=9, error="secret.example answered 404.")
    _, elsewhere, mallory = town.other_server()
    options = GIVEN.get(command, {})
    options = {"feed": feed} if "feed" in options else options
    text = said(await mallory.slash(elsewhere, command, **options))
    if "feed" in options:
        assert text.startswith("This server reads no feed called")
        text = text.replace(feed, "").replace("https\\://secret.example/feed?token=4711", "")
    assert not any(word in text for word in WORDS)
    assert "failing" not in text
    assert (await state(town)).status == "active"


async def test_what_one_server_removes_or_pauses_goes_on_for_another(town: Town) -> None:
    guild, elsewhere, mallory = town.other_server()
    await have(town, guild.id, SECRET, "Mine")
    assert "The feed is paused" in said(await mallory.slash(elsewhere, "feeds pause", feed="Mine"))
    assert (await state(town)).status == "active"
    assert "not read yet" in await asked(town, "feeds list", filter="own")
    question = await mallory.slash(elsewhere, "feeds remove", feed="Mine")
    await mallory.click(question.response, label="Remove")
    assert await seen(town) == ["Listed Times", "Hidden Wire"]


@pytest.mark.parametrize(
    ("command", "labels"),
    [("feeds list", ["Next"]), ("feeds remove", ["Remove", "Keep"]), ("feeds import", ["Apply", "Cancel"])],
)
async def test_who_no_longer_manages_the_server_presses_in_vain(town: Town, command: str, labels: list[str]) -> None:
    many = [a_feed(f"https://{number}.example/feed") for number in range(12)]
    await town.store.write(feeds.sync_catalogue, [LISTED, *many], NOON)
    role = town.guild.create_role("editors")
    eve = town.guild.add_member(town.env.create_user("eve"), roles=[role])
    town.index.manager_roles[town.guild.id] = role.id
    given = {"file": ("x.opml", OPML)} if command == "feeds import" else GIVEN[command]
    shown = await eve.slash(town.channel, command, **given)
    town.index.manager_roles.clear()
    for label in labels:
        assert "right Manage Server" in said(await eve.click(shown.response, label=label))
    assert len(await seen(town)) == 14


async def test_autocomplete_offers_a_server_its_own_and_the_catalogues(town: Town) -> None:
    _, elsewhere, mallory = town.other_server()

    async def offered(person: Any, channel: Any, command: str) -> list[str]:
        return [each["name"] for each in await person.autocomplete(channel, command, "feed", "")]

    here = ["Hidden Wire · secret.example", "Listed Times · listed.example"]
    assert await offered(town.manager, town.channel, "feeds health") == here
    assert await offered(town.manager, town.channel, "feeds remove") == here[:1]
    assert await offered(mallory, elsewhere, "feeds health") == here[1:]
    assert await offered(mallory, elsewhere, "feeds pause") == []
    assert await offered(town.reader, town.channel, "feeds health") == []


async def test_the_manager_role_manages_feeds_too(town: Town) -> None:
    role = town.guild.create_role("editors")
    editor = town.guild.add_member(town.env.create_user("eve"), roles=[role])
    town.index.manager_roles[town.guild.id] = role.id
    assert "Hidden Wire" in said(await editor.slash(town.channel, "feeds list"))


async def test_nothing_is_offered_in_a_direct_message(town: Town) -> None:
    user = town.env.create_user("dora")
    assert user.available_commands() == ()
