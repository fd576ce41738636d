"""`tocsin db check`: a sound database passes, and each thing that can be wrong is found and named, on both engines."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from bot.store import Store, feeds
from bot.store.bare import existing, one_moment
from bot.store.integrity import Finding, broken, examine, steps
from bot.store.invariants import Rule, rules
from tests.builders import NOON, a_feed
from tests.command import call
from tests.filled import a_filled_database, fill

BREACHES = {
    "no alert that waits is under way or has ended": "UPDATE alerts SET settled_at = owed_at WHERE state = 'owed'",
    "each alert that is being sent says since when and until when": "UPDATE alerts SET lease_until = NULL"
    " WHERE state = 'sending'",
    "each alert that has ended says why": "UPDATE alerts SET state_reason = NULL WHERE state = 'sent'",
    "each alert that was sent or given up says when": "UPDATE alerts SET settled_at = NULL WHERE state = 'sent'",
    "no alert that has ended is held by anybody": "UPDATE alerts SET lease_until = owed_at WHERE state = 'sent'",
    "no digest or notice that waits is under way or has ended": "UPDATE bulletins SET lease_until = owed_at"
    " WHERE state = 'owed'",
    "each digest or notice that is being sent says since when and until when": "UPDATE bulletins"
    " SET state = 'sending' WHERE state = 'owed'",
    "each digest or notice that has ended says why": "UPDATE bulletins SET state_reason = NULL WHERE state = 'sent'",
    "each digest or notice that was sent or given up says when": "UPDATE bulletins SET settled_at = NULL"
    " WHERE state = 'sent'",
    "no digest or notice that has ended is held by anybody": "UPDATE bulletins SET lease_until = owed_at"
    " WHERE state = 'sent'",
    "each alert that was sent has its message, or a reason for having none": "UPDATE alerts SET message_id = NULL"
    " WHERE state = 'sent'",
    "each alert that was sent says what it shows": "UPDATE alerts SET shown_revision = 99 WHERE state = 'sent'",
    "no alert was told by a digest that was never sent": "UPDATE bulletins SET state = 'dead', state_reason = 'gone',"
    " settled_at = owed_at WHERE kind = 'digest'",
    "no message stands for two alerts": "UPDATE alerts SET message_id = 1, shown_revision = 1",
    "each alert that another subscription tells has that one's": "UPDATE alerts SET state = 'suppressed',"
    " state_reason = 'the channel is told by subscription 3' WHERE state = 'sent'",
    "no attempt goes on for an alert that is not being sent": "UPDATE deliveries SET outcome = 'sending'",
    "each alert that is being sent has its attempt": "UPDATE deliveries SET outcome = 'sent'",
    "no report stands in a story that was merged": "UPDATE articles SET story_id = 's4' WHERE story_id = 's1'",
    "no story follows itself or was merged into itself": "UPDATE stories SET follows = id WHERE id = 's1'",
    "no story ends before it begins": "UPDATE stories SET last_seen = '2020-01-01 00:00:00.000000+00' WHERE id = 's1'",
    "no story was changed later than the last change": "UPDATE stories SET touched = 1000 WHERE id = 's1'",
    "each name of an entry belongs to the entry's feed": "UPDATE aliases SET feed_id = 2 WHERE alias = 'guid:1'",
    "each feed that somebody reads says until when": "UPDATE feeds SET claimed_by = 'r1' WHERE id = 1",
    "each host that somebody asks says until when": "UPDATE hosts SET turn_until = NULL WHERE turn_by IS NOT NULL",
    "no feed failed less than never": "UPDATE feeds SET failures = -1 WHERE id = 1",
}


def found(url: str) -> list[Finding]:
    with existing(url) as engine, one_moment(engine) as moment:
        return list(examine(moment))


def wrong(url: str) -> dict[str, Finding]:
    return {each.says: each for each in found(url) if each.count}


async def filled(url: str) -> str:
    async with Store.open(url) as store:
        await store.write(fill)
    return url


@contextmanager
def unruly(url: str) -> Iterator[Connection]:
    """A connection such as another program might have, which heeds no rule of ours."""
    with existing(url) as engine, engine.connect() as c:
        if engine.dialect.name == "sqlite":
            assert c.connection.driver_connection is not None
            c.connection.driver_connection.execute("PRAGMA foreign_keys=OFF")
        with c.begin():
            if engine.dialect.name != "sqlite":
                c.exec_driver_sql("SET session_replication_role = replica")
            yield c


def alter(c: Connection, statement: str) -> None:
    c.execute(text(statement.replace("+00'", "'") if c.dialect.name == "sqlite" else statement))


def change(url: str, *statements: str) -> None:
    with unruly(url) as c:
        for statement in statements:
            alter(c, statement)


async def test_a_sound_database_with_rows_in_every_table_passes(database_url: str) -> None:
    await filled(database_url)
    findings = found(database_url)
    assert [each for each in findings if each.count] == []
    with existing(database_url) as engine:
        assert len(findings) == steps(engine.dialect.name)


def general(rule: Rule) -> bool:
    """Rules that are there for each column of a kind."""
    return "holds times" in rule.says or "holds JSON" in rule.says or (" has its " in rule.says and "(" in rule.says)


def test_each_rule_has_its_breach_here() -> None:
    assert {rule.says for rule in rules("sqlite") if not general(rule)} == BREACHES.keys()


async def test_each_breach_of_a_rule_is_found(database_url: str) -> None:
    await filled(database_url)
    with unruly(database_url) as c:
        known = {rule.says: rule for rule in rules(c.dialect.name)}
        for says, statement in BREACHES.items():
            assert broken(c, known[says]).count == 0, says
            attempt = c.begin_nested()
            alter(c, statement)
            assert broken(c, known[says]).count > 0, says
            attempt.rollback()


async def test_no_rule_looks_through_a_table_for_each_row_of_another(url: str) -> None:
    """That takes days where a year of alerts is kept; SQLite is asked, which does what it is told row by row."""
    slow = []
    with existing(url) as engine, one_moment(engine) as c:
        for rule in rules("sqlite"):
            asked = rule.broken.compile(dialect=c.dialect, compile_kwargs={"literal_binds": True})
            plan = [row.detail for row in c.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked}")]
            within = plan[next((at for at, step in enumerate(plan) if "CORRELATED" in step), len(plan)) :]
            by_key = re.compile("(SEARCH|SCAN) (?!.*[(]\\w+=[?])")
            slow += [(rule.says, step) for step in within if by_key.match(step)]
    assert not slow


async def test_what_a_row_points_to_is_missed(database_url: str) -> None:
    await filled(database_url)
    change(database_url, "DELETE FROM stories WHERE id = 's2'", "UPDATE alerts SET subscription_id = 999 WHERE id = 1")
    broken = wrong(database_url)
    assert broken["each row of alerts has its stories (story_id)"].count == 2
    assert broken["each row of alerts has its subscriptions (subscription_id)"].examples == ("1",)


@pytest.fixture
async def url(tmp_path: Path) -> str:
    return await a_filled_database(tmp_path)


async def test_text_that_is_no_time_and_no_json_is_found(url: str) -> None:
    change(
        url, "UPDATE alerts SET owed_at = 'yesterday' WHERE id = 1", "UPDATE stories SET content = '{' WHERE id = 's1'"
    )
    assert {"alerts.owed_at holds times", "stories.content holds JSON"} <= wrong(url).keys()


async def test_a_damaged_page_is_found_and_the_search_ends_there(url: str, tmp_path: Path) -> None:
    """Fault 27: corrupted page."""
    damage(tmp_path / "tocsin.db", "deliveries")
    assert list(wrong(url)) == ["the file is whole"]


async def test_an_index_that_lost_a_row_is_found(url: str, tmp_path: Path) -> None:
    change(url, "DROP TRIGGER articles_fts_insert", "DELETE FROM articles_fts_docsize WHERE id = 1")
    assert wrong(url)["the full-text index holds the reports of stories and nothing else"].examples == ("article 1",)


async def test_a_missing_index_or_column_is_found(database_url: str) -> None:
    change(database_url, "DROP INDEX ix_alerts_once", "ALTER TABLE runners DROP COLUMN version")
    missing = wrong(database_url)["no table, column or index is missing"]
    assert set(missing.examples) == {"ix_alerts_once", "runners.version"}


async def test_a_number_that_would_be_given_again_is_found(database_url: str) -> None:
    await filled(database_url)
    back = ("UPDATE sqlite_sequence SET seq = 1 WHERE name = 'alerts'", "SELECT setval('alerts_id_seq', 1)")
    change(database_url, back[not database_url.startswith("sqlite")])
    assert wrong(database_url)["no number of a row is given twice"].examples == ("alerts 7 after 1",)


async def test_an_older_database_is_named_and_left_as_it_is(url: str) -> None:
    change(url, "UPDATE alembic_version SET version_num = '0001'")
    assert list(wrong(url)) == ["the tables are of this program's version"]
    assert list(wrong(url)) == ["the tables are of this program's version"]


async def test_the_check_of_a_sound_database_beside_a_bot_is_a_sentence(
    url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async with Store.open(url) as running:
        ended = call(capsys, "db", "check", "--database", url)
        await running.write(feeds.add, a_feed("https://more.example/"), NOON)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == f"The database {path_of(url)} is sound: {len(found(url))} checks found nothing wrong.\n"


async def test_the_check_of_another_names_what_is_wrong_and_where(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    change(url, BREACHES["no feed failed less than never"])
    ended = call(capsys, "db", "check", "--database", url)
    assert ended.code == 1
    assert ended.out.splitlines()[1:] == ["- Not so: no feed failed less than never (1, such as 1)."]
    (row,) = call(capsys, "db", "check", "--json", "--database", url).rows
    assert (row["database"], row["ok"], row["checks"]) == (path_of(url), False, len(found(url)))
    assert row["wrong"] == [{"rule": "no feed failed less than never", "count": 1, "examples": ["1"]}]


async def test_the_check_runs_on_postgresql_too(postgres_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    await filled(postgres_url)
    ended = call(capsys, "db", "check", "--json", "--database", postgres_url)
    assert (ended.code, ended.rows[0]["ok"]) == (0, True)


def strangers(folder: Path) -> Iterator[tuple[str, str]]:
    """Files that are no database of ours, each with a word of what is said of it."""
    (folder / "notes.txt").write_text("These are notes, and long enough to be read as a header.")
    with closing(sqlite3.connect(folder / "other.db")) as other:
        other.execute("CREATE TABLE songs (name)")
    yield "none.db", "There is no database"
    yield "notes.txt", "is not a database"
    yield "other.db", "belongs to another program"


def test_what_is_no_database_of_ours_is_said_in_a_sentence_and_nothing_is_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, words in strangers(tmp_path):
        ended = call(capsys, "db", "check", "--database", f"sqlite:///{tmp_path / name}")
        assert ended.code == 1
        assert words in ended.sentence
    assert sorted(each.name for each in tmp_path.iterdir()) == ["notes.txt", "other.db"]


def damage(database: Path, table: str) -> None:
    """Writes over the first page of a table."""
    with closing(sqlite3.connect(database)) as raw:
        page, *_ = raw.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", [table]).fetchone()
    with database.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\xff" * 64)


def path_of(url: str) -> str:
    return url.removeprefix("sqlite:///")
