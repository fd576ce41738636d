import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.errors import ConfigurationError
from bot.settings.knowledge import read_knowledge

CONFIG = Path(__file__).resolve().parents[1] / "config"
FILES = ("topics", "organisations", "names", "amounts", "events", "learned", "parties", "keypoints", "words")

Edit = Callable[..., Path]


@pytest.fixture
def edited(tmp_path: Path) -> Edit:
    """A copy of the shipped files, with one piece of one file replaced by another (or appended)."""
    for name in FILES:
        shutil.copy(CONFIG / f"{name}.toml", tmp_path)

    def edit(name: str, old: str | None, new: str) -> Path:
        path = tmp_path / f"{name}.toml"
        text = path.read_text(encoding="utf-8")
        assert old is None or old in text
        path.write_text(text + new if old is None else text.replace(old, new, 1), encoding="utf-8")
        return tmp_path

    return edit


def mistakes(folder: Path) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        read_knowledge(folder.joinpath)
    assert all(mistake.line for mistake in caught.value.mistakes if "cannot be read" not in mistake.text)
    return [f"{Path(mistake.file).name}: {mistake.text}" for mistake in caught.value.mistakes]


ORCHID = '\n[[organisation]]\nname = "Orchid Test Works"\nkind = "prime"\ncountry = "US"\n'


def test_the_shipped_files_are_without_mistakes() -> None:
    knowledge = read_knowledge(CONFIG.joinpath)
    assert [topic.id for topic in knowledge.topics] == ["ai-defence"]
    assert len(knowledge.organisations) >= 150
    assert knowledge.events.events
    assert {"en", "de", "fr", "es", "it", "pt"} <= set(knowledge.stop.by_language)


def test_a_name_that_stands_twice_is_named(edited: Edit) -> None:
    assert mistakes(edited("organisations", None, ORCHID + ORCHID)) == [
        'organisations.toml: "Orchid Test Works" stands twice; join the two'
    ]


def test_a_part_of_nothing_is_named(edited: Edit) -> None:
    assert mistakes(edited("organisations", None, ORCHID + 'part_of = "Nowhere"\n')) == [
        'organisations.toml: part_of names "Nowhere", which is no organisation of this file'
    ]


def test_an_unknown_kind_is_named(edited: Edit) -> None:
    (mistake,) = mistakes(edited("organisations", None, ORCHID.replace("prime", "circus")))
    assert 'kind "circus" is unknown' in mistake


def test_a_pattern_that_cannot_be_read_is_named(edited: Edit) -> None:
    bad = '\n[[stage]]\nid = "mine"\nvalue = "signed"\nweight = 1.0\nany = ["{friend} signs"]\n'
    (mistake,) = mistakes(edited("events", None, bad))
    assert "cannot be read as a pattern" in mistake


def test_a_pattern_with_a_bracket_too_many_is_named_with_its_line(edited: Edit) -> None:
    folder = edited("events", '"(judge|judges|court', '"(judge|judges|court)) ..1 (x')
    with pytest.raises(ConfigurationError) as caught:
        read_knowledge(folder.joinpath)
    (mistake,) = caught.value.mistakes
    lines = (folder / "events.toml").read_text(encoding="utf-8").splitlines()
    assert "no group is open" in mistake.text
    assert "court)) ..1" in lines[(mistake.line or 0) - 1]


def test_a_mood_that_stands_twice_is_named(edited: Edit) -> None:
    twice = '\n[[mood]]\nid = "denied"\nbefore = ["nope"]\nreach = 1\n'
    assert mistakes(edited("events", None, twice)) == ['events.toml: pattern "denied" stands twice; give it another id']


def test_an_unknown_event_type_is_named(edited: Edit) -> None:
    bad = '\n[[event]]\nid = "mine"\nvalue = "party"\nweight = 1.0\nany = ["party"]\n'
    (mistake,) = mistakes(edited("events", None, bad))
    assert "contract" in mistake


def test_a_pattern_id_that_stands_twice_is_named(edited: Edit) -> None:
    twice = '\n[[event]]\nid = "law.court"\nvalue = "policy"\nweight = 1.0\nany = ["party"]\n'
    assert mistakes(edited("events", None, twice)) == [
        'events.toml: pattern "law.court" stands twice; give it another id'
    ]


def test_a_weight_of_no_feature_is_named(edited: Edit) -> None:
    (mistake,) = mistakes(edited("topics", "[topic.weights]", '[topic.weights]\n"circus.title" = 1.0'))
    assert 'weight "circus.title" belongs to no feature' in mistake


def test_a_weight_of_no_sign_is_named(edited: Edit) -> None:
    (mistake,) = mistakes(edited("parties", "[buyer.weights]", '[buyer.weights]\n"circus.title" = 1.0'))
    assert 'weight "circus.title" belongs to no sign' in mistake


def test_a_kind_that_no_topic_knows_neither_buys_nor_sells(edited: Edit) -> None:
    (mistake,) = mistakes(edited("parties", 'buyers = ["ministry"', 'buyers = ["circus", "ministry"'))
    assert 'kind "circus" is unknown' in mistake


def test_a_group_of_words_and_one_of_links_never_share_a_name(edited: Edit) -> None:
    (mistake,) = mistakes(edited("parties", "[links]", '[links]\nwins = ["via"]'))
    assert '"wins" stands in [words] and in [links]' in mistake


def test_a_star_behind_too_few_letters_is_named(edited: Edit) -> None:
    (mistake,) = mistakes(edited("topics", '"machine learning"', '"ma* learning"'))
    assert "fewer than three letters" in mistake


def test_a_file_without_a_topic_is_a_mistake(edited: Edit) -> None:
    folder = edited("topics", None, "")
    (folder / "topics.toml").write_text("", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"holds no \[\[topic\]\]"):
        read_knowledge(folder.joinpath)


def test_mistakes_of_all_files_come_at_once(edited: Edit) -> None:
    edited("keypoints", "most = 3", "most = 9")
    edited("amounts", 'code = "USD"', 'code = "dollars"')
    folder = edited("organisations", None, ORCHID + ORCHID)
    (folder / "words.toml").unlink()
    assert {mistake.partition(":")[0] for mistake in mistakes(folder)} == {
        "keypoints.toml", "amounts.toml", "organisations.toml", "words.toml"
    }  # fmt: skip
