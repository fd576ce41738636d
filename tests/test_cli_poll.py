"""`tocsin poll --once`: one round over the feeds, without delivering."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.demo.edition import edition
from bot.demo.newsroom import read_newsroom
from bot.demo.server import feed_server
from bot.store import Store
from bot.store import feeds as stored_feeds
from tests.command import call, command, environment

KEYS = [
    "feeds", "fetched", "not_modified", "failed", "entries_new", "relevant", "stories_new", "stories_grown", "alerts",
    "seconds",
]  # fmt: skip


async def poll(*words: str) -> tuple[int | None, str, str]:
    process = await asyncio.create_subprocess_exec(
        *command("poll", "--once", *words),
        env=environment(TOCSIN_ALLOWED_NETWORKS="127.0.0.0/8"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


async def test_one_object_tells_what_a_poll_led_to_and_only_all_asks_feeds_that_are_not_due(tmp_path: Path) -> None:
    async with feed_server() as server:
        outlets = read_newsroom()[:3]
        now = datetime.now(UTC)
        server.publish({outlet.path: edition(outlet, [now]) for outlet in outlets})
        tables = [f'[[feed]]\nurl = "{server.base}{outlet.path}"\nname = "{outlet.slug}"\n' for outlet in outlets]
        gone = f'[[feed]]\nurl = "{server.base}/gone"\nname = "gone"\n'
        (tmp_path / "mine.toml").write_text("\n".join([*tables, gone]), encoding="utf-8")
        first, second, third = [await poll("--json", "--feeds", "mine.toml", *more) for more in ((), (), ("--all",))]
    assert [first[0], second[0], third[0]] == [0, 0, 0]
    assert len(first[1].splitlines()) == 1
    found = json.loads(first[1])
    assert list(found) == KEYS
    assert (found["feeds"], found["fetched"], found["not_modified"], found["failed"]) == (4, 3, 0, 1)
    assert found["entries_new"] > 0
    assert found["alerts"] == 0
    assert json.loads(second[1])["feeds"] == 0
    again = json.loads(third[1])
    assert (again["feeds"], again["fetched"], again["not_modified"], again["failed"]) == (4, 0, 3, 1)
    assert "Traceback" not in first[2] + second[2] + third[2]


async def test_a_pipe_gets_sentences_and_no_progress(tmp_path: Path) -> None:
    (tmp_path / "none.toml").write_text("", encoding="utf-8")
    code, out, err = await poll("--feeds", "none.toml")
    assert (code, err) == (0, "")
    assert out.startswith("0 feeds polled in ")


def test_polling_on_and_on_is_not_for_this_command(capsys: pytest.CaptureFixture[str]) -> None:
    ended = call(capsys, "poll")
    assert ended.code == 2
    assert "say `poll --once`; to go on polling, start `tocsin run`" in ended.sentence


async def test_feeds_for_one_call_leave_those_that_people_added(tmp_path: Path) -> None:
    (tmp_path / "none.toml").write_text("", encoding="utf-8")
    added = ["feeds", "add", "http://127.0.0.1:9/f", "--name", "Added"]
    process = await asyncio.create_subprocess_exec(*command(*added), env=environment())
    assert await process.wait() == 0
    _, out, _ = await poll("--json", "--feeds", "none.toml")
    assert json.loads(out)["failed"] == 1
    async with Store.open(f"sqlite:///{tmp_path}/tocsin.db") as store:
        (stored,) = await store.read(stored_feeds.listed)
    assert (stored.feed.name, stored.state.failures) == ("Added", 1)
