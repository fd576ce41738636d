"""Each failure the fake can be told to show, and what the real client makes of it."""

import asyncio
import json
import signal
import sys
import time
from pathlib import Path

import aiohttp
import discord
import pytest

from tests import stage
from tests.discord_fake import (
    CREATE,
    CREATE_POST,
    FakeDiscord,
    Fault,
    QuickClient,
    RemoteDiscord,
    point_client,
    running,
)
from tests.discord_fake.ratelimits import OBSERVED, Rule
from tests.discord_fake.world import FORUM, Channel

fake = stage.fake
guild = stage.guild
channel = stage.channel
client = stage.client

Place = discord.PartialMessageable
ROOT = Path(__file__).parents[1]


@pytest.fixture
def place(client: discord.Client, channel: Channel) -> Place:
    """The channel through a client that is logged in, without a gateway."""
    return client.get_partial_messageable(channel.id)


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long the client would have slept between its tries; it sleeps not at all."""
    naps: list[float] = []
    sleep = asyncio.sleep

    async def nap(delay: float, result: object = None) -> object:
        if delay > 0:
            naps.append(delay)
        return await sleep(0, result)

    monkeypatch.setattr(asyncio, "sleep", nap)
    return naps


def creates(fake: FakeDiscord) -> list[dict[str, object]]:
    return [request.json for request in fake.requests if request.route == CREATE]


# -- server errors


@pytest.mark.parametrize("status", [500, 502, 504, 524])
async def test_retried_after_processing_gives_one_message(
    fake: FakeDiscord, channel: Channel, place: Place, slept: list[float], status: int
) -> None:
    fake.faults.add(Fault("status", status=status, when="after", route=CREATE))
    sent = await place.send("alert")
    assert [message["id"] for message in fake.messages(channel)] == [str(sent.id)]
    assert len({create["nonce"] for create in creates(fake)}) == 1
    assert len(creates(fake)) == 2
    assert slept == [1]


async def test_five_tries_and_no_more(fake: FakeDiscord, channel: Channel, place: Place, slept: list[float]) -> None:
    fault = Fault("status", status=502, route=CREATE, times=None)
    fake.faults.add(fault)
    with pytest.raises(discord.DiscordServerError):
        await place.send("alert")
    assert fault.hits == 5
    assert fake.messages(channel) == []


async def test_503_is_not_retried(fake: FakeDiscord, place: Place) -> None:
    fake.faults.add(Fault("status", status=503, route=CREATE))
    with pytest.raises(discord.DiscordServerError):
        await place.send("alert")
    assert len(creates(fake)) == 1


# -- the connection


@pytest.mark.parametrize(
    ("do", "error"),
    [
        ("drop", aiohttp.ServerDisconnectedError),
        ("reset", aiohttp.ClientOSError),
        ("cut", aiohttp.ClientPayloadError),
    ],
)
@pytest.mark.parametrize("when", ["before", "after"])
async def test_broken_connections_are_the_bots_to_retry(
    fake: FakeDiscord, channel: Channel, place: Place, do: str, when: str, error: type[Exception]
) -> None:
    fake.faults.add(Fault(do, when=when, route=CREATE))  # type: ignore[arg-type]
    with pytest.raises(error):
        await place.send("alert", nonce="delivery-1")
    stored = len(fake.messages(channel))
    assert stored == (when == "after" or do == "cut")
    sent = await place.send("alert", nonce="delivery-1")
    assert [message["id"] for message in fake.messages(channel)] == [str(sent.id)]


@pytest.mark.parametrize("when", ["before", "after"])
async def test_hang(fake: FakeDiscord, channel: Channel, place: Place, when: str) -> None:
    hang = fake.faults.add(Fault("hang", when=when, route=CREATE))  # type: ignore[arg-type]
    sending = asyncio.create_task(place.send("alert"))
    await fake.until(lambda: hang.hits)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await sending
    assert len(fake.messages(channel)) == (when == "after")


async def test_slow_channel(fake: FakeDiscord, channel: Channel, place: Place) -> None:
    other = fake.add_channel(channel.guild_id)
    fault = fake.faults.add(Fault("slow", seconds=0.2, channel=channel.id, times=None))
    begun = time.monotonic()
    await place.send("slow")
    assert time.monotonic() - begun >= 0.2
    fault.seconds = 600.0
    slower = asyncio.create_task(place.send("slower"))
    await fake.until(lambda: fault.hits == 2)
    await place._state._get_client().get_partial_messageable(other.id).send("fast")
    assert not slower.done()
    slower.cancel()


# -- refusals


async def test_errors_of_discord(fake: FakeDiscord, channel: Channel, place: Place) -> None:
    fake.faults.add(Fault("error", status=400, code=200000, message="blocked", contains="poison", times=None))
    with pytest.raises(discord.HTTPException) as blocked:
        await place.send("poison")
    assert (blocked.value.status, blocked.value.code) == (400, 200000)
    await place.send("food")
    assert len(fake.messages(channel)) == 1


@pytest.mark.parametrize("status", [403, 429])
async def test_cloudflare(fake: FakeDiscord, place: Place, status: int) -> None:
    fake.faults.add(Fault("html", status=status, route=CREATE))
    with pytest.raises(discord.HTTPException) as banned:
        await place.send("alert")
    assert banned.value.status == status
    assert "<html>" in banned.value.text
    assert len(creates(fake)) == 1


async def test_401_in_the_middle(fake: FakeDiscord, place: Place) -> None:
    fake.rest.token = "revoked"
    with pytest.raises(discord.HTTPException) as refused:
        await place.send("alert")
    assert (refused.value.status, refused.value.code) == (401, 0)
    fake.rest.token = fake.token
    fake.faults.add(Fault("status", status=401))
    with pytest.raises(discord.HTTPException):
        await place.send("alert")
    await place.send("alert")


async def test_nth_request(fake: FakeDiscord, place: Place) -> None:
    fake.faults.add(Fault("status", status=503, nth=3, route=CREATE))
    outcomes = []
    for number in range(4):
        try:
            await place.send(str(number))
            outcomes.append(True)
        except discord.DiscordServerError:
            outcomes.append(False)
    assert outcomes == [True, True, False, True]


# -- rate limits


@pytest.mark.parametrize("scope", ["user", "shared", "global"])
async def test_429_is_waited_for(
    fake: FakeDiscord, channel: Channel, place: Place, slept: list[float], scope: str
) -> None:
    fake.faults.add(Fault("ratelimit", retry_after=65, scope=scope, route=CREATE))  # type: ignore[arg-type]
    await place.send("alert")
    assert slept == [65]
    first, second = creates(fake)
    assert first["nonce"] == second["nonce"]
    assert len(fake.messages(channel)) == 1


async def test_429_without_via_is_a_ban(fake: FakeDiscord, place: Place) -> None:
    fake.faults.add(Fault("ratelimit", via=False, route=CREATE))
    with pytest.raises(discord.HTTPException) as banned:
        await place.send("alert")
    assert banned.value.status == 429


async def test_long_waits_are_refused_by_a_cautious_client(fake: FakeDiscord, channel: Channel) -> None:
    client = discord.Client(intents=discord.Intents.none(), max_ratelimit_timeout=30)
    fake.faults.add(Fault("ratelimit", retry_after=31, route=CREATE))
    with point_client(fake):
        async with client:
            await client.login(fake.token)
            with pytest.raises(discord.RateLimited):
                await client.get_partial_messageable(channel.id).send("alert")


async def test_bucket_runs_out(fake: FakeDiscord, place: Place) -> None:
    fake.ratelimits.use(Rule(2, 0.3, "POST", CREATE))
    begun = time.monotonic()
    await place.send("1")
    await place.send("2")
    await place.send("3")
    assert time.monotonic() - begun >= 0.3
    assert {request.status for request in fake.requests} == {200}


async def test_headers_and_refusal_on_the_wire(fake: FakeDiscord, channel: Channel) -> None:
    fake.ratelimits.use(*OBSERVED)
    headers = {"Authorization": f"Bot {fake.token}"}
    url = f"{fake.api_base}/channels/{channel.id}/messages"
    async with aiohttp.ClientSession(headers=headers) as http:
        left = []
        for _ in range(6):
            async with http.post(url, json={"content": "x"}) as response:
                left.append((response.status, response.headers["X-RateLimit-Remaining"]))
                body = await response.json()
        assert left == [(200, str(n)) for n in (4, 3, 2, 1, 0)] + [(429, "0")]
        assert response.headers["Via"]
        assert 0 < body["retry_after"] <= 5
        fake.clock.advance(5)
        async with http.post(url, json={"content": "x"}) as response:
            assert response.status == 200
            assert response.headers["Content-Type"] == "application/json"


# -- what no route fits


async def test_unknown_routes_are_kept(channel: Channel) -> None:
    async with FakeDiscord() as fake, aiohttp.ClientSession() as http:
        async with http.get(f"{fake.api_base}/stickers") as response:
            assert response.status == 404
        assert [request.path for request in fake.unknown] == ["/stickers"]


async def test_a_mistake_of_the_fake_is_loud() -> None:
    with pytest.raises(AssertionError, match="answered wrongly"):
        async with FakeDiscord() as fake:
            fake.world.guilds = None  # type: ignore[assignment]
            headers = {"Authorization": f"Bot {fake.token}"}
            async with (
                aiohttp.ClientSession(headers=headers) as http,
                http.get(f"{fake.api_base}/guilds/1") as response,
            ):
                assert response.status == 500


async def test_posts_have_no_nonce(fake: FakeDiscord, channel: Channel) -> None:
    """An unclear create of a forum post, repeated, makes two: the bot must look before it repeats."""
    made = fake.add_channel(channel.guild_id, type=FORUM)
    client = QuickClient()
    async with running(fake, client):
        forum = client.get_channel(made.id)
        assert isinstance(forum, discord.ForumChannel)
        fake.faults.add(Fault("drop", when="after", route=CREATE_POST))
        with pytest.raises(aiohttp.ClientError):
            await forum.create_thread(name="Story", content="x")
        await forum.create_thread(name="Story", content="x")
    assert len(list(fake.world.threads(channel.guild_id))) == 2


# -- processes

VICTIM = """
import sys, urllib.request
request = urllib.request.Request(sys.argv[1], data=b'{"content": "alert", "nonce": "n", "enforce_nonce": true}')
request.add_header("Authorization", "Bot " + sys.argv[2])
sys.stdin.readline()
print(urllib.request.urlopen(request).status, flush=True)
sys.stdin.readline()
"""


@pytest.mark.parametrize(("when", "stored"), [("before", 0), ("after", 1), ("replied", 1)])
async def test_client_is_killed_in_each_phase_of_a_send(when: str, stored: int) -> None:
    async with RemoteDiscord() as fake:
        channel = await fake.add_channel(await fake.add_guild())
        url = f"{fake.api_base}/channels/{channel.id}/messages"
        pipe = asyncio.subprocess.PIPE
        command = [sys.executable, "-c", VICTIM, url, fake.token]
        victim = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, stderr=pipe)
        await fake.faults.add(Fault("kill", when=when, pid=victim.pid, route=CREATE))  # type: ignore[arg-type]
        await victim.communicate(b"\n") if when != "replied" else await _go(victim)
        assert await victim.wait() == -signal.SIGKILL
        assert len(await fake.messages(channel)) == stored
        assert [fault.hits for fault in await fake.faults.list()] == [1]


async def _go(victim: asyncio.subprocess.Process) -> None:
    """Start it and keep its input open, so that only the kill ends it."""
    assert victim.stdin is not None
    victim.stdin.write(b"\n")
    await victim.wait()
    victim.stdin.close()
    await victim.communicate()


@pytest.mark.parametrize("end", ["SIGTERM", "end of input"])
async def test_the_process_ends_when_told(end: str) -> None:
    command = [sys.executable, "-m", "tests.discord_fake", "--token", "t"]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdin=pipe, stdout=pipe)
    assert process.stdout is not None
    assert process.stdin is not None
    said = json.loads(await process.stdout.readline())
    assert said.keys() == {"api_base", "gateway_url", "control", "token"}
    assert said["token"] == "t"
    if end == "SIGTERM":
        process.terminate()
    else:
        process.stdin.close()
    async with asyncio.timeout(30):
        assert await process.wait() == 0
    await process.communicate()


async def test_the_same_verbs_from_another_process() -> None:
    async with RemoteDiscord(token="secret") as fake:
        guild = await fake.add_guild("Press")
        channel = await fake.add_channel(guild, "alerts")
        user = await fake.add_user(guild, "reader")
        client = QuickClient()
        async with running(fake, client):
            place = client.get_partial_messageable(channel.id)
            await place.send(f"<@{user.id}>")
            await fake.drop_gateway()
            await fake.post(user, channel, "hello")
            assert [message["content"] for message in await fake.messages(channel)] == [f"<@{user.id}>", "hello"]
            assert [(ping.user_id, ping.why) for ping in await fake.pings()] == [(user.id, "user")]
            with pytest.raises(RuntimeError, match="Unknown Channel"):
                await fake.messages(1)
            before = await fake.clock.now()
            await fake.clock.advance(3600)
            assert (await fake.clock.now() - before).total_seconds() >= 3600
        assert {request.status for request in await fake.requests()} == {200}
        assert await fake.unknown() == []
