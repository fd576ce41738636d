"""Whom a text credits, and which of two equal texts is the original."""

from datetime import timedelta
from typing import Any

import pytest

from bot.core.credit import credit_of, is_original, is_own
from tests.builders import NOON


@pytest.mark.parametrize(
    ("text", "credit"),
    [
        ("LONDON (Northern Wire) – The navy bought boats.", "Northern Wire"),
        ("(Northern Wire) - The navy bought boats.", "Northern Wire"),
        ("BERLIN, March 3 (dpa) — Das Heer kauft Drohnen.", "dpa"),
        ("The navy bought boats. – Reuters", "Reuters"),
        ("The navy bought boats. (AP)", "AP"),
        ("The navy bought boats, via AP", "AP"),
        ("Die Marine kauft Boote.\nQuelle: Nordische Presse", "Nordische Presse"),
        ("The navy bought boats. From Reuters", "Reuters"),
        ("The navy bought boats. By Jane Miller", ""),
        ("The navy (Royal Navy) bought boats.", ""),
        ("The navy bought boats for NATO.", ""),
        ("", ""),
    ],
)
def test_a_credit_stands_in_the_dateline_or_at_the_end(text: str, credit: str) -> None:
    assert credit_of(text, ("Reuters",)) == credit


@pytest.mark.parametrize(
    ("credit", "outlet", "own"),
    [
        ("Northern Wire", "northernwire.example", True),
        ("Northern Wire", "www.northern-wire.example", True),
        ("AP", "apnews.com", True),
        ("AP", "japantimes.co.jp", False),
        ("Reuters", "uk.reuters.com", True),
        ("Reuters", "harbourtimes.example", False),
        ("", "reuters.com", False),
    ],
)
def test_an_outlet_may_credit_itself(credit: str, outlet: str, own: bool) -> None:
    assert is_own(credit, outlet) is own


def judged(**changes: Any) -> bool:
    values = {
        "outlet": "one.example", "credit": "", "published": NOON,
        "other_outlet": "two.example", "other_credit": "", "other_published": NOON,
    }  # fmt: skip
    return is_original(**{**values, **changes})


def test_the_text_that_credits_nobody_or_itself_is_the_original() -> None:
    assert judged(other_credit="Northern Wire")
    assert judged(outlet="northernwire.example", credit="Northern Wire", other_credit="Northern Wire")
    assert not judged(credit="Northern Wire")


def test_a_credit_counts_before_a_publishers_date() -> None:
    assert judged(other_credit="Northern Wire", other_published=NOON - timedelta(days=1))


def test_where_credits_do_not_tell_the_earlier_date_does() -> None:
    assert judged(published=NOON - timedelta(minutes=1))
    assert judged(credit="AP", other_credit="AP", published=NOON - timedelta(minutes=1))
    assert not judged()
    assert not judged(published=None)
