"""How much of two texts is the same."""

from bot.core.sketch import overlap, sketch


def test_like_texts_have_like_sketches() -> None:
    text = " ".join(f"word{number}" for number in range(80))
    assert overlap(sketch(text), sketch(text.upper())) == 1
    assert overlap(sketch(text), sketch(f"{text} more")) > 0.9
    assert overlap(sketch(text), sketch("quite another text about something else")) == 0
    assert overlap((), ()) == 0


def test_a_text_that_a_feed_cuts_at_its_end_is_as_like_as_what_is_left() -> None:
    text = " ".join(f"word{number}" for number in range(2_000))
    assert overlap(sketch(text), sketch(text[:4_000])) == 1
