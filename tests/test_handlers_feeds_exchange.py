"""What managers do with `/feeds import · export`, from their side."""

from datetime import timedelta
from typing import Any

import pytest

from bot.opml import MAX_BYTES, read_opml
from bot.store import feeds
from tests import own_feeds
from tests.builders import NOON, a_feed
from tests.own_feeds import LISTED, OPML, SECRET, have, seen
from tests.people import Town, labels, said, text_of

town = own_feeds.town


async def imported(town: Town, body: bytes = OPML, name: str = "feeds.opml") -> Any:
    return await town.manager.slash(town.channel, "feeds import", file=(name, body))


async def test_an_import_is_summed_up_and_then_applied(town: Town) -> None:
    drafted = await imported(town)
    text = said(drafted)
    assert drafted.ephemeral
    assert "2 new feeds · 2 feeds there already · 3 refused" in text
    assert "New \\*one\\* · one.example\nSecond · two.example" in text
    for words in (
        "Old: a feed's address starts with http",
        "Inside: 10.0.0.1 is not on",
        "Locked: a feed's address must",
    ):
        assert words in text
    assert "swordfish" not in text
    assert await seen(town) == ["Listed Times", "Hidden Wire"]
    await town.manager.click(drafted.response, label="Apply")
    assert "2 feeds added" in text_of(drafted.response)
    assert await seen(town) == ["Listed Times", "Hidden Wire", "New *one*", "Second"]
    neutral = [each.feed.name for each in await town.store.read(feeds.listed)]
    assert neutral[2:] == ["one.example", "two.example"]


async def test_an_import_may_be_cancelled_and_lost(town: Town) -> None:
    drafted = await imported(town)
    await town.manager.click(drafted.response, label="Cancel")
    assert "Nothing was added" in text_of(drafted.response)
    lost = await imported(town)
    await town.restart_bot()
    assert "draft is gone" in said(await town.manager.click(lost.response, label="Apply"))
    assert await seen(town) == ["Listed Times", "Hidden Wire"]


async def test_an_import_takes_no_more_than_there_is_room_for(town: Town) -> None:
    lines = "".join(f'<outline text="F{n}" xmlUrl="https://f{n}.example/"/>' for n in range(9))
    drafted = await imported(town, f"<opml><body>{lines}</body></opml>".encode())
    assert "3 new feeds · 6 refused" in said(drafted)
    assert "F3: the server has no room for more feeds" in said(drafted)
    town.now = NOON + timedelta(minutes=1)
    drafted = await imported(town, f"<opml><body>{lines}</body></opml>".encode())
    assert "2 new feeds · 7 refused" in said(drafted)
    assert "F2: the server has added as many as it may within an hour" in said(drafted)


async def test_what_was_added_meanwhile_is_not_added_twice(town: Town) -> None:
    first, second = await imported(town), await imported(town)
    await town.manager.click(first.response, label="Apply")
    again = await town.manager.click(second.response, label="Apply")
    assert "This server reads all of these feeds already." in said(again)
    assert len(await seen(town)) == 4


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "not readable as OPML"),
        (b"\x00\xff\xfe", "not readable as OPML"),
        (b"<html/>", "not OPML"),
        (b"<opml><body/></opml>", "names no feed"),
        (b"<opml>" + b" " * MAX_BYTES + b"</opml>", "larger than 1 MB"),
        (b'<!DOCTYPE x [<!ENTITY a "aaaa">]><opml><body>&a;</body></opml>', "not readable as OPML"),
        (b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><opml>&a;</opml>', "not readable as OPML"),
    ],
)
async def test_what_is_no_list_is_refused_with_a_sentence(town: Town, body: bytes, told: str) -> None:
    assert told in said(await imported(town, body))


async def test_a_list_without_anything_new_has_no_buttons(town: Town) -> None:
    drafted = await imported(town, b'<opml><body><outline xmlUrl="https://listed.example/feed"/></body></opml>')
    assert "0 new feeds · 1 feed there already\nThere is nothing to add." in said(drafted)
    assert labels(drafted.response) == []


async def test_an_export_holds_the_servers_feeds_and_the_catalogues_alone(town: Town) -> None:
    guild, elsewhere, mallory = town.other_server()
    await have(town, guild.id, "https://mallory.example/feed", "Mallory's")
    given = await town.manager.slash(town.channel, "feeds export")
    assert given.ephemeral
    assert "1 feed of this server, 1 of the catalogue." in said(given)
    [file] = given.response.attachments
    listed = read_opml(town.env.backend.cdn.get(file.url) or b"")
    assert [(feed.name, feed.url) for feed in listed] == [("Listed Times", LISTED.url), ("Hidden Wire", SECRET)]
    assert "0 feeds of this server" not in said(await mallory.slash(elsewhere, "feeds export"))


async def test_a_key_in_an_operators_address_is_handed_to_no_server(town: Town) -> None:
    """What the operator reads for everybody may have been paid for; a server's own address is its own."""
    await town.store.write(feeds.add, a_feed("https://paid.example/feed?key=hunter2&lang=en", name="Paid"), NOON)
    given = await town.manager.slash(town.channel, "feeds export")
    [file] = given.response.attachments
    body = town.env.backend.cdn.get(file.url) or b""
    assert b"hunter2" not in body
    assert SECRET.encode() in body
    assert "1 of the catalogue left out, because the address may hold a key" in said(given)
    health = said(await town.manager.slash(town.channel, "feeds health", feed="Paid"))
    assert "`https://paid.example/feed?key=…&lang=…`" in health
