"""What a runner tells of itself: over HTTP on loopback, from a thread that answers when the event loop does not."""

import asyncio
import http.client
import json
import os
import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict
from datetime import datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import prometheus_client
import pytest
from aiohttp import web
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import select
from structlog.testing import capture_logs

from bot.core.bulletin import Bulletin, Content
from bot.core.feed import FeedRules
from bot.core.vitals import DISCORD_AWAY, LOOP_STUCK, NO_HEADWAY, Outbox, Work
from bot.errors import StoreError, TocsinError
from bot.fetch import Fetcher
from bot.health import Vitals, beating, serving
from bot.health.server import health
from bot.language import Language
from bot.language.pool import Pool, WorkerDiedError, WorkerHungError
from bot.store import Connection, Store, alerts, bulletins, feeds, stories, subscriptions
from bot.store.pulse import oldest_owed
from bot.store.runners import Runner, listed, put
from bot.store.schema import feeds as feed_rows
from bot.store.schema import refusals
from handlers.deliver import DeliverReport
from handlers.poll import PollReport, PollRules, poll
from handlers.pulse import pulse
from tests.builders import MINUTE, NOON, a_feed, a_story, a_subscription, an_alert
from tests.site import open_site

LOOPBACK = "127.0.0.1"


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def ask(port: int, path: str, method: str = "GET", address: str = LOOPBACK) -> tuple[int, bytes]:
    with closing(http.client.HTTPConnection(address, port, timeout=5)) as connection:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.read()


def healthz(port: int) -> tuple[int, dict[str, Any]]:
    status, body = ask(port, "/healthz")
    return status, json.loads(body)


def figures(vitals: Vitals) -> dict[tuple[str, str], float]:
    """Every sample by its name and the values of its labels, as Prometheus would read it."""
    with serving(vitals, address=LOOPBACK, port=0) as port:
        _, body = ask(port, "/metrics")
    families = text_string_to_metric_families(body.decode())
    return {(each.name, "/".join(each.labels.values())): each.value for family in families for each in family.samples}


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not true():
            await asyncio.sleep(0.01)


async def nothing() -> None:
    """A tick that finds nothing to do."""


async def test_a_runner_that_is_well_says_so_to_people_and_programs() -> None:
    vitals = Vitals(version="1.2.3", roles="poll")
    vitals.watch({"poll": (timedelta(seconds=30), nothing)})
    async with beating(vitals):
        with serving(vitals, address=LOOPBACK, port=0) as port:
            await asyncio.sleep(0.6)
            status, account = await asyncio.to_thread(healthz, port)
    assert (status, account["ok"], account["says"], account["troubles"]) == (200, True, "Tocsin is well.", [])
    assert (account["version"], account["roles"]) == ("1.2.3", "poll")
    assert account["uptime_seconds"] > 0.5


async def test_health_answers_while_the_event_loop_is_stuck_and_names_the_place() -> None:
    """Fault 62: the event loop is blocked for longer than five seconds."""
    vitals = Vitals(version="1")
    vitals.watch({"poll": (timedelta(seconds=30), nothing)})

    told = threading.Event()

    def from_outside(port: int, lines: Sequence[Mapping[str, Any]]) -> tuple[int, dict[str, Any]]:
        """Looks until it is told of the trouble, there and in the log."""
        until = time.monotonic() + 30
        found = healthz(port)
        while time.monotonic() < until and (found[0] == 200 or "loop.stuck" not in [line["event"] for line in lines]):
            time.sleep(0.05)
            found = healthz(port)
        told.set()
        return found

    with capture_logs() as lines:
        async with beating(vitals):
            with serving(vitals, address=LOOPBACK, port=0) as port:
                await asyncio.sleep(0.3)
                asked = asyncio.create_task(asyncio.to_thread(from_outside, port, lines))
                await asyncio.sleep(0.1)
                assert told.wait(timeout=40)  # this is the fault: it blocks the event loop until it was seen
                status, account = await asked
                await asyncio.sleep(0.6)
                assert (await asyncio.to_thread(healthz, port))[0] == 200, "well again"
    assert status == 503
    assert re.match(
        r"The event loop has been stuck for \d+ seconds; it is at .*threading.py:\d+ \(wait\)\.", account["says"]
    ), account
    (stuck,) = [line for line in lines if line["event"] == "loop.stuck"]
    late = max(line["seconds"] for line in lines if line["event"] == "loop.late")
    assert stuck["seconds"] >= LOOP_STUCK
    assert min(late, vitals.latest_turn()) > LOOP_STUCK - 1, "it was due a moment after it last turned"


def test_nothing_but_two_pages_is_answered() -> None:
    with serving(Vitals(version="1"), address=LOOPBACK, port=0) as port:
        assert ask(port, "/")[0] == 404
        assert ask(port, "/healthz/../metrics")[0] == 404
        assert ask(port, "/healthz", "POST")[0] == 405
        assert ask(port, "/metrics", "HEAD") == (200, b"")
        status, body = ask(port, "/healthz")
        assert (status, json.loads(body)["says"]) == (503, "Tocsin is still starting.")


def test_somebody_who_sends_nothing_keeps_nobody_waiting() -> None:
    with serving(Vitals(version="1"), address=LOOPBACK, port=0) as port:
        silent = [socket.create_connection((LOOPBACK, port)) for _ in range(5)]
        try:
            began = time.monotonic()
            assert ask(port, "/metrics")[0] == 200
            assert time.monotonic() - began < 2
        finally:
            for each in silent:
                each.close()


def test_who_goes_away_or_never_asks_leaves_no_line(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """A check that only opens the port, as balancers make it, would fill the log with tracebacks."""
    monkeypatch.setattr("bot.health.server._Handler.timeout", 0.1)
    with serving(Vitals(version="1"), address=LOOPBACK, port=0) as port:
        silent = socket.create_connection((LOOPBACK, port))
        assert silent.recv(1) == b"", "it was hung up on"
        with socket.create_connection((LOOPBACK, port)) as rude:
            rude.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        silent.close()
        assert ask(port, "/metrics")[0] == 200
    assert "Traceback" not in capfd.readouterr().err


def test_it_listens_on_ipv6_too() -> None:
    if not socket.has_ipv6:
        pytest.skip("this machine has no IPv6")
    with serving(Vitals(version="1"), address="::1", port=0) as port:
        assert ask(port, "/metrics", address="::1")[0] == 200


def test_a_taken_port_is_one_sentence() -> None:
    vitals = Vitals(version="1")
    with (
        serving(vitals, address=LOOPBACK, port=0) as port,
        pytest.raises(TocsinError, match="choose another under"),
        serving(vitals, address=LOOPBACK, port=port),
    ):
        pass


def test_two_runners_in_one_program_do_not_count_together() -> None:
    first, second = Vitals(version="1"), Vitals(version="1")
    first.delivered({"sent": 3})
    assert figures(first)["tocsin_deliveries_total", "sent"] == 3
    assert ("tocsin_deliveries_total", "sent") not in figures(second)
    everybodys = prometheus_client.generate_latest().decode()
    assert "tocsin_" not in everybodys


def test_polls_and_deliveries_are_counted_by_outcome() -> None:
    vitals = Vitals(version="1")
    for _ in range(2):
        vitals.polled(asdict(PollReport(feeds=6, fetched=3, not_modified=2, failed=1, stories_new=4, alerts=5)))
    vitals.delivered(asdict(DeliverReport(sent=7, retried=2, dead=1, edited=3)))
    found = figures(vitals)
    polls = {key[1]: value for key, value in found.items() if key[0] == "tocsin_polls_total"}
    assert polls == {"fetched": 6, "not_modified": 4, "failed": 2}
    assert found["tocsin_stories_total", "begun"] == 8
    assert found["tocsin_alerts_owed_total", ""] == 10
    outcomes = {key[1]: value for key, value in found.items() if key[0] == "tocsin_deliveries_total"}
    assert outcomes == {name: getattr(DeliverReport(sent=7, retried=2, dead=1, edited=3), name) for name in outcomes}
    assert set(outcomes) == set(DeliverReport.__slots__)


async def test_ticks_are_timed_and_their_failures_counted() -> None:
    vitals = Vitals(version="1")

    async def fail() -> None:
        raise StoreError("The database postgresql://tocsin:hunter2@db/t cannot be used; check it.")

    ticks = vitals.watch({"poll": (timedelta(seconds=30), fail), "prune": (timedelta(days=1), nothing)})
    await ticks["prune"][1]()
    for _ in range(3):
        with pytest.raises(StoreError):
            await ticks["poll"][1]()
    found = figures(vitals)
    assert found["tocsin_tick_seconds_count", "poll"] == 3
    assert (found["tocsin_tick_failures_total", "poll"], found["tocsin_tick_failures_total", "prune"]) == (3, 0)
    well, account = health(vitals)
    assert not well
    assert account["says"].startswith("The tick “poll” has failed 3 times in a row (The database postgresql://")
    assert "hunter2" not in json.dumps(account)


async def test_a_tick_is_well_again_after_one_good_run() -> None:
    vitals, broken = Vitals(version="1"), True

    async def tick() -> None:
        if broken:
            raise ZeroDivisionError("whatever a bug says")

    (_, run) = vitals.watch({"poll": (timedelta(seconds=30), tick)})["poll"]
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            await run()
    assert health(vitals)[1]["says"] == "The tick “poll” has failed 3 times in a row (ZeroDivisionError)."
    broken = False
    await run()
    assert health(vitals)[0]


async def test_headway_is_what_a_tick_commits_and_all_that_it_starts(tmp_path: Path) -> None:
    clock = Clock()
    vitals = Vitals(version="1", clock=clock)
    seen: list[bool] = []

    def look() -> None:
        vitals.turned(0.0)
        vitals.looked(Work())
        seen.append(health(vitals)[0])

    async with Store.open(f"sqlite:///{tmp_path}/t.db") as store:
        store.committed = vitals.committed

        async def long() -> None:
            for _ in range(3):
                clock.now += NO_HEADWAY - 1
                await asyncio.create_task(store.write(feeds.add, a_feed(), NOON))
                look()
            clock.now += NO_HEADWAY + 1
            look()

        await vitals.watch({"poll": (timedelta(seconds=30), long)})["poll"][1]()
        look()
    assert seen == [True, True, True, False, True]


async def test_a_write_of_somebody_else_is_no_headway_of_a_tick_that_hangs(tmp_path: Path) -> None:
    clock = Clock()
    vitals = Vitals(version="1", clock=clock)
    async with Store.open(f"sqlite:///{tmp_path}/t.db") as store:
        store.committed = vitals.committed
        hung = asyncio.Event()
        run = asyncio.create_task(vitals.watch({"poll": (timedelta(seconds=30), hung.wait)})["poll"][1]())  # type: ignore[arg-type]
        await asyncio.sleep(0)
        clock.now += NO_HEADWAY + 1
        await store.write(feeds.add, a_feed(), NOON)
        vitals.turned(0.0)
        vitals.looked(Work())
        assert health(vitals)[1]["says"] == "The tick “poll” has made no headway for 10 minutes."
        hung.set()
        await run
        assert health(vitals)[0]


async def test_a_poll_that_hangs_is_told_though_it_keeps_its_claims(tmp_path: Path) -> None:
    clock = Clock()
    vitals = Vitals(version="1", clock=clock)

    async def hang(_: web.Request) -> web.Response:
        await asyncio.sleep(3600)
        raise AssertionError("it was never answered")

    async with open_site() as site, Store.open(f"sqlite:///{tmp_path}/t.db") as store:
        store.committed = vitals.committed
        site.paths["/slow"] = hang
        await store.write(feeds.sync_catalogue, [a_feed(site.url("/slow"))], NOON)
        rules = PollRules(FeedRules(), lease=timedelta(seconds=0.3))
        async with Fetcher(allowed_networks=[ip_network("127.0.0.0/8")]) as fetcher, Language() as language:

            async def tick() -> None:
                await poll(NOON, store=store, fetcher=fetcher, language=language, rules=rules)

            running = asyncio.create_task(vitals.watch({"poll": (timedelta(seconds=30), tick)})["poll"][1]())  # type: ignore[arg-type]
            await until(lambda: site.asked)
            clock.now += NO_HEADWAY + 1
            kept = claimed = await store.read(lambda c: c.scalar(select(feed_rows.c.claimed_until)))
            while kept == claimed:
                await asyncio.sleep(0.05)
                kept = await store.read(lambda c: c.scalar(select(feed_rows.c.claimed_until)))
            vitals.turned(0.0)
            vitals.looked(Work())
            _, account = health(vitals)
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
    assert account["says"] == "The tick “poll” has made no headway for 10 minutes."


async def test_the_wait_for_the_one_writer_is_measured(tmp_path: Path) -> None:
    vitals = Vitals(version="1")
    async with Store.open(f"sqlite:///{tmp_path}/t.db") as store:
        store.committed = vitals.committed
        begun, released = threading.Event(), threading.Event()

        def slow(_: Connection) -> None:
            begun.set()
            released.wait(30)

        first = asyncio.create_task(store.write(slow))
        await asyncio.to_thread(begun.wait, 30)
        second = asyncio.create_task(store.write(feeds.add, a_feed(), NOON))
        await asyncio.sleep(0.2)
        released.set()
        await asyncio.gather(first, second)
    found = figures(vitals)
    assert found["tocsin_database_write_wait_seconds_count", ""] == 2
    assert 0.1 < found["tocsin_database_write_wait_seconds_sum", ""] < 30


async def test_a_database_that_stops_answering_makes_the_runner_unwell(tmp_path: Path) -> None:
    clock = Clock()
    vitals = Vitals(version="1", clock=clock)
    vitals.watch({"look again": (timedelta(hours=1), nothing)})
    async with Store.open(f"sqlite:///{tmp_path}/t.db") as store:
        await pulse(NOON, store=store, vitals=vitals)
        clock.now += 50
        vitals.turned(0.0)
        assert health(vitals)[0]
        clock.now += 50
        vitals.turned(0.0)
        assert health(vitals)[1]["says"] == "The database has not answered for 100 seconds."
        await pulse(NOON, store=store, vitals=vitals)
        assert health(vitals)[0]


def test_a_lost_discord_is_borne_for_a_while_and_then_told() -> None:
    clock = Clock()
    vitals = Vitals(version="1", clock=clock)
    vitals.watch({"look again": (timedelta(hours=1), nothing)})
    there = True
    vitals.connected = lambda: there
    vitals.turned(0.0)
    there = False
    for passed, well in ((DISCORD_AWAY - 1, True), (10, False)):
        clock.now += passed
        vitals.looked(Work())
        vitals.turned(0.0)
        assert health(vitals)[0] is well
    assert figures(vitals)["tocsin_discord_connected", ""] == 0
    there = True
    vitals.turned(0.0)
    assert health(vitals)[0]


async def test_the_database_tells_feeds_outboxes_refusals_and_runners(tmp_path: Path) -> None:
    vitals = Vitals(version="1")
    async with Store.open(f"sqlite:///{tmp_path}/t.db") as store:
        await store.write(feeds.add, a_feed(), NOON)
        await store.write(lambda c: owe_some(c))
        for minutes, count in ((-20, 500), (-9, 3), (0, 4)):
            await store.write(refuse, NOON + minutes * MINUTE, count)
        for name, roles, ago in (("b", "deliver", 5), ("c", "gateway", 90)):
            await store.write(run_one, name, roles, NOON - timedelta(seconds=ago))
        us = Runner("us", "poll,deliver", "m", 1, "1", started_at=NOON - MINUTE, seen_at=NOON - MINUTE)
        await pulse(NOON, store=store, vitals=vitals, runner=us)
        (found,) = await store.read(listed, NOON)
        assert (found.id, found.seen_at, found.facts["last_poll"]) == ("us", NOON, None)
        assert await store.read(oldest_owed, NOON, 10) == NOON - 5 * MINUTE
        assert await store.read(oldest_owed, NOON, 11) is None
    assert vitals.work.outboxes == (
        Outbox("alerts", due=1, waiting=2, oldest=NOON - 5 * MINUTE),
        Outbox("bulletins", due=1, waiting=0, oldest=NOON - 7 * MINUTE),
    )
    found = figures(vitals)
    assert found["tocsin_feeds", "waiting"] == 1
    assert found["tocsin_outbox_rows", "alerts/due"] == 1
    assert found["tocsin_outbox_rows", "alerts/waiting"] == 2
    assert found["tocsin_outbox_oldest_seconds", "bulletins"] > 0
    assert found["tocsin_refused_requests", ""] == 7
    runners = {key[1]: value for key, value in found.items() if key[0] == "tocsin_runners"}
    assert runners == {"poll": 1, "deliver": 2}


def owe_some(c: Any) -> None:
    """An alert that is due, one held for a digest, one of a paused subscription, and a notice."""
    here, paused = subscriptions.add(c, a_subscription(20)), subscriptions.add(c, a_subscription(21))
    stories.save(c, [a_story(), a_story("other"), a_story("third")], {})
    ago = NOON - 5 * MINUTE
    alerts.owe(c, [an_alert(here), an_alert(here, "other", held="quiet hours"), an_alert(paused, "third")], ago)
    subscriptions.pause(c, paused, "by hand")
    bulletins.make(c, Bulletin(10, 30, "notice", "key", Content("A feed fails.")), NOON - 7 * MINUTE)


async def test_what_a_runner_says_of_itself_goes_beside_its_signs(tmp_path: Path) -> None:
    vitals = Vitals(version="1")
    us = Runner("us", "poll", "m", 1, "1", started_at=NOON, seen_at=NOON - MINUTE, facts={"troubles": ["one"]})
    async with Store.open(f"sqlite:///{tmp_path}/t.db") as store:
        await pulse(NOON, store=store, vitals=vitals, runner=us)
        (found,) = await store.read(listed, NOON)
    assert found.facts["troubles"] == ["one"]
    assert set(vitals.facts()) < set(found.facts)
    assert vitals.work.runners == {"poll": 1}


def refuse(c: Any, minute: Any, count: int) -> None:
    c.execute(refusals.insert().values(minute=minute, count=count))


def run_one(c: Any, name: str, roles: str, seen: datetime) -> None:
    put(c, Runner(name, roles, "m", 1, "1", started_at=seen, seen_at=seen))


async def test_lost_workers_are_counted_by_how_they_were_lost() -> None:
    pool = Pool(workers=1, initializer=print, initargs=())
    try:
        with pytest.raises(WorkerHungError):
            await pool.run(0.2, time.sleep, 30)
        with pytest.raises(WorkerDiedError):
            await pool.run(5, os._exit, 3)
        assert await pool.run(5, abs, -4) == 4
    finally:
        await pool.close()
    assert pool.losses == {"hung": 1, "died": 1}
    vitals = Vitals(version="1")
    vitals.workers = lambda: pool.losses
    assert figures(vitals)["tocsin_language_workers_replaced_total", "hung"] == 1


def test_the_facts_for_other_runners_are_plain_values_without_secrets() -> None:
    vitals = Vitals(version="1")
    vitals.polled({"fetched": 1})
    vitals.workers = lambda: {"hung": 2, "died": 1}
    facts = json.loads(json.dumps(vitals.facts()))
    assert facts["workers_replaced"] == 3
    assert facts["well"] is False, "it is still starting"
    assert facts["last_poll"] and facts["last_delivery"] is None
    assert facts["memory"] > 10_000_000
    assert facts["lag"] >= 0


def test_the_readme_names_every_metric_and_no_other() -> None:
    vitals = Vitals(version="1")
    vitals.watch({"poll": (timedelta(seconds=30), nothing)})
    vitals.connected = lambda: True
    vitals.polled({"fetched": 1})
    vitals.delivered({"sent": 1})
    vitals.workers = lambda: {"hung": 0}
    vitals.looked(Work(feeds={"healthy": 1}, outboxes=(Outbox("alerts"),), runners={"poll": 1}))
    shown = {name for name, _ in figures(vitals) if name.startswith("tocsin_")}
    bare = {re.sub(r"_(bucket|count|sum|created)$", "", name) for name in shown}
    bare = {name for name in bare if f"{name}_total" not in bare}  # what is left of a counter's moment of creation
    text = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"`(tocsin_\w+)`", text)) == bare
