"""A running bot, watched from outside: what `/healthz`, `/metrics` and `doctor` say of it, and what its log tells of
one story on its way from the feed to the message."""

import asyncio
import json
import signal
import socket
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from tests.hurry import SETTINGS
from tests.ports import free_port
from tests.test_health import ask, healthz
from tests.test_run import Stage, call, publish, sample_steps, set_the_stage, stage, tocsin

Line = Mapping[str, Any]


def metrics(port: int) -> dict[tuple[str, str], float]:
    _, body = ask(port, "/metrics")
    families = text_string_to_metric_families(body.decode())
    return {(each.name, "/".join(each.labels.values())): each.value for family in families for each in family.samples}


async def test_a_running_bot_is_watched_from_outside_and_its_log_leads_from_feed_to_message(tmp_path: Path) -> None:
    steps, port = sample_steps(), free_port()
    async with stage(tmp_path) as scene:
        set_the_stage(scene, steps)
        (tmp_path / "settings.toml").write_text(f'{SETTINGS}[log]\nformat = "json"\n', encoding="utf-8")
        async with tocsin(scene, end=signal.SIGTERM, TOCSIN_HEALTH_PORT=str(port)):
            await publish(scene, steps[0])
            await publish(scene, steps[1])
            await told_of_all(scene, port)
            await asyncio.to_thread(check_health, scene, port)
            examined = await asyncio.to_thread(call, scene, "doctor", "--no-network", TOCSIN_HEALTH_PORT=str(port))
        check_log(scene, [json.loads(line) for line in scene.log.read_text(encoding="utf-8").splitlines()])
    assert examined.returncode == 0, examined.stdout
    assert "The running Tocsin says" in examined.stdout
    assert "At work on it: deliver, gateway, poll; 1 subscription." in examined.stdout


async def told_of_all(scene: Stage, port: int) -> None:
    """Waits until what was sent is counted: a tick tells its figures when it ends."""
    async with asyncio.timeout(60):
        while True:
            found = await asyncio.to_thread(metrics, port)
            if found["tocsin_deliveries_total", "sent"] == len(scene.messages()):
                return
            await asyncio.sleep(0.05)


def check_health(scene: Stage, port: int) -> None:
    status, account = healthz(port)
    assert (status, account["says"]) == (200, "Tocsin is well.")
    found = metrics(port)
    ((sent,),) = scene.rows("SELECT count(*) FROM alerts WHERE state = 'sent'")
    assert found["tocsin_deliveries_total", "sent"] == sent == len(scene.messages()) > 0
    assert found["tocsin_stories_total", "begun"] == scene.rows("SELECT count(*) FROM stories")[0][0]
    assert found["tocsin_polls_total", "fetched"] > 0
    assert found["tocsin_polls_total", "not_modified"] > 0
    assert found["tocsin_discord_connected", ""] == 1
    assert found["tocsin_tick_failures_total", "deliver"] == 0
    assert found["tocsin_database_write_wait_seconds_count", ""] > 10
    assert found["process_resident_memory_bytes", ""] > 20_000_000


def check_log(scene: Stage, lines: Sequence[Line]) -> None:
    """From each message back to the feed, by ids alone; and every line says which runner wrote it."""
    assert len({line["runner"] for line in lines if "runner" in line}) == 1
    assert [line["event"] for line in lines if "runner" not in line] == []
    addresses = dict(scene.rows("SELECT id, url FROM feeds"))
    for message in scene.messages():
        sent = the_one(lines, "deliver.sent", message=int(message["id"]))
        assert sent["nonce"] in json.dumps(message["components"]), "the mark in its buttons"
        assert (sent["guild"], sent["channel"]) == (scene.guild.id, scene.channel.id)
        owed = the_one(lines, "alert.owed", alert=sent["alert"])
        assert {name: owed[name] for name in ("story", "subscription", "channel")} == {
            name: sent[name] for name in ("story", "subscription", "channel")
        }
        begun = the_one(lines, "story.begun", story=owed["story"])
        assert addresses[begun["feed"]].startswith(scene.feeds.base)
        assert lines.index(begun) < lines.index(owed) < lines.index(sent)
    edited = [line for line in lines if line["event"] == "deliver.edited"]
    assert {line["message"] for line in edited} <= {int(message["id"]) for message in scene.messages()}


def the_one(lines: Sequence[Line], event: str, **ids: object) -> Line:
    found = [line for line in lines if line["event"] == event and ids.items() <= line.items()]
    assert len(found) == 1, f"{len(found)} lines of {event} with {ids}"
    return found[0]


async def test_a_health_port_that_is_taken_ends_the_start_with_one_sentence(tmp_path: Path) -> None:
    async with stage(tmp_path) as scene:
        set_the_stage(scene, sample_steps())
        with closing(socket.create_server(("127.0.0.1", 0))) as taken:
            port = str(taken.getsockname()[1])
            ended = await asyncio.to_thread(call, scene, "run", TOCSIN_HEALTH_PORT=port)
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1] == (
        f"Health cannot be served on 127.0.0.1, port {port} (Address already in use); choose another under [health]."
    )


async def test_a_discord_that_goes_away_shows_at_once_and_its_return_too(tmp_path: Path) -> None:
    port = free_port()
    async with stage(tmp_path) as scene:
        set_the_stage(scene, sample_steps())
        async with tocsin(scene, end=signal.SIGTERM, TOCSIN_HEALTH_PORT=str(port)):

            async def connected(wanted: float) -> None:
                async with asyncio.timeout(90):
                    while await asyncio.to_thread(is_connected, port) != wanted:
                        await asyncio.sleep(0.05)

            await connected(1)
            scene.discord.gateway.refusing = True
            await scene.discord.drop_gateway()
            await connected(0)
            scene.discord.gateway.refusing = False
            await connected(1)
            assert (await asyncio.to_thread(healthz, port))[0] == 200, "away for a moment is no trouble"


def is_connected(port: int) -> float | None:
    try:
        return metrics(port).get(("tocsin_discord_connected", ""))
    except OSError:  # it does not listen yet, or is too busy to answer
        return None
