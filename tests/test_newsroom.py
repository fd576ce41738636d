"""The sample news is complete, harmless and marked as invented."""

import re
from collections import defaultdict

from bot.demo.newsroom import POLLS, Outlet, Sample, read_newsroom

SAMPLES = tuple((outlet, sample) for outlet in read_newsroom() for sample in outlet.samples)


def outlets_by_story() -> dict[str, list[tuple[Outlet, Sample]]]:
    stories = defaultdict(list)
    for outlet, sample in SAMPLES:
        if sample.story:
            stories[sample.story].append((outlet, sample))
    return stories


def test_there_are_enough_stories_told_by_enough_outlets() -> None:
    stories = outlets_by_story()
    assert len(stories) >= 12
    assert len({outlet.slug for outlet, _ in SAMPLES}) >= 6
    assert sum(len({outlet.slug for outlet, _ in told}) > 1 for told in stories.values()) >= 5


def test_every_kind_of_feed_is_among_them() -> None:
    outlets = read_newsroom()
    assert {outlet.format for outlet in outlets} == {"rss", "atom", "json"}
    assert {outlet.markup for outlet in outlets} == {"plain", "html", "full"}


def test_every_outlet_has_an_article_from_the_first_poll_on_or_later_and_noise_is_in_every_poll() -> None:
    assert {sample.poll for _, sample in SAMPLES} == set(range(1, POLLS + 1))
    assert {sample.poll for _, sample in SAMPLES if sample.story is None} == set(range(1, POLLS + 1))
    assert all(outlet.samples for outlet in read_newsroom())


def test_no_outlet_can_be_taken_for_a_real_one() -> None:
    assert all(outlet.host.endswith(".example") for outlet in read_newsroom())
    text = " ".join(paragraph for _, sample in SAMPLES for paragraph in (sample.title, *sample.paragraphs))
    assert all(host.endswith(".example") for host in re.findall(r"https?://([^/\s\"]+)", text))


def test_articles_have_the_length_of_feed_articles() -> None:
    for _, sample in SAMPLES:
        words = len(re.sub(r"<[^>]*>", " ", " ".join(sample.paragraphs)).split())
        assert 35 <= words <= 120, sample.title


def test_a_syndicated_copy_is_among_them() -> None:
    titles = [sample.title for _, sample in SAMPLES]
    assert len(set(titles)) < len(titles)


def test_a_headline_tries_to_ping_everyone_and_to_mask_a_link() -> None:
    titles = " ".join(sample.title for _, sample in SAMPLES)
    assert "@everyone" in titles
    assert "**" in titles
    assert "](https://" in titles
