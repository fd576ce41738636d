"""Nobody is ever called but the one role that a manager chose, whatever strangers write and wherever it is shown."""

from typing import Any

import discord
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.client import DiscordSender
from bot.client.drawing import shown
from bot.core.bulletin import Bulletin, Content, Dispatch, bulletin_message, minimal_bulletin, whole_message
from bot.core.details import Reasoned, key_points_message, sources_message, story_message, why_message
from bot.core.digest import Ranked
from bot.core.escape import escape
from bot.core.importance import Importance
from bot.core.lists import Listed, Page, Wanted, list_message
from bot.core.message import Message, alert_message, minimal_message
from bot.core.pages import notice, refusal
from bot.core.story import Source
from tests import stage
from tests.builders import NOON, a_story, a_subscription, an_analysis
from tests.discord_fake import FakeDiscord, point_client
from tests.discord_fake.hands import USER_DEFAULT
from tests.discord_fake.permissions import BOT_DEFAULT, Permission

fake = stage.fake
CALLS = ["@everyone", "@here", "<@{user}>", "<@!{user}>", "<@&{other}>", "<@&{role}>", "@every\u200bone", "\\@here"]
texts = st.lists(st.sampled_from(CALLS) | st.text(max_size=5), min_size=1, max_size=6).map("".join)


def messages(text: str, role: int | None = None) -> list[Message]:
    """Every kind of message, with a stranger's text wherever one can stand."""
    sources = (Source(text, text, None, NOON),) * 2
    story = a_story(title=text, topic=text, organisations=(text,), key_points=(text,), sources=sources)
    wanted = a_subscription(organisations=(text,), topic=text, paused=text)
    told = [Reasoned(text, an_analysis(), story.because)]
    ranked = (Ranked(story, Importance("high", 0.5)),)
    bulletins = [
        Dispatch(1, Bulletin(1, 2, kind, "p", Content(("story-1",), since=NOON)), ranked, "n", 1, NOON)
        for kind in ("digest", "catch_up")
    ]
    return [
        alert_message(story, mark="m", reasons=(text,), role=role),
        alert_message(story, mark="m", reasons=(text,), role=role, update=True, compact=True),
        minimal_message(story, mark="m"),
        story_message(story, earlier=story, reports=told),
        sources_message(story),
        key_points_message(story),
        why_message(story, reasons=(text,), subscription=wanted, reports=told),
        list_message(Page([Listed(story, "high", text)], 0, 1), Wanted(organisation=text)),
        *(make(each) for each in bulletins for make in (bulletin_message, minimal_bulletin, whole_message)),
        notice(escape(text), title=escape(text)),
        refusal(escape(text)),
    ]


def allowed_by(message: Message) -> dict[str, Any]:
    """What a message may call, as Discord is told: what the client allows, but for what the message allows."""
    client = discord.AllowedMentions.none()
    own = shown(message).get("allowed_mentions")
    return (client.merge(own) if own else client).to_dict()


@given(texts, st.none() | st.integers(1, 2**63))
async def test_no_message_may_call_anybody_but_its_role(text: str, role: int | None) -> None:
    for message in messages(text, role):
        allowed = allowed_by(message)
        assert allowed["parse"] == []
        assert allowed.get("users", []) == []
        assert set(allowed.get("roles", [])) <= ({role} if message.role else set())
        assert not allowed.get("replied_user")


@given(texts)
async def test_a_strangers_text_calls_nobody_even_where_a_role_may_be_called(text: str) -> None:
    """The role stands in the content, where only the bot writes."""
    for message in messages(text, 4711):
        assert message.content.count("<@&4711>") == bool(message.role)


def test_the_client_itself_allows_no_mention_at_all() -> None:
    """Discord's default for a bot is to call everybody whom its text names."""
    assert stage.a_client().allowed_mentions.to_dict() == {"parse": []}


@pytest.mark.parametrize("raw", [False, True], ids=["as drawn", "with nothing escaped"])
async def test_only_the_members_of_the_chosen_role_are_called(fake: FakeDiscord, raw: bool) -> None:
    """On the wire, in a server where the bot may call everybody. Escaping and leave to call each hold by themselves."""
    guild = fake.add_guild(permissions=BOT_DEFAULT | Permission.MENTION_EVERYONE)
    user, chosen, other = (fake.add_user(guild, name, permissions=USER_DEFAULT) for name in ("una", "ro", "ozzy"))
    role, mentionable = (fake.add_role(guild, name, mentionable=True) for name in ("desk", "all"))
    fake.give_role(guild, chosen, role)
    fake.give_role(guild, other, mentionable)
    text = "".join(CALLS).format(user=user.id, role=role.id, other=mentionable.id)
    client = stage.a_client()
    channels = [fake.add_channel(guild, name=f"place-{number}") for number in range(len(messages(text)))]
    with point_client(fake):
        async with client:
            await client.login(fake.token)
            sender = DiscordSender(client, timeout=5)
            for number, message in enumerate(messages(text, role.id)):
                if raw and not message.role:
                    message = Message(content=text, title=text, description=text)
                id = await sender.create(channels[number].id, message, nonce=f"n{number}")
                await sender.edit(channels[number].id, id, message)
    assert {(ping.user_id, ping.why) for ping in fake.pings} == {(chosen.id, "role")}
    assert len(fake.pings) == 2
