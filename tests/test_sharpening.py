"""How a story's key points change as reports join."""

from bot.core.amounts import Amount
from bot.core.event import Event
from bot.core.keypoints import KeyPoint
from bot.core.sharpening import sharpened
from bot.core.story import Report
from tests.builders import an_analysis, an_article

SHOWN = ("The navy buys boats.", "Talks lasted several months.", "Critics fear surveillance.")
ADMIRAL = "An admiral praised the crews warmly."
SUM = "The contract is worth £58 million over four years."
DENIAL = "The ministry denies that any agreement exists."


def report(*sentences: str, event: Event | None = None) -> Report:
    return Report(an_article(), an_analysis(event=event, key_points=tuple(map(KeyPoint, sentences))))


def with_sum(*sentences: str) -> Report:
    return report(*sentences, event=Event("contract", "signed", (Amount("£58 million", 58e6, "GBP"),)))


def with_denial(*sentences: str) -> Report:
    return report(*sentences, event=Event("contract", "denied", evidence=(("stage", "denied.says", "denies"),)))


def test_points_fill_up_to_three() -> None:
    assert list(sharpened(SHOWN[:1], (), report(SHOWN[1], SHOWN[2], ADMIRAL))) == list(SHOWN)


def test_a_point_that_says_as_much_changes_nothing() -> None:
    assert list(sharpened(SHOWN, (), report(ADMIRAL))) == list(SHOWN)
    assert list(sharpened(SHOWN, (1.0, 1.0, 1.0), with_sum(SUM))) == list(SHOWN)


def test_a_point_with_the_sum_takes_the_place_of_the_last_one_that_says_least() -> None:
    assert sharpened(SHOWN, (1.0, 0.0, 0.0), with_sum(SUM)) == {SHOWN[0]: 1.0, SHOWN[1]: 0.0, SUM: 1.0}


def test_a_point_that_says_the_same_with_the_sum_takes_its_place() -> None:
    sharper = "The navy buys boats for £58 million."
    assert list(sharpened(SHOWN, (), with_sum(sharper))) == [sharper, *SHOWN[1:]]


def test_a_denial_is_shown_whatever_is_shown_already() -> None:
    points = sharpened(SHOWN, (2.0, 1.0, 2.0), with_denial(DENIAL))
    assert list(points) == [SHOWN[0], DENIAL, SHOWN[2]]


def test_a_denial_is_not_pushed_out_again() -> None:
    points = sharpened(SHOWN, (), with_denial(DENIAL))
    again = sharpened(tuple(points), tuple(points.values()), with_sum(SUM, "It pays £58 million more each year."))
    assert DENIAL in again


def test_points_without_known_worth_are_kept() -> None:
    assert list(sharpened(SHOWN, (), report())) == list(SHOWN)
