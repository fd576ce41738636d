"""`tocsin check SOURCE…`: is it a feed, and what is in it."""

import asyncio
import json
from pathlib import Path

import pytest

from bot.demo.edition import Edition
from bot.demo.server import feed_server
from tests.command import CANARY, call, command, environment

Capture = pytest.CaptureFixture[str]
RSS = b"""<rss version="2.0"><channel><title>T [red]x[/red]</title>
<item><guid>tag:1</guid><title>One \xe2\x80\xae&#27;[31m</title><link>https://a.example/1</link>
<pubDate>Mon, 02 Mar 2026 11:00:00 +0100</pubDate><description>&lt;p&gt;Hello&lt;/p&gt; there</description></item>
<item><title>Two</title></item></channel></rss>"""
NOTHING = {"ok": False, "format": None, "title": None, "entries": []}


def test_each_source_is_one_line_in_the_order_of_the_arguments_and_one_bad_one_makes_exit_code_1(
    tmp_path: Path, capsys: Capture
) -> None:
    (tmp_path / "good.xml").write_bytes(RSS)
    (tmp_path / "page.html").write_text("<html><body>Hello</body></html>", encoding="utf-8")
    (tmp_path / "noise").write_bytes(bytes(range(256)) * 4)
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "folder").mkdir()
    login = f"https://me:{CANARY}@a.example/"
    sources = ["page.html", "good.xml", "noise", "empty", "folder", "nowhere", "a\0b", "http://127.0.0.1:9/f", login]
    ended = call(capsys, "check", "--json", *sources)
    assert (ended.code, ended.err) == (1, "")
    assert [row["source"] for row in ended.rows] == sources
    assert [row["ok"] for row in ended.rows] == [False, True] + [False] * 7
    for row in ended.rows:
        assert list(row) == ["source", "ok", "error", "format", "title", "entries"]
        if not row["ok"]:
            assert row == NOTHING | {"source": row["source"], "error": row["error"]}
            assert "\n" not in row["error"]
            assert row["error"].endswith(".")
            assert CANARY not in row["error"]


def test_what_is_in_a_feed_is_told_entry_by_entry(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "good.xml").write_bytes(RSS)
    ended = call(capsys, "check", "--json", "good.xml")
    assert ended.code == 0
    (row,) = ended.rows
    assert (row["ok"], row["error"], row["format"], row["title"]) == (True, None, "rss20", "T [red]x[/red]")
    one, two = row["entries"]
    assert list(one) == list(two) == ["id", "link", "title", "published", "text"]
    assert (one["id"], one["link"], one["text"]) == ("tag:1", "https://a.example/1", "Hello\nthere")
    assert one["published"] == "2026-03-02T10:00:00+00:00"
    assert two == {"id": None, "link": None, "title": "Two", "published": None, "text": ""}


def test_people_read_a_few_lines_in_which_a_strangers_text_is_only_text(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "good.xml").write_bytes(RSS)
    ended = call(capsys, "check", "good.xml", "nowhere")
    assert ended.code == 1
    assert "T [red]x[/red] · rss20 · 2 entries" in ended.out
    assert "nowhere cannot be read (No such file or directory); name a file or an http(s) address." in ended.out
    assert "\x1b" not in ended.out


async def test_an_address_is_fetched_where_the_operator_allows_its_network(tmp_path: Path) -> None:
    async with feed_server() as server:
        server.publish({"/feed": Edition(RSS, "application/rss+xml")})
        process = await asyncio.create_subprocess_exec(
            *command("check", "--json", f"{server.base}/feed", f"{server.base}/gone"),
            env=environment(TOCSIN_ALLOWED_NETWORKS="127.0.0.0/8"),
            stdout=asyncio.subprocess.PIPE,
        )
        out, _ = await process.communicate()
    good, gone = map(json.loads, out.splitlines())
    assert (good["ok"], len(good["entries"])) == (True, 2)
    assert (gone["ok"], "404" in gone["error"]) == (False, True)
    assert process.returncode == 1
