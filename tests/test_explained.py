"""The whole way of an article in one message, within Discord's limits."""

from bot.core.account import Trace, channel_label
from bot.core.corrected import Correction
from bot.core.explained import account_message, corrections_part, named_channels, votes_part
from bot.core.message import excess
from bot.core.reasons import Line, Part
from bot.core.voting import Tally
from tests.builders import NOON, a_subscription

TRACE = Trace(feed="Example", title="*Title*", link="https://news.example/1", first_seen=NOON)


def test_weights_stand_beside_what_was_weighed_and_strangers_text_is_escaped() -> None:
    part = Part("Relevance", "Relevant: 90 of 100.", (Line("AI", "**model**", 0.5), Line("Sports", "match", -0.25)))
    message = account_message(TRACE, [part], [])
    assert message.title == r"\*Title\*"
    assert "- `+0.50` **AI**: \\*\\*model\\*\\*" in message.fields[0].value
    assert "- `-0.25` **Sports**: match" in message.fields[0].value


def test_however_much_there_is_no_limit_is_broken() -> None:
    parts = [Part("P" * 300, "V" * 900, tuple(Line("L" * 200, "w*" * 300, n / 10) for n in range(-9, 9)))] * 9
    own = [Part("Votes", "V" * 400, (Line("x" * 900),))] * 2
    message = account_message(TRACE, parts, own, others=3)
    assert excess(message) == []
    assert all(field.value for field in message.fields)
    assert "3 more reports" in message.description


def test_channels_are_called_by_their_names() -> None:
    wish = a_subscription(20, 10)
    label = channel_label(10, 20, 0)
    parts = named_channels([Part("Alerts", "", (Line(label), Line("other")))], [], [wish], {20: "news"})
    assert [line.label for line in parts[0].lines] == ["#news (subscription 0)", "other"]


def test_votes_and_corrections_are_told_in_words() -> None:
    part = votes_part(Tally(managers_against=1, readers_against=2, wrong_merge=1), added=0.02, threshold=0.5)
    assert part.verdict == "not relevant: 1 manager, 2 readers; wrong merge: 1"
    assert "52 of 100" in part.lines[0].label
    made = [Correction(3, "“*a*” merged into “b”", 7, NOON, 8, NOON)]
    told = corrections_part(made, elsewhere=2)
    assert told is not None
    assert r"“\*a\*” merged" in told.lines[0].label
    assert "by <@7>" in told.lines[0].label
    assert "taken back by <@8>" in told.lines[0].label
    assert told.lines[1].label == "2 by managers of other servers"
    assert corrections_part([], elsewhere=0) is None
