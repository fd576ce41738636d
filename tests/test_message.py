"""An alert looks as it should, within Discord's limits, whatever a feed holds."""

import re
from dataclasses import replace
from datetime import timedelta
from typing import get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.core.details import Reasoned, key_points_message, sources_message, story_message, why_message
from bot.core.escape import length
from bot.core.event import Amount, Event, EventType, Party
from bot.core.lists import Listed, Page, Wanted, list_message
from bot.core.message import (
    ACTION,
    LOOKS,
    Button,
    Field,
    Message,
    action,
    alert_message,
    because,
    counted,
    duration,
    excess,
    facts,
    gate_name,
    joined,
    listed,
    mark_of,
    minimal_message,
)
from bot.core.organisations import Mention
from bot.core.owing import match
from bot.core.pages import Health, Section, help_message, status_message
from bot.core.relevance import Reason
from bot.core.story import Source, Story
from bot.core.timeline import Chain, timeline_message
from bot.core.vitals import Seen
from bot.core.wishes import LANGUAGES
from tests.builders import NOON, a_story, a_subscription, an_analysis

OUTLETS = ("reuters.com", "defensescoop.com", "bbc.com", "ft.com", "wsj.com", "lemonde.fr", "zeit.de")
DEAL = a_story(
    title="OpenAI weighs deal to put its AI on NATO's unclassified networks",
    because=(Reason("ai", "AI models", 2.0), Reason("defence", "NATO", 1.0), Reason("defence", "Pentagon", 0.5)),
    last_seen=NOON + timedelta(hours=3),
    seller=Party("OpenAI", "OpenAI"),
    buyer=Party("NATO", "NATO's"),
    organisations=("OpenAI", "NATO", "US Department of Defense", "Anthropic"),
    key_points=("It is considering a contract.", "A person familiar said so.", "No talks are final.", "A fourth."),
    sources=tuple(Source(outlet, "T", f"https://{outlet}/1", NOON) for outlet in OUTLETS),
)


def test_an_alert_tells_what_who_why_and_where() -> None:
    assert alert_message(DEAL, mark="m") == Message(
        author="📝 CONTRACT · in talks · 7 outlets",
        title="OpenAI weighs deal to put its AI on NATO's unclassified networks",
        url="https://news.example/1",
        description="- It is considering a contract.\n- A person familiar said so.\n- No talks are final.\n\n"
        f"First seen <t:{int(NOON.timestamp())}:R>",
        fields=(
            Field("Seller → Buyer", "OpenAI → NATO"),
            Field("Also named", "US Department of Defense, Anthropic"),
            Field("Because", "AI: AI models · Defence: NATO, Pentagon · 7 outlets in 3 h", inline=False),
        ),
        footer="reuters.com · defensescoop.com · bbc.com · ft.com · +3",
        colour=LOOKS["contract"][1],
        buttons=(
            Button("Read", url="https://news.example/1"),
            Button("Sources", custom_id="story:sources:story-1:m"),
            Button("Key points", custom_id="story:points:story-1:m"),
            Button("Why?", custom_id="story:why:story-1:m"),
            Button("Not relevant", custom_id="story:reject:story-1:m"),
        ),
    )


def test_what_is_unknown_is_left_out() -> None:
    bare = a_story(stage=None, organisations=(), key_points=(), because=(), sources=())
    message = alert_message(bare, mark="m")
    assert message.author == "📝 CONTRACT · 1 outlet"
    assert [field.name for field in message.fields] == ["Because"]
    assert message.description.startswith("First seen")


@pytest.mark.parametrize(
    ("event", "both", "seller", "buyer"),
    [
        ("contract", [("Seller → Buyer", "Acme → NATO")], ("Seller", "Acme"), ("Buyer", "NATO")),
        ("partnership", [("Partners", "Acme · NATO")], ("Partner", "Acme"), ("Partner", "NATO")),
        ("product_or_deployment", [("Supplier → User", "Acme → NATO")], ("Supplier", "Acme"), ("User", "NATO")),
        ("funding", [("Raised by", "Acme"), ("Backed by", "NATO")], ("Raised by", "Acme"), ("Backed by", "NATO")),
    ],
)
def test_parties_are_named_by_their_roles_in_the_event(
    event: EventType, both: list[tuple[str, str]], seller: tuple[str, str], buyer: tuple[str, str]
) -> None:
    acme, nato = Party("Acme", ""), Party("NATO", "")
    story = a_story(event=event, organisations=())
    shown = [facts(replace(story, seller=a, buyer=b)) for a, b in ((acme, nato), (acme, None), (None, nato))]
    assert [[(field.name, field.value) for field in each] for each in shown] == [both, [seller], [buyer]]


def test_an_update_says_that_it_is_one() -> None:
    assert alert_message(DEAL, mark="m", update=True).author.startswith("UPDATE · 📝 CONTRACT")


def test_the_because_line_names_what_each_axis_found_rather_than_how_it_weighed() -> None:
    weighed = (Reason("both axes in the title", "AI, NATO", 1.2), Reason("sport", "match", -0.4))
    axes = (Reason("AI", "language models, AI, LLM, chatbot"), Reason("Defence", "NATO"))
    assert because(a_story(because=weighed + axes)) == "AI: language models, AI, LLM · Defence: NATO"
    assert because(a_story(because=weighed)) == "Both axes in the title: AI, NATO"


def test_the_wish_that_was_met_stands_in_the_because_line() -> None:
    assert because(DEAL, ("names NATO",)).endswith("· names NATO")


def test_every_event_type_has_a_mark_and_a_colour_of_its_own() -> None:
    assert set(LOOKS) == set(get_args(EventType))
    assert len({mark for mark, _ in LOOKS.values()}) == len({colour for _, colour in LOOKS.values()}) == len(LOOKS)


def test_an_address_too_long_for_discord_gets_no_read_button() -> None:
    long = replace(DEAL, link="https://news.example/" + "a" * 500)
    message = alert_message(long, mark="m")
    assert [button.label for button in message.buttons] == ["Sources", "Key points", "Why?", "Not relevant"]
    assert message.url == long.link


def test_the_minimal_text_has_no_address_and_keeps_the_mark() -> None:
    message = minimal_message(DEAL, mark="m")
    assert message.content.startswith("**CONTRACT · in talks** — OpenAI weighs deal")
    assert "http" not in message.content
    assert {mark_of(button.custom_id) for button in message.buttons} == {"m"}
    assert not any(button.url for button in message.buttons)


def test_a_button_says_what_it_asks_for_and_fits_at_its_longest() -> None:
    custom_id = action("sources", "s" * 60, "m" * 25)
    assert len(custom_id) <= 100
    match = re.fullmatch(ACTION, custom_id)
    assert match and match.groupdict() == {"asked": "sources", "story": "s" * 60, "mark": "m" * 25}


@pytest.mark.parametrize("custom_id", [None, "", "latest:1:0:::", "story:why:x:-", "story:why:x"])
def test_other_buttons_carry_no_mark(custom_id: str | None) -> None:
    assert mark_of(custom_id) is None


def test_numbers_read_as_people_say_them() -> None:
    assert [counted(1, "story", "stories"), counted(2, "story", "stories")] == ["1 story", "2 stories"]
    spans = [timedelta(), timedelta(minutes=12), timedelta(hours=3, minutes=20), timedelta(days=4)]
    assert [duration(span) for span in spans] == ["1 min", "12 min", "3 h", "4 d"]
    assert [gate_name("ai"), gate_name("in_title"), gate_name("*x*")] == ["AI", "In title", "\\*x\\*"]


def test_parts_are_joined_whole_or_not_at_all() -> None:
    assert joined(["abc", "de", "f"], "-", 6) == "abc-de"
    assert joined(["abc"], "-", 2) == ""


# Any story that hostile feeds could lead to: long, full of markup, emoji and nothing.
words = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        ["", "**x**" * 900, "\U0001f468\u200d\U0001f469\u200d\U0001f467" * 1500, "w " * 3000, "\u200b" * 50]
    ),
)
links = st.sampled_from([None, "https://x.example/" + "%C3%A4" * 300, "https://x.example/(" * 20, "javascript:x"])
sources = st.builds(
    Source, words, words, links, st.just(NOON), feed_kind=st.sampled_from(["press", "official"]), copy=st.booleans()
)
parties = st.none() | st.builds(Party, words, words)
stories = st.builds(
    Story,
    id=st.just("story-1"),
    title=words,
    link=links,
    topic=words,
    relevance=st.just(0.9),
    because=st.lists(st.builds(Reason, words, words, st.floats(-9, 9)), max_size=12).map(tuple),
    event=st.sampled_from(get_args(EventType)),
    stage=st.none() | st.just("in_talks"),
    first_seen=st.just(NOON),
    last_seen=st.just(NOON),
    amounts=st.lists(st.builds(Amount, words), max_size=5).map(tuple),
    buyer=parties,
    seller=parties,
    organisations=st.lists(words, max_size=30).map(tuple),
    key_points=st.lists(words, max_size=8).map(tuple),
    sources=st.lists(sources, max_size=60).map(tuple),
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(stories)
def test_limits_hold_for_every_story_and_every_answer_about_it(story: Story) -> None:
    said = an_analysis(event=Event(story.event, story.stage, story.amounts, story.buyer, story.seller))
    told = [Reasoned(source.outlet, said, story.because) for source in story.sources]
    subscription = a_subscription(organisations=story.organisations, topic=story.topic)
    messages = [
        alert_message(story, mark="m" * 22, reasons=story.organisations, update=True),
        minimal_message(story, mark="m" * 22),
        story_message(story, earlier=story, reports=told),
        sources_message(story),
        key_points_message(story),
        why_message(story, reasons=story.organisations, subscription=subscription, reports=told),
        list_message(Page([Listed(story, "high", story.title)] * 5, 3, 99), Wanted(organisation=story.title)),
    ]
    for message in messages:
        assert excess(message) == []
        assert message.content or message.title or message.description
        assert all(field.name and field.value for field in message.fields)
        ids = [button.custom_id for button in message.buttons if button.custom_id]
        assert len(set(ids)) == len(ids)


def test_sources_mark_official_releases_and_copies() -> None:
    paper, ministry, copied = (Source(f"{name}.example", name, f"https://{name}.example/1", NOON) for name in "abc")
    story = a_story(sources=(paper, replace(ministry, feed_kind="official"), replace(copied, copy=True)))
    message = sources_message(story)
    assert [line.partition(":R>")[2] for line in message.description.splitlines()] == ["", " · official", " · copy"]
    assert message.footer == "2 independent outlets, 1 copy of their texts not counted"
    steps = timeline_message(story, Chain()).description.splitlines()[-3:]
    assert [line.partition(")")[2] for line in steps] == ["", " · official", " · copy"]


def test_a_page_of_long_stories_still_shows_all_five() -> None:
    long = a_story(title="w" * 900, link="https://x.example/" + "a" * 370)
    message = list_message(Page([Listed(long)] * 5, 0, 5), Wanted())
    assert message.description.count("https://x.example/") == 5


def test_status_holds_its_limits_with_many_failing_feeds() -> None:
    failing = tuple((f"Feed {number}", "no answer " * 30) for number in range(500))
    health = Health("1.0", {"failing": 500}, failing, None, {"owed": 1}, 3)
    message = status_message(health)
    assert excess(message) == []
    assert "more" in message.fields[-1].value


def test_status_speaks_in_plain_words() -> None:
    fresh = Health("1.0", dict.fromkeys(("healthy", "failing", "waiting"), 0) | {"waiting": 41}, (), None, {}, 0)
    assert [(field.name, field.value) for field in status_message(fresh).fields] == [
        ("Feeds", "41 not polled yet"),
        ("Last poll", "not yet"),
        ("Stories", "0"),
        ("Alerts", "none yet"),
    ]
    alerts = {"owed": 2, "sending": 1, "sent": 9, "suppressed": 3, "dead": 1}
    shown = status_message(replace(fresh, alerts=alerts)).fields[3].value
    assert shown == "9 sent · 3 on their way · 3 not needed · 1 given up"


def test_status_says_who_is_at_work_and_what_waits_in_words() -> None:
    everything = Seen(("poll", "deliver", "gateway"), NOON, lag=0.02)
    health = Health("1", {"healthy": 1}, (), NOON, {"owed": 1}, 0, oldest=NOON, refused=37, at_work=(everything,))
    at = int(NOON.timestamp())
    shown = {field.name: field.value for field in status_message(health).fields}
    assert shown["Alerts"] == f"1 on their way\nThe oldest that can go out was owed <t:{at}:R>"
    assert shown["At work"] == f"✅ reads feeds, sends alerts, answers commands · seen <t:{at}:R>"
    assert shown["Discord refused"] == "37 requests in the last ten minutes"


def test_status_gathers_runners_that_do_the_same_and_marks_those_that_are_unwell() -> None:
    late = NOON - timedelta(seconds=20)
    pollers = (Seen(("poll",), late, lag=2.4), Seen(("poll",), NOON))
    odd = tuple(Seen((f"role {number}",), NOON) for number in range(30))
    health = Health("1", {}, (), None, {}, 0, at_work=(*pollers, Seen(("gateway",), late, well=False), *odd))
    message = status_message(health)
    assert excess(message) == []
    first, second, *others = {field.name: field.value for field in message.fields}["At work"].splitlines()
    assert first == f"✅ reads feeds · 2 of them · seen <t:{int(NOON.timestamp())}:R> · up to 2 s late"
    assert second == f"⚠️ answers commands · seen <t:{int(late.timestamp())}:R>"
    assert len(others) == 4


def test_why_names_what_spoke_for_and_against_in_order_and_no_weight() -> None:
    because = (
        Reason("AI", "AI, LLM"),
        Reason("weak", "w", 0.1),
        Reason("strong", "s", 2.0),
        Reason("sport", "match", -1),
    )
    message = why_message(a_story(because=because), topic="AI and defence")
    assert message.description == (
        "Relevant to AI and defence: 90 of 100.\n\n- **AI**: AI, LLM\n\n"
        "What spoke for it, the strongest first:\n- **Strong**: s\n- **Weak**: w\n\n"
        "What spoke against it, the strongest first:\n- **Sport**: match"
    )


def test_why_holds_its_limits_for_the_widest_wish_and_the_longest_reasons() -> None:
    words = "long words that say much " * 40
    party = Party(words, words)
    story = a_story(title=words, because=tuple(Reason(f"{n} {words}", words, n - 20.5) for n in range(40)))
    said = Event("contract", "signed", (), party, party, tuple(("event", words, f"{n} {words}") for n in range(9)))
    mentions = tuple(Mention(f"{n} {words}", words, 0, 2) for n in range(20))
    told = [Reasoned(words, an_analysis(event=said, organisations=mentions), story.because)] * 9
    wide = a_subscription(
        topic=words, events=get_args(EventType), languages=tuple(LANGUAGES), organisations=(words,) * 25,
        min_importance="critical",
    )  # fmt: skip
    message = why_message(story, topic=words, reasons=match(story, wide).reasons, subscription=wide, reports=told)
    assert excess(message) == []
    assert len(message.fields) == 4 and all(field.value for field in message.fields)


@given(st.lists(words, max_size=40), st.integers(30, 400))
def test_a_list_holds_its_limit_and_counts_what_it_leaves_out(parts: list[str], limit: int) -> None:
    text = listed(parts, "\n", limit)
    assert length(text) <= limit
    more = re.search(r"… and (\d+) more\Z", text)
    assert text == "\n".join(parts) or (more and text == "\n".join((*parts[: -int(more[1])], more[0])))


# What hostile feeds put into titles, and what may be left of it in no message: markup, mentions, links, control signs.
HOSTILE = [
    "", "\u200b\u2060\ufeff", "x" * 5000, "\U0001f6a8" * 300, "\u202eتصعيد في البحر\u202c \u2066rtl\u2069",
    "@everyone @here <@1> <@&2> <#3>", "[Free money](https://evil.example/x)", "||spoiler|| ~~x~~ __y__",
    "discord.gg/abc https://discord.com/invite/x", "```ansi\n\x1b[31mred\x1b[0m\n```",
    "<t:0:R> </alerts remove:1> <:e:1>", "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d",
    "\x1b]8;;https://evil.example\x07click\x1b]8;;\x07\x1b[2J\x1b[H\x00\x07\x9b31m",
    "# Big\n> quote\n- list\n-# small",
]  # fmt: skip
LIVE = re.compile(
    r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2066-\u2069\ufeff]|@everyone|@here|<[@#:/]|evil\.example\)|```"
    r"|discord\.gg/|https?:(?!//news\.example)|\|\||~~"
)


@pytest.mark.parametrize("title", HOSTILE)
def test_nothing_of_a_hostile_title_is_alive_in_any_message(title: str) -> None:
    story = a_story(
        title=title, topic=title, organisations=(title,), key_points=(title,), amounts=(Amount(title),),
        seller=Party(title, title), because=(Reason(title, title, 1.0), Reason("AI", title)),
        sources=(Source(title, title, "https://news.example/1", NOON),) * 3,
    )  # fmt: skip
    wanted = a_subscription(organisations=(title,), topic=title, paused=title or None)
    mention = Mention(title, title, 0, 2)
    event = Event("contract", "signed", story.amounts, story.seller, story.seller, (("event", title, title),))
    told = [Reasoned(title, an_analysis(event=event, organisations=(mention,)), story.because)]
    messages = [
        alert_message(story, mark="m", reasons=(title,)),
        minimal_message(story, mark="m"),
        story_message(story, earlier=story, reports=told),
        sources_message(story),
        key_points_message(story),
        why_message(story, topic=title, reasons=(title,), subscription=wanted, reports=told),
        list_message(Page([Listed(story)] * 5, 0, 99), Wanted(organisation=title, topic=title)),
        status_message(Health(title, {"failing": 1}, ((title, title),), None, {}, 1)),
    ]
    for message in messages:
        assert excess(message) == []
        markup = [message.content, message.title, message.description, *(field.value for field in message.fields)]
        plain = [message.author, message.footer]
        for text in markup:
            dead = re.sub(r"\\[^0-9A-Za-z\s]", "\u00b7", text).replace("<#20>", "")
            assert not LIVE.search(dead), dead
        for text in plain:
            assert not re.search(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text), text


def test_help_holds_its_limits() -> None:
    sections = [Section("h" * 120, [(f"command {number}", "d" * 100) for number in range(12)])] * 4
    assert excess(help_message(sections, ["m" * 32] * 5)) == []


def test_an_empty_story_title_is_shown_as_such() -> None:
    assert alert_message(a_story(title="\u200b"), mark="m").title == "(no title)"
