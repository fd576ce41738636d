from dataclasses import replace

import pytest

from bot.core.organisations import Organisation, gazetteer, known_places
from bot.core.relevance import FIRM, Group, Judge, Relevance, Topic, evidence_of, features, judge, judge_of, passes_gate
from bot.core.words import words_of

TOPIC = Topic(
    id="ai-defence",
    name="AI and defence",
    threshold=0.5,
    bias=-2.0,
    groups=(
        Group("ai", "ai", "AI", ("AI", "machine learning")),
        Group("software", "ai", "data software", ("algorithm*",), strength=0.5),
        Group("defence", "defence", "defence", ("army", "defense")),
        Group("military-ai", "both", "military AI", ("autonomous weapon*",)),
        Group("biology", "against", "biology", ("immune defense", "bacteri*")),
        Group("other", "none", "other meanings", ("defense attorney",)),
    ),
    kinds={"ai-lab": "ai", "ministry": "defence", "defence-tech": "defence", "investor": "none"},
    weights={
        "together.title": 2.0,
        "together.sentence": 2.0,
        "ai.title": 0.5,
        "biology.title": -3.0,
        "biology.text": -3.0,
    },
    near=6,
)
KNOWN = gazetteer(
    (
        Organisation("OpenAI", "ai-lab", "US"),
        Organisation("Pentagon", "ministry", "US"),
        Organisation("Shield AI", "defence-tech", "US", ai=True),
        Organisation("Sands Capital", "investor", "US"),
    )
)


@pytest.fixture
def ready() -> Judge:
    return judge_of(TOPIC)


def judged(title: str, text: str, ready: Judge) -> Relevance:
    words = words_of(f"{title}\n{text}")
    found = evidence_of(words, known_places(words, KNOWN), KNOWN.by_name, ready)
    return judge(words, found, ready, len(words_of(title).forms))


def gate(text: str, ready: Judge) -> bool:
    words = words_of(text)
    return passes_gate(evidence_of(words, known_places(words, KNOWN), KNOWN.by_name, ready))


def test_the_gate_asks_for_both_axes(ready: Judge) -> None:
    assert gate("the army uses AI", ready)
    assert not gate("the army buys tanks", ready)
    assert not gate("AI writes poems", ready)


def test_a_phrase_or_a_firm_of_both_axes_passes_alone(ready: Judge) -> None:
    assert gate("autonomous weapons", ready)
    assert gate("Shield AI grows", ready)


def test_organisations_are_evidence_on_the_axis_of_their_kind(ready: Judge) -> None:
    assert gate("OpenAI signs with the Pentagon", ready)
    assert not gate("OpenAI signs with Sands Capital", ready)


def test_words_inside_an_organisations_name_count_only_as_the_organisation(ready: Judge) -> None:
    words = words_of("Shield AI grows")
    found = evidence_of(words, known_places(words, KNOWN), KNOWN.by_name, ready)
    assert [item.group for item in found] == ["organisation-both"]


def test_another_meaning_of_a_word_does_not_count(ready: Judge) -> None:
    assert not gate("AI helps a defense attorney", ready)
    assert not gate("AI finds an immune defense", ready)


def test_near_axes_in_the_title_make_an_article_relevant(ready: Judge) -> None:
    verdict = judged("Army buys AI", "The army buys AI tools.", ready)
    assert verdict.relevant
    assert verdict.score > 0.5
    clauses = {reason.gate for reason in verdict.reasons}
    assert clauses >= {"the title names both AI and defence", "the title speaks of AI"}


def test_a_negative_context_weighs_against(ready: Judge) -> None:
    with_bacteria = judged("AI reads bacteria", "Bacteria defend themselves, an army lab says with AI.", ready)
    assert not with_bacteria.relevant
    assert any("biology" in reason.gate and reason.weight < 0 for reason in with_bacteria.reasons)


def test_reasons_come_heaviest_first_and_quote_the_text(ready: Judge) -> None:
    reasons = judged("Army buys AI", "The army buys AI tools.", ready).reasons
    weights = [abs(reason.weight) for reason in reasons]
    assert weights == sorted(weights, reverse=True)
    assert "AI" in reasons[0].words


def test_the_reasons_add_up_to_the_score(ready: Judge) -> None:
    import math

    verdict = judged("Army buys AI", "The army buys AI tools.", ready)
    log_odds = TOPIC.bias + sum(reason.weight for reason in verdict.reasons)
    assert verdict.score == pytest.approx(1 / (1 + math.exp(-log_odds)), abs=1e-3)


def test_each_axis_names_its_words_the_titles_first_and_none_twice(ready: Judge) -> None:
    verdict = judged("OpenAI helps army", "AI and machine learning help the Army. The Pentagon pays OpenAI.", ready)
    plain = {reason.gate: reason.words for reason in verdict.reasons if not reason.weight}
    assert plain["AI"] == "OpenAI, machine learning, AI"
    assert plain["Defence"] == "army, Pentagon"


def test_a_closed_gate_says_which_axis_is_missing(ready: Judge) -> None:
    verdict = judged("Army buys tanks", "", ready)
    assert (verdict.score, verdict.relevant) == (0.0, False)
    assert verdict.reasons[0].gate == "gate: defence is named, but nothing of AI or autonomy"
    assert verdict.reasons[0].words == "Army"


def test_weak_evidence_counts_for_less_where_the_axes_meet(ready: Judge) -> None:
    def near(text: str) -> float:
        words = words_of(text)
        found = features(words, evidence_of(words, (), KNOWN.by_name, ready), ready, 0)
        return next(feature.value for feature in found if feature.name == "together.sentence")

    assert near("the army runs an algorithm") == pytest.approx(near("the army runs AI") / 2)


def feature(text: str, name: str, ready: Judge) -> float:
    words = words_of(text)
    found = features(words, evidence_of(words, known_places(words, KNOWN), KNOWN.by_name, ready), ready, 0)
    return next((one.value for one in found if one.name == name), 0.0)


def test_what_stands_in_two_sentences_is_not_said_together(ready: Judge) -> None:
    assert feature("The army runs AI.", "together.sentence", ready) == 1.0
    assert feature("The army marched. AI wrote a poem.", "together.sentence", ready) == 0.0
    assert feature("He met the U.S. army, AI in hand.", "together.sentence", ready) == 1.0


def test_a_firms_name_alone_does_not_name_both_axes_together(ready: Judge) -> None:
    assert feature("Shield AI grows", "together.close", ready) == 0.0
    assert feature("Shield AI sells to the army", "together.sentence", ready) > 0
    assert feature("autonomous weapons", "together.close", ready) > 0


def test_the_reason_of_a_title_quotes_what_makes_it_name_both(ready: Judge) -> None:
    verdict = judged("Shield AI sells AI to the army", "Nothing else.", ready)
    quoted = {reason.gate: reason.words for reason in verdict.reasons}
    assert quoted["the title names both AI and defence"] == "AI … army"


def test_a_brief_text_needs_fewer_hits_than_a_long_one(ready: Judge) -> None:
    assert feature("The army buys AI.", "ai.text", ready) == 1.0
    assert feature("The army buys AI." + " word" * 60, "ai.text", ready) == pytest.approx(1 / 3)


def test_a_firm_counts_for_less_than_a_ministry() -> None:
    known = gazetteer((Organisation("Pentagon", "ministry", "US"), Organisation("Northrop", "prime", "US")))
    topic = replace(TOPIC, kinds={"ministry": "defence", "prime": "defence"}, firms=frozenset({"prime"}))
    words = words_of("Northrop meets the Pentagon")
    found = evidence_of(words, known_places(words, known), known.by_name, judge_of(topic))
    assert [(item.group, item.strength) for item in found] == [
        ("organisation-firm", FIRM),
        ("organisation-defence", 1.0),
    ]


@pytest.mark.parametrize(
    ("text", "counts"), [("The MoD uses AI", True), ("THE MOD USES AI", True), ("A mod for AI players", False)]
)
def test_a_name_that_is_also_a_word_counts_only_as_it_is_written(text: str, counts: bool) -> None:
    ready = judge_of(replace(TOPIC, groups=(*TOPIC.groups, Group("names", "defence", "names", (), cased=("MoD",)))))
    assert gate(text, ready) is counts


def test_the_threshold_is_the_topics() -> None:
    strict = judge_of(replace(TOPIC, threshold=0.99))
    assert not judged("Army buys AI", "The army buys AI tools.", strict).relevant
