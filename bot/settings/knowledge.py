"""The configuration of language — topics, organisations, names, amounts, events, parties, key points, words — gathered
as Knowledge.

What each file holds is said beside it (topics, organisations, …); this makes nothing ready (see core/analysis) and
finds nothing in a text.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from bot.core.analysis import Knowledge
from bot.errors import ConfigurationError, Mistake
from bot.settings.amounts import AmountsFile, amount_rules
from bot.settings.events import EventsFile, event_mistakes, event_rules
from bot.settings.keypoints import KeyPointsFile, WordsFile, key_point_rules, stop_words
from bot.settings.learned import LearnedFile, learned_rules
from bot.settings.organisations import (
    NamesFile,
    OrganisationsFile,
    name_rules,
    organisation_mistakes,
    organisations,
)
from bot.settings.parties import PartiesFile, party_mistakes, party_rules
from bot.settings.phrases import Lines
from bot.settings.toml import Table, read_toml
from bot.settings.topics import TopicsFile, kinds_of, topic_mistakes, topics

Model = TypeVar("Model", bound=Table)


def read_knowledge(find: Callable[[str], Path]) -> Knowledge:
    """Knowledge out of the nine files of language where `find` says they are: topics, organisations, names, amounts,
    events, learned, parties, keypoints and words. Raises ConfigurationError with every mistake in any of them."""
    mistakes: list[Mistake] = []
    topical = _read(find("topics.toml"), TopicsFile, mistakes)
    known = _read(find("organisations.toml"), OrganisationsFile, mistakes)
    names = _read(find("names.toml"), NamesFile, mistakes)
    amounts = _read(find("amounts.toml"), AmountsFile, mistakes)
    events = _read(find("events.toml"), EventsFile, mistakes)
    learned = _read(find("learned.toml"), LearnedFile, mistakes)
    parties = _read(find("parties.toml"), PartiesFile, mistakes)
    points = _read(find("keypoints.toml"), KeyPointsFile, mistakes)
    words = _read(find("words.toml"), WordsFile, mistakes)
    mistakes += _crossed(find, topical, known, events, parties)
    if mistakes or not (
        topical and known and names and amounts and events and learned and parties and points and words
    ):
        raise ConfigurationError(tuple(mistakes))
    return Knowledge(
        topics=topics(topical),
        organisations=organisations(known),
        names=name_rules(names),
        amounts=amount_rules(amounts),
        events=replace(event_rules(events), learned=learned_rules(learned)),
        parties=party_rules(parties),
        key_points=key_point_rules(points),
        stop=stop_words(words),
    )


def _read(path: Path, model: type[Model], mistakes: list[Mistake]) -> Model | None:
    try:
        return read_toml(path, model)
    except ConfigurationError as error:
        mistakes += error.mistakes
        return None


def _crossed(
    find: Callable[[str], Path],
    topical: TopicsFile | None,
    known: OrganisationsFile | None,
    events: EventsFile | None,
    parties: PartiesFile | None,
) -> list[Mistake]:
    """What is wrong between tables and between files; a file that could not be read is left out."""
    found: list[Mistake] = []
    kinds = kinds_of(topical) if topical else None
    if topical:
        found += topic_mistakes(Lines(find("topics.toml")), topical)
    if known:
        found += organisation_mistakes(Lines(find("organisations.toml")), known, kinds)
    if events:
        found += event_mistakes(Lines(find("events.toml")), events)
    if parties:
        found += party_mistakes(Lines(find("parties.toml")), parties, kinds)
    return found
