from collections.abc import Sequence
from dataclasses import replace

from bot.core.amounts import Amount
from bot.core.event import Event, EventRules, LearnedRules, Turn, event_of, event_reader, types_of
from bot.core.patterns import Masked, Mood, Pattern, mask
from bot.core.wording import Learned
from bot.core.words import Sentence, words_of

RULES = EventRules(
    events=(
        Pattern("contract.awarded", "contract", 2.0, ("award* .. contract",)),
        Pattern("policy.rules", "policy", 1.5, ("policy",)),
        Pattern("law.court", "regulation_or_law", 2.0, ("court",)),
    ),
    stages=(
        Pattern("signed.agreed", "signed", 1.5, ("(signed|awarded)",)),
        Pattern("talks.held", "in_talks", 2.5, ("in talks",)),
        Pattern("denied.said", "denied", 2.5, ("denies",)),
    ),
    zones={"title": 2.0, "lead": 1.0, "rest": 0.4},
    priors={"other": 0.1},
    turns=(
        Turn(Mood("denied", ("denies",)), {"in_talks": "denied"}),
        Turn(Mood("negated", ("not",)), {"signed": ""}, frozenset(["contract"])),
        Turn(Mood("possible", ("could",)), {"signed": "planned"}),
    ),
    usual={"contract": {"signed": 1.0}, "policy": {"planned": 0.5}},
)


def line(zone: str, text: str) -> Masked:
    return mask(Sentence(text, 0, len(text), 0, True), zone, words_of(text), (), (), 0, {})


def read(*sentences: tuple[str, str], amounts: Sequence[Amount] = (), rules: EventRules = RULES) -> Event:
    lines, reader = [line(zone, text) for zone, text in sentences], event_reader(rules)
    return event_of(types_of(lines, reader), lines, amounts, reader)


def test_the_type_is_that_of_the_patterns_that_fire() -> None:
    event = read(("title", "Army awarded a contract"))
    assert (event.type, event.stage) == ("contract", "signed")


def test_the_title_outweighs_the_rest_of_the_text() -> None:
    event = read(("title", "A new policy"), ("rest", "It awarded a contract. The court knows."))
    assert event.type == "policy"


def test_a_pattern_counts_once_however_often_it_fires() -> None:
    event = read(
        ("lead", "policy policy"), ("lead", "policy"), ("lead", "policy"), ("lead", "the court awards a contract")
    )
    assert event.type == "contract"


def test_talks_outweigh_what_is_usual() -> None:
    assert read(("lead", "They awarded a contract before and are in talks again")).stage == "signed"
    assert read(("title", "Firm in talks"), ("lead", "It would be awarded a contract")).stage == "in_talks"


def test_a_denial_is_told() -> None:
    assert read(("title", "Ministry denies contract was awarded"), ("lead", "It denies that.")).stage == "denied"


def test_without_any_pattern_the_event_is_other_and_the_stage_empty() -> None:
    event = read(("title", "Nothing to see"))
    assert (event.type, event.stage, event.evidence) == ("other", None, ())


def test_the_usual_stage_of_a_type_stands_where_nothing_else_tells() -> None:
    assert read(("title", "A policy")).stage == "planned"


def test_the_evidence_names_the_patterns_and_their_words() -> None:
    event = read(("title", "Army awarded a contract"))
    assert ("event", "contract.awarded", "awarded a contract") in event.evidence
    assert ("stage", "signed.agreed", "awarded") in event.evidence


def test_amounts_are_kept_as_they_are() -> None:
    amount = Amount("$5 million", 5e6, "USD")
    assert read(("title", "A policy"), amounts=[amount]).amounts == (amount,)


def test_an_event_reads_the_same_whatever_the_order_of_the_patterns() -> None:
    turned = replace(RULES, events=RULES.events[::-1], stages=RULES.stages[::-1])
    sentence = ("title", "The court knows that the army awarded a contract")
    assert read(sentence, rules=turned).stage == read(sentence).stage


def test_denied_talks_are_a_denial_and_no_talks() -> None:
    assert read(("title", "Firm denies being in talks")).stage == "denied"


def test_a_possible_signature_is_a_plan_and_a_negated_one_says_nothing() -> None:
    assert read(("title", "A court could see it signed")).stage == "planned"
    assert read(("title", "The court has not signed")).stage is None


def test_a_negated_hit_is_no_evidence_of_a_type() -> None:
    assert read(("title", "Army does not award any contract")).type == "other"


LEARNED = LearnedRules(
    type=Learned({"sued": {"regulation_or_law": 3.0}, "pattern:policy.rules": {"policy": -2.5}}, {}, 1.0),
    stage=Learned({"type:regulation_or_law": {"deployed": 0.5}, "in march": {"signed": 2.0}}, {}, 1.0),
    shares={"title": 1.0, "lead": 0.5, "rest": 0.2},
)


def test_a_word_that_was_learned_tells_the_type_where_no_pattern_does() -> None:
    event = read(("title", "Firm sued"), rules=replace(RULES, learned=LEARNED))
    assert (event.type, event.stage) == ("regulation_or_law", "deployed")
    assert ("event word", "word", "sued") in event.evidence


def test_what_was_learned_adds_to_the_weight_of_a_pattern() -> None:
    assert read(("rest", "Army awarded a contract"), ("title", "A policy")).type == "policy"
    rules = replace(RULES, learned=LEARNED)
    assert read(("rest", "Army awarded a contract"), ("title", "A policy"), rules=rules).type == "contract"


def test_a_learned_word_makes_a_stage_likelier_but_is_told_apart_from_what_states_it() -> None:
    event = read(("title", "Firm sued in March"), rules=replace(RULES, learned=LEARNED))
    assert event.stage == "signed"
    assert ("stage word", "words", "in March") in event.evidence
    assert not [words for field, _, words in event.evidence if field == "stage"]


def test_a_type_that_is_only_likely_tells_the_stage_in_part() -> None:
    weights = {"type:contract": {"signed": 1.0}, "type:regulation_or_law": {"deployed": 1.2}}
    kinds = {"firm": {"contract": 2.0}, "sued": {"regulation_or_law": 1.9}}
    rules = EventRules(learned=LearnedRules(Learned(kinds, {}, 1.0), Learned(weights, {}, 1.0), LEARNED.shares))
    assert read(("title", "Firm sued"), rules=rules).type == "contract"
    assert read(("title", "Firm sued"), rules=rules).stage == "deployed"
