"""What Discord refuses in a message's body: the fake's limits, met by the real client and by any input."""

from typing import Any

import discord
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import stage
from tests.discord_fake import FakeDiscord, QuickClient
from tests.discord_fake.errors import ApiError, Form
from tests.discord_fake.limits import EMBEDS_TOTAL, check_body, check_url, embed_size
from tests.discord_fake.world import Channel

fake = stage.judged_fake
guild = stage.guild
channel = stage.channel
bot = stage.bot
place = stage.place


def errors_of(failure: discord.HTTPException) -> dict[str, Any]:
    """`field: message` as discord.py flattened it."""
    lines = failure.text.splitlines()[1:]
    return dict(line.removeprefix("In ").split(": ", 1) for line in lines)


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"content": "x" * 2001}, "content"),
        ({"embeds": [{"title": "x"}] * 11}, "embeds"),
        ({"embeds": [{"title": "x" * 257}]}, "embeds.0.title"),
        ({"embeds": [{"description": "x" * 4097}]}, "embeds.0.description"),
        ({"embeds": [{"title": "x"}, {"fields": [{"name": "n", "value": "v"}] * 26}]}, "embeds.1.fields"),
        ({"embeds": [{"fields": [{"name": "n" * 257, "value": "v"}]}]}, "embeds.0.fields.0.name"),
        ({"embeds": [{"fields": [{"name": "n", "value": "v" * 1025}]}]}, "embeds.0.fields.0.value"),
        ({"embeds": [{"fields": [{"name": "n", "value": "  "}]}]}, "embeds.0.fields.0.value"),
        ({"embeds": [{"footer": {"text": "x" * 2049}}]}, "embeds.0.footer.text"),
        ({"embeds": [{"author": {"name": "x" * 257}}]}, "embeds.0.author.name"),
        ({"embeds": [{"title": "x", "color": 0x1000000}]}, "embeds.0.color"),
        ({"embeds": [{"title": "x", "url": "ftp://example.org"}]}, "embeds.0.url"),
        ({"embeds": [{"title": "x", "url": "https://"}]}, "embeds.0.url"),
        ({"embeds": [{"title": "x", "timestamp": "soon"}]}, "embeds.0.timestamp"),
        ({"embeds": [{"color": 1}]}, "embeds.0.description"),
        ({"embeds": [{"description": "x" * 3001}, {"description": "x" * 3000}]}, "embeds"),
        ({"content": "x", "allowed_mentions": {"parse": ["users"], "users": ["1"]}}, "allowed_mentions"),
        ({"content": "x", "allowed_mentions": {"users": ["1", "1"]}}, "allowed_mentions.users"),
        ({"content": "x", "components": [{"type": 1, "components": []}]}, "components.0.components"),
    ],
)
async def test_limits(fake: FakeDiscord, bot: QuickClient, channel: Channel, body: dict[str, Any], where: str) -> None:
    route = discord.http.Route("POST", "/channels/{channel_id}/messages", channel_id=channel.id)
    with pytest.raises(discord.HTTPException) as refused:
        await bot.http.request(route, json=body)
    assert (refused.value.status, refused.value.code) == (400, 50035)
    assert where in errors_of(refused.value)
    assert fake.messages(channel) == []
    fake.violations.clear()


def buttons(count: int, **more: Any) -> dict[str, Any]:
    made = [{"type": 2, "style": 1, "label": "x", "custom_id": f"id{index}", **more} for index in range(count)]
    return {"type": 1, "components": made}


@pytest.mark.parametrize(
    "rows",
    [
        [buttons(6)],
        [buttons(1)] * 2,
        [buttons(2, custom_id="same")],
        [buttons(1, custom_id="x" * 101)],
        [buttons(1, label="x" * 81)],
        [buttons(1, style=5)],
        [buttons(1, style=5, custom_id=None, url="https://example.org/" + "x" * 512)],
        [buttons(1, custom_id=None)],
        [{**buttons(1, custom_id=f"row{row}")} for row in range(6)],
        [{"type": 1, "components": [{"type": 3, "custom_id": "s", "options": []}]}],
        [{"type": 1, "components": [{"type": 3, "custom_id": "s", "options": [{"label": "a", "value": "a"}] * 2}]}],
        [{"type": 2, "style": 1, "label": "x", "custom_id": "bare"}],
    ],
)
async def test_component_limits(fake: FakeDiscord, bot: QuickClient, channel: Channel, rows: list[Any]) -> None:
    route = discord.http.Route("POST", "/channels/{channel_id}/messages", channel_id=channel.id)
    with pytest.raises(discord.HTTPException) as refused:
        await bot.http.request(route, json={"content": "x", "components": rows})
    assert refused.value.code == 50035
    fake.violations.clear()


@pytest.mark.parametrize("body", [{}, {"content": "   "}, {"content": "", "embeds": []}])
async def test_nothing_to_send(bot: QuickClient, channel: Channel, body: dict[str, Any]) -> None:
    route = discord.http.Route("POST", "/channels/{channel_id}/messages", channel_id=channel.id)
    with pytest.raises(discord.HTTPException) as refused:
        await bot.http.request(route, json=body)
    assert refused.value.code == 50006


def accepted(body: dict[str, Any]) -> bool:
    try:
        check_body(body).problems.check()
    except ApiError:
        return False
    return True


@given(st.integers(1990, 2010), st.integers(0, 20))
def test_content_is_measured_after_trimming(length: int, spaces: int) -> None:
    assert accepted({"content": " " * spaces + "é" * length + "\n" * spaces}) == (length <= 2000)


@given(st.lists(st.tuples(st.integers(1, 256), st.integers(1, 3000)), min_size=1, max_size=4))
def test_embeds_share_6000_characters(sizes: list[tuple[int, int]]) -> None:
    embeds = [{"title": "t" * title, "description": "d" * text} for title, text in sizes]
    total = sum(map(sum, sizes))
    assert sum(embed_size(embed) for embed in embeds) == total
    assert accepted({"embeds": embeds}) == (total <= EMBEDS_TOTAL)


@given(st.text(max_size=40))
def test_any_text_as_a_link_is_judged_without_failing(text: str) -> None:
    form = Form()
    assert check_url(form, ("url",), text, ("http", "https"), 2048) == (not form.found)


async def test_nonce_of_25_characters(fake: FakeDiscord, place: discord.TextChannel) -> None:
    await place.send("x", nonce="n" * 25)
    with pytest.raises(discord.HTTPException) as long:
        await place.send("x", nonce="n" * 26)
    assert errors_of(long.value) == {"nonce": "Must be 25 or fewer in length."}
    fake.violations.clear()
