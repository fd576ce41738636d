"""Learning what signs weigh for buyer and seller, and the file that is written."""

from pathlib import Path

import pytest

from bot.core.parties import PartyRules, RoleWeights, pair_of
from bot.core.signs import Signs
from bot.fit.parties import Document, learned, written
from bot.settings.parties import PartiesFile, party_rules
from bot.settings.toml import read_toml

SHIPPED = Path(__file__).resolve().parents[1] / "config" / "parties.toml"


def document(number: int, buyer: str | None, seller: str | None, event: str = "contract") -> Document:
    signs = {
        "Bundeswehr": Signs("customer", {"kind.service": 1.0, f"customer.event.{event}": 1.0}),
        "Orchid": Signs("vendor", {"kind.prime": 1.0, f"vendor.event.{event}": 1.0}),
    }
    wanted = {"buyer": [buyer] if buyer else [], "seller": [seller] if seller else []}
    return Document(f"story {number}", wanted, signs)


SOLD = [document(n, "bundeswehr", "orchid") for n in range(8)]
QUIET = [document(n, None, None, "policy") for n in range(8, 16)]


def test_the_roles_are_learned_from_the_signs_of_those_who_fill_them() -> None:
    rules = learned([*SOLD, *QUIET], strictness=0.5)
    assert pair_of(SOLD[0].signs, rules) == ("Bundeswehr", "Orchid")
    assert pair_of(QUIET[0].signs, rules) == (None, None)


def test_an_accepted_name_in_other_words_counts() -> None:
    told = [document(n, "bundeswehr", "orchid systems") for n in range(8)]
    assert pair_of(SOLD[0].signs, learned([*told, *QUIET], strictness=0.5)) == ("Bundeswehr", "Orchid")


def test_types_in_which_nothing_is_sold_speak_against_a_role_unless_labels_tell_otherwise() -> None:
    rules = learned([*SOLD, *QUIET[:3]])
    assert rules.buyer.weights["customer.event.policy"] < -1 < rules.buyer.weights.get("customer.event.contract", 0.0)


def test_nothing_is_learned_of_a_sign_that_hardly_any_bear() -> None:
    assert "customer.event.policy" not in learned([*SOLD, *QUIET[:2]]).buyer.weights


def test_the_same_documents_give_the_same_weights() -> None:
    assert learned([*SOLD, *QUIET]) == learned([*SOLD, *QUIET])


def test_what_is_written_is_read_again_and_leaves_the_rest_alone(tmp_path: Path) -> None:
    shipped = SHIPPED.read_text(encoding="utf-8")
    rules = PartyRules(buyer=RoleWeights(-1.5, {"customer.title": 0.25}), seller=RoleWeights(0.5, {}))
    content = written(shipped, rules)
    (tmp_path / "parties.toml").write_text(content, encoding="utf-8")
    read = party_rules(read_toml(tmp_path / "parties.toml", PartiesFile))
    assert (read.buyer, read.seller) == (rules.buyer, rules.seller)
    assert [line for line in content.splitlines() if line[:1] == "#"] == [
        line for line in shipped.splitlines() if line[:1] == "#"
    ]
    assert written(content, party_rules(read_toml(SHIPPED, PartiesFile))) == shipped


def test_a_file_without_a_table_of_weights_is_told() -> None:
    with pytest.raises(ValueError, match=r"lacks \[buyer\]"):
        written("[roles]\n", PartyRules())
