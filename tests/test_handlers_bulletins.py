"""The buttons under digests and notices: the whole list and how the bot is, for the server that was told, for ever."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.client import DiscordSender
from bot.core.bulletin import Bulletin, Content, Dispatch, bulletin_message
from bot.core.importance import Importance
from bot.store import alerts, bulletins, stories
from handlers.digest import digest
from tests.builders import NOON, a_story, an_alert
from tests.people import Town, a_town, said


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    async with a_town(tmp_path) as town:
        yield town


async def shown(town: Town, channel_id: int) -> Dispatch:
    """The bulletin that is due, standing in the channel."""
    (claimed,) = await town.store.write(bulletins.claim, now=NOON, lease=timedelta(minutes=1), limit=1)
    await DiscordSender(town.env.bot).create(channel_id, bulletin_message(claimed), nonce=claimed.nonce)
    return claimed


async def missed(town: Town, count: int) -> None:
    wanted = await town.subscribe()
    for number in range(count):
        story = a_story(f"s{number:02}", title=f"Story {number:02}")
        await town.store.write(stories.save, [story], {story.id: Importance("low", float(count - number))})
        await town.store.write(alerts.owe, [an_alert(wanted, story.id, held="pause", not_before=NOON)], NOON)
    await digest(NOON, store=town.store)


async def test_the_whole_list_names_what_the_message_only_counted(town: Town) -> None:
    await missed(town, 27)
    await shown(town, town.channel.id)
    message = town.channel.last_message
    assert "Story 26" not in message.embeds[0].description
    answer = await town.reader.click(message, label="Whole list")
    assert "Story 26" in said(answer)
    assert "27 stories" in said(answer)
    assert answer.ephemeral


async def test_the_whole_list_outlives_a_restart(town: Town) -> None:
    await missed(town, 2)
    await shown(town, town.channel.id)
    await town.restart_bot()
    assert "Story 01" in said(await town.reader.click(town.channel.last_message, label="Whole list"))


async def test_the_list_of_another_server_is_not_told(town: Town) -> None:
    await missed(town, 2)
    _, channel, stranger = town.other_server()
    await shown(town, channel.id)
    assert "no longer kept" in said(await stranger.click(channel.last_message, label="Whole list"))


async def test_a_notice_has_a_button_that_tells_how_the_bot_is(town: Town) -> None:
    lines = Content(title="For those who manage Tocsin", lines=("- A feed fails.",))
    notice = Bulletin(town.guild.id, town.channel.id, "notice", "once", lines)
    await town.store.write(bulletins.make, notice, NOON)
    await shown(town, town.channel.id)
    answer = await town.manager.click(town.channel.last_message, label="Status")
    assert "Tocsin 1.2.3" in said(answer)
