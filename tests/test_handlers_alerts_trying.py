"""What managers do with `/alerts preview` and `/alerts test`, from their side."""

import re
from datetime import timedelta
from typing import Any

import discord
import pytest

from bot.core.alert import Habits
from bot.core.importance import Importance
from bot.store import stories
from handlers.alerts.trying import OFTEN
from tests import managing
from tests.builders import NOON, a_story
from tests.managing import deny, seen
from tests.people import Town, owner_of, said, text_of

town = managing.town


async def ask(town: Town, command: str, number: int = 1) -> str:
    return said(await town.manager.slash(town.channel, f"alerts {command}", subscription=number))


async def test_the_three_newest_stories_that_match_are_previewed_to_the_manager_alone(town: Town) -> None:
    await town.keep(
        *(a_story(f"s{n}", title=f"Story number {n}", last_seen=NOON - timedelta(hours=n)) for n in range(5)),
        a_story("policy", title="A new policy", event="policy"),
    )
    await town.subscribe(events=("contract",))
    result = await town.manager.slash(town.channel, "alerts preview", subscription=1)
    shown = [text_of(message) for message in [result.response, *result.followups] if message]
    shown = [text for text in shown if text]
    assert [f"Story number {n}" in shown[n] for n in range(3)] == [True] * 3
    assert "**Preview 1 of 3** · nothing was sent" in shown[0]
    assert "Story number 3" not in said(result) and "policy" not in said(result)
    assert result.ephemeral and all(message.ephemeral for message in result.followups)
    assert town.channel.history(viewer=town.reader) == []


async def test_a_digest_is_previewed_as_a_digest(town: Town) -> None:
    await town.keep(a_story("a", title="Contract signed"), a_story("b", title="New policy", event="policy"))
    await town.subscribe(mode="digest")
    text = await ask(town, "preview")
    assert "Digest" in text and "2 stories" in text and "**Preview 1 of 1**" in text


async def test_both_are_previewed_with_what_matters_less_in_the_digest(town: Town) -> None:
    await town.store.write(
        stories.save,
        [a_story("a", title="Contract signed"), a_story("b", title="Minor matter")],
        {"a": Importance("high", 5.0), "b": Importance("low", 0.0)},
    )
    await town.subscribe(mode="both", min_importance="high")
    text = await ask(town, "preview")
    assert text.index("Preview 1 of 2") < text.index("Contract signed") < text.index("Preview 2 of 2")
    assert text.index("Preview 2 of 2") < text.index("Minor matter")


async def test_what_the_server_has_muted_is_not_previewed(town: Town) -> None:
    await town.keep(a_story())
    await town.subscribe()
    await town.manager.slash(town.channel, "alerts mute", words="NATO")
    assert "No story of the last weeks matches" in await ask(town, "preview")


async def test_what_the_server_watches_for_is_previewed_as_it_matters_there(town: Town) -> None:
    await town.keep(a_story())
    await town.subscribe(min_importance="high")
    assert "No story of the last weeks matches" in await ask(town, "preview")
    await town.manager.slash(town.channel, "alerts watch", words="NATO")
    assert "Preview 1 of 1" in await ask(town, "preview")
    changed = said(await town.manager.slash(town.channel, "alerts edit", subscription=1, max_per_hour=5))
    assert "About 1 alert" in changed or "less than a day" in changed


async def test_a_test_arrives_in_the_channel_marked_as_one_and_calls_nobody(town: Town) -> None:
    role = town.guild.create_role("on call", mentionable=True)
    await town.keep(a_story(title="Anduril wins"))
    await town.subscribe(habits=Habits(role_id=role.id))
    text = await ask(town, "test")
    [sent] = town.channel.history(viewer=town.reader)
    assert "**Test** of subscription 1, asked for by meg: nothing new happened." in sent.content
    assert "Anduril wins" in text_of(sent)
    assert sent.role_mentions == [] and str(role.id) not in sent.content
    assert labels_of(sent)[:4] == ["Read", "Sources", "Key points", "Why?"]
    assert f"https://discord.com/channels/{town.guild.id}/{town.channel.id}/{sent.id}" in text


async def test_a_test_in_a_forum_is_a_post_of_its_own(town: Town) -> None:
    forum = town.guild.create_forum_channel("stories")
    await town.subscribe(channel_id=forum.id)
    text = await ask(town, "test")
    [post] = forum.threads
    [sent] = post.history(viewer=town.reader)
    assert post.name == "Test" and "**Test** of subscription 1" in sent.content
    assert f"https://discord.com/channels/{town.guild.id}/{sent.id}/{sent.id}" in text  # one id in Discord


async def test_previews_and_tests_have_the_layout_of_the_subscription(town: Town) -> None:
    await town.keep(a_story(key_points=("One point.", "Another point.")))
    await town.subscribe(habits=Habits(layout="compact"))
    await town.subscribe(events=("contract",))
    assert "Another point" not in await ask(town, "preview") and "Another point" in await ask(town, "preview", 2)
    await ask(town, "test")
    [sent] = town.channel.history(viewer=town.reader)
    assert "Another point" not in text_of(sent)


async def test_a_test_without_any_story_tells_what_the_channel_will_get(town: Town) -> None:
    await town.subscribe(events=("policy",))
    await ask(town, "test")
    [sent] = town.channel.history(viewer=town.reader)
    assert "This channel gets every topic · policy" in text_of(sent)


async def test_a_paused_subscription_may_be_tested_and_says_so(town: Town) -> None:
    await town.subscribe(paused="a test")
    assert "The subscription itself is paused" in await ask(town, "test")


@pytest.mark.parametrize(
    ("right", "name"),
    [
        ("send_messages", "Send Messages"),
        ("embed_links", "Embed Links"),
        ("read_message_history", "Read Message History"),
    ],
)
async def test_a_test_names_the_right_that_is_missing(town: Town, right: str, name: str) -> None:
    await town.subscribe()
    await deny(town, town.channel, **{right: False})
    assert f"{name}" in await ask(town, "test")
    assert town.channel.history(viewer=town.reader) == []


async def test_what_discord_answers_to_a_test_is_told_in_a_sentence(town: Town) -> None:
    await town.subscribe()
    town.env.inject_error("POST", f"/channels/{town.channel.id}/messages", status=404, code=10003)
    assert f"The test did not reach <#{town.channel.id}>: the channel no longer exists." in await ask(town, "test")


async def test_a_test_into_a_channel_that_is_gone_says_what_to_do(town: Town) -> None:
    doomed = town.guild.create_text_channel("doomed")
    await town.subscribe(channel_id=doomed.id)
    await seen(town, doomed).delete()
    assert "choose another with `/alerts edit`" in await ask(town, "test")


@pytest.mark.parametrize(
    ("command", "options", "words"),
    [
        ("test", {}, "The test arrived"),
        ("edit", {"max_per_hour": 5}, "at most 5 an hour"),
        ("quiet", {"from": "22:00", "to": "07:00"}, "Quiet 22:00–07:00"),
        ("digest", {"time": "08:00"}, "Its digest comes daily at 08:00"),
        ("resume", {}, "goes on"),
    ],
)
async def test_a_thread_that_discord_has_archived_is_no_channel_that_was_deleted(
    town: Town, command: str, options: dict[str, Any], words: str
) -> None:
    """Discord archives a thread after some quiet days, and discord.py forgets it then."""
    thread = await seen(town, town.channel).create_thread(name="deals", type=discord.ChannelType.public_thread)
    await town.subscribe(channel_id=thread.id, paused="by meg" if command == "resume" else None)
    await thread.edit(archived=True)
    assert town.env.bot.get_channel(thread.id) is None
    assert words in said(await town.manager.slash(town.channel, f"alerts {command}", subscription=1, **options))


async def test_nobody_fills_a_channel_with_tests(town: Town) -> None:
    await town.subscribe()
    rate, seconds = OFTEN
    for _ in range(rate):
        assert "The test arrived" in await ask(town, "test")
    assert re.search(rf"You may do that {rate} times in 60 s; go on in \d+ s\.", await ask(town, "test"))
    assert len(town.channel.history(viewer=town.reader)) == rate
    other = owner_of(town.env, town.guild, "mona")
    assert "The test arrived" in said(await other.slash(town.channel, "alerts test", subscription=1))
    await town.env.advance_time(seconds + 1)
    assert "The test arrived" in await ask(town, "test")


async def test_a_channel_of_another_server_is_none_of_this_one(town: Town) -> None:
    _, elsewhere, _ = town.other_server()
    await town.subscribe(channel_id=elsewhere.id)
    assert "Tocsin does not see" in await ask(town, "test")
    assert elsewhere.history() == []


@pytest.mark.parametrize("command", ["preview", "test"])
async def test_readers_and_other_servers_try_nothing(town: Town, command: str) -> None:
    await town.subscribe()
    _, elsewhere, mallory = town.other_server()
    for person, place, words in (
        (town.reader, town.channel, "right Manage Server"),
        (mallory, elsewhere, "This server has no subscription 1"),
    ):
        assert words in said(await person.slash(place, f"alerts {command}", subscription=1))
        assert await person.autocomplete(place, f"alerts {command}", "subscription", "") == []
    assert [message for message in town.channel.history() if not message.flags.ephemeral] == []


def labels_of(message: Any) -> list[str]:
    return [button.label for row in message.components for button in row.children]
