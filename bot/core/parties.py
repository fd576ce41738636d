"""Parties: who pays or receives, and who supplies or is funded, with the words that say so.

It weighs the signs of every organisation in both roles (see signs) and knows no pattern; the weights are learned
elsewhere (see bot/fit).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from bot.core.organisations import Mention
from bot.core.patterns import Masked
from bot.core.signs import SignReader, SignRules, Signs, sign_reader, signs_of

MOST = 4
"""Organisations that are tried in each role: the heaviest."""


@dataclass(frozen=True, slots=True)
class Party:
    """A canonical organisation in a role, and the words that say so."""

    name: str
    words: str


@dataclass(frozen=True, slots=True)
class RoleWeights:
    """What speaks for a role, in log-odds: an organisation fills it if `bias` and the weights of its signs, each times
    how much of it there is, come to more than 0."""

    bias: float = 0.0
    weights: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PartyRules:
    """How roles are read (`config/parties.toml`): what the signs are, and what they weigh in either role."""

    signs: SignRules = field(default_factory=SignRules)
    buyer: RoleWeights = field(default_factory=RoleWeights)
    seller: RoleWeights = field(default_factory=RoleWeights)


@dataclass(frozen=True, slots=True)
class PartyReader:
    """`PartyRules` made ready."""

    rules: PartyRules
    signs: SignReader


def party_reader(rules: PartyRules, vague: frozenset[str] = frozenset()) -> PartyReader:
    """`rules` made ready; `vague` are organisations whose names describe more than they name ("the US military")."""
    return PartyReader(rules, sign_reader(rules.signs, vague))


def sorts_of(mentions: Sequence[Mention], rules: PartyRules) -> dict[str, str]:
    """For each organisation's name: "customer", "vendor", "lab" (a vendor that makes models), "unknown" (not in the
    gazetteer), a kind that patterns know ("court", "legislature", …), or "other"."""
    return {mention.name: _sort(mention.kind, rules) for mention in mentions}


_OWN = frozenset(["legislature", "court", "regulator", "university", "think-tank", "campaign", "investor"])


def _sort(kind: str | None, rules: PartyRules) -> str:
    if kind is None:
        return "unknown"
    if kind in rules.signs.customers:
        return "customer"
    if kind in rules.signs.vendors:
        return "lab" if kind == "ai-lab" else "vendor"
    return kind if kind in _OWN else "other"


def parties_of(
    types: Mapping[str, float], lines: Sequence[Masked], mentions: Sequence[Mention], reader: PartyReader
) -> tuple[Party | None, Party | None]:
    """Buyer and seller in news of an event that may be of these types; None where the text does not tell."""
    signs = signs_of(types, lines, {mention.name: mention.kind for mention in mentions}, reader.signs)
    buyer, seller = pair_of(signs, reader.rules)
    words = {mention.name: mention.words for mention in mentions}
    return _party(buyer, signs, words, reader.rules.buyer), _party(seller, signs, words, reader.rules.seller)


def pair_of(signs: Mapping[str, Signs], rules: PartyRules) -> tuple[str | None, str | None]:
    """The names of buyer and seller, by what their signs weigh: of all pairs of different organisations the heaviest,
    the first of equals. Nobody weighs nothing."""
    buyers, sellers = list(_heaviest(signs, rules.buyer)), list(_heaviest(signs, rules.seller))
    pairs = ((buyer, seller) for buyer in buyers for seller in sellers if buyer[1] is None or buyer[1] != seller[1])
    (_, buyer), (_, seller) = max(pairs, key=lambda pair: pair[0][0] + pair[1][0])
    return buyer, seller


def _heaviest(found: Mapping[str, Signs], role: RoleWeights) -> Iterator[tuple[float, str | None]]:
    """Nobody, then those that weigh more than nothing, the heaviest first."""
    yield 0.0, None
    weighed = ((weight_of(signs, role), name) for name, signs in found.items())
    yield from sorted((pair for pair in weighed if pair[0] > 0), key=lambda pair: -pair[0])[:MOST]


def weight_of(signs: Signs, role: RoleWeights) -> float:
    """What speaks for an organisation in a role, in log-odds."""
    return role.bias + sum(role.weights.get(sign, 0.0) * much for sign, much in signs.found.items())


def _party(name: str | None, found: Mapping[str, Signs], words: Mapping[str, str], role: RoleWeights) -> Party | None:
    """The organisation with the words that weigh most for its role, or with its own where none beside it do."""
    if name is None:
        return None
    signs = found[name]
    weighed = {sign: role.weights.get(sign, 0.0) * signs.found[sign] for sign in signs.quotes}
    best = max(weighed, key=lambda sign: weighed[sign], default=None)
    return Party(name, signs.quotes[best] if best and weighed[best] > 0 else words.get(name, name))
