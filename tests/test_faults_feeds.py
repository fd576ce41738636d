"""Faults of feeds, by the numbers of the list of faults: each through the real poll, with what is owed and told after.

Faults that end the program are in test_faults_feeds_kills.
"""

import asyncio
import os
import resource
import signal
import socket
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web

from bot.core.feed import MOVED_ANSWERS, StoredFeed, resumed
from bot.fetch import Fetcher, Limits, names
from bot.language import Language
from bot.settings.knowledge import read_knowledge
from bot.store import entries, feeds, guilds
from bot.store.guilds import GuildSettings
from handlers.notify import notify
from handlers.poll import PollRules
from tests.beats import beats
from tests.hostile import an_item, an_rss, bodies
from tests.wire import CAKE, CONFIG, HOUR, LAW, NATO, NAVY, Told, Wire, dripping, open_wire, parts, rss
from tests.workers import workers_of

pytestmark = pytest.mark.asyncio(loop_scope="module")
MINUTE = timedelta(minutes=1)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def language() -> AsyncIterator[Language]:
    async with Language(knowledge=read_knowledge(CONFIG.joinpath), time_limit=8) as language:
        await language.model()
        yield language


@pytest_asyncio.fixture(loop_scope="module")
async def wire(tmp_path: Path, language: Language) -> AsyncIterator[Wire]:
    async with open_wire(tmp_path, language) as wire:
        yield wire


@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGSTOP], ids=["dies", "hangs"])
async def test_a_worker_that_ends_while_it_analyses_costs_no_alert(wire: Wire, blow: signal.Signals) -> None:
    """Fault 6: analysis dies or hangs."""
    await wire.read(wire.publish("one", CAKE))
    await wire.poll()
    analyst = await wire.language._analysts.run(3, os.getpid)
    worked = seconds_of(analyst)
    wire.publish("one", CAKE, *parts(120), NATO, NAVY, LAW)
    polling = asyncio.create_task(wire.poll())
    while seconds_of(analyst) == worked:
        await asyncio.sleep(0.005)
    os.kill(analyst, blow)
    report = await polling
    assert (report.failed, report.entries_new) == (0, 123)
    assert {NATO[0], NAVY[0], LAW[0]} & set(await wire.settled()) >= {NAVY[0], LAW[0]}
    assert analyst not in workers_of(os.getpid())


def seconds_of(process: int) -> float:
    """The time for which the process has worked."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return int(fields[11]) / os.sysconf("SC_CLK_TCK")


async def test_every_guid_changed_tells_nothing_again(wire: Wire) -> None:
    """Fault 52: every guid changes."""
    await wire.read(wire.publish("one", CAKE))
    await wire.poll()
    wire.publish("one", CAKE, NATO, NAVY)
    await wire.poll()
    for scheme in ("new-{number}", "newer-{path}-{number}", None):
        wire.publish("one", CAKE, NATO, NAVY, guid=scheme)
        assert (await wire.poll()).entries_new == 0
    assert sorted(await wire.settled()) == sorted([NATO[0], NAVY[0]])


async def test_links_that_turn_to_https_tell_nothing_again(wire: Wire) -> None:
    """Fault 52: http → https, in the links and in the guids that are links."""
    plain, secure = "http://www.paper.example/{number}?utm_source=rss", "https://paper.example/{number}/"
    await wire.read(wire.publish("one", CAKE, link=plain, guid=plain))
    await wire.poll()
    wire.publish("one", CAKE, NATO, NAVY, link=plain, guid=plain)
    await wire.poll()
    wire.publish("one", CAKE, NATO, NAVY, link=secure, guid=secure)
    assert (await wire.poll()).entries_new == 0
    assert sorted(await wire.settled()) == sorted([NATO[0], NAVY[0]])


async def test_links_that_move_to_another_host_tell_nothing_again(wire: Wire) -> None:
    """Fault 52: the host of the articles moves, guids and all."""
    await wire.read(wire.publish("one", CAKE))
    await wire.poll()
    wire.publish("one", *parts(30))
    await wire.poll()
    told = await wire.settled()
    moved = "https://moved.example/articles/{number}"
    wire.publish("one", *parts(30), link=moved, guid=moved, age=HOUR)
    report = await wire.poll()
    assert (report.alerts, report.stories_new) == (0, 0)
    assert await wire.settled() == told


async def test_a_feed_that_moves_is_asked_at_its_new_address_and_tells_nothing_again(wire: Wire) -> None:
    """Fault 52: the host of the feed moves."""
    new = wire.publish("new", CAKE, NATO, host="127.0.0.2")
    old = wire.site.at("/old", status=301, Location=new)
    await wire.read(old)
    for _ in range(MOVED_ANSWERS):
        await wire.poll()
    assert (await wire.state("old")).moved_to == new
    asked = len(wire.site.asked)
    wire.publish("new", CAKE, NATO, NAVY)
    report = await wire.poll()
    assert [request.path for request in wire.site.asked[asked:]] == ["/new"]
    assert (report.entries_new, report.alerts) == (1, 1)
    assert (await wire.entries()).total() == 3
    assert await wire.settled() == [NAVY[0]]


@pytest.mark.parametrize("link", ["https://one.example/{number}", None])
@pytest.mark.parametrize("shown", [1, 3], ids=["one at a time", "all at once"])
async def test_one_guid_for_all_entries_hides_none_of_them(wire: Wire, shown: int, link: str | None) -> None:
    """Fault 53: in one body, and from body to body, with links and without."""
    await wire.read(wire.publish("one", CAKE, guid="same", link=link))
    await wire.poll()
    told = [CAKE, NATO, NAVY, LAW]
    for number in range(1, len(told)):
        seen = told[max(0, number + 1 - shown) : number + 1]
        wire.publish("one", *seen, guid="same", link=link, first=number + 1 - len(seen))
        assert (await wire.poll()).entries_new == 1
        assert (await wire.poll()).entries_new == 0
    assert (await wire.entries()).most_common(1)[0][1] == 1
    assert sorted(await wire.settled()) == sorted([NATO[0], NAVY[0], LAW[0]])


async def test_once_a_guid_was_reused_a_series_under_like_titles_is_read_by_its_links(wire: Wire) -> None:
    """Fault 53: guids that are places in the list, for a paper that calls its briefs much the same."""
    briefs = [(f"Daily defence brief, {number} May", f"{NATO[1]} Number {number}.") for number in range(1, 5)]

    async def poll(told: Told) -> int:
        await wire.read(wire.publish("one", told, guid="{number}", link="https://one.example/{slug}"))
        return (await wire.poll()).entries_new

    assert await poll(CAKE) == 1
    assert await poll(NAVY) == 1
    assert (await wire.state("one")).reuses_guids
    assert [await poll(brief) for brief in briefs] == [1, 1, 1, 1]
    assert [await poll(brief) for brief in briefs] == [0, 0, 0, 0]


async def test_an_article_at_two_places_of_a_list_whose_guids_are_places_is_one_entry(wire: Wire) -> None:
    """Fault 53: a guid for each place in the list, and one article at two of them."""
    await wire.read(wire.publish("one", CAKE, LAW, guid="{number}", link="https://one.example/{slug}"))
    await wire.poll()
    wire.publish("one", NAVY, NATO, NAVY, guid="{number}", link="https://one.example/{slug}")
    report = await wire.poll()
    assert (report.failed, report.entries_new) == (0, 2)
    assert sorted(await wire.settled()) == sorted([NATO[0], NAVY[0]])


async def test_an_entry_that_is_edited_reordered_gone_and_back_is_told_once(wire: Wire) -> None:
    """Fault 54."""
    await wire.read(wire.publish("one", CAKE, NATO, guid="{number}"))
    await wire.poll()
    edited = (f"Updated: {NAVY[0]}", f"{NAVY[1]} This report was corrected.")
    editions: list[tuple[tuple[tuple[str, str], ...], int]] = [
        ((CAKE, NATO, NAVY), 0), ((CAKE, NATO, edited), 0), ((NATO,), 1), ((CAKE, NATO, edited), 0),
        ((CAKE, NATO, NAVY), 0),
    ]  # fmt: skip
    for told, first in editions:
        wire.publish("one", *told, guid="{number}", first=first)
        await wire.poll()
    back = rss([CAKE, NATO, NAVY], path="one", guid="{number}")
    items = back.split(b"<item>")
    wire.put(
        "one",
        b"<item>".join([items[0], items[3].replace(b"</channel></rss>", b""), items[1], items[2]])
        + b"</channel></rss>",
    )
    assert (await wire.poll()).entries_new == 0
    assert (await wire.entries()).total() == 3
    assert await wire.settled() == [NAVY[0]]


@pytest.mark.parametrize(
    "broken",
    [b"", b"   \n", b"<html><body><p>We are down for maintenance.</p></body></html>", "cut", "cut early", b"<rss/>"],
    ids=["empty", "blank", "a page", "cut", "cut early", "no entries"],
)
async def test_a_body_that_is_broken_for_one_poll_loses_nothing_and_repeats_nothing(wire: Wire, broken: Any) -> None:
    """Fault 55. The broken body comes with the validator of the whole one, as from a server that was cut off."""
    await wire.read(wire.publish("one", CAKE, NATO))
    await wire.poll()
    whole = rss([CAKE, NATO, NAVY, LAW], path="one", now=wire.now)
    body = broken
    if isinstance(broken, str):
        body = whole[: whole.rindex(b"<title>") + 9] if broken == "cut" else whole[: whole.index(b"<item>") + 30]
    await wire.read(wire.put_with_validator("one", body, '"whole"'))
    await wire.poll()
    wire.put_with_validator("one", whole, '"whole"')
    await wire.poll()
    await wire.poll()
    assert (await wire.entries()).total() == 4
    assert sorted(await wire.settled()) == sorted([NAVY[0], LAW[0]])
    state = await wire.state("one")
    assert (state.failures, state.error, state.etag) == (0, None, '"whole"')


async def test_a_first_body_that_is_cut_does_not_make_news_of_what_it_lacked(wire: Wire) -> None:
    """Faults 55 and 56: the first poll of a feed meets half a body, which is whole the next time."""
    whole = rss([CAKE, NATO, *parts(25), NAVY], path="one", now=wire.now)
    await wire.read(wire.put("one", whole[: whole.index(b"</item>") + 7]))
    await wire.poll()
    wire.put("one", whole)
    report = await wire.poll()
    assert (report.failed, report.alerts) == (0, 0)
    assert (await wire.entries()).total() == 28
    wire.put("one", rss([CAKE, NATO, *parts(25), NAVY, LAW], path="one", now=wire.now))
    assert (await wire.poll()).alerts == 1
    assert await wire.settled() == [LAW[0]]


async def test_a_feed_that_is_always_cut_tells_its_news(wire: Wire) -> None:
    """Fault 55: a program that never writes the end of its feeds."""
    for told in ([CAKE], [CAKE, NATO], [CAKE, NATO, NAVY]):
        await wire.read(wire.put("one", rss(told, path="one", now=wire.now).removesuffix(b"</channel></rss>")))
        await wire.poll()
    assert await wire.settled() == [NAVY[0]]


@pytest.mark.parametrize("cut", ["after an entry", "before all"])
async def test_a_body_that_is_cut_for_several_polls_hides_nothing_behind_a_304(wire: Wire, cut: str) -> None:
    """Fault 55, again and again: the same half of a body, with the validator of the whole, as a cache may keep it."""
    await wire.read(wire.publish("one", CAKE, NATO))
    await wire.poll()
    whole = rss([CAKE, NATO, NAVY, LAW], path="one", now=wire.now)
    half = whole[: whole.rindex(b"<item>")] if cut == "after an entry" else b"<rss/>"
    await wire.read(wire.put_with_validator("one", half, '"whole"'))
    for _ in range(3):
        await wire.poll()
    wire.put_with_validator("one", whole, '"whole"')
    await wire.poll()
    assert (await wire.entries()).total() == 4


async def test_five_thousand_entries_in_a_first_poll_owe_nothing(wire: Wire) -> None:
    """Fault 56: a first poll."""
    await wire.read(wire.publish("one", *((f"{CAKE[0]}, {number}", CAKE[1]) for number in range(5_000))))
    report = await wire.poll()
    assert (report.entries_new, report.alerts) == (500, 0)
    assert (await wire.poll()).entries_new == 0
    assert await wire.settled() == []


async def test_five_thousand_new_entries_are_read_to_the_limit_and_told_as_few_messages(wire: Wire) -> None:
    """Fault 56: 5,000 new entries at once, the newest 500 of which count; every story of them has its row."""
    await wire.read(wire.publish("one", CAKE))
    await wire.poll()
    wire.publish("one", *parts(4_999), NAVY, age=-MINUTE)
    report = await wire.poll()
    assert report.entries_new == 500
    assert report.alerts == report.stories_new > 0
    told = await wire.settled()
    assert NAVY[0] in told
    assert len(told) == report.alerts


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_inside_is_refused_and_never_kept(wire: Wire, status: int) -> None:
    """Fault 57: a redirect inside."""
    await wire.read(wire.site.at("/one", status=status, Location="http://10.0.0.1/feed"))
    for _ in range(MOVED_ANSWERS + 1):
        assert (await wire.poll(later=timedelta(days=1))).failed == 1
    state = await wire.state("one")
    assert (state.moved_to, state.status) == (None, "active")
    assert "10.0.0.1" in (state.error or "")
    wire.publish("one", CAKE)
    assert (await wire.poll(later=timedelta(days=1))).entries_new == 1


async def test_a_loop_of_redirects_is_the_feeds_fault_and_heals(wire: Wire) -> None:
    """Fault 57: a loop."""
    wire.site.at("/two", status=301, Location="/one")
    await wire.read(wire.site.at("/one", status=301, Location="/two"))
    await wire.poll()
    assert "circle" in ((await wire.state("one")).error or "")
    wire.publish("one", CAKE)
    assert (await wire.poll()).entries_new == 1
    assert (await wire.state("one")).moved_to is None


async def test_redirects_that_flip_flop_are_never_settled_and_tell_nothing_twice(wire: Wire) -> None:
    """Fault 57: flip-flop."""
    wire.publish("left", CAKE, NATO)
    wire.publish("right", CAKE, NATO)
    await wire.read(wire.site.at("/one", status=301, Location="/left"))
    for turn in range(8):
        wire.site.at("/one", status=301, Location="/right" if turn % 2 else "/left")
        report = await wire.poll()
        assert report.entries_new == (2 if turn == 0 else 0)
    assert (await wire.state("one")).moved_times < MOVED_ANSWERS
    assert await wire.settled() == []


async def test_a_feed_that_is_gone_is_asked_no_more_until_somebody_resumes_it(wire: Wire) -> None:
    """Fault 57: 410."""
    await wire.read(wire.site.at("/one", status=410))
    assert (await wire.poll()).failed == 1
    state = await wire.state("one")
    assert state.status == "gone"
    assert "gone for good" in (state.error or "")
    assert (await wire.poll(later=timedelta(days=30))).feeds == 0
    assert len(wire.site.asked) == 1
    await wire.store.write(guilds.save, GuildSettings(10, ops_channel_id=99))
    assert [await notify(wire.now, store=wire.store) for _ in range(2)] == [1, 0]
    await wire.settled()
    ((_, notice),) = wire.outlet.messages.values()
    assert "is gone and no longer read" in notice.description
    wire.publish("one", CAKE)
    await wire.store.write(feeds.save_state, 1, resumed(state, wire.now))
    assert (await wire.poll()).entries_new == 1


HOSTILE = {
    "drip": None, "bomb": None,
    "author": lambda: an_rss(an_item(b"<author>", b"a." * 20_000, b"</author>")),
    "tags": bodies()["deep entries"],
}  # fmt: skip


@pytest.mark.parametrize("kind", HOSTILE)
async def test_one_hostile_feed_of_fifty_holds_up_neither_the_others_nor_the_loop(wire: Wire, kind: str) -> None:
    """Fault 58: drip, bomb, hostile XML. The bound is generous, since other work may share the machine; what parses
    in this process, or in a thread of it, holds the loop for seconds."""
    good = [wire.publish(f"{number}", CAKE, host=f"127.0.1.{number}") for number in range(1, 50)]
    await wire.read(good[0], hostile(wire, kind), *good[1:])
    limits = Limits(total=2, read=1)
    began = time.monotonic()
    async with Fetcher(allowed_networks=[ip_network("127.0.0.0/8")], limits=limits) as fetcher, beats() as found:
        polling = asyncio.create_task(wire.poll(fetcher=fetcher))
        while len([feed for feed in await listed(wire) if feed.state.last_success_at]) < 49:
            assert not polling.done()
            await asyncio.sleep(0.05)
        took = time.monotonic() - began
        report = await polling
    assert (report.feeds, report.entries_new) == (50, 49)
    assert took < 30
    assert found.late < 2


async def test_a_feed_of_dear_titles_and_texts_does_not_hold_the_loop(wire: Wire) -> None:
    """Fault 58: a whole feed of characters that stand for eighteen each, and of titles that end again and again."""
    dear = [("Prize - a" * 900, "\ufdfa " * 1_000)] * 250
    await wire.read(wire.publish("one", *((f"{title} {number}", text) for number, (title, text) in enumerate(dear))))
    async with beats() as found:
        report = await wire.poll()
        wire.publish("one", *((f"{title} or {number}", text) for number, (title, text) in enumerate(dear)))
        again = await wire.poll()
    assert (report.entries_new, again.failed, again.entries_new) == (250, 0, 0)
    assert found.busy < 0.3


def hostile(wire: Wire, kind: str) -> str:
    """A hostile feed's address."""
    if kind == "drip":
        wire.site.paths["/bad"] = dripping(20)
    elif kind == "bomb":
        return wire.put("bad", bodies()["a bomb packed"](), host="127.0.2.1", Content_Encoding="gzip")
    else:
        recipe = HOSTILE[kind]
        assert recipe
        return wire.put("bad", recipe(), host="127.0.2.1")
    return wire.site.url("/bad", "127.0.2.1")


async def listed(wire: Wire) -> list[StoredFeed]:
    return await wire.store.read(feeds.listed)


async def test_a_thousand_feeds_due_at_once_are_each_asked_once_in_turn(wire: Wire) -> None:
    """Fault 59: memory, and the turns of the hosts."""
    body = rss([CAKE])
    busy: dict[str, int] = {}
    most: dict[str, int] = {}

    async def answer(request: web.Request) -> web.Response:
        host = request.host
        busy[host] = busy.get(host, 0) + 1
        most[host] = max(most.get(host, 0), busy[host])
        await asyncio.sleep(0.001)
        busy[host] -= 1
        return web.Response(body=body)

    paths = [f"/{number}" for number in range(1_000)]
    wire.site.paths |= dict.fromkeys(paths, answer)
    await wire.read(*(wire.site.url(path, f"127.0.3.{number % 100 + 1}") for number, path in enumerate(paths)))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    report = await wire.poll(rules=PollRules(at_once=50))
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert (report.feeds, report.fetched, report.failed) == (1_000, 1_000, 0)
    assert sorted(request.path for request in wire.site.asked) == sorted(paths)
    assert len(most) == 100
    assert set(most.values()) == {1}
    assert grown < 150
    assert (await wire.poll(later=MINUTE)).feeds == 0


async def test_an_hour_without_a_name_server_loses_nothing_and_disables_nothing(
    wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fault 60. Names lead to loopback while the name server answers."""
    down = False

    def look_up(host: str, port: int, family: int) -> list[tuple[int, int, str]]:
        if down:
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return [(socket.AF_INET, socket.IPPROTO_TCP, "127.0.0.1")]

    monkeypatch.setattr(names, "_look_up", look_up)
    hosts = [f"paper{number}.example" for number in range(5)]

    def publish(*told: Told) -> list[str]:  # no connection is kept, so that every request needs the name
        bodies = [rss(told, path=host, now=wire.now) for host in hosts]
        return [wire.put(host, body, host=host, Connection="close") for host, body in zip(hosts, bodies, strict=True)]

    await wire.read(*publish(CAKE))
    assert (await wire.poll()).fetched == 5
    down = True
    publish(CAKE, NATO)
    asked = len(wire.site.asked)
    for _ in range(12):
        await wire.poll(later=5 * MINUTE)
    assert len(wire.site.asked) == asked
    failing = [feed.state for feed in await listed(wire)]
    assert all(state.status == "active" and 1 <= state.failures <= 5 and state.etag is None for state in failing)
    down = False
    reports = [await wire.poll(later=5 * MINUTE) for _ in range(12)]
    assert sum(report.entries_new for report in reports) == 5
    assert all(feed.state.failures == 0 for feed in await listed(wire))
    assert await wire.settled() == [NATO[0]]
    assert await wire.store.read(entries.count) == 10
