from hypothesis import given
from hypothesis import strategies as st

from bot.core.organisations import Place
from bot.core.patterns import Masked, mask
from bot.core.signs import SignRules, Signs, sign_reader, signs_of
from bot.core.words import Sentence, words_of

KINDS = {"Pentagon": "ministry", "OpenAI": "ai-lab", "Orchid": None, "Fund": "investor", "Court": "court"}
READER = sign_reader(
    SignRules(
        frozenset(["ministry"]),
        frozenset(["ai-lab"]),
        {"wins": ["win*", "won"], "picks": ["pick*", "award*"], "deals": ["contract*", "wine"]},
        {"by": ["by", "von"], "from": ["from"], "and": ["and"], "after": ["following"]},
        frozenset(["earlier"]),
    )
)


def signs(*sentences: tuple[str, str], event: str = "contract") -> dict[str, Signs]:
    return signs_of({event: 1.0}, [line(zone, text) for zone, text in sentences], KINDS, READER)


def line(zone: str, text: str) -> Masked:
    words = words_of(text)
    places = [Place(form, n, n + 1) for n, form in enumerate(words.forms) if form in KINDS]
    return mask(Sentence(text, 0, len(text), 0, True), zone, words, places, (), 0, {})


def test_words_beside_an_organisation_count_by_their_groups() -> None:
    found = signs(("title", "OpenAI wins a contract from the Pentagon"))
    assert found["OpenAI"].found["vendor.after.wins"] == 1.0
    assert found["OpenAI"].found["vendor.after.deals"] == 0.6
    assert found["Pentagon"].found["customer.before.from"] == 1.0


def test_a_sign_counts_where_it_stands_most() -> None:
    assert signs(("lead", "OpenAI won"))["OpenAI"].found["vendor.after.wins"] == 0.8
    assert signs(("rest", "OpenAI won"), ("title", "OpenAI won"))["OpenAI"].found["vendor.after.wins"] == 1.0


def test_a_whole_word_counts_before_a_beginning() -> None:
    found = signs(("title", "OpenAI wine"))["OpenAI"].found
    assert "vendor.after.deals" in found
    assert "vendor.after.wins" not in found


def test_what_an_organisation_underwent_is_told_from_what_it_did() -> None:
    found = signs(("title", "OpenAI picked by Pentagon"))
    assert "vendor.after.picks-by" in found["OpenAI"].found
    assert "customer.before.by" in found["Pentagon"].found


def test_words_behind_another_organisation_belong_to_that_one() -> None:
    found = signs(("title", "OpenAI Pentagon picks"))
    assert "vendor.after.picks" not in found["OpenAI"].found
    assert "vendor.after.customer" in found["OpenAI"].found


def test_the_kind_makes_the_class_and_the_unknown_sell() -> None:
    found = signs(("title", "Pentagon OpenAI Orchid Fund Court"))
    assert [one.class_ for one in found.values()] == ["customer", "vendor", "vendor", "investor", "other"]
    assert "kind.unknown" in found["Orchid"].found


def test_the_kind_counts_by_itself_and_in_news_of_that_type() -> None:
    assert {"kind.ministry", "kind.ministry.event.funding"} <= signs(("lead", "Pentagon"), event="funding")[
        "Pentagon"
    ].found.keys()


def test_a_name_that_only_describes_is_told_from_one_that_names() -> None:
    vague = sign_reader(READER.rules, frozenset(["Pentagon"]))
    found = signs_of({"contract": 1.0}, [line("title", "Pentagon and OpenAI")], KINDS, vague)
    assert "customer.vague" in found["Pentagon"].found
    assert "vendor.vague" not in found["OpenAI"].found


def test_standing_tells_zone_event_order_and_company() -> None:
    found = signs(("title", "OpenAI soars"), ("lead", "Pentagon and Orchid watch OpenAI"), event="market")
    assert {"vendor.title", "vendor.event.market", "vendor.first", "vendor.beside.customer"} <= found[
        "OpenAI"
    ].found.keys()
    assert found["OpenAI"].found["vendor.often"] == 1.0
    assert "vendor.lead" in found["Orchid"].found
    assert "vendor.first" not in found["Orchid"].found
    assert found["Orchid"].found["vendor.rivals"] == 1 / 3


def test_who_stands_in_the_rest_alone_is_no_company() -> None:
    found = signs(("title", "OpenAI soars"), ("rest", "Pentagon watches"))
    assert "vendor.beside.customer" not in found["OpenAI"].found


def test_a_sign_beside_an_organisation_is_quoted_as_a_piece_of_the_text() -> None:
    found = signs(("title", "How OpenAI, again, won it"), ("lead", "OpenAI won"))
    assert found["OpenAI"].quotes == {"vendor.after.wins": "OpenAI, again, won"}
    assert signs(("title", "OpenAI"))["OpenAI"].quotes == {}


@given(st.lists(st.sampled_from([*KINDS, "won", "picked", "by", "from", "$3", "and", "the", "é", "合同"]), max_size=12))
def test_any_line_gives_signs_within_bounds(words: list[str]) -> None:
    text = " ".join(words)
    for one in signs(("title", text)).values():
        assert all(much >= 0 for much in one.found.values())
        assert all(much <= 1 for sign, much in one.found.items() if not sign.endswith(".often"))
        assert all(quote in text for quote in one.quotes.values())


def test_a_customer_of_an_earlier_deal_is_recalled_while_another_is_told_of() -> None:
    kinds = {**KINDS, "NATO": "ministry"}
    text = "Following work for the Pentagon, OpenAI talks to NATO"
    words = words_of(text)
    places = [Place(form, n, n + 1) for n, form in enumerate(words.forms) if form in kinds]
    found = signs_of(
        {"contract": 1.0},
        [mask(Sentence(text, 0, len(text), 0, True), "lead", words, places, (), 0, {})],
        kinds,
        READER,
    )
    assert "customer.recalled" in found["Pentagon"].found
    assert "customer.recalled" not in found["NATO"].found
    assert "vendor.recalled" not in found["OpenAI"].found


def test_nobody_is_recalled_where_no_other_of_the_class_is_told_of() -> None:
    assert "customer.recalled" not in signs(("lead", "OpenAI soars following orders of the Pentagon"))["Pentagon"].found


def test_who_is_also_told_of_elsewhere_is_not_recalled() -> None:
    found = signs(("title", "Orchid wins from Pentagon"), ("rest", "An earlier order by Pentagon went to OpenAI"))
    assert "vendor.recalled" in found["OpenAI"].found
    assert "customer.recalled" not in found["Pentagon"].found


def test_what_a_clause_recalls_ends_with_it() -> None:
    found = signs(("rest", "Earlier that year (OpenAI said), Pentagon paid; earlier OpenAI – now Orchid"))
    assert found["OpenAI"].recalled == 1
    assert (found["Pentagon"].recalled, found["Orchid"].recalled) == (0, 0)


def test_a_type_of_event_counts_as_much_as_it_is_likely_and_an_unlikely_one_not_at_all() -> None:
    types = {"contract": 0.7, "policy": 0.29, "market": 0.01}
    found = signs_of(types, [line("title", "OpenAI")], KINDS, READER)["OpenAI"].found
    assert {sign: much for sign, much in found.items() if ".event." in sign} == {
        "vendor.event.contract": 0.7, "vendor.event.policy": 0.29,
        "kind.ai-lab.event.contract": 0.7, "kind.ai-lab.event.policy": 0.29,
    }  # fmt: skip
