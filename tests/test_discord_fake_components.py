"""Buttons, selects and modals on the fake, answered by the real client."""

import discord
import pytest

from tests import answering, stage
from tests.answering import Bot, Persistent
from tests.discord_fake import FakeDiscord, NotPossible, Permission, running
from tests.discord_fake.world import Channel, User

fake = stage.judged_fake
guild = stage.guild
channel = stage.channel
user = answering.user
bot = answering.bot
posted = answering.posted


async def test_ephemeral_answer_to_a_button(
    fake: FakeDiscord, bot: Bot, channel: Channel, user: User, posted: discord.Message
) -> None:
    response = await fake.click(user, posted, "more")
    assert (response.content, response.ephemeral) == ("details", True)
    assert len(fake.messages(channel)) == 1
    with pytest.raises(discord.NotFound):
        await bot.get_partial_messageable(channel.id).fetch_message(int(response.message["id"]))


@pytest.mark.parametrize(("custom_id", "text"), [("done", "done"), ("slow", "slowly done")])
async def test_button_edits_its_message(
    fake: FakeDiscord, channel: Channel, user: User, posted: discord.Message, custom_id: str, text: str
) -> None:
    response = await fake.click(user, posted, custom_id)
    assert response.message["id"] == str(posted.id)
    await fake.until(lambda: fake.messages(channel)[0]["content"] == text)
    assert len(fake.messages(channel)) == 1


async def test_selects(fake: FakeDiscord, channel: Channel, user: User, posted: discord.Message) -> None:
    assert (await fake.click(user, posted, "choose", ["a", "c"])).content == "a c"
    assert (await fake.click(user, posted, "place", [channel])).content == channel.name
    for values in ([], ["d"], ["a", "b", "c"]):
        with pytest.raises(NotPossible):
            await fake.click(user, posted, "choose", values)


async def test_modal(fake: FakeDiscord, channel: Channel, user: User, posted: discord.Message) -> None:
    response = await fake.click(user, posted, "ask")
    assert response.modal
    assert response.modal["title"] == "Question"
    with pytest.raises(NotPossible):
        await fake.submit_modal(user, response, {"words": "x" * 21})
    with pytest.raises(NotPossible):
        await fake.submit_modal(user, response, {"word": "x"})
    answer = await fake.submit_modal(user, response, {"words": "drones"})
    assert answer.content == "asked drones"
    assert len(fake.messages(channel)) == 1


async def test_buttons_survive_a_restart(fake: FakeDiscord, channel: Channel, user: User) -> None:
    first, second = Bot(), Bot()
    async with running(fake, first):
        posted = await first.get_partial_messageable(channel.id).send("story", view=Persistent())
    async with running(fake, second):
        assert (await fake.click(user, posted, "more")).content == "details"


async def test_what_cannot_be_pressed(
    fake: FakeDiscord, bot: Bot, channel: Channel, user: User, posted: discord.Message
) -> None:
    with pytest.raises(NotPossible):
        await fake.click(user, posted, "nothing")
    response = await fake.click(user, posted, "more")
    stranger = fake.add_user(channel.guild_id)
    with pytest.raises(NotPossible):
        await fake.click(stranger, response.message, "more")
    fake.set_permissions(channel, target=stranger, deny=Permission.VIEW_CHANNEL)
    with pytest.raises(NotPossible):
        await fake.click(stranger, posted, "more")
