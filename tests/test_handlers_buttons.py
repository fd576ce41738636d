"""The buttons under an alert and the sentences for errors, from a person's side."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import discord
import pytest

from bot.client import DiscordSender
from bot.core.event import Amount, Party
from bot.core.message import Button, Message, alert_message
from bot.core.story import Source, Story
from bot.core.voting import STEP
from bot.errors import StoreError
from bot.store import guilds, servers, stories
from handlers.failures import sentence_for
from tests.builders import NOON, a_story
from tests.people import Town, a_town, labels, said


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


# -- Not relevant


NEAR = replace(STORY, relevance=0.55)


async def threshold(town: Town) -> float:
    return (await town.store.read(guilds.settings, town.guild.id)).threshold


async def test_a_readers_vote_is_counted_and_changes_nothing(town: Town) -> None:
    message = await alerted(town, NEAR)
    result = await town.reader.click(message, label="Not relevant")
    assert "Thank you, that is counted: 1 person" in said(result)
    assert result.ephemeral
    assert labels(result.response) == []
    assert "said so before: 1 person" in said(await town.reader.click(message, label="Not relevant"))
    assert await threshold(town) == 0.0


async def test_a_managers_vote_moves_the_threshold_and_is_taken_back_by_undo(town: Town) -> None:
    result = await town.manager.click(await alerted(town, NEAR), label="Not relevant")
    assert "rises from 50 to 52 of 100" in said(result)
    assert await threshold(town) == STEP
    await town.restart_bot()
    undone = await town.manager.click(result.response, label="Undo")
    assert "Your vote is taken back" in said(undone)
    assert await threshold(town) == 0.0


async def test_a_manager_by_role_votes_as_one_until_the_role_is_one_no_more(town: Town) -> None:
    role = town.guild.create_role("editors")
    editor = town.guild.add_member(town.env.create_user("ed"), roles=[role])
    await town.store.write(servers.change, town.guild.id, manager_role_id=role.id)
    await town.refresh()
    result = await editor.click(await alerted(town, NEAR), label="Not relevant")
    assert await threshold(town) == STEP
    await town.store.write(servers.change, town.guild.id, manager_role_id=None)
    await town.refresh()
    assert "right Manage Server" in said(await editor.click(result.response, label="Undo"))
    assert await threshold(town) == STEP


async def test_a_vote_in_another_server_moves_that_one_alone(town: Town) -> None:
    await alerted(town, NEAR)
    guild, elsewhere, mallory = town.other_server()
    copy = alert_message(NEAR, mark="another")
    await DiscordSender(town.env.bot).create(elsewhere.id, copy, nonce="another")
    await mallory.click(elsewhere.last_message, label="Not relevant")
    assert await threshold(town) == 0.0
    assert (await town.store.read(guilds.settings, guild.id)).threshold == STEP


async def test_an_old_message_without_the_new_button_goes_on_working(town: Town) -> None:
    delivery = await town.claim(STORY)
    message = alert_message(STORY, mark=delivery.nonce)
    old = replace(message, buttons=message.buttons[:-1])
    await DiscordSender(town.env.bot).create(town.channel.id, old, nonce=delivery.nonce)
    assert "- OpenAI is in talks" in said(await town.reader.click(town.channel.last_message, label="Key points"))


# -- the menu of a message


MENUS = ("Why this alert?", "Wrong merge", "Not relevant")


async def test_the_menu_of_an_alert_answers_readers_before_and_after_a_restart(town: Town) -> None:
    message = await alerted(town, NEAR)
    for _ in range(2):
        for name, words in zip(MENUS, ("Relevant to AI and defence", "1 person here", "1 person here"), strict=True):
            result = await town.reader.context_menu(town.channel, name, message)
            assert words in said(result)
            assert result.ephemeral
        await town.restart_bot()
    assert await threshold(town) == 0.0


async def test_the_menu_lets_a_manager_vote(town: Town) -> None:
    result = await town.manager.context_menu(town.channel, "Not relevant", await alerted(town, NEAR))
    assert "rises from 50 to 52 of 100" in said(result)
    assert labels(result.response) == ["Undo"]


@pytest.mark.parametrize("name", MENUS)
async def test_a_message_that_is_no_alert_gets_one_sentence(town: Town, name: str) -> None:
    message = await town.manager.send(town.channel, "story:why:story-1:m")
    assert "This message is no alert of Tocsin" in said(await town.reader.context_menu(town.channel, name, message))


@pytest.mark.parametrize("name", MENUS)
async def test_a_digest_is_said_to_list_several_stories(town: Town, name: str) -> None:
    button = Button("Whole list", custom_id="bulletin:whole:1:m")
    await DiscordSender(town.env.bot).create(town.channel.id, Message(content="Digest", buttons=(button,)), nonce="m")
    message = town.channel.last_message
    assert "lists several stories" in said(await town.reader.context_menu(town.channel, name, message))


async def test_the_menu_is_closed_to_a_server_that_is_not_allowed(town: Town) -> None:
    message = await alerted(town, STORY)
    town.allowed = ("4711",)
    await town.restart_bot()
    for name in MENUS:
        assert "does not serve this server" in said(await town.reader.context_menu(town.channel, name, message))


async def test_a_story_of_one_report_has_none_to_take_out(town: Town) -> None:
    result = await town.manager.context_menu(town.channel, "Wrong merge", await alerted(town, STORY))
    assert "one report only" in said(result)
