"""The fake's gateway and log-in, met by the real client."""

import asyncio
import json

import aiohttp
import discord
import pytest

from tests import stage
from tests.discord_fake import EventFault, FakeDiscord, Permission, QuickClient, point_client, running
from tests.discord_fake.sessions import Intent

fake = stage.fake


class Bot(QuickClient):
    """Notes what it hears."""

    def __init__(self, intents: discord.Intents | None = None) -> None:
        super().__init__(intents)
        self.seen: list[str] = []
        self.readies = 0

    async def on_ready(self) -> None:
        self.readies += 1

    async def on_message(self, message: discord.Message) -> None:
        self.seen.append(message.content)


async def test_log_in_and_guilds(fake: FakeDiscord) -> None:
    guild = fake.add_guild("Press")
    channel = fake.add_channel(guild, "alerts", topic="AI and defence")
    bot = Bot()
    async with running(fake, bot):
        assert bot.user is not None
        assert bot.user.id == fake.bot.id
        assert bot.application_id == fake.world.application_id
        found = bot.get_channel(channel.id)
        assert isinstance(found, discord.TextChannel)
        assert (found.name, found.topic, found.guild.name) == ("alerts", "AI and defence", "Press")
        assert found.permissions_for(found.guild.me).send_messages
        assert not found.permissions_for(found.guild.me).manage_messages
    assert not fake.gateway.connected


async def test_wrong_token(fake: FakeDiscord) -> None:
    fake.rest.token = "another"
    with pytest.raises(discord.LoginFailure):
        async with running(fake, Bot()):
            pass


async def test_text_frames() -> None:
    async with FakeDiscord(compression=False) as fake:
        fake.add_guild()
        bot = Bot()
        async with running(fake, bot):
            assert len(bot.guilds) == 1


async def test_privileged_intent_must_be_switched_on(fake: FakeDiscord) -> None:
    with pytest.raises(discord.PrivilegedIntentsRequired):
        async with running(fake, Bot(discord.Intents(guilds=True, message_content=True))):
            pass


@pytest.mark.parametrize("allowed", [True, False])
async def test_message_content_intent(allowed: bool) -> None:
    async with FakeDiscord(privileged=Intent.MESSAGE_CONTENT if allowed else 0) as fake:
        channel = fake.add_channel(guild := fake.add_guild())
        user = fake.add_user(guild)
        bot = Bot(discord.Intents(guilds=True, guild_messages=True, message_content=allowed))
        async with running(fake, bot):
            posted = fake.post(user, channel, "hello")
            named = fake.post(user, channel, f"hello <@{fake.bot.id}>")
            await fake.until(lambda: len(bot.seen) == 2)
            place = bot.get_partial_messageable(channel.id)
            read = [(await place.fetch_message(message.id)).content for message in (posted, named)]
    assert bot.seen == read == ["hello" if allowed else "", named.content]


@pytest.mark.parametrize("code", [None, 1000, 1001, 4000, 4009])
async def test_resume_replays_what_was_missed(fake: FakeDiscord, code: int | None) -> None:
    channel = fake.add_channel(guild := fake.add_guild())
    user = fake.add_user(guild)
    bot = Bot()
    async with running(fake, bot):
        dropped = asyncio.create_task(fake.drop_gateway(code))
        fake.post(user, channel, f"missed <@{fake.bot.id}>")
        await dropped
        await fake.until(lambda: bot.seen)
        assert len(fake.gateway.resumes) == 1
        assert bot.readies == 1


async def test_reconnect_request_resumes(fake: FakeDiscord) -> None:
    bot = Bot()
    async with running(fake, bot):
        fake.reconnect()
        await fake.until(lambda: fake.gateway.resumes)
        await fake.until(lambda: fake.gateway.connected)
    assert len(fake.gateway.identifies) == 1


@pytest.mark.parametrize("how", ["told", "forgotten", "too late"])
async def test_invalid_session_identifies_anew(fake: FakeDiscord, how: str) -> None:
    fake.add_guild()
    bot = Bot()
    async with running(fake, bot):
        await fake.until(lambda: bot.readies == 1)
        if how == "told":
            fake.invalid_session()
        else:
            fake.gateway.refusing = True
            await fake.drop_gateway()
            if how == "forgotten":
                fake.gateway.forget_sessions()
            else:
                fake.clock.advance(3600)
            fake.gateway.refusing = False
        await fake.until(lambda: bot.readies == 2)
    assert len(fake.gateway.identifies) == 2
    assert len(bot.guilds) == 1


async def test_resumable_invalid_session(fake: FakeDiscord) -> None:
    bot = Bot()
    async with running(fake, bot):
        fake.invalid_session(resumable=True)
        await fake.until(lambda: fake.gateway.resumes and fake.gateway.connected)
    assert len(fake.gateway.identifies) == 1


async def test_events_of_channels_and_roles(fake: FakeDiscord) -> None:
    guild = fake.add_guild()
    bot = Bot()
    async with running(fake, bot):
        channel = fake.add_channel(guild, "new")
        await fake.until(lambda: bot.get_channel(channel.id))
        role = fake.add_role(guild, "desk", mentionable=True)
        await fake.until(lambda: bot.guilds[0].get_role(role.id))
        seen = bot.get_channel(channel.id)
        assert isinstance(seen, discord.TextChannel)
        fake.set_permissions(channel, deny=Permission.SEND_MESSAGES)
        await fake.until(lambda: not seen.permissions_for(seen.guild.me).send_messages)
        fake.delete_channel(channel)
        await fake.until(lambda: bot.get_channel(channel.id) is None)
        fake.remove_guild(guild)
        await fake.until(lambda: not bot.guilds)
        fake.join(guild, fake.bot)
        await fake.until(lambda: bot.guilds)


async def test_an_outage_is_no_removal(fake: FakeDiscord) -> None:
    guild = fake.add_guild()
    heard: list[str] = []
    bot = Bot()

    @bot.event
    async def on_guild_unavailable(guild: discord.Guild) -> None:
        heard.append("unavailable")

    @bot.event
    async def on_guild_remove(guild: discord.Guild) -> None:
        heard.append("removed")

    @bot.event
    async def on_guild_available(guild: discord.Guild) -> None:
        heard.append("available")

    async with running(fake, bot):
        heard.clear()
        fake.set_outage(guild, True)
        fake.set_outage(guild, False)
        fake.remove_guild(guild)
        await fake.until(lambda: len(heard) == 3)
    assert heard == ["unavailable", "available", "removed"]


async def test_hidden_channel_sends_no_events(fake: FakeDiscord) -> None:
    guild = fake.add_guild()
    hidden, shown = fake.add_channel(guild), fake.add_channel(guild)
    user = fake.add_user(guild)
    fake.set_permissions(hidden, deny=Permission.VIEW_CHANNEL)
    bot = Bot()
    async with running(fake, bot):
        fake.post(user, hidden, f"<@{fake.bot.id}> hidden")
        fake.post(user, shown, f"<@{fake.bot.id}> shown")
        await fake.until(lambda: bot.seen)
    assert bot.seen == [f"<@{fake.bot.id}> shown"]


async def test_incomplete_event_ends_the_client(fake: FakeDiscord) -> None:
    channel = fake.add_channel(guild := fake.add_guild())
    user = fake.add_user(guild)
    fake.faults.add(EventFault("MESSAGE_CREATE", without=("type",)))
    bot = Bot()
    with pytest.raises(KeyError, match="type"):
        async with running(fake, bot) as task:
            fake.post(user, channel, "x")
            await asyncio.wait({task}, timeout=5)


async def test_members_are_chunked() -> None:
    async with FakeDiscord(privileged=Intent.GUILD_MEMBERS) as fake:
        guild = fake.add_guild()
        user = fake.add_user(guild, "reader")
        bot = Bot(discord.Intents(guilds=True, members=True))
        async with running(fake, bot):
            found = await bot.guilds[0].query_members("read")
    assert [member.id for member in found] == [user.id]


class Wire:
    """A gateway connection without discord.py, for what it never sends."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket

    async def send(self, op: int, data: object) -> None:
        await self.socket.send_str(json.dumps({"op": op, "d": data}))

    async def closed(self) -> int | None:
        while (await self.socket.receive(timeout=5)).type == aiohttp.WSMsgType.TEXT:
            pass
        return self.socket.close_code


IDENTIFY = {"properties": {}, "intents": 1}


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        ([(2, {**IDENTIFY, "token": "wrong"})], 4004),
        ([(2, {**IDENTIFY, "intents": 1 << 30})], 4013),
        ([(2, {**IDENTIFY, "intents": 1 << 8})], 4014),
        ([(2, IDENTIFY), (2, IDENTIFY)], 4005),
        ([(3, {})], 4003),
        ([(42, {})], 4001),
        ([(3, {"status": "x" * 4096})], 4002),
        ([(1, None)] * 121, 4008),
        ([(2, IDENTIFY), (6, {"session_id": "{session}", "seq": 99})], 4007),
        ([(6, {"session_id": "?", "token": "wrong", "seq": 0})], 4004),
    ],
)
async def test_close_codes(fake: FakeDiscord, frames: list[tuple[int, object]], code: int) -> None:
    async with aiohttp.ClientSession() as http, http.ws_connect(f"{fake.gateway_url}?v=10&encoding=json") as socket:
        wire = Wire(socket)
        for op, data in frames:
            filled = {"token": fake.token, **data} if op in (2, 6) and isinstance(data, dict) else data
            if isinstance(filled, dict) and filled.get("session_id") == "{session}":
                await fake.until(lambda: fake.gateway.sessions)
                filled["session_id"] = next(iter(fake.gateway.sessions))
            await wire.send(op, filled)
        assert await wire.closed() == code


async def test_version_and_bad_json(fake: FakeDiscord) -> None:
    async with aiohttp.ClientSession() as http:
        async with http.ws_connect(f"{fake.gateway_url}?v=9") as socket:
            assert await Wire(socket).closed() == 4012
        async with http.ws_connect(f"{fake.gateway_url}?v=10") as socket:
            await socket.send_str("{")
            assert await Wire(socket).closed() == 4002


async def test_silence_is_closed(fake: FakeDiscord) -> None:
    fake.gateway.heartbeat_seconds = 0.05
    async with aiohttp.ClientSession() as http, http.ws_connect(f"{fake.gateway_url}?v=10") as socket:
        assert await Wire(socket).closed() == 4009


async def test_pointing_is_undone(fake: FakeDiscord) -> None:
    before = discord.http.Route.BASE
    with point_client(fake):
        assert fake.api_base == discord.http.Route.BASE
    assert before == discord.http.Route.BASE
