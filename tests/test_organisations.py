from bot.core.organisations import (
    Organisation,
    acronyms,
    at_home,
    gazetteer,
    known_places,
    mentions,
    other_names,
    with_acronyms,
)
from bot.core.words import words_of

LISTED = (
    Organisation("US Department of Defense", "ministry", "US", aliases=("Pentagon", "Department of War")),
    Organisation("US Army", "service", "US", short=("Army",), context=("Fort Bragg",)),
    Organisation("British Army", "service", "GB", short=("Army",), context=("Andover",)),
    Organisation("Scale AI", "ai-lab", "US", short=("Scale",), context=("Alexandr Wang",)),
    Organisation("Shield", "prime", "US", short=("Shield",), context=("V-BAT",)),
    Organisation("NATO", "alliance", "INT"),
    Organisation("DARPA", "agency", "US", aliases=("Defense Advanced Research Projects Agency",)),
    Organisation("UK Ministry of Defence", "ministry", "GB", short=("Ministry of Defence",), context=("Whitehall",)),
)
NATIONAL = frozenset(["service", "ministry"])
KNOWN = gazetteer(LISTED, NATIONAL)


def named(text: str) -> list[str]:
    return [place.name for place in known_places(words_of(text), KNOWN)]


def test_other_names_leave_out_what_several_are_called_and_what_is_a_name_itself() -> None:
    found = other_names((*LISTED, Organisation("NATO Allies", "alliance", "INT", aliases=("nato",))))
    assert ("US Department of Defense", "Pentagon") in found and ("Scale AI", "Scale") in found
    assert {"Army", "Shield", "nato"}.isdisjoint(other for _, other in found)


def test_a_name_and_its_aliases_are_one_organisation() -> None:
    assert named("The Pentagon, or Department of War") == ["US Department of Defense"] * 2


def test_names_match_in_capitals_and_with_either_spelling() -> None:
    assert named("PENTAGON") == ["US Department of Defense"]
    assert named("the U.S. Department of Defence") == ["US Department of Defense"]
    assert named("United States Army") == ["US Army"]


def test_names_do_not_match_in_small_letters() -> None:
    assert named("a scale ai model and the pentagon") == []


def test_an_acronym_matches_as_a_word_too() -> None:
    assert named("Nato and Darpa") == ["NATO", "DARPA"]


def test_a_possessive_is_ignored() -> None:
    assert named("NATO's plan and the Pentagon’s answer") == ["NATO", "US Department of Defense"]


def test_a_short_form_counts_only_beside_its_name_or_a_context_word() -> None:
    assert named("Scale matters") == []
    assert named("Scale AI said that Scale grows") == ["Scale AI", "Scale AI"]
    assert named("Alexandr Wang left Scale") == ["Scale AI"]


def test_a_name_listed_among_its_short_forms_needs_context_as_well() -> None:
    assert named("Shield of honour") == []
    assert named("Shield flew the V-BAT") == ["Shield"]


def test_of_two_organisations_with_one_short_form_the_better_vouched_wins() -> None:
    assert named("The Army at Andover") == ["British Army"]
    assert named("The Army at Fort Bragg") == ["US Army"]


def test_a_compatriot_vouches_for_the_army_but_not_for_a_common_word() -> None:
    assert named("The Pentagon and the Army") == ["US Department of Defense", "US Army"]
    assert named("The Pentagon thinks in Scale") == ["US Department of Defense"]


def test_the_longest_name_wins() -> None:
    assert named("UK Ministry of Defence") == ["UK Ministry of Defence"]


def test_an_acronym_is_learnt_from_its_full_name() -> None:
    assert set(acronyms(words_of("the Joint Autonomy Review Board (JARB) met"))) == {"JARB"}
    assert set(acronyms(words_of("Institute for the Study of War (ISW) says"))) == {"ISW"}


def test_brackets_that_spell_nothing_teach_no_acronym() -> None:
    assert acronyms(words_of("a round of funding (Reuters) and more (USD)")) == {}


def test_a_learnt_acronym_counts_for_the_name_it_stands_for() -> None:
    words = words_of("The Joint Autonomy Review Board (JARB) met. JARB will report.")
    places = with_acronyms(known_places(words, KNOWN), words)
    found = mentions(places, words, KNOWN, 0)
    assert [(mention.name, mention.count) for mention in found] == [("Joint Autonomy Review Board", 3)]


def test_a_mention_keeps_the_words_that_named_it_and_where() -> None:
    words = words_of("Pentagon plan\nThe Department of War answers the Pentagon.")
    (mention,) = mentions(known_places(words, KNOWN), words, KNOWN, 2)
    assert (mention.name, mention.words, mention.start) == ("US Department of Defense", "Pentagon", 0)
    assert (mention.count, mention.kind, mention.in_title) == (3, "ministry", True)


def home(text: str, country: str = "US") -> list[str]:
    words, known = words_of(text), gazetteer(LISTED, NATIONAL, country)
    return [place.name for place in at_home(words, known_places(words, known), known)]


def test_the_army_is_that_of_the_home_country_where_no_other_is_named() -> None:
    assert home("Army buys robots that the Army tested") == ["US Army"] * 2
    assert home("Army buys robots", "GB") == ["British Army"]
    assert home("Army buys robots", "") == []


def test_whatever_another_country_s_body_is_called_after_keeps_the_army_abroad() -> None:
    assert home("Army buys robots, British officials say") == []


def test_what_is_vouched_for_is_not_named_twice() -> None:
    assert home("The Army left Fort Bragg") == []


def test_a_capitalised_word_before_the_army_makes_another_name() -> None:
    assert home("The Salvation Army and the army of Ruritania") == []
    assert home("With AI, Army scouts see more") == ["US Army"]


def test_only_bodies_that_every_country_has_are_taken_for_the_home_country_s() -> None:
    assert home("Scale matters and Shield too") == []
