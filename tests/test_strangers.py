import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.organisations import Organisation, gazetteer, known_places
from bot.core.strangers import Entity, NameRules, candidates, in_doubt, strangers
from bot.core.words import words_of

KNOWN = gazetteer((Organisation("NATO", "alliance", "INT"), Organisation("Shield AI", "defence-tech", "US")))
RULES = NameRules(
    marks=frozenset(["institute", "systems"]),
    before=frozenset(["startup"]),
    after=frozenset(["announced"]),
    never=frozenset(["the", "ai", "drone"]),
    firms=frozenset(["robotics", "labs", "gmbh"]),
    perhaps=frozenset(["ai", "systems", "aero", "defence"]),
    legal=frozenset(["gmbh"]),
    trades=frozenset(["startup", "up", "maker", "firm"]),
)
ORDINARY = """military autonomous weapon orchid harbour army buy responsible new air start firm drone eu act the deal by
    way of and more warns again text win contract a german maker from"""
DICTIONARY = frozenset(ORDINARY.split())


def found(text: str, *entities: tuple[str, str], title: str = "", dictionary: frozenset[str] = DICTIONARY) -> list[str]:
    whole = f"{title}\n{text}" if title else text
    words = words_of(whole)
    spans = [Entity(whole.index(name), whole.index(name) + len(name), label) for name, label in entities]
    title_words = len(words_of(title).forms)
    places = known_places(words, KNOWN)
    return [place.name for place in strangers(words, places, spans, RULES, title_words, dictionary)]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("It chose Tallowmere AI for it", "Tallowmere AI"),
        ("It chose Ondrel Labs for it", "Ondrel Labs"),
        ("It chose Norrvinge Aero for it", "Norrvinge Aero"),
        ("It chose Harbour Robotics for it", "Harbour Robotics"),
        ("It chose Harbour Orchid Robotics", "Harbour Orchid Robotics"),
        ("The Vellum Defence Systems GmbH is it", "Vellum Defence Systems"),
        ("The drone maker Skerrivane is it", "Skerrivane"),
        ("Skerrivane, a German drone maker, is it", "Skerrivane"),
    ],
)
def test_a_name_stands_by_its_mark_or_its_trade_without_a_model(text: str, name: str) -> None:
    assert found(text) == [name]


@pytest.mark.parametrize(
    "text",
    [
        "A Military AI for it",
        "Responsible AI is it",
        "The New Air Defence is it",
        "The Tallow EU AI Act is it",
        "Autonomous Weapon Systems are it",
        "Skerrivane, a German town, is it",
        "by way of Vellum and more",
        "Shield AI and NATO",
        "Robotics is it",
        "Vellum's AI is it",
    ],
)
def test_ordinary_words_before_a_mark_are_no_name(text: str) -> None:
    assert found(text) == []


def test_the_first_word_of_a_name_stands_for_it_elsewhere() -> None:
    assert found("It chose Tallowmere AI for it.", title="Tallowmere wins deal") == ["Tallowmere AI", "Tallowmere AI"]


def test_without_a_dictionary_only_plain_marks_count() -> None:
    assert found("Die Armee kauft bei Eschental Robotics und Tallowmere AI", dictionary=frozenset()) == [
        "Eschental Robotics"
    ]


def doubtful(text: str, *entities: tuple[str, str]) -> list[str]:
    words = words_of(text)
    spans = [Entity(text.index(name), text.index(name) + len(name), label) for name, label in entities]
    return [place.name for place in candidates(words, known_places(words, KNOWN), spans, RULES, DICTIONARY)]


def test_odd_capitalised_words_are_candidates_unless_the_model_takes_them_for_something_else() -> None:
    assert doubtful("Tideline wins deal from NATO and Harbour") == ["Tideline"]
    assert doubtful("Kampala wins deal from Smith", ("Kampala", "GPE"), ("Smith", "PERSON")) == []
    assert doubtful("TIDELINE wins") == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Tideline wins a contract from NATO", ["Tideline"]),
        ("The army wins a drone contract from NATO. Harbour buys it.", []),
        ("NATO and Orchid announced a contract", ["Orchid"]),
        ("A German startup Air wins the Harbour Institute", ["Air", "Harbour", "Institute"]),
        ("Responsible firm announced it", []),
    ],
)
def test_only_odd_words_and_those_beside_a_vouching_word_are_in_doubt(text: str, expected: list[str]) -> None:
    words = words_of(text)
    places = in_doubt(words, known_places(words, KNOWN), RULES, DICTIONARY)
    assert [words.forms[place] for place in places] == expected


def test_an_entity_counts_if_something_vouches_for_it() -> None:
    assert found("the Orchid Institute reports", ("the Orchid Institute", "ORG")) == ["Orchid Institute"]
    assert found("startup Orchid raised", ("Orchid", "ORG")) == ["Orchid"]
    assert found("Orchid announced a round", ("Orchid", "ORG")) == ["Orchid"]
    assert found("by way of Orchid and more", ("Orchid", "ORG")) == []


def test_people_types_and_known_names_are_no_strangers() -> None:
    assert found("startup Orchid raised", ("Orchid", "PERSON")) == []
    assert found("startup X-62A flew", ("X-62A", "ORG")) == []
    assert found("startup NATO announced", ("NATO", "ORG")) == []
    assert found("Skerrivane, a German maker, is it", ("Skerrivane", "PERSON")) == []


def test_a_headline_in_capitalised_words_tells_no_names() -> None:
    title = "Orchid Institute Warns Again Of Orchid Robotics"
    assert found("Text.", ("Orchid Institute", "ORG"), title=title) == []


@given(st.text(alphabet="AbC ai.\n,-(Robotics", max_size=80))
def test_no_name_overlaps_another(text: str) -> None:
    words = words_of(text)
    places = strangers(words, known_places(words, KNOWN), [], RULES, 0, DICTIONARY)
    covered = [n for place in places for n in range(place.first, place.after)]
    assert len(covered) == len(set(covered))
