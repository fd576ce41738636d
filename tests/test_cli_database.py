"""`tocsin db …`: the database."""

from pathlib import Path

import pytest

from tests.command import call


def test_a_database_is_made_and_brought_up_to_date_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    url = f"sqlite:///{tmp_path}/deep/er/t.db"
    first, second = (call(capsys, "db", "upgrade", "--database", url) for _ in range(2))
    assert (first.code, second.code) == (0, 0)
    assert first.out == f"The database {tmp_path}/deep/er/t.db was brought up to date.\n"
    assert second.out == f"The database {tmp_path}/deep/er/t.db is up to date.\n"
