"""What merging compares of a report: words by place, recaps, names, amounts, steps, and how they are written."""

from dataclasses import replace

import pytest

from bot.core.amounts import Amount
from bot.core.clauses import make_lexicon, stem
from bot.core.event import Event
from bot.core.organisations import Mention
from bot.core.story import MergingRules, Report
from bot.core.traits import Traits, describe
from tests.builders import an_analysis, an_article

RULES = MergingRules(
    recap_clauses=("after", "days after"),
    recap_sentences=("last month",),
    steps={"lawsuit": ("sues", "files suit"), "injunction": ("judge blocks",)},
    ignored=("said",),
    common=("contract",),
    customers=("service", "ministry"),
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
    words = traits("安杜里尔YFQ44A首飞", terms=("安杜里尔", "yfq44a", "首飞")).words
    assert {"安杜", "yfq44a"} <= set(words)


def test_inflections_share_a_stem() -> None:
    assert len({stem(word) for word in ("contract", "contracts", "contracted", "contracting")}) == 1


def test_amounts_are_kept_by_currency_and_value() -> None:
    event = Event("contract", "signed", (Amount("$20 billion", 20e9, "USD"), Amount("some", None, None)))
    found = describe(Report(an_article(title="A $20 billion deal"), an_analysis(event=event)), LEXICON)
    assert found.amounts == {"USD 2e+10": 3.0}


def specific(title: str, text: str, kind: str = "service") -> frozenset[str]:
    mentions = tuple(Mention(name, name, 0, 1, kind) for name in ("Royal Navy",) if name in f"{title} {text}")
    return describe(Report(an_article(title=title, text=text), an_analysis(organisations=mentions)), LEXICON).specific


def test_names_and_long_numbers_are_specific_but_a_customers_name_and_years_are_not() -> None:
    found = specific("Deal for Skerrivane", "The Royal Navy buys 340 Skerrivane boats, the MQ28 and 7 more, in 2026.")
    assert found == {"skerrivan", "340", "mq28"}


def test_words_that_name_a_known_organisation_are_not_specific() -> None:
    assert not specific("Deal", "A boat of the Royal Navy sails.", "prime")


def test_a_dateline_is_no_part_of_the_lead() -> None:
    found = traits("Deal", "NEW YORK, March 3 (Northern Wire) – The Skerrivane sails.")
    assert not {"new", "york", "northern", "wire"} & set(found.words)
    assert traits("Deal", "NATO – die Allianz – kauft.").words["nato"]


def test_an_ordinary_word_in_a_headline_of_capitals_is_no_name() -> None:
    found = specific(
        "Skerrivane Delivers Minehunting Boats To Harbour", "It delivers boats to a harbour for minehunting"
    )
    assert "skerrivan" in found
    assert not found & {"deliver", "minehunt", "boat", "harbour"}


def test_words_are_written_as_they_stand_in_the_text() -> None:
    forms = traits("Thunderforge Contracts", "The contracts are new.").forms
    assert (forms["thunderforg"], forms["contract"]) == ("Thunderforge", "contracts")


def test_names_of_several_words_are_kept_whole() -> None:
    assert dict(traits("Deal", "The boats of the Royal Navy sail.").runs) == {"Royal Navy": {"royal", "navy"}}


def test_amounts_are_kept_as_written() -> None:
    event = Event("contract", "signed", (Amount("£58 million", 58e6, "GBP"), Amount("58 million pounds", 58e6, "GBP")))
    found = describe(Report(an_article(), an_analysis(event=event)), LEXICON)
    assert found.amount_words == {"GBP 5.8e+07": "£58 million"}


def test_a_stage_counts_as_told_only_where_title_or_first_sentence_state_it() -> None:
    event = Event("contract", "signed", evidence=(("stage", "signed.agreed", "signed"),))
    first = Report(an_article(title="Deal", text="They signed. More."), an_analysis(event=event))
    later = Report(an_article(title="Deal", text="More. They signed."), an_analysis(event=event))
    assert (describe(first, LEXICON).told_stage, describe(later, LEXICON).told_stage) == ("signed", None)


def test_a_usual_stage_without_words_for_it_is_not_told() -> None:
    found = describe(Report(an_article(), an_analysis(event=Event("contract", "signed"))), LEXICON)
    assert (found.stage, found.told_stage) == ("signed", None)


def test_known_words_of_another_language_also_tell_the_english_word() -> None:
    lexicon = make_lexicon(replace(RULES, concepts={"missile": ("rakete*",), "joint venture": ("coentreprise",)}))
    text = "Die Raketen des Herstellers fliegen."
    german = describe(Report(an_article(title="Neue Raketen", text=text, language="de"), an_analysis()), lexicon)
    assert german.words[stem("missile")] > 0
    assert stem("missile") in german.proper
    english = describe(Report(an_article(title="Neue Raketen", text=text, language="en"), an_analysis()), lexicon)
    assert stem("missile") not in english.words
    french = describe(Report(an_article(title="Une coentreprise", language="fr"), an_analysis()), lexicon)
    assert {stem("joint"), stem("venture")} <= french.words.keys()


@pytest.mark.parametrize(
    ("text", "language"), [("Baykar'ın insansız uçağı hedefi vurdu", "und"), ("A drone flew", ""), ("", "")]
)
def test_a_text_of_unknown_language_with_many_letters_beyond_ascii_is_not_english(text: str, language: str) -> None:
    report = Report(an_article(title="", text=text, language=""), an_analysis())
    assert describe(report, LEXICON).language == language


def test_words_of_a_recap_are_known_as_recalled() -> None:
    found = traits("Bidder protests after Lantern award", "The Lantern award was announced.")
    assert stem("lantern") in found.recalled
    assert stem("protests") not in found.recalled
