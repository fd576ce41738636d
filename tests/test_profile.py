"""What merging compares: words by place, recaps, names, amounts, steps, sketches, and the sum of a story."""

import json

from hypothesis import given
from hypothesis import strategies as st

from bot.core.amounts import Amount
from bot.core.event import Event
from bot.core.organisations import Mention
from bot.core.profile import (
    MOST_NAMES,
    MOST_WORDS,
    Profile,
    Traits,
    describe,
    extend,
    make_lexicon,
    overlap,
    sketch,
    stem,
    unpack,
)
from bot.core.story import MergingRules, Report
from tests.builders import an_analysis, an_article

RULES = MergingRules(
    recap_clauses=("after", "days after"),
    recap_sentences=("last month",),
    steps={"lawsuit": ("sues", "files suit"), "injunction": ("judge blocks",)},
    ignored=("said",),
)
LEXICON = make_lexicon(RULES)


def traits(
    title: str, text: str = "", *, names: tuple[str, ...] = (), terms: tuple[str, ...] = (), **article: object
) -> Traits:
    mentions = tuple(Mention(name, name, 0, 1, "technology") for name in names)
    analysis = an_analysis(organisations=mentions, terms=dict.fromkeys(terms, 1))
    return describe(Report(an_article(title=title, text=text, **article), analysis), LEXICON)


def test_a_word_weighs_more_in_the_title_than_in_the_lead_than_in_the_body() -> None:
    words = traits("Thunderforge", "Scale wins. Planning begins.").words
    assert words["thunderforg"] > words["scal"] > words["plann"]


def test_what_only_recalls_earlier_events_weighs_least() -> None:
    words = traits("OpenAI eyes NATO after Pentagon deal", "It talks. Last month Anthropic left.").words
    assert words["pentagon"] < words["nato"]
    assert words["anthropic"] < words["talk"]


def test_a_recap_ends_at_the_next_comma() -> None:
    words = traits("After Pentagon deal, OpenAI eyes NATO").words
    assert words["pentagon"] < words["nato"] == words["openai"]


def test_the_first_sentence_is_no_recap() -> None:
    words = traits("", "Last month Anthropic left. Last month Google stayed.").words
    assert words["anthropic"] > words["googl"]


def test_terms_choose_the_words_and_places_weigh_them() -> None:
    found = traits("The deal", "The deal flew.", terms=("deal", "fly")).words
    assert set(found) == {"deal", "fly"}
    assert found["deal"] > found["fly"]


def test_a_name_in_the_titles_recap_is_not_one_that_the_title_is_about() -> None:
    found = traits("OpenAI eyes NATO after Pentagon deal", names=("OpenAI", "NATO", "Pentagon"))
    assert found.title_names == {"OpenAI", "NATO"}
    assert found.names["Pentagon"] < found.names["NATO"]


def test_a_name_that_the_gazetteer_does_not_know_is_never_one_that_a_title_is_about() -> None:
    analysis = an_analysis(organisations=(Mention("Golden Dome", "Golden Dome", 0, 1, None),))
    assert not describe(Report(an_article(title="Golden Dome grows"), analysis), LEXICON).title_names


def test_the_title_tells_the_step_and_the_lead_only_where_the_title_does_not() -> None:
    assert traits("Anthropic sues", "Judge blocks the tag.").steps == {"lawsuit"}
    assert traits("Anthropic wins", "Judge blocks the tag.").steps == {"injunction"}


def test_scripts_without_spaces_are_compared_by_pairs_of_letters_and_latin_words() -> None:
    words = traits("安杜里尔YFQ44A首飞", terms=("安杜里尔yfq44a首飞",)).words
    assert {"安杜", "yfq44"} <= set(words)


def test_like_texts_have_like_sketches() -> None:
    text = " ".join(f"word{number}" for number in range(80))
    assert overlap(sketch(text), sketch(text.upper())) == 1
    assert overlap(sketch(text), sketch(f"{text} more")) > 0.9
    assert overlap(sketch(text), sketch("quite another text about something else")) == 0
    assert overlap((), ()) == 0


def test_inflections_share_a_stem() -> None:
    assert len({stem(word) for word in ("contract", "contracts", "contracted", "contracting")}) == 1


def test_amounts_are_kept_by_currency_and_value() -> None:
    event = Event("contract", "signed", (Amount("$20 billion", 20e9, "USD"), Amount("some", None, None)))
    found = describe(Report(an_article(title="A $20 billion deal"), an_analysis(event=event)), LEXICON)
    assert found.amounts == {"USD 2e+10": 3.0}


@given(st.lists(st.text(max_size=400), max_size=4), st.text(max_size=80))
def test_any_text_is_described_and_kept_within_bounds(texts: list[str], title: str) -> None:
    profile = Profile()
    for text in texts:
        profile = extend(profile, traits(title, text))
    assert len(profile.words) <= MOST_WORDS
    assert len(profile.names) <= MOST_NAMES


def test_a_profile_survives_its_way_through_json() -> None:
    profile = extend(Profile(), traits("OpenAI eyes NATO", "Talks go on. NATO is silent.", names=("OpenAI",)))
    assert unpack(json.loads(json.dumps(profile.pack()))) == profile
    assert unpack({"unknown": 1}) == Profile()


def test_a_profile_stays_bounded_however_many_reports_come() -> None:
    profile = Profile()
    for number in range(40):
        profile = extend(profile, traits(f"Title{number}", " ".join(f"w{number}x{place}" for place in range(100))))
    assert profile.reports == 40
    assert len(json.dumps(profile.pack())) < 20_000


def test_the_first_language_known_is_the_storys() -> None:
    profile = extend(extend(Profile(), traits("A", language="")), traits("B", language="de"))
    assert profile.language == "de"
