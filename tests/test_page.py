"""The page of an evaluation: it holds everything, escaped, and needs nothing from elsewhere."""

import re
from html.parser import HTMLParser

import pytest

from bot.core.event import Event
from bot.core.merging import OpenStories
from bot.core.organisations import Mention
from bot.core.review import figures_of, review
from bot.core.stream import Document, Finding, found, story_ids
from bot.page import evaluation_page
from tests.builders import an_analysis, an_article
from tests.test_evaluation import label

VOID = ("meta", "br", "link", "img", "hr", "input")
HOSTILE = "<script>alert(1)</script> \"><img src=x onerror=alert(1)> '{{ 7 * 7 }}' & \u202e\x1b[31m"


class Reader(HTMLParser):
    """What a page holds: its tags in nesting order, attributes, and ids."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def page_of(text: str) -> str:
    labels = [
        label(n, title=text, text=text, outlet=text, url="javascript:alert(1)", date=f"2026-03-0{n}", story=f"{n}",
              event="contract", stage="signed", orgs=[text], money=[text], key_facts=[text], buyer=[text])
        for n in (1, 2)
    ]  # fmt: skip
    analysis = an_analysis(
        event=Event("policy", "denied", evidence=(("event", "p", text),)), organisations=(Mention(text, text, 0, 1),)
    )
    read = [(Document(f"d{n}", an_article(n, title=text, text=text)), analysis) for n in (1, 2)]
    findings: list[Finding] = list(found(read, OpenStories(), new_id=story_ids()))
    made = review(labels, findings)
    return evaluation_page(made, figures_of(made.figures, {"event": {"accuracy": 0.5}}), title=text, worst=20)


@pytest.fixture(scope="module")
def page() -> str:
    return page_of("Anduril wins")


@pytest.mark.parametrize("text", ["Anduril wins", HOSTILE])
def test_the_page_is_whole_and_needs_nothing_from_elsewhere(text: str) -> None:
    reader = Reader()
    reader.feed(page_of(text))
    assert reader.open == []
    assert not reader.tags & {"script", "img", "link", "iframe", "object"}
    assert not [name for name, _ in reader.attributes if name.startswith("on") or name == "src"]
    assert not [
        value for name, value in reader.attributes if name == "href" and not value.startswith(("#", "https://"))
    ]


def test_every_anchor_leads_to_something_once(page: str) -> None:
    ids = re.findall(r'id="([^"]*)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]*)"', page)) <= set(ids)


def test_errors_figures_confusions_and_reasons_stand_on_it(page: str) -> None:
    told = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page))
    for words in (
        "2 documents, 2 relevant",
        "event accuracy 0.000 0.500 ✗",
        "Events: 0 of 2 right",
        "wrong event 2",
        "Expected contract Came policy",
        "It began this story",
        "What spoke for it, the strongest first",
    ):
        assert words in told, words


def test_what_a_document_says_is_text_and_never_a_template() -> None:
    assert "{{ 7 * 7 }}" in page_of(HOSTILE)
    assert not {"\x1b", "\u202e"} & set(page_of(HOSTILE))
