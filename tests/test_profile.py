"""A story as the sum of its reports."""

import json

from hypothesis import given
from hypothesis import strategies as st

from bot.core.clauses import make_lexicon
from bot.core.organisations import Mention
from bot.core.profile import MOST_NAMES, Profile, extend, unpack
from bot.core.story import MergingRules, Report
from bot.core.traits import MOST_WORDS, Traits, describe
from tests.builders import an_analysis, an_article

LEXICON = make_lexicon(MergingRules())


def traits(
    title: str, text: str = "", *, names: tuple[str, ...] = (), terms: tuple[str, ...] = (), **article: object
) -> Traits:
    mentions = tuple(Mention(name, name, 0, 1, "technology") for name in names)
    analysis = an_analysis(organisations=mentions, terms=dict.fromkeys(terms, 1))
    return describe(Report(an_article(title=title, text=text, **article), analysis), LEXICON)


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


def test_the_languages_of_the_reports_are_counted_where_they_are_known() -> None:
    profile = extend(extend(Profile(), traits("A", language="")), traits("B", language="de"))
    assert profile.languages == {"de": 1}
