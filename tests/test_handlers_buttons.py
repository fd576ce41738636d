"""The buttons under an alert and the sentences for errors, from a person's side."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import discord
import pytest

from bot.client import DiscordSender
from bot.core.event import Amount, Party
from bot.core.message import alert_message
from bot.core.story import Source, Story
from bot.errors import StoreError
from bot.store import stories
from handlers.failures import sentence_for
from tests.builders import NOON, a_story
from tests.people import Town, a_town, said


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    async with a_town(tmp_path) as town:
        yield town


STORY = a_story(
    amounts=(Amount("$200 million", 2e8, "USD"),),
    seller=Party("OpenAI", "OpenAI, the maker of ChatGPT"),
    sources=(
        Source("reuters.com", "OpenAI in talks with NATO", "https://www.reuters.com/1", NOON),
        Source("Some Blog", "OpenAI *talks*", "https://blog.example/2", NOON + timedelta(hours=1), copy=True),
    ),
)


async def alerted(town: Town, story: Story, **changes: object) -> discord.Message:
    """The message of a story's alert, as it stands in the channel."""
    delivery = await town.claim(story, **changes)
    message = alert_message(story, mark=delivery.nonce, reasons=delivery.reasons)
    await DiscordSender(town.env.bot).create(town.channel.id, message, nonce=delivery.nonce)
    return town.channel.last_message


async def test_sources_lists_every_report_with_its_real_host(town: Town) -> None:
    result = await town.reader.click(await alerted(town, STORY), label="Sources")
    assert "[OpenAI in talks with NATO](https://www.reuters.com/1) — reuters.com" in said(result)
    assert "Some Blog (blog.example)" in said(result)
    assert "1 independent outlet, 1 copy of their texts not counted" in said(result)
    assert result.ephemeral


async def test_key_points_quotes_and_shows_the_words_behind_each_fact(town: Town) -> None:
    result = await town.reader.click(await alerted(town, STORY), label="Key points")
    assert "- OpenAI is in talks with NATO." in said(result)
    assert "OpenAI — “OpenAI, the maker of ChatGPT”" in said(result)
    assert "“$200 million”" in said(result)


async def test_why_shows_gates_and_the_wish_of_this_channel(town: Town) -> None:
    result = await town.reader.click(await alerted(town, STORY, events=("contract",)), label="Why?")
    assert "What spoke for it, the strongest first:\n- **AI**: model" in said(result)
    assert "Relevant to AI and defence: 90 of 100." in said(result)
    assert "every topic · contract" in said(result)


async def test_buttons_work_after_a_restart(town: Town) -> None:
    message = await alerted(town, STORY)
    await town.restart_bot()
    for label in ("Sources", "Key points", "Why?"):
        assert "OpenAI in talks with NATO" in said(await town.reader.click(message, label=label))


async def test_a_subscription_of_another_server_is_not_shown(town: Town) -> None:
    message = await alerted(town, STORY, guild_id=4711, organisations=("NATO",))
    assert "asked for" not in said(await town.reader.click(message, label="Why?"))


async def test_a_forgotten_story_is_said_to_be_forgotten(town: Town) -> None:
    message = await alerted(town, STORY)
    gone = alert_message(a_story("gone"), mark="m")
    await DiscordSender(town.env.bot).edit(town.channel.id, message.id, gone)
    result = await town.reader.click(town.channel.last_message, label="Sources")
    assert "no longer kept" in said(result)


async def test_buttons_are_closed_to_a_server_that_is_not_allowed(town: Town) -> None:
    message = await alerted(town, STORY)
    town.allowed = ("4711",)
    await town.restart_bot()
    assert "does not serve this server" in said(await town.reader.click(message, label="Why?"))


async def test_an_error_of_ours_is_one_sentence_with_a_reference(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    message = await alerted(town, STORY)

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(stories, "get", broken)
    result = await town.reader.click(message, label="Why?")
    assert said(result).startswith("That failed on Tocsin's side, not yours.")
    assert "ZeroDivision" not in said(result)


def test_an_unusable_database_is_explained_in_its_own_sentence() -> None:
    assert sentence_for(StoreError("The disk is full; free some space."), reference=1).startswith("The disk is full")
