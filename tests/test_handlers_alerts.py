"""What managers do with `/alerts`, from their side."""

from collections.abc import AsyncIterator
from pathlib import Path

import discord
import pytest

from bot.client import Index
from bot.errors import TocsinError
from bot.store import Store, subscriptions
from handlers.alerts import MOST, known_events, known_organisations, known_topic
from tests.builders import NOON, a_story
from tests.discord_fake import FakeDiscord, Permission, running
from tests.discord_fake.permissions import USER_DEFAULT
from tests.people import Town, a_client, a_town, owner_of, said


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    async with a_town(tmp_path) as town:
        yield town


async def test_a_manager_adds_a_channel_and_only_she_sees_it(town: Town) -> None:
    result = await town.manager.slash(town.channel, "alerts add", channel=town.channel, topic="ai-defence")
    assert "gets alerts from now on: topic ai-defence" in said(result)
    assert result.ephemeral
    [kept] = await town.store.read(subscriptions.listed, town.guild.id)
    assert (kept.channel_id, kept.topic, kept.created_at) == (town.channel.id, "ai-defence", town.now)


async def test_several_organisations_and_events_are_given_with_commas(town: Town) -> None:
    await town.manager.slash(
        town.channel,
        "alerts add",
        channel=town.channel,
        organisations="nato, Anthropic",
        events="contract,Conflict use",
    )
    [kept] = await town.store.read(subscriptions.listed, town.guild.id)
    assert kept.organisations == ("NATO", "Anthropic")
    assert kept.events == ("contract", "conflict_use")


async def test_a_level_of_importance_is_chosen_and_shown(town: Town) -> None:
    result = await town.manager.slash(town.channel, "alerts add", channel=town.channel, min_importance="high")
    assert "high importance or more" in said(result)
    [kept] = await town.store.read(subscriptions.listed, town.guild.id)
    assert kept.min_importance == "high"


async def test_a_reader_may_not_add_list_or_remove(town: Town) -> None:
    added = await town.reader.slash(town.channel, "alerts add", channel=town.channel)
    listed = await town.reader.slash(town.channel, "alerts list")
    removed = await town.reader.slash(town.channel, "alerts remove", subscription=1)
    for result in (added, listed, removed):
        assert "right Manage Server" in said(result)
    assert await town.store.read(subscriptions.listed) == []


async def test_rights_that_the_bot_lacks_in_the_channel_are_named(town: Town) -> None:
    closed = town.guild.create_text_channel(
        "closed",
        overwrites={town.env.bot.user: discord.PermissionOverwrite(embed_links=False, send_messages=False)},
    )
    result = await town.manager.slash(town.channel, "alerts add", channel=closed)
    assert "Tocsin lacks Send Messages, Embed Links in" in said(result)
    assert await town.store.read(subscriptions.listed) == []


async def test_a_manager_who_cannot_write_in_a_channel_cannot_send_alerts_there(town: Town) -> None:
    silent = town.guild.create_text_channel(
        "silent", overwrites={town.guild.default_role: discord.PermissionOverwrite(send_messages=False)}
    )
    result = await town.manager.slash(town.channel, "alerts add", channel=silent)
    assert "You cannot write in" in said(result)


async def test_the_same_subscription_is_not_added_twice(town: Town) -> None:
    for _ in range(2):
        result = await town.manager.slash(town.channel, "alerts add", channel=town.channel, events="contract")
    assert "has that already: it is subscription 1" in said(result)


async def test_a_server_has_a_most_of_subscriptions(town: Town) -> None:
    for number in range(MOST):
        await town.subscribe(organisations=(f"Organisation {number}",))
    result = await town.manager.slash(town.channel, "alerts add", channel=town.channel)
    assert "the most there can be" in said(result)


async def test_the_list_shows_this_server_alone(town: Town) -> None:
    await town.subscribe(events=("contract",), paused="a test")
    _, elsewhere, mallory = town.other_server()
    here = said(await town.manager.slash(town.channel, "alerts list"))
    there = said(await mallory.slash(elsewhere, "alerts list"))
    assert f"<#{town.channel.id}> · every topic · contract" in here
    assert "paused: a test" in here
    assert "No channel of this server gets alerts yet" in there


async def test_a_manager_of_another_server_can_remove_nothing_here(town: Town) -> None:
    number = await town.subscribe()
    _, elsewhere, mallory = town.other_server()
    result = await mallory.slash(elsewhere, "alerts remove", subscription=number)
    assert f"This server has no subscription {number}" in said(result)
    assert len(await town.store.read(subscriptions.listed, town.guild.id)) == 1


async def test_a_removed_subscription_is_gone_from_list_and_choices(town: Town) -> None:
    number = await town.subscribe()
    await town.refresh()
    offered = await town.manager.autocomplete(town.channel, "alerts remove", "subscription", "")
    assert offered == [{"name": f"{number} · #news · every topic", "value": number}]
    await town.manager.slash(town.channel, "alerts remove", subscription=number)
    assert await town.manager.autocomplete(town.channel, "alerts remove", "subscription", "") == []


async def test_choices_of_subscriptions_are_for_managers_of_their_server_only(town: Town) -> None:
    await town.subscribe()
    await town.refresh()
    _, elsewhere, mallory = town.other_server()
    assert await town.reader.autocomplete(town.channel, "alerts remove", "subscription", "") == []
    assert await mallory.autocomplete(elsewhere, "alerts remove", "subscription", "") == []


async def test_autocomplete_completes_the_last_of_several_organisations(town: Town) -> None:
    await town.keep(a_story(organisations=("OpenAI",)))
    offered = await town.manager.autocomplete(town.channel, "alerts add", "organisations", "NATO, an")
    assert [choice["value"] for choice in offered] == ["NATO, Anthropic", "NATO, Anduril Industries"]


async def test_a_server_that_the_operator_did_not_allow_is_told_so(tmp_path: Path) -> None:
    async with a_town(tmp_path, allowed=()) as town:
        result = await town.manager.slash(town.channel, "alerts add", channel=town.channel)
        assert f"the server's id is {town.guild.id}" in said(result)
        assert await town.manager.autocomplete(town.channel, "alerts add", "topic", "") == []
        assert await town.store.read(subscriptions.listed) == []


async def test_a_manager_by_role_in_one_channel_only_is_a_reader_elsewhere(town: Town) -> None:
    helper = owner_of(town.env, town.guild, "hal", manage_messages=True)
    assert "Manage Server" in said(await helper.slash(town.channel, "alerts list"))


@pytest.mark.parametrize(
    ("refused", "words"),
    [
        (lambda: known_topic("cooking", [("ai-defence", "AI and defence")]), "There is: AI and defence"),
        (lambda: known_organisations("NATO, Acme", ["NATO"]), "no organisation “Acme”"),
        (lambda: known_events("contract, party"), "no kind of event “party”"),
    ],
)
def test_what_could_never_match_is_refused_with_what_can(refused: object, words: str) -> None:
    with pytest.raises(TocsinError, match=words):
        refused()  # type: ignore[operator]


def test_a_topic_may_be_typed_by_its_name() -> None:
    assert known_topic("ai AND defence", [("ai-defence", "AI and defence")]) == "ai-defence"


async def test_a_channel_of_another_server_cannot_be_subscribed(tmp_path: Path) -> None:
    """On the wire, where a person's client may send whatever it likes."""
    async with Store.open(f"sqlite:///{tmp_path / 'town.db'}") as store, FakeDiscord() as fake:
        here, there = fake.add_guild(), fake.add_guild()
        own, foreign = fake.add_channel(here), fake.add_channel(there)
        manager = fake.add_user(here, permissions=USER_DEFAULT | Permission.MANAGE_GUILD)
        client = a_client(store, Index(), clock=lambda: NOON)
        async with running(fake, client):
            await fake.until(lambda: fake.commands.registered() and client.get_channel(foreign.id))
            answer = await fake.slash(manager, own, "/alerts add", channel=foreign)
            answer = await fake.wait_for_follow_up(answer)
        assert "Tocsin does not see it" in str(answer.message)
        assert await store.read(subscriptions.listed) == []
