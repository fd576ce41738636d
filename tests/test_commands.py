"""Every command there is, tried by everybody: reader, manager, people of other servers, after a restart; and what the
pages that describe the commands say of them."""

import re
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import discord
import pytest
from discord import app_commands

from bot.client.index import choices, list_choices
from bot.core.escape import length
from bot.store import runners, subscriptions
from bot.store.runners import Runner
from tests.builders import NOON, a_story
from tests.people import Town, a_client, a_town, said
from tests.told import tell

README = Path(__file__).parents[1] / "README.md"
MANAGERS = (
    "alerts add", "alerts digest", "alerts edit", "alerts list", "alerts mute", "alerts pause", "alerts preview",
    "alerts quiet", "alerts remove", "alerts resume", "alerts test", "alerts unmute", "alerts watch",
    "feeds add", "feeds check", "feeds export", "feeds health", "feeds import", "feeds list", "feeds pause",
    "feeds remove", "feeds resume",
    "settings", "admin why", "admin merge", "admin split", "admin relevance", "admin undo", "admin purge",
)  # fmt: skip
ANSWERS = {
    "admin merge": "These are one story already",
    "admin purge": "Delete everything?",
    "admin relevance": "**In talks** is relevant here",
    "admin split": "It is the only report of its story",
    "admin undo": "This server has made no correction 7",
    "admin why": "Relevant to AI and defence",
    "about": "365 days",
    "alerts add": "Nothing is saved yet",
    "alerts digest": "Its digest comes daily at 09:00 (UTC)",
    "alerts edit": "Subscription 1 changed",
    "alerts list": "1 subscription",
    "alerts mute": "No channel of this server is told stories that name **NATO**",
    "alerts pause": "is paused",
    "alerts preview": "so there is nothing to show",
    "alerts quiet": "Quiet 22:00–07:00 (UTC)",
    "alerts remove": "Remove subscription 1?",
    "alerts resume": "Subscription 1 is not paused",
    "alerts test": "The test arrived",
    "alerts unmute": "neither mutes nor watches",
    "alerts watch": "Stories that name **NATO** matter more",
    "entity compare": "1 story names both",
    "entity info": "In talks",
    "feeds add": "127.0.0.1 is not on the public internet",
    "feeds check": "127.0.0.1 is not on the public internet",
    "feeds export": "Feeds as OPML",
    "feeds health": "no entries yet",
    "feeds import": "1 new feed",
    "feeds list": "Example News",
    "feeds pause": "belongs to the catalogue",
    "feeds remove": "belongs to the catalogue",
    "feeds resume": "belongs to the catalogue",
    "help": "/news latest",
    "news digest": "In talks",
    "news latest": "In talks",
    "news search": "In talks",
    "news top": "In talks",
    "news trends": "1 story",
    "settings": "Give an option to change it",
    "status": "Tocsin 1.2.3",
    "story sources": "1 independent outlet",
    "story timeline": "1 report by 1 independent outlet",
    "story view": "In talks",
}
OPML = b'<opml version="2.0"><body><outline text="Far" xmlUrl="https://far.example/feed"/></body></opml>'
STORIES = [(f"story-{number}", f"Story {number} on the US Army and its drones") for number in range(300)]
NAMES = [f"Organisation {number} of the Army" for number in range(2_100)]


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    async with a_town(tmp_path) as town:
        await tell(town.store, a_story("talks", title="In talks"), "Both talk about models.")
        await town.refresh()
        await town.subscribe(events=("policy",))
        yield town


def options(command: str, channel: Any) -> dict[str, Any]:
    """What the command has to be given."""
    needed = {
        "admin merge": {"story": "talks", "into": "talks"},
        "admin relevance": {"verdict": "relevant", "story": "talks"},
        "admin split": {"article": "https://news.example/1"},
        "admin undo": {"correction": 7},
        "admin why": {"story": "talks"},
        "alerts add": {"channel": channel},
        "alerts edit": {"subscription": 1, "organisations": "NATO"},
        **{f"alerts {verb}": {"subscription": 1} for verb in ("pause", "preview", "remove", "resume", "test")},
        "alerts digest": {"subscription": 1, "time": "9:00"},
        "alerts quiet": {"subscription": 1, "from": "22", "to": "7"},
        **{f"alerts {verb}": {"words": "NATO"} for verb in ("mute", "watch")},
        "alerts unmute": {"words": "Palantir"},
        **{f"feeds {verb}": {"url": "http://127.0.0.1/feed"} for verb in ("add", "check")},
        **{f"feeds {verb}": {"feed": "Example News"} for verb in ("health", "pause", "remove", "resume")},
        "feeds import": {"file": ("feeds.opml", OPML)},
        "news search": {"query": "models"},
        "entity compare": {"a": "OpenAI", "b": "NATO"},
        "entity info": {"name": "OpenAI"},
        "story sources": {"story": "talks"},
        "story timeline": {"story": "talks"},
        "story view": {"story": "talks"},
    }
    return needed.get(command, {})


async def said_to(person: Any, command: str, channel: Any) -> str:
    return said(await person.slash(channel, command, **options(command, channel)))


def typed(tree: Any) -> list[Any]:
    """Every command that can be typed."""
    return [each for each in tree.walk_commands() if isinstance(each, app_commands.Command)]


def tree_of(town: Town) -> app_commands.CommandTree[discord.Client]:
    return town.env.bot.tree


async def test_every_command_is_tried_here(town: Town) -> None:
    assert {each.qualified_name for each in typed(tree_of(town))} == set(ANSWERS)


@pytest.mark.parametrize("command", ANSWERS)
async def test_a_manager_is_answered_before_and_after_a_restart(town: Town, command: str) -> None:
    assert ANSWERS[command] in await said_to(town.manager, command, town.channel)
    await town.restart_bot()
    again = await said_to(town.manager, command, town.channel)
    assert ANSWERS[command] in again


@pytest.mark.parametrize("command", ANSWERS)
async def test_a_reader_is_answered_or_told_what_he_lacks(town: Town, command: str) -> None:
    wanted = "right Manage Server" if command in MANAGERS else ANSWERS[command]
    assert wanted in await said_to(town.reader, command, town.channel)
    assert len(await town.store.read(subscriptions.listed)) == 1


@pytest.mark.parametrize("command", ANSWERS)
async def test_the_manager_of_another_server_sees_and_changes_nothing_of_this_one(town: Town, command: str) -> None:
    guild, elsewhere, mallory = town.other_server()
    text = await said_to(mallory, command, elsewhere)
    assert str(town.channel.id) not in text
    assert "policy" not in text
    here = await town.store.read(subscriptions.listed, town.guild.id)
    assert [each.id for each in here] == [1]
    assert await town.store.read(subscriptions.listed, guild.id) == []


@pytest.mark.parametrize("command", ANSWERS)
async def test_a_server_that_is_not_served_gets_one_sentence(town: Town, command: str) -> None:
    town.allowed = ("4711",)
    await town.restart_bot()
    assert "does not serve this server" in await said_to(town.manager, command, town.channel)


async def test_no_command_is_offered_in_a_direct_message(town: Town) -> None:
    assert all(each.guild_only for each in tree_of(town).get_commands())


async def test_status_counts_the_alerts_of_its_own_server_only(town: Town) -> None:
    await town.claim(a_story("mine"))
    _, elsewhere, mallory = town.other_server()
    assert "1 on their way" in await said_to(town.reader, "status", town.channel)
    assert "none yet" in await said_to(mallory, "status", elsewhere)


async def test_status_tells_who_is_at_work_but_not_where_and_whose_alerts_wait_longest(town: Town) -> None:
    await town.claim(a_story("mine"))
    here = {"machine": "secret-host", "pid": 4711, "version": "1", "started_at": NOON}
    for name, roles, seen in (("a", "poll,deliver", town.now), ("gone", "gateway", NOON)):
        await town.store.write(runners.put, Runner(name, roles, seen_at=seen, facts={"well": True, "lag": 3.0}, **here))
    _, elsewhere, mallory = town.other_server()
    shown = await said_to(town.reader, "status", town.channel)
    assert f"reads feeds, sends alerts · seen <t:{int(town.now.timestamp())}:R> · up to 3 s late" in shown
    assert "answers commands" not in shown, "it was last seen an hour ago"
    assert f"was owed <t:{int(NOON.timestamp())}:R>" in shown
    assert "secret-host" not in shown and "4711" not in shown
    assert "was owed" not in await said_to(mallory, "status", elsewhere)


async def test_the_tables_of_the_readme_are_the_command_tree(town: Town) -> None:
    everybody, managers = README.read_text(encoding="utf-8").split("#### For managers")
    leaves = [each for each in tree_of(town).walk_commands() if isinstance(each, app_commands.Command)]
    tree = {leaf.qualified_name: tuple(option.display_name for option in leaf.parameters) for leaf in leaves}
    assert rows(managers) == {name: given for name, given in tree.items() if name in MANAGERS}
    assert rows(everybody) == {name: given for name, given in tree.items() if name not in MANAGERS}


def rows(text: str) -> dict[str, tuple[str, ...]]:
    """The commands of a table, each with its options."""
    found = re.findall(r"^\| `/([a-z ]+)` \|([^|]*)\|", text, re.MULTILINE)
    return {name: tuple(filter(None, given.strip().split(", "))) for name, given in found}


# -- autocomplete


@pytest.mark.parametrize("typed", ["", "a", "army", "ORGANISATION 20", "nothing like it"])
def test_choices_of_thousands_are_quick_few_and_short(typed: str) -> None:
    offered = [(name, name) for name in [*NAMES, "n" * 500, ""]]
    began = time.process_time()
    found = [*choices(offered, typed), *choices(STORIES, typed), *list_choices(NAMES, f"{NAMES[0]}, {typed}")]
    assert time.process_time() - began < 0.5
    assert len(found) <= 75
    assert all(1 <= length(choice.name) <= 100 and 1 <= length(str(choice.value)) <= 100 for choice in found)


def test_names_that_begin_so_come_first_then_those_with_such_a_word() -> None:
    names = ["Palarmy", "US Army", "Army Futures Command", "British Army"]
    assert [choice.value for choice in choices([(name, name) for name in names], "army")] == [
        "Army Futures Command", "US Army", "British Army", "Palarmy",
    ]  # fmt: skip


async def test_every_autocomplete_answers_everybody_within_its_server(town: Town) -> None:
    town.index.organisations, town.index.stories = NAMES, STORIES
    _, elsewhere, mallory = town.other_server()
    for person, channel in ((town.manager, town.channel), (town.reader, town.channel), (mallory, elsewhere)):
        for command, option in (
            ("news latest", "topic"), ("news latest", "organisation"), ("story view", "story"),
            ("news search", "organisation"), ("news top", "topic"), ("news digest", "topic"),
            ("story sources", "story"), ("story timeline", "story"),
            ("entity info", "name"), ("entity compare", "a"), ("entity compare", "b"),
        ):  # fmt: skip
            offered = await person.autocomplete(channel, command, option, "a")
            assert 1 <= len(offered) <= 25


def test_a_client_without_a_login_knows_its_commands() -> None:
    assert len(typed(a_client(None, None, clock=None).tree)) == len(ANSWERS)  # type: ignore[arg-type]
