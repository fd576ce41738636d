"""Drafts belong to their author in one server, end by themselves, and are never endlessly many."""

from datetime import timedelta

import pytest

from bot.client.drafts import MINUTES, MOST, Drafts
from bot.client.replies import RefusedError
from tests.builders import NOON


@pytest.fixture
def drafts() -> Drafts[str]:
    return Drafts("`/feeds add`")


def keep(drafts: Drafts[str], wanted: str = "a") -> str:
    return drafts.keep(wanted, user_id=1, guild_id=10, now=NOON, notes=("noted",))


def test_a_draft_is_kept_with_what_was_said_to_it(drafts: Drafts[str]) -> None:
    found = drafts.get(keep(drafts), user_id=1, guild_id=10, now=NOON)
    assert (found.wanted, found.notes) == ("a", ("noted",))


@pytest.mark.parametrize(
    ("user", "guild", "minutes"), [(2, 10, 0), (1, 11, 0), (1, 10, MINUTES)], ids=["other person", "elsewhere", "late"]
)
def test_a_draft_that_is_not_theirs_or_too_old_is_gone(
    drafts: Drafts[str], user: int, guild: int, minutes: int
) -> None:
    token = keep(drafts)
    with pytest.raises(RefusedError, match=r"draft is gone: it lasts 15 minutes.*Start again with `/feeds add`"):
        drafts.get(token, user_id=user, guild_id=guild, now=NOON + timedelta(minutes=minutes))


def test_a_draft_that_was_pressed_is_gone(drafts: Drafts[str]) -> None:
    token = keep(drafts)
    drafts.drop(token)
    drafts.drop(token)
    with pytest.raises(RefusedError):
        drafts.get(token, user_id=1, guild_id=10, now=NOON)


def test_the_oldest_go_when_there_are_too_many(drafts: Drafts[str]) -> None:
    first, *_, last = [keep(drafts, str(number)) for number in range(MOST + 1)]
    assert len(drafts.kept) == MOST
    assert first not in drafts.kept
    assert last in drafts.kept
