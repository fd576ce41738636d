"""`tocsin feeds …`: the feeds that are polled, in and out."""

from pathlib import Path

import pytest
from rich.text import Text

from bot.opml import read_opml
from bot.settings import load_settings
from tests.command import CANARY, call

Capture = pytest.CaptureFixture[str]
KEYS = ["url", "name", "kind", "country", "language", "status", "failures", "error", "last_success", "due"]
OPML = f"""<opml version="2.0"><body>
  <outline text="Good [red]bird[/red]" xmlUrl="HTTPS://Good.example/Feed"/>
  <outline text="Good again" xmlUrl="https://good.example/Feed"/>
  <outline text="Old" xmlUrl="ftp://old.example/feed"/>
  <outline text="Ours" xmlUrl="file:///etc/passwd"/>
  <outline text="Locked" xmlUrl="https://me:{CANARY}@locked.example/feed"/>
  <outline xmlUrl="https://me:{CANARY}@locked.example/other"/>
</body></opml>"""


@pytest.fixture
def few(tmp_path: Path) -> tuple[str, ...]:
    """A configuration with one feed."""
    (tmp_path / "own").mkdir()
    feeds = tmp_path / "own" / "feeds.toml"
    feeds.write_text('[[feed]]\nurl = "https://listed.example/feed"\nname = "Listed"\n', encoding="utf-8")
    return ("--config", str(tmp_path / "own"))


def urls(capsys: Capture, few: tuple[str, ...]) -> list[object]:
    return [row["url"] for row in call(capsys, "feeds", "list", "--json", *few).rows]


def test_the_configured_feeds_are_listed_before_any_poll(capsys: Capture) -> None:
    rows = call(capsys, "feeds", "list", "--json").rows
    assert [row["url"] for row in rows] == [feed.url for feed in load_settings().feeds]
    assert list(rows[0]) == KEYS
    assert "not polled yet" in call(capsys, "feeds", "list").out


def test_what_is_added_is_listed_and_goes_when_removed(capsys: Capture, few: tuple[str, ...]) -> None:
    added = call(capsys, "feeds", "add", "HTTPS://New.example/Feed?q=1", "--name", "New", *few)
    assert (added.code, added.err) == (0, "")
    assert urls(capsys, few) == ["https://new.example/Feed?q=1", "https://listed.example/feed"]
    assert call(capsys, "feeds", "remove", "https://new.example/Feed?q=1", *few).code == 0
    assert urls(capsys, few) == ["https://listed.example/feed"]


@pytest.mark.parametrize("url", ["https://new.example/feed", "https://listed.example/feed"])
def test_a_feed_that_is_there_is_not_added_twice(url: str, capsys: Capture, few: tuple[str, ...]) -> None:
    call(capsys, "feeds", "add", "https://new.example/feed", *few)
    again = call(capsys, "feeds", "add", url, *few)
    assert (again.code, again.out) == (0, f"There already: {url}; nothing is changed.\n")
    assert len(urls(capsys, few)) == 2


def test_a_name_is_cut_and_loses_what_cannot_be_seen(capsys: Capture, few: tuple[str, ...]) -> None:
    call(capsys, "feeds", "add", "https://new.example/feed", "--name", "\x1b[31m\u202eodd\n" + "n" * 300, *few)
    name = call(capsys, "feeds", "list", "--json", *few).rows[0]["name"]
    assert name == ("[31modd " + "n" * 300)[:100]


def test_a_feed_of_the_configuration_is_taken_out_there(capsys: Capture, few: tuple[str, ...]) -> None:
    ended = call(capsys, "feeds", "remove", "https://listed.example/feed", *few)
    assert ended.code == 1
    assert "stands in feeds.toml; take it out there" in ended.sentence


def test_a_feed_that_is_not_there_cannot_be_removed(capsys: Capture, few: tuple[str, ...]) -> None:
    ended = call(capsys, "feeds", "remove", "https://nowhere.example/", *few)
    assert ended.code == 1
    assert "No feed has the address https://nowhere.example/" in ended.sentence


def test_an_import_takes_what_can_be_polled_and_says_of_the_rest_why_not(
    tmp_path: Path, capsys: Capture, few: tuple[str, ...]
) -> None:
    (tmp_path / "list.opml").write_text(OPML, encoding="utf-8")
    ended = call(capsys, "feeds", "import", "list.opml", *few)
    assert (ended.code, ended.out) == (1, "Added 1 feed from list.opml; there already: 0.\n")
    assert [line.partition("): ")[2] for line in ended.err.splitlines()] == [
        "a feed's address starts with http:// or https:// and names a host.",
        "a feed's address starts with http:// or https:// and names a host.",
        "a feed's address must hold no user name and no password.",
        "a feed's address must hold no user name and no password.",
    ]
    assert CANARY not in ended.err
    assert urls(capsys, few) == ["https://good.example/Feed", "https://listed.example/feed"]
    assert "Good [red]bird[/red]" in call(capsys, "feeds", "list", *few).out


def test_for_one_call_a_list_with_a_bad_address_is_refused_as_a_whole(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "list.opml").write_text(OPML, encoding="utf-8")
    ended = call(capsys, "poll", "--once", "--feeds", "list.opml")
    assert (ended.code, ended.out) == (78, "")
    assert ended.err.splitlines()[0].startswith("list.opml: feed 3 (Old): a feed's address starts with")
    assert len(ended.err.splitlines()) == 4
    assert CANARY not in ended.err


@pytest.mark.parametrize("body", [None, b"", b"\x80\xff", b"<rss/>"])
def test_what_is_no_list_is_one_sentence(
    body: bytes | None, tmp_path: Path, capsys: Capture, few: tuple[str, ...]
) -> None:
    if body is not None:
        (tmp_path / "list.opml").write_bytes(body)
    ended = call(capsys, "feeds", "import", "list.opml", *few)
    assert ended.code == 1
    assert ended.sentence.startswith("list.opml: cannot be used: ")


def test_what_is_exported_can_be_imported(tmp_path: Path, capsys: Capture, few: tuple[str, ...]) -> None:
    call(capsys, "feeds", "add", "https://new.example/f\u00fc", "--name", "Neu & f\u00fcr <alle>", *few)
    exported = call(capsys, "feeds", "export", *few).out
    assert [(feed.url, feed.name) for feed in read_opml(exported.encode())] == [
        ("https://new.example/f\u00fc", "Neu & f\u00fcr <alle>"),
        ("https://listed.example/feed", "Listed"),
    ]
    (tmp_path / "out.opml").write_text(exported, encoding="utf-8")
    again = call(capsys, "feeds", "import", "out.opml", "--database", f"sqlite:///{tmp_path}/other.db", *few)
    assert again.out == "Added 1 feed from out.opml; there already: 1.\n"


def test_a_list_fits_a_terminal_of_80_columns_with_every_letter_of_an_address(
    capsys: Capture, few: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    monkeypatch.setenv("COLUMNS", "80")
    address = "https://long.example/" + "".join(f"{number:03}" for number in range(60))
    call(capsys, "feeds", "add", address, "--name", "A long name " * 8, *few)
    lines = [Text.from_ansi(line).plain for line in call(capsys, "feeds", "list", *few).out.splitlines()]
    assert all(len(line) <= 80 for line in lines)
    column = lines[1].index("address") if "address" in lines[1] else lines[0].index("address")
    assert "".join(line[column:].strip() for line in lines).find(address) >= 0
