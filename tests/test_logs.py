"""No secret reaches a log line."""

import json
import logging
import threading
import time
import warnings

import pytest
import structlog

from bot.logs import redact, set_up_logs

TOKEN = "MTIzNDU2Nzg5MDEyMzQ1Njc4.GabcDE.abcdefghijklmnopqrstuvwxyz0123456789AB"


@pytest.fixture(autouse=True)
def logging_as_before():
    root = logging.getLogger()
    handlers, level, hook = list(root.handlers), root.level, threading.excepthook
    yield
    root.handlers, root.level, threading.excepthook = handlers, level, hook
    logging.captureWarnings(False)
    structlog.reset_defaults()


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (f"using {TOKEN} now", TOKEN),
        ("POST https://discord.com/api/webhooks/123/s3cr3t-t0ken_x", "s3cr3t-t0ken_x"),
        ("POST /interactions/123/aW50ZXJhY3Rpb24/callback", "aW50ZXJhY3Rpb24"),
        ("postgresql://tocsin:hunter2@db.example/t", "hunter2"),
        ("postgresql://tocsin:p@hunter2@db.example/t", "hunter2"),
        ("https://hunter2@feeds.example/rss", "hunter2"),
        ("GET https://feeds.example/rss?key=hunter2&page=3", "hunter2"),
        ("Authorization: Bot abcdefghijklmnopqrstuvwx", "abcdefghijklmnopqrstuvwx"),
        ("Authorization: Basic aHVudGVyMjpodW50ZXIyCg==", "aHVudGVyMjpodW50ZXIyCg=="),
        ("https://feeds.example/rss?filter[key]=hunter2&b=3", "hunter2"),
        ("https://feeds.example/rss?page=1;key=hunter2", "hunter2"),
        ("https://feeds.example/rss?k%65y=hunter2", "hunter2"),
        ("https://feeds.example/rss?hunter2-key", "hunter2-key"),
        ("https://feeds.example/rss?key=it'shunter2", "hunter2"),
        ("https://feeds.example/rss#access_token=hunter2", "hunter2"),
        ("postgresql://db.example/t?user=me&password=hunter2", "hunter2"),
        ("host=db.example user=me password=hunter2 dbname=t", "hunter2"),
        ("event {'id': '1', 'token': 'aW50ZXJhY3Rpb24', 'type': 2}", "aW50ZXJhY3Rpb24"),
        ('event {"id": "1", "token": "aW50ZXJhY3Rpb24"}', "aW50ZXJhY3Rpb24"),
        ("POST /webhooks/123/aW50%2DZXJh/messages/@original", "ZXJh"),
    ],
)
def test_secrets_are_taken_out_of_a_text(text: str, secret: str) -> None:
    assert secret not in redact(text)


@pytest.mark.parametrize(
    "sentence",
    [
        "3 of 40 feeds failed: https://defensescoop.com/feed/ answered 503.",
        "Discord refuses the bot's token; set TOCSIN_DISCORD_TOKEN to the one of its portal.",
        "Is x & y = z? The secret: nobody knows (see https://a.example/b#top).",
        "token=None",
    ],
)
def test_an_ordinary_sentence_is_left_as_it_is(sentence: str) -> None:
    assert redact(sentence) == sentence


@pytest.mark.parametrize(
    "piece",
    ["a", "?", "&", "=", "-", "token", "token=", 'token="', "://", "a://x?", "?a=", "/webhooks/1", "a.b.", "Bot "],
)
def test_a_long_text_of_a_stranger_holds_up_no_line(piece: str) -> None:
    began = time.monotonic()
    redact(piece * (100_000 // len(piece)) + "=")
    assert time.monotonic() - began < 2


def test_a_warning_and_the_end_of_a_thread_are_lines_like_any_other(capsys: pytest.CaptureFixture[str]) -> None:
    """Python would write both to standard error as they are."""

    def fail() -> None:
        raise RuntimeError("https://u:hunter2@h.example/ open sesame")

    set_up_logs(form="json", secrets=("open sesame",))
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("https://u:hunter2@h.example/ open sesame", UserWarning, stacklevel=1)
    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    rows = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [row["level"] for row in rows] == ["warning", "error"]
    assert "RuntimeError" in rows[1]["exception"]
    assert "hunter2" not in str(rows)
    assert "open sesame" not in str(rows)


@pytest.mark.parametrize("form", ["text", "json"])
def test_no_secret_reaches_a_line_by_any_way_in(form, capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logs(level="INFO", form=form)
    log = structlog.get_logger("bot.test")
    log.info("polled", url="https://a.example/?key=hunter2", nested={"list": ["postgresql://u:hunter2@h/d"]})
    logging.getLogger("library").warning("failed for %s", "https://u:hunter2@h.example/")
    try:
        raise RuntimeError("https://u:hunter2@h.example/")
    except RuntimeError:
        log.exception("broken")
    lines = capsys.readouterr().err
    assert "polled" in lines
    assert "broken" in lines
    assert "hunter2" not in lines


def test_a_known_secret_is_taken_out_whatever_it_looks_like(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logs(secrets=("open sesame", "open sesame please", "abc", ""))
    log = structlog.get_logger("bot.test")
    log.info("said open sesame please", words=["open sesame"], error=ValueError("open sesame"))
    try:
        raise RuntimeError("open sesame")
    except RuntimeError:
        logging.getLogger("library").exception("broken: %s", "open sesame")
    lines = capsys.readouterr().err
    assert "open sesame" not in lines
    assert "please" not in lines
    assert "RuntimeError" in lines


def test_voice_and_ticks_left_out_on_purpose_are_no_news_but_other_warnings_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    set_up_logs()
    logging.getLogger("discord.client").warning("PyNaCl is not installed, voice will NOT be supported")
    logging.getLogger("apscheduler.scheduler").warning("skipped: maximum number of running instances reached (1)")
    assert capsys.readouterr().err == ""
    logging.getLogger("discord.client").warning("Something else")
    logging.getLogger("apscheduler.executors.default").error("Job raised")
    assert len(capsys.readouterr().err.splitlines()) == 2


def test_a_lost_connection_to_discord_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logs()
    try:
        raise ConnectionResetError("hunter2://u:hunter2@h")
    except ConnectionResetError:
        logging.getLogger("discord.client").exception("Attempting a reconnect in %.2fs", 1.5)
    (line,) = capsys.readouterr().err.splitlines()
    assert "warning" in line
    assert "Attempting a reconnect in 1.50s (ConnectionResetError(" in line
    assert "hunter2@" not in line


def test_json_lines_are_one_object_each(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logs(form="json")
    structlog.get_logger("bot.test").info("polled", feeds=3)
    row = json.loads(capsys.readouterr().err)
    assert (row["event"], row["feeds"], row["level"]) == ("polled", 3, "info")


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_stranger_can_neither_steer_the_terminal_nor_forge_a_line(form, capsys: pytest.CaptureFixture[str]) -> None:
    hostile = "\x1b[2J\x1b]0;owned\x07 \x9b31m \u202eback\nforged"
    set_up_logs(level="INFO", form=form)
    structlog.get_logger("bot.test").warning("feed.failed", why=hostile, many=[hostile])
    logging.getLogger("library").warning("cannot read %s", hostile)
    try:
        raise RuntimeError(hostile)
    except RuntimeError:
        structlog.get_logger("bot.test").exception("broken")
    written = capsys.readouterr().err
    assert not {character for character in written if ord(character) < 32 or 127 <= ord(character) < 160} - {"\n"}
    lines = written.splitlines()
    assert not [line for line in lines[:2] if line.startswith("forged")]
    assert "owned" in lines[0] and "owned" in lines[1]
