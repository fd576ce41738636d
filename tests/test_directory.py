"""A sender without a gateway: it learns what channels are from what a gateway wrote down, and else from Discord."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from bot.client import Directory, DiscordSender, open_rest_sender
from bot.core.alert import Place
from bot.core.message import alert_message
from bot.errors import DestinationForbiddenError, DestinationGoneError, RateLimitedError, StoreError, TokenRefusedError
from bot.store import Store, places
from tests import stage
from tests.builders import NOON, a_story
from tests.discord_fake import FakeDiscord, Fault, Permission, point_client, running
from tests.discord_fake.world import ANNOUNCEMENT, FORUM, Channel, Guild
from tests.stage import ALERT, a_client

fake = stage.judged_fake
guild = stage.guild
channel = stage.channel

BEFORE = timedelta(minutes=1)


class Written:
    """What a gateway wrote down, and how often somebody asked."""

    def __init__(self) -> None:
        self.places: dict[int, Place] = {}
        self.asked = 0

    async def __call__(self, channel_id: int) -> Place | None:
        self.asked += 1
        return self.places.get(channel_id)


def unexpected(error: Exception) -> None:
    pytest.fail(str(error))


@pytest.fixture
def written() -> Written:
    return Written()


@pytest.fixture
async def sender(fake: FakeDiscord, written: Written) -> AsyncIterator[DiscordSender]:
    """Logged in for requests alone."""
    with point_client(fake):
        async with open_rest_sender(fake.token, fatal=unexpected, known=written) as sender:
            assert sender.is_ready()
            yield sender


def gets(fake: FakeDiscord) -> list[str]:
    return [request.route for request in fake.requests if request.method == "GET" and request.path != "/users/@me"]


# -- logging in


async def test_a_refused_token_is_told_at_once(fake: FakeDiscord) -> None:
    with point_client(fake), pytest.raises(TokenRefusedError, match="TOCSIN_DISCORD_TOKEN"):
        async with open_rest_sender("wrong", fatal=unexpected):
            pytest.fail("a sender was given")


async def test_while_discord_is_away_a_sender_waits_and_then_sends(fake: FakeDiscord, channel: Channel) -> None:
    fake.faults.add(Fault("status", status=503, method="GET"))
    with point_client(fake):
        async with open_rest_sender(fake.token, fatal=unexpected, patience=0.01) as sender:
            assert not sender.is_ready()
            with pytest.raises(RateLimitedError, match="not connected"):
                await sender.create(channel.id, ALERT, nonce="n")
            await fake.until(sender.is_ready)
            assert await sender.create(channel.id, ALERT, nonce="n")


async def test_a_token_that_is_refused_after_an_outage_is_told_too(fake: FakeDiscord) -> None:
    told: list[Exception] = []
    fake.faults.add(Fault("status", status=503, method="GET"))
    with point_client(fake):
        async with open_rest_sender("wrong", fatal=told.append, patience=0.01):
            await fake.until(lambda: told)
    assert isinstance(told[0], TokenRefusedError)


async def test_it_pings_nobody_and_never_speaks_to_the_gateway(
    fake: FakeDiscord, channel: Channel, sender: DiscordSender
) -> None:
    await sender.create(channel.id, alert_message(a_story(title="@everyone"), mark="m"), nonce="n")
    assert not fake.pings
    assert not fake.gateway.sessions


# -- what channels are


async def test_each_kind_of_channel_is_told_apart_by_asking_discord(
    fake: FakeDiscord, guild: Guild, channel: Channel, sender: DiscordSender
) -> None:
    forum = fake.add_channel(guild, "stories", type=FORUM)
    assert await sender.is_forum(forum.id)
    assert not await sender.is_forum(channel.id)
    assert not await sender.is_forum(fake.add_channel(guild, "news", type=ANNOUNCEMENT).id)


async def test_what_a_gateway_wrote_down_is_not_asked_for(
    fake: FakeDiscord, guild: Guild, sender: DiscordSender, written: Written
) -> None:
    forum = fake.add_channel(guild, "stories", type=FORUM)
    written.places[forum.id] = Place(forum.id, guild.id, "forum")
    before = len(gets(fake))
    for _ in range(5):
        assert await sender.is_forum(forum.id)
    assert (len(gets(fake)), written.asked) == (before, 1)


async def test_discord_is_asked_once_for_many_messages(
    fake: FakeDiscord, channel: Channel, sender: DiscordSender
) -> None:
    before = len(gets(fake))
    for _ in range(5):
        assert not await sender.is_forum(channel.id)
    assert len(gets(fake)) == before + 1


async def test_a_database_that_is_away_hides_no_channel(fake: FakeDiscord, channel: Channel) -> None:
    async def lost(_: int) -> Place | None:
        raise StoreError("away")

    with point_client(fake):
        async with open_rest_sender(fake.token, fatal=unexpected, known=lost) as sender:
            assert not await sender.is_forum(channel.id)


async def test_a_channel_that_is_gone_is_told_as_gone(sender: DiscordSender) -> None:
    with pytest.raises(DestinationGoneError):
        await sender.is_forum(4711)


# -- sending, editing and adorning without a cache


async def test_a_forum_gets_its_post_and_the_post_its_edit_even_when_it_is_archived(
    fake: FakeDiscord, guild: Guild, sender: DiscordSender
) -> None:
    forum = fake.add_channel(guild, "stories", type=FORUM, tags=["Contract", "Other"])
    post = await sender.create_post(forum.id, ALERT, name="A story", tag="contract")
    fake.threads.archive(post)
    await sender.edit(post, post, alert_message(a_story(title="Now signed"), mark="m1"))
    [shown] = fake.messages(post)
    assert shown["embeds"][0]["title"] == "Now signed"
    state = fake.world.channel(post).thread
    assert state is not None
    assert [fake.world.channel(forum.id).tags[tag] for tag in state.tags] == ["Contract"]


async def test_a_thread_is_opened_under_a_message_and_written_in_once_it_is_archived(
    fake: FakeDiscord, channel: Channel, sender: DiscordSender
) -> None:
    message = await sender.create(channel.id, ALERT, nonce="1")
    thread = await sender.open_thread(channel.id, message, "A story")
    assert await sender.open_thread(channel.id, message, "A story") == thread
    fake.threads.archive(thread)
    assert await sender.create(thread, ALERT, nonce="2")
    assert len(fake.messages(thread)) >= 1


async def test_what_stands_in_an_announcement_channel_is_published_and_elsewhere_nothing(
    fake: FakeDiscord, guild: Guild, channel: Channel, sender: DiscordSender
) -> None:
    news = fake.add_channel(guild, "news", type=ANNOUNCEMENT)
    for place in (news, channel):
        await sender.publish(place.id, await sender.create(place.id, ALERT, nonce=f"n{place.id}"))
    assert [message["flags"] & 1 for place in (news, channel) for message in fake.messages(place)] == [1, 0]


# -- finding again


async def test_a_message_is_found_by_its_mark(fake: FakeDiscord, channel: Channel, sender: DiscordSender) -> None:
    message = await sender.create(channel.id, ALERT, nonce="n")
    assert await sender.find(channel.id, "m1", datetime.now(UTC) - BEFORE) == message
    assert await sender.find(channel.id, "m2", datetime.now(UTC) - BEFORE) is None


async def test_a_post_is_found_by_its_mark_open_or_archived(
    fake: FakeDiscord, guild: Guild, sender: DiscordSender
) -> None:
    forum = fake.add_channel(guild, "stories", type=FORUM)
    post = await sender.create_post(forum.id, ALERT, name="A story")
    assert await sender.find(forum.id, "m1", datetime.now(UTC) - BEFORE) == post
    fake.threads.archive(post)
    assert await sender.find(forum.id, "m1", datetime.now(UTC) - BEFORE) == post
    assert await sender.find(forum.id, "m2", datetime.now(UTC) - BEFORE) is None


@pytest.mark.parametrize("how", ["in the channel", "in the server", "for a role", "for everybody"])
async def test_an_empty_history_is_not_believed_where_it_cannot_be_read(
    fake: FakeDiscord, guild: Guild, channel: Channel, sender: DiscordSender, written: Written, how: str
) -> None:
    """Also where it was a moment ago: rights change."""
    written.places[channel.id] = Place(channel.id, guild.id, "text")
    await sender.create(channel.id, ALERT, nonce="n")
    history, own = Permission.READ_MESSAGE_HISTORY, guild.members[fake.bot.id].roles[0]
    if how == "in the server":
        fake.set_guild_permissions(guild, Permission.VIEW_CHANNEL | Permission.SEND_MESSAGES)
    else:
        target = {"in the channel": fake.bot.id, "for a role": own, "for everybody": guild.id}[how]
        fake.set_permissions(channel, target=target, deny=history)
    with pytest.raises(DestinationForbiddenError, match="Read Message History"):
        await sender.find(channel.id, "m1", datetime.now(UTC) - BEFORE)


async def test_in_a_thread_the_rights_of_its_channel_count(
    fake: FakeDiscord, channel: Channel, sender: DiscordSender
) -> None:
    thread = await sender.open_thread(channel.id, await sender.create(channel.id, ALERT, nonce="1"), "A story")
    assert await sender.find(thread, "m9", datetime.now(UTC) - BEFORE) is None
    fake.set_permissions(channel, deny=Permission.READ_MESSAGE_HISTORY)
    with pytest.raises(DestinationForbiddenError, match="Read Message History"):
        await sender.find(thread, "m9", datetime.now(UTC) - BEFORE)


async def test_a_right_that_was_given_back_counts_at_once(
    fake: FakeDiscord, guild: Guild, channel: Channel, sender: DiscordSender, written: Written
) -> None:
    """Else a channel that the gateway opens again would be paused by what was known of it before."""
    written.places[channel.id] = Place(channel.id, guild.id, "text")
    sent = await sender.create(channel.id, ALERT, nonce="n")
    fake.set_permissions(channel, deny=Permission.READ_MESSAGE_HISTORY)
    with pytest.raises(DestinationForbiddenError):
        await sender.find(channel.id, "m1", datetime.now(UTC) - BEFORE)
    fake.set_permissions(channel)
    assert await sender.find(channel.id, "m1", datetime.now(UTC) - BEFORE) == sent
    assert await sender.find(channel.id, "m2", datetime.now(UTC) - BEFORE) is None


# -- what the gateway writes down


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    async with Store.open(database_url) as store:
        yield store


def the_place(channel: Channel, kind: str = "text") -> Place:
    return Place(channel.id, channel.guild_id, kind)  # type: ignore[arg-type]


async def test_a_gateway_writes_down_what_it_sees_and_every_change_of_it(fake: FakeDiscord, guild: Guild) -> None:
    seen: dict[int, Place] = {}
    told: list[int] = []

    async def note(places: Sequence[Place]) -> None:
        seen.update({place.channel_id: place for place in places})
        told.append(len(places))

    text, forum = fake.add_channel(guild), fake.add_channel(guild, "stories", type=FORUM)
    client = a_client(places_seen=note)
    async with running(fake, client):
        await fake.until(lambda: told)
        assert seen == {each.channel_id: each for each in (the_place(text), the_place(forum, "forum"))}
        news = fake.add_channel(guild, "news", type=ANNOUNCEMENT)
        await fake.until(lambda: seen.get(news.id) == the_place(news, "news"))
        text.type = ANNOUNCEMENT
        fake.set_permissions(text, deny=Permission.READ_MESSAGE_HISTORY)  # which tells of the channel
        await fake.until(lambda: seen[text.id] == the_place(text, "news"))
        assert told[1:] == [1, 1], "only what changed"
        await client.look_again()
        assert told[-1] == 3


async def test_a_thread_is_written_down_as_one(fake: FakeDiscord, channel: Channel) -> None:
    seen: dict[int, Place] = {}

    async def note(places: Sequence[Place]) -> None:
        seen.update({place.channel_id: place for place in places})

    client = a_client(places_seen=note)
    async with running(fake, client):
        await fake.until(lambda: seen)
        sender = DiscordSender(client)
        thread = await sender.open_thread(channel.id, await sender.create(channel.id, ALERT, nonce="1"), "A story")
        await fake.until(lambda: client.get_channel(thread))
        await client.look_again()
        assert seen[thread].kind == "thread"


async def test_what_was_written_down_is_known_until_it_is_old(store: Store) -> None:
    place = Place(20, 10, "forum")
    assert await store.read(places.known, 20, NOON) is None
    await store.write(places.seen, [place], NOON)
    assert await store.read(places.known, 20, NOON + places.FRESH - BEFORE) == place
    assert await store.read(places.known, 20, NOON + places.FRESH) is None
    again = Place(20, 11, "text")
    await store.write(places.seen, [again], NOON + places.FRESH)
    assert await store.read(places.known, 20, NOON + places.FRESH) == again


async def test_what_nobody_saw_for_a_month_and_what_was_left_is_forgotten(store: Store) -> None:
    await store.write(places.seen, [Place(20, 10, "text"), Place(30, 11, "text")], NOON)
    await store.write(places.left, 11)
    assert await store.read(places.count) == 1
    await store.write(places.seen, [], NOON + places.KEPT + BEFORE)
    assert await store.read(places.count) == 0


async def test_with_a_gateway_the_cache_answers_and_discord_is_not_asked(
    fake: FakeDiscord, channel: Channel, written: Written
) -> None:
    client = a_client()
    async with running(fake, client):
        await fake.until(lambda: client.get_channel(channel.id))
        before = len(fake.requests)
        directory = Directory(client, known=written)
        assert await directory.kind(channel.id) == "text"
        assert await directory.readable(channel.id)
        assert (len(fake.requests), written.asked) == (before, 0)
