from bot.core.organisations import Mention, Place
from bot.core.parties import Party, PartyRules, RoleWeights, parties_of, party_reader, sorts_of
from bot.core.patterns import Masked, mask
from bot.core.signs import SignRules
from bot.core.words import Sentence, words_of

RULES = PartyRules(
    SignRules(
        frozenset(["ministry"]), frozenset(["ai-lab"]), {"wins": ["win*"], "picks": ["award*"]}, {"from": ["from"]}
    ),
    buyer=RoleWeights(
        -1.0,
        {"kind.ministry": 0.8, "customer.after.picks": 1.0, "customer.before.from": 1.0, "investor.event.funding": 2.0},
    ),
    seller=RoleWeights(
        -1.0, {"kind.ai-lab": 0.8, "kind.unknown": 0.6, "vendor.after.wins": 1.0, "vendor.before.picks": 1.0}
    ),
)
KINDS = {"Pentagon": "ministry", "OpenAI": "ai-lab", "Mistral": "ai-lab", "Orchid": None, "Fund": "investor"}


def parties(event: str, *sentences: tuple[str, str]) -> tuple[Party | None, Party | None]:
    named = dict.fromkeys(form for _, text in sentences for form in words_of(text).forms if form in KINDS)
    mentions = [Mention(name, name, 0, 1, KINDS[name]) for name in named]
    lines = [line(zone, text, sorts_of(mentions, RULES)) for zone, text in sentences]
    return parties_of({event: 1.0}, lines, mentions, party_reader(RULES))


def line(zone: str, text: str, sorts: dict[str, str]) -> Masked:
    words = words_of(text)
    places = [Place(form, n, n + 1) for n, form in enumerate(words.forms) if form in KINDS]
    return mask(Sentence(text, 0, len(text), 0, True), zone, words, places, (), 0, sorts)


def names(found: tuple[Party | None, Party | None]) -> tuple[str | None, str | None]:
    buyer, seller = found
    return buyer and buyer.name, seller and seller.name


def test_the_roles_come_with_the_words_that_tell() -> None:
    buyer, seller = parties("contract", ("title", "Pentagon awards OpenAI a contract"))
    assert buyer == Party("Pentagon", "Pentagon awards")
    assert seller == Party("OpenAI", "awards OpenAI")


def test_a_party_without_a_telling_word_comes_with_its_own() -> None:
    rules = PartyRules(RULES.signs, seller=RoleWeights(1.0))
    found = parties_of(
        {"contract": 1.0}, [line("lead", "OpenAI", {})], [Mention("OpenAI", "OpenAI", 0, 1)], party_reader(rules)
    )
    assert found == (None, Party("OpenAI", "OpenAI"))


def test_the_words_are_those_that_weigh_most() -> None:
    _, seller = parties("contract", ("title", "From OpenAI: how OpenAI, of all firms, wins"))
    assert seller == Party("OpenAI", "OpenAI, of all firms, wins")


def test_what_stands_in_the_title_weighs_more_than_the_rest() -> None:
    found = parties("contract", ("title", "OpenAI wins from Pentagon"), ("rest", "Mistral wins from Pentagon"))
    assert names(found) == ("Pentagon", "OpenAI")


def test_the_heavier_organisation_fills_the_role() -> None:
    assert names(parties("contract", ("title", "Orchid and Mistral win from Pentagon"))) == ("Pentagon", "Mistral")


def test_a_name_that_no_list_knows_may_sell() -> None:
    assert names(parties("contract", ("title", "Orchid wins"))) == (None, "Orchid")


def test_the_type_of_the_event_decides_too() -> None:
    assert names(parties("funding", ("title", "Orchid wins Fund"))) == ("Fund", "Orchid")
    assert names(parties("contract", ("title", "Orchid wins Fund"))) == (None, "Orchid")


def test_a_role_stays_empty_where_nothing_tells() -> None:
    assert names(parties("contract", ("lead", "OpenAI is proud of Pentagon"))) == (None, None)
    assert names(parties("contract")) == (None, None)


def test_one_organisation_never_holds_both_roles() -> None:
    both = PartyRules(RULES.signs, RoleWeights(0.0, {"kind.ai-lab": 1.0}), RoleWeights(0.0, {"kind.ai-lab": 2.0}))
    mentions = [Mention("OpenAI", "OpenAI", 0, 1, "ai-lab")]
    found = parties_of({"contract": 1.0}, [line("title", "OpenAI wins over OpenAI", {})], mentions, party_reader(both))
    assert names(found) == (None, "OpenAI")


def test_the_first_of_equals_is_taken() -> None:
    rules = PartyRules(RULES.signs, seller=RoleWeights(0.0, {"kind.ai-lab": 1.0}))
    mentions = [Mention("Mistral", "Mistral", 0, 1, "ai-lab"), Mention("OpenAI", "OpenAI", 0, 1, "ai-lab")]
    found = parties_of({"contract": 1.0}, [line("title", "Mistral and OpenAI", {})], mentions, party_reader(rules))
    assert names(found) == (None, "Mistral")
