"""The texts that are measured: the demo's sample news, shuffled into as many articles as are wanted, and the
labelled documents. The same seed makes the same texts.
"""

import json
import random
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.core.article import Article, read_entry
from bot.core.entry import Entry, parse_feed
from bot.core.feed import Feed
from bot.demo.edition import edition
from bot.demo.newsroom import Outlet, Sample, read_newsroom

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
LABELLED = Path(__file__).resolve().parents[1] / "data" / "labelled"
_SENTENCE = re.compile(r"(?<=[.!?])\s+")


def sample_articles() -> list[Article]:
    """Every article of the demo, read out of its feed as the poll tick reads it."""
    found = []
    for outlet in read_newsroom():
        feed, body = outlet.feed("http://127.0.0.1"), edition(outlet, [NOW] * 3).body
        parsed = parse_feed(body, url=feed.url, now=NOW)
        found += [read_entry(entry, feed=feed, first_seen=NOW) for entry in parsed.entries]
    return found


def labelled(label: str, *sets: str) -> list[Article]:
    """The labelled documents of `sets` that bear this label, in order."""
    lines = [line for name in sets for line in (LABELLED / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]
    return [_labelled(row) for row in map(json.loads, lines) if row["label"] == label]


def shuffled(articles: list[Article], count: int, *, seed: int = 1) -> Iterator[Article]:
    """`count` articles, each the title of one, its first sentence, and sentences of others; in one place each has a
    name that no other has, as stories do."""
    chance = random.Random(seed)
    sentences = [_SENTENCE.split(article.text.replace("\n", " ")) for article in articles]
    pool = [sentence for own in sentences for sentence in own[1:]]
    for number in range(count):
        which = chance.randrange(len(articles))
        name = "".join(chance.choices("bcdfghklmnprstvz", k=2) + chance.choices("aeiou", k=2)).capitalize() + "tron"
        text = " ".join([sentences[which][0], f"{name} {number} said so.", *chance.sample(pool, 6)])
        yield replace(
            articles[which],
            title=f"{articles[which].title}: {name}",
            text=text,
            link=f"https://bench.example/{number}",
            outlet=f"outlet{number % 50}.example",
            first_seen=NOW + timedelta(minutes=number),
            fingerprint=f"{number}",
        )


def big_feeds(articles: list[Article], entries: int) -> list[tuple[str, bytes]]:
    """(format, body): the articles as feeds of `entries` entries each, in each format."""
    several = list(shuffled(articles, entries))
    samples = tuple(
        Sample(number, 1, timedelta(minutes=number), article.title, (article.text,), None)
        for number, article in enumerate(several)
    )
    outlets = [
        Outlet(slug, slug, f"{slug}.example", format, "html", "press", "INT", samples)
        for slug, format in (("rss", "rss"), ("atom", "atom"), ("json", "json"))
    ]  # fmt: skip
    return [(outlet.format, edition(outlet, [NOW]).body) for outlet in outlets]


def _labelled(row: dict[str, str]) -> Article:
    entry = Entry(aliases=(row["id"],), guid=row["id"], link=row.get("url"), title=row["title"], markup=row["text"])
    return read_entry(entry, feed=Feed("https://bench.example/feed", "Bench"), first_seen=NOW)
