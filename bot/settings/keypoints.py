"""The configuration of what is quoted and what is left out: `keypoints.toml` as KeyPointRules, `words.toml` as
StopWords, checked."""

from pydantic import Field

from bot.core.keypoints import KeyPointRules
from bot.core.words import StopWords
from bot.settings.phrases import Phrase, Text
from bot.settings.toml import Table


class KeyPointsFile(Table):
    """`keypoints.toml`"""

    most: int = Field(ge=1, le=3)
    room: int = Field(ge=10, le=200)
    shortest: int = Field(ge=1)
    longest: int = Field(ge=10)
    price: float = Field(ge=0)
    fade: float = Field(ge=0)
    floor: float = Field(ge=0, le=1)
    words: dict[str, float] = Field(default_factory=dict)
    weights: dict[str, float] = Field(default_factory=dict)
    phrases: dict[str, tuple[Phrase, ...]] = Field(default_factory=dict)


class WordsFile(Table):
    """`words.toml`"""

    stop: dict[str, Text]


def key_point_rules(file: KeyPointsFile) -> KeyPointRules:
    """How key points are chosen."""
    return KeyPointRules(**dict(file))


def stop_words(file: WordsFile) -> StopWords:
    """The words that say nothing, for each language."""
    return StopWords({language: frozenset(text.split()) for language, text in file.stop.items()})
