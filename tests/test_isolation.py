"""A manager of another server tries every command, every suggestion and every button with all that belongs to this
one: its numbers, names, addresses, drafts and the marks of its messages. Nothing is told, and nothing is changed.
"""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, select

from bot.client.drawing import to_view
from bot.core.escape import escape
from bot.core.message import Button, Message
from bot.store.schema import (
    alerts,
    bulletins,
    channels,
    corrections,
    feeds,
    guild_feeds,
    guilds,
    subscriptions,
    votes,
    watches,
)
from tests.people import Town, a_town, said
from tests.test_commands import options as smallest
from tests.test_every_command import OFFERING, every_leaf, pressed
from tests.test_isolation_store import ADDRESS, MARK, OPS, fill

OF_SERVERS = (alerts, bulletins, channels, corrections, feeds, guild_feeds, guilds, subscriptions, votes, watches)
"""What belongs to one server, or is read for it. Stories and their corrections are everybody's."""
TYPED = ("1", "2", "s1", MARK, "alpha mute", ADDRESS)
SHARED = {"admin merge", "admin split"}
KEEPING = {"alerts watch", "alerts mute"}
"""They keep what is typed, and tell it later."""
LOOKING = {"feeds add", "feeds check"}
"""They look at an address as anybody may; see the tests of `/feeds`."""


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    async with a_town(tmp_path) as town:
        await town.store.write(fill, town.guild.id, town.channel.id)
        await town.refresh()
        yield town


async def rows_of(town: Town) -> set[str]:
    """Every row that belongs to this server, as it stands."""

    def look(c: Connection) -> set[str]:
        return {f"{table.name} {dict(row)}" for table in OF_SERVERS for row in c.execute(select(table)).mappings()}

    return await town.store.read(look)


def told(town: Town, text: str) -> list[str]:
    """What of this server stands in a text."""
    marks = (MARK, str(town.channel.id), str(town.guild.id), str(OPS), "Asia/Tokyo")
    return [mark for mark in marks if mark in text]


def given(leaf: Any, channel: Any, typed: str) -> dict[str, Any]:
    """What the command is given, with `typed` wherever words or numbers go."""
    filled = smallest(leaf.qualified_name, channel)
    free = {each.display_name for each in leaf.parameters if not each.choices}
    for name in filled.keys() & free:
        if isinstance(filled[name], str):
            filled[name] = typed
        elif isinstance(filled[name], int) and typed.isdecimal():
            filled[name] = int(typed)
    return filled


async def read_by(person: Any, town: Town, channel: Any, leaf: Any, options: dict[str, Any]) -> str:
    """All that a person reads after a command, files as well."""
    result = await person.slash(channel, leaf.qualified_name, **options)
    shown = [message for message in (result.response, *result.followups) if message]
    files = [town.env.backend.cdn.get(file.url) or b"" for message in shown for file in message.attachments]
    return said(result) + b"".join(files).decode("utf-8", "replace")


async def test_no_command_tells_or_changes_anything_of_another_server(town: Town) -> None:
    _, elsewhere, mallory = town.other_server()
    for leaf in every_leaf():
        if leaf.qualified_name in LOOKING:
            continue
        before = await rows_of(town)
        tried = TYPED[:1] if leaf.qualified_name in KEEPING else TYPED
        for options in {str(given(leaf, elsewhere, typed)): given(leaf, elsewhere, typed) for typed in tried}.values():
            text = await read_by(mallory, town, elsewhere, leaf, options)
            for value in options.values():
                text = text.replace(escape(value), "").replace(value, "") if isinstance(value, str) else text
            assert told(town, text) == [], (leaf.qualified_name, options)
        if leaf.qualified_name not in SHARED:
            assert before - await rows_of(town) == set(), leaf.qualified_name


async def test_no_suggestion_tells_anything_of_another_server(town: Town) -> None:
    _, elsewhere, mallory = town.other_server()
    for command, option, _ in OFFERING:
        for typed in ("", MARK):
            offered = str(await mallory.autocomplete(elsewhere, command, option, typed))
            assert told(town, offered) == [], (command, option, typed)


async def test_the_suggestions_are_there_for_the_server_itself(town: Town) -> None:
    """What is tried above has something to find."""
    offered = [
        str(await town.manager.autocomplete(town.channel, command, option, ""))
        for command, option, managers in OFFERING
        if managers
    ]
    assert sum(MARK in each for each in offered) >= 5


async def marks_of(town: Town) -> list[str]:
    """The marks of all that was told here."""

    def look(c: Connection) -> list[str]:
        return [*c.scalars(select(alerts.c.nonce)), *c.scalars(select(bulletins.c.nonce))]

    return await town.store.read(look)


async def drafts_of(town: Town) -> list[str]:
    """What the buttons of this server's own drafts carry."""
    drafted = await town.manager.slash(town.channel, "alerts add", channel=town.channel, organisations="NATO")
    return [button["custom_id"] for row in drafted.response.components for button in row["components"]]


async def test_no_button_of_another_server_tells_or_changes_anything(town: Town) -> None:
    """Whoever knows what a button carries can make Discord send it from anywhere."""
    _, elsewhere, mallory = town.other_server()
    numbered = ("alerts:remove", "alerts:keep", "feeds:remove", "correct:undo", "purge:yes", "feeds:list:own")
    marks = await marks_of(town)
    carried = [
        *(f"{what}:{number}" for what in numbered for number in (0, 1, 2)),
        *(f"bulletin:{what}:1:{mark}" for what in ("whole", "status") for mark in marks[-1:]),
        *(f"story:{what}:s1:{mark}" for what in ("why", "reject") for mark in marks[:1]),
        "alerts:list:0",
        "vote:undo:s1",
    ]
    before = await rows_of(town)
    for custom_id in carried:
        assert told(town, await pressed(mallory, town, elsewhere, custom_id)) == [], custom_id
    assert before - await rows_of(town) == set()


async def test_a_draft_is_saved_by_nobody_of_another_server(town: Town) -> None:
    _, elsewhere, mallory = town.other_server()
    before = await rows_of(town)
    for custom_id in await drafts_of(town):
        place = town.env.bot.get_channel(elsewhere.id)
        message = await place.send("A message.", view=to_view(Message(buttons=(Button("Press", custom_id=custom_id),))))
        answer = said(await mallory.click(message, label="Press"))
        assert "That draft is gone" in answer or "Nothing" in answer, (custom_id, answer)
    assert await rows_of(town) == before
