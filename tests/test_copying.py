"""`tocsin db copy`: everything from one database to another, between the engines in either direction, compared."""

import time
from pathlib import Path

import pytest
from sqlalchemy import Table

from bot.core.query import terms_of
from bot.errors import StoreError
from bot.store import Store, alerts, copying, feeds, runners, search, subscriptions
from bot.store.bare import existing, one_moment
from bot.store.copying import Print, copy
from bot.store.numbering import last_given
from bot.store.runners import Runner
from bot.store.sqlite import lock
from tests.builders import MINUTE, NOON, a_feed, a_subscription
from tests.command import call
from tests.filled import LEASE, a_filled_database, fill
from tests.test_backup import names, prints
from tests.test_integrity import change, found


@pytest.fixture
async def url(tmp_path: Path) -> str:
    return await a_filled_database(tmp_path)


@pytest.fixture
def other(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'other.db'}"


def numbers(url: str) -> dict[str, int]:
    with existing(url) as engine, one_moment(engine) as c:
        return dict(last_given(c))


def is_sound(url: str) -> bool:
    return not [each for each in found(url) if each.count]


async def test_a_database_that_goes_to_postgresql_and_back_is_what_it_was(
    url: str, empty_postgres_url: str, other: str, capsys: pytest.CaptureFixture[str]
) -> None:
    there = call(capsys, "db", "copy", url, empty_postgres_url)
    back = call(capsys, "db", "copy", empty_postgres_url, other)
    assert (there.code, there.err, back.code, back.err) == (0, "", 0, "")
    assert "each compared. From now on start Tocsin with the new one alone.\n" in there.out
    assert prints(url) == prints(empty_postgres_url) == prints(other)
    assert numbers(url) == numbers(other) == {name: numbers(empty_postgres_url)[name] for name in numbers(url)}
    assert is_sound(empty_postgres_url)
    assert is_sound(other)


async def test_a_copy_is_worked_with_like_the_original(url: str, empty_postgres_url: str, other: str) -> None:
    copy(url, empty_postgres_url, now=NOON + 5 * MINUTE)
    copy(empty_postgres_url, other, now=NOON + 5 * MINUTE)
    for address in (url, empty_postgres_url, other):
        async with Store.open(address) as store:
            assert await store.write(subscriptions.add, a_subscription()) == 6  # the number 5 was given and is gone
            found = await store.read(search.search, terms_of("words 2"))
            assert [each.story.id for each in found.listed] == ["s2"]
            claimed = await store.write(alerts.claim, now=NOON + MINUTE + LEASE, lease=LEASE, limit=5)
            assert [(each.alert_id, each.earlier_claim) for each in claimed] == [(2, NOON)]


async def test_what_is_not_empty_is_replaced_only_when_told_to(
    url: str, other: str, postgres_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for target in (other, postgres_url):
        async with Store.open(target) as store:
            await store.write(feeds.add, a_feed("https://mine.example/feed"), NOON)
        before = prints(target)
        ended = call(capsys, "db", "copy", url, target)
        assert (ended.code, prints(target)) == (1, before)
        assert "is not empty; name an empty one, or replace it with --force." in ended.sentence
        assert call(capsys, "db", "copy", "--force", url, target).code == 0
        assert prints(target) == prints(url)
        assert is_sound(target)


async def test_a_database_with_tables_and_no_rows_is_empty(url: str, other: str, postgres_url: str) -> None:
    async with Store.open(other):
        pass
    for target in (other, postgres_url):
        copy(url, target, now=NOON)
        assert prints(target) == prints(url)


async def test_nobody_may_work_with_either_of_them(url: str, other: str, postgres_url: str) -> None:
    async with Store.open(url):
        with pytest.raises(StoreError, match="in use by another Tocsin"):
            copy(url, other, now=NOON)
    async with Store.open(other):
        with pytest.raises(StoreError, match="in use by another Tocsin"):
            copy(url, other, now=NOON, force=True)
    async with Store.open(postgres_url) as store:
        await store.write(runners.put, Runner("r", "poll", "box", 4711, "1", NOON, NOON))
    for source, target in ((postgres_url, other), (url, postgres_url)):
        with pytest.raises(StoreError, match=r"on box \(process 4711\); stop it"):
            copy(source, target, now=NOON + MINUTE, force=True)
    copy(postgres_url, other, now=NOON + 3 * MINUTE, force=True)
    assert prints(other) == prints(postgres_url)


async def test_one_database_of_another_version_or_twice_the_same_is_refused(
    url: str, other: str, tmp_path: Path
) -> None:
    (tmp_path / "link.db").symlink_to("tocsin.db")
    for target in (url, f"sqlite:///{tmp_path / 'link.db'}"):
        with pytest.raises(StoreError, match="one and the same database"):
            copy(url, target, now=NOON)
    change(url, "UPDATE alembic_version SET version_num = '0001'")
    with pytest.raises(StoreError, match="is of another version; run `tocsin db upgrade` on it first"):
        copy(url, other, now=NOON)
    with pytest.raises(StoreError, match="There is no database"):
        copy(f"sqlite:///{tmp_path / 'none.db'}", other, now=NOON)
    assert not (tmp_path / "other.db").exists()


async def test_a_copy_that_breaks_off_or_differs_leaves_its_target_as_it_was(
    url: str, other: str, postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(done: int, of: int) -> None:
        if done > of * 0.8:
            raise KeyboardInterrupt

    empty = prints(postgres_url)
    for target in (other, postgres_url):
        with pytest.raises(KeyboardInterrupt):
            copy(url, target, now=NOON, told=stop)
    broken = copying.fingerprint

    def other_than_was_written(c: object, table: Table) -> Print:
        found = broken(c, table)  # type: ignore[arg-type]
        return Print(found.rows, found.digest + 1) if table.name == "votes" else found

    monkeypatch.setattr(copying, "fingerprint", other_than_was_written)
    for target in (other, postgres_url):
        with pytest.raises(StoreError, match="The copy of votes differs from the original, so nothing was kept"):
            copy(url, target, now=NOON)
    monkeypatch.undo()
    assert prints(postgres_url) == empty
    assert [name for name in names(tmp_path) if name.startswith("other")] == ["other.db.lock"]


async def test_more_rows_than_one_batch_are_copied_with_progress(url: str, other: str) -> None:
    async with Store.open(url) as store:
        for number in range(3):
            await store.write(feeds.add, a_feed(f"https://many.example/{number}"), NOON)
    change(
        url,
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2300)"
        " INSERT INTO stories SELECT 'n' || i, title, topic, relevance, event, stage, language, first_seen, last_seen,"
        " revision, 'n' || (2301 - i), content, importance, level, NULL, touched FROM n, stories WHERE id = 's1'",
    )
    told: list[tuple[int, int]] = []
    rows = copy(url, other, now=NOON, told=lambda done, of: told.append((done, of)))
    assert prints(other) == prints(url)
    assert told == sorted(told)
    assert told[-1] == (2 * rows, 2 * rows)


async def test_a_backup_may_be_made_of_one_moment_of_a_database_that_works(postgres_url: str, other: str) -> None:
    async with Store.open(postgres_url) as store:
        await store.write(fill)
        await store.write(runners.put, Runner("r", "poll", "box", 4711, "1", NOON, NOON))
    before = prints(postgres_url)

    def write(done: int, of: int) -> None:
        change(postgres_url, "UPDATE feeds SET failures = failures + 1")

    copy(postgres_url, other, now=NOON, beside=True, told=write)
    assert prints(other) == before != prints(postgres_url)


async def test_a_server_waits_for_a_copy_of_it_to_be_compared(postgres_url: str, other: str) -> None:
    """The comparing reads what was written alone, for minutes if that is much."""
    async with Store.open(postgres_url) as store:
        await store.write(fill)

    def compare_slowly(done: int, of: int) -> None:
        if done == of:
            time.sleep(0.6)

    impatient = f"{postgres_url}?options=-c%20idle_in_transaction_session_timeout%3D400"
    assert copy(impatient, other, now=NOON, beside=True, told=compare_slowly)
    assert prints(other) == prints(postgres_url)


def test_the_lock_of_the_target_is_given_back(url: str, other: str, tmp_path: Path) -> None:
    copy(url, other, now=NOON)
    for name in ("tocsin.db", "other.db"):
        lock(tmp_path / name).release()
