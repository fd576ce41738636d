from bot.core.organisations import Mention, Place
from bot.core.parties import Party, PartyRules, parties_of, party_reader, sorts_of
from bot.core.patterns import Masked, Pattern, mask
from bot.core.words import Sentence, words_of

RULES = PartyRules(
    frozenset(["contract", "funding", "partnership"]),
    frozenset(["ministry"]),
    frozenset(["ai-lab"]),
    (
        Pattern("awards", "any", 3.0, ("{buyer:customer} awards {seller:vendor}",)),
        Pattern("wins", "contract", 2.0, ("{seller} wins .. {buyer}",)),
        Pattern("led", "funding", 3.0, ("led by {buyer}",)),
        Pattern("raises", "funding", 3.0, ("{seller} raises",)),
    ),
)
KINDS = {"Pentagon": "ministry", "OpenAI": "ai-lab", "Mistral": "ai-lab", "Orchid": None, "Fund": "investor"}


def parties(event: str, *sentences: tuple[str, str]) -> tuple[Party | None, Party | None]:
    named = dict.fromkeys(form for _, text in sentences for form in words_of(text).forms if form in KINDS)
    mentions = [Mention(name, name, 0, 1, KINDS[name]) for name in named]
    lines = [line(zone, text, sorts_of(mentions, RULES)) for zone, text in sentences]
    return parties_of(event, lines, mentions, party_reader(RULES))


def line(zone: str, text: str, sorts: dict[str, str]) -> Masked:
    words = words_of(text)
    places = [Place(form, n, n + 1) for n, form in enumerate(words.forms) if form in KINDS]
    return mask(Sentence(text, 0, len(text), 0, True), zone, words, places, (), 0, sorts)


def names(found: tuple[Party | None, Party | None]) -> tuple[str | None, str | None]:
    buyer, seller = found
    return buyer and buyer.name, seller and seller.name


def test_the_roles_come_from_the_pattern_with_its_words() -> None:
    buyer, seller = parties("contract", ("title", "Pentagon awards OpenAI a contract"))
    assert buyer == Party("Pentagon", "Pentagon awards OpenAI")
    assert seller == Party("OpenAI", "Pentagon awards OpenAI")


def test_the_title_comes_before_the_lead() -> None:
    found = parties("contract", ("title", "OpenAI wins from Pentagon"), ("lead", "Mistral wins from Pentagon"))
    assert names(found) == ("Pentagon", "OpenAI")


def test_without_a_pattern_the_kinds_tell() -> None:
    assert names(parties("contract", ("lead", "OpenAI is proud of Pentagon"))) == ("Pentagon", "OpenAI")


def test_the_kinds_tell_nothing_from_the_rest_of_a_text() -> None:
    assert names(parties("contract", ("rest", "OpenAI is proud of Pentagon"))) == (None, None)


def test_an_event_without_roles_has_no_parties() -> None:
    assert names(parties("policy", ("title", "Pentagon awards OpenAI"))) == (None, None)


def test_funding_has_the_lead_investor_for_buyer() -> None:
    found = parties("funding", ("title", "Orchid raises a round led by Fund"))
    assert names(found) == ("Fund", "Orchid")


def test_funding_takes_its_company_from_kinds_but_no_investor() -> None:
    assert names(parties("funding", ("lead", "OpenAI is proud of Pentagon"))) == (None, "OpenAI")


def test_a_partnership_has_both_parties_or_none() -> None:
    assert names(parties("partnership", ("lead", "OpenAI and Mistral work together"))) == (None, None)
    assert names(parties("partnership", ("lead", "OpenAI helps Pentagon"))) == ("Pentagon", "OpenAI")


def test_one_organisation_never_holds_both_roles() -> None:
    assert names(parties("contract", ("title", "OpenAI wins over OpenAI"))) == (None, "OpenAI")
