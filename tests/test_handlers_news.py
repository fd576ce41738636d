"""What readers do with `/news`, `/story`, `/status` and `/help`, from their side."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.client import Index
from bot.core.feed import FeedState
from bot.core.importance import Importance
from bot.core.lists import PAGING, Listed, Page, Wanted, list_message, turn
from bot.store import Store, feeds
from bot.store.stories import save as save_stories
from handlers.news import wanted_from
from tests.builders import NOON, a_feed, a_story
from tests.discord_fake import FakeDiscord, running
from tests.people import Town, a_client, a_town, labels, said
from tests.told import tell


@pytest.fixture
async def town(database_url: str) -> AsyncIterator[Town]:
    async with a_town(database_url) as town:
        yield town


def stories(number: int) -> list:
    return [a_story(f"s{n}", title=f"Story number {n}", last_seen=NOON + timedelta(minutes=n)) for n in range(number)]


async def test_an_empty_archive_says_so(town: Town) -> None:
    result = await town.reader.slash(town.channel, "news latest", since="24h")
    assert "No story in the last 24 h" in said(result)
    assert result.ephemeral


async def test_the_latest_stories_come_first_five_a_page(town: Town) -> None:
    await town.keep(*stories(12))
    result = await town.reader.slash(town.channel, "news latest")
    text = said(result)
    assert [n for n in range(12) if f"Story number {n}]" in text] == [7, 8, 9, 10, 11]
    assert text.index("number 11") < text.index("number 7")
    assert "Page 1 of 3 · 12 stories" in text


async def test_the_latest_say_which_of_them_matter_most_as_every_list_does(town: Town) -> None:
    weights = {"s0": Importance("high", 3.0), "s1": Importance("low", 0.0)}
    await town.store.write(save_stories, stories(2), weights)
    for command in ("latest", "top"):
        lines = said(await town.reader.slash(town.channel, f"news {command}")).splitlines()
        before = {n: lines[place - 1] for n in (0, 1) for place, line in enumerate(lines) if f"number {n}]" in line}
        assert before[0].endswith(" · **high**") and "low" not in before[1]


async def test_pages_are_turned_after_a_restart(town: Town) -> None:
    await town.keep(*stories(12))
    result = await town.reader.slash(town.channel, "news latest", organisation="nato", share=True)
    await town.restart_bot()
    [shown] = town.channel.history()
    assert labels_of(shown) == ["Older"]
    await town.reader.click(shown, label="Older")
    [shown] = town.channel.history()
    assert "Page 2 of 3 · 12 stories naming NATO" in shown.embeds[0].footer.text
    assert labels_of(shown) == ["Newer", "Older"]
    await town.reader.click(shown, label="Newer")
    assert "Page 1 of 3" in town.channel.history()[0].embeds[0].footer.text
    assert not result.ephemeral


async def test_conditions_narrow_the_list(town: Town) -> None:
    await town.keep(
        a_story("a", title="Contract signed"),
        a_story("b", title="New policy", event="policy", organisations=("DARPA",)),
        a_story("c", title="Old policy", event="policy", last_seen=NOON - timedelta(days=9)),
    )
    assert "New policy" in said(await town.reader.slash(town.channel, "news latest", event="policy", since="7d"))
    by_name = said(await town.reader.slash(town.channel, "news latest", organisation="darpa"))
    assert "New policy" in by_name and "Contract signed" not in by_name
    by_topic = said(await town.reader.slash(town.channel, "news latest", topic="AI and defence"))
    assert "3 stories on ai-defence" in by_topic


async def test_what_nobody_knows_is_refused_with_what_to_do(town: Town) -> None:
    await town.keep(a_story(organisations=("Acme",)))
    town.index.organisations = []
    assert "Page 1 of 1" in said(await town.reader.slash(town.channel, "news latest", organisation="Acme"))
    unknown = said(await town.reader.slash(town.channel, "news latest", organisation="Acme*"))
    assert "knows no organisation “Acme\\*”" in unknown
    topic = said(await town.reader.slash(town.channel, "news latest", topic="cooking"))
    assert "There is: AI and defence" in topic


async def test_what_is_known_but_not_in_the_news_says_so(town: Town) -> None:
    result = await town.reader.slash(town.channel, "news latest", organisation="NATO")
    assert "No story naming NATO" in said(result)


async def test_a_shared_page_is_turned_by_who_asked_and_nobody_else(database_url: str) -> None:
    """On the wire: only there does an answer carry whom it answers."""
    async with Store.open(database_url) as store, FakeDiscord() as fake:
        await store.write(save_stories, stories(12))
        guild = fake.add_guild()
        channel = fake.add_channel(guild)
        asker, other = fake.add_user(guild), fake.add_user(guild)
        client = a_client(store, Index(), clock=lambda: NOON)
        async with running(fake, client):
            await fake.until(lambda: fake.commands.registered())
            asked = await fake.slash(asker, channel, "/news latest", share=True)
            await fake.wait_for_follow_up(asked)
            [shown] = fake.messages(channel)
            older = shown["components"][0]["components"][0]["custom_id"]
            private = await fake.wait_for_follow_up(await fake.click(other, int(shown["id"]), older))
            assert "Page 2 of 3" in str(private)
            assert "Page 1 of 3" in fake.messages(channel)[0]["embeds"][0]["footer"]["text"]
            await fake.click(asker, int(shown["id"]), older)
            await fake.until(lambda: "Page 2 of 3" in fake.messages(channel)[0]["embeds"][0]["footer"]["text"])


def test_the_last_page_that_a_button_can_name_has_no_older_one() -> None:
    assert turn(9_999, Wanted()) and turn(10_000, Wanted()) is None
    message = list_message(Page([Listed(a_story())], 9_999, 60_000), Wanted())
    assert [button.label for button in message.buttons] == ["Newer"]


def test_conditions_too_long_for_a_button_say_how_to_see_the_rest() -> None:
    message = list_message(Page([Listed(a_story())] * 5, 0, 60), Wanted(organisation="N" * 90))
    assert (message.buttons, message.footer) == ((), "The latest 5 of 60 stories; ask for less to see the others")


async def test_autocomplete_offers_topics_and_names_as_they_are_typed(town: Town) -> None:
    await town.keep(a_story(organisations=("OpenAI", "Anduril Industries")))
    names = await town.reader.autocomplete(town.channel, "news latest", "organisation", "an")
    assert [choice["value"] for choice in names] == ["Anduril Industries", "Anthropic"]
    topics = await town.reader.autocomplete(town.channel, "news latest", "topic", "defence")
    assert topics == [{"name": "AI and defence", "value": "ai-defence"}]


async def test_a_story_is_shown_with_what_it_follows(town: Town) -> None:
    await town.keep(
        a_story("talks", title="In talks"), a_story("deal", title="Signed", stage="signed", follows="talks")
    )
    [choice] = await town.reader.autocomplete(town.channel, "story view", "story", "sig")
    result = await town.reader.slash(town.channel, "story view", story=choice["value"])
    assert "CONTRACT · signed" in said(result)
    assert "Follows\n[In talks](https://news.example/1)" in said(result)
    assert labels(result.response) == ["Read", "Sources", "Key points", "Why?", "Not relevant"]


async def test_a_story_may_be_named_by_words_of_its_title(town: Town) -> None:
    await town.keep(a_story("a", title="Anduril wins"), a_story("b", title="Palantir wins"))
    assert "Anduril wins" in said(await town.reader.slash(town.channel, "story view", story="anduril"))
    assert "Several stories hold “wins”" in said(await town.reader.slash(town.channel, "story view", story="wins"))
    assert "No story is called “x\\*y”" in said(await town.reader.slash(town.channel, "story view", story="x*y"))


# -- search


async def test_a_search_shows_the_best_match_first_with_the_words_around_it(town: Town) -> None:
    await tell(town.store, a_story("text", title="Budget agreed"), "Parliament paid for a loyal wingman.")
    await tell(town.store, a_story("title", title="A loyal wingman flies"), "It flew.")
    await tell(town.store, a_story("none", title="Loyal to none"), "No wing, no man.")
    result = await town.reader.slash(town.channel, "news search", query='"loyal wingman"')
    text = said(result)
    assert text.index("A loyal wingman flies") < text.index("> Parliament paid for a loyal wingman.")
    assert "none" not in text
    assert "Page 1 of 1 · 2 stories in the archive" in text
    assert result.ephemeral


async def test_a_search_is_narrowed_and_sorted(town: Town) -> None:
    await tell(town.store, a_story("a", title="Drones drones", organisations=("NATO",), event="policy"), "Drones.")
    await tell(
        town.store,
        a_story("b", title="One more", organisations=("Acme",), last_seen=NOON - timedelta(days=9)),
        "A drone.",
    )
    await town.refresh()

    async def found(**options: str) -> str:
        return said(await town.reader.slash(town.channel, "news search", query="drone", **options))

    assert (await found()).index("Drones drones") < (await found()).index("One more")
    assert (await found(sort="newest")).index("One more") < (await found(sort="newest")).index("Drones drones")
    for options in ({"organisation": "nato"}, {"event": "policy"}, {"since": "7d"}):
        text = await found(**options)
        assert "Drones drones" in text and "One more" not in text


async def test_pages_of_a_search_are_turned_after_a_restart(town: Town) -> None:
    for number in range(12):
        await tell(town.store, a_story(f"s{number}", title=f"Story {number} on drones"), "Nothing else.")
    await town.reader.slash(town.channel, "news search", query='"on drones" story', sort="newest", share=True)
    await town.restart_bot()
    [shown] = town.channel.history()
    assert shown.embeds[0].title == 'Search: "on drones" story'
    await town.reader.click(shown, label="More")
    [shown] = town.channel.history()
    assert [n for n in range(12) if f"Story {n} on" in shown.embeds[0].description] == [2, 3, 4, 5, 6]
    assert labels_of(shown) == ["Back", "More"]
    await town.reader.click(shown, label="More")
    await town.reader.click(town.channel.history()[0], label="Back")
    [shown] = town.channel.history()
    assert "Page 2 of 3 · 12 stories" in shown.embeds[0].footer.text


async def test_nothing_found_says_what_to_do(town: Town) -> None:
    text = said(await town.reader.slash(town.channel, "news search", query="warp *drive*", since="24h"))
    assert "No report in the last 24 h holds all of “warp \\*drive\\*”. Ask with fewer words" in text


@pytest.mark.parametrize("query", ["🙂", "*", '""', "\u202e", "…"])
async def test_a_search_without_a_word_is_refused(town: Town, query: str) -> None:
    assert "Type at least one word" in said(await town.reader.slash(town.channel, "news search", query=query))


@pytest.mark.parametrize(
    "query",
    [
        '"',
        "NEAR(a b)",
        "title:nato*",
        "nato AND",
        "x" * 2_000,
        "nato " * 400,
        "🙂 nato",
        "الناتو",
        "@everyone",
        "'; --",
    ],
)
async def test_no_query_breaks_the_answer(town: Town, query: str) -> None:
    await tell(town.store, a_story(), "NATO.")
    text = said(await town.reader.slash(town.channel, "news search", query=query))
    assert "NATO" in text or "No report" in text or "at least one word" in text
    assert "@everyone" not in text


# -- top, digest, trends


async def test_the_most_important_come_first_with_their_level(town: Town) -> None:
    await tell(town.store, a_story("a", title="Small"), "Text.", score=1.0)
    await tell(town.store, a_story("b", title="Large"), "Text.", score=9.0, level="critical")
    await tell(town.store, a_story("c", title="Past", last_seen=NOON - timedelta(days=20)), "Text.", score=99.0)
    text = said(await town.reader.slash(town.channel, "news top"))
    assert text.index("Large") < text.index("Small") and "Past" not in text
    assert "**CONTRACT · in talks** · **critical**" in text
    assert "Past" in said(await town.reader.slash(town.channel, "news top", window="30d", topic="ai-defence"))
    assert "Page 1 of 1 · 2 stories in the last 7 days on ai-defence" in said(
        await town.reader.slash(town.channel, "news top", topic="AI and defence")
    )


async def test_an_empty_window_says_what_to_do(town: Town) -> None:
    assert "Ask for a longer time" in said(await town.reader.slash(town.channel, "news top"))
    assert "Choose a longer window" in said(await town.reader.slash(town.channel, "news digest"))
    assert "Choose a longer window" in said(await town.reader.slash(town.channel, "news trends"))


async def test_a_digest_is_shown_as_it_would_be_sent(town: Town) -> None:
    for number in range(12):
        event = "policy" if number % 2 else "contract"
        story = a_story(f"s{number}", title=f"Story {number}", event=event)
        await tell(town.store, story, "Text.", score=float(number), level="high")
    text = said(await town.reader.slash(town.channel, "news digest", share=True))
    assert "Digest of the last 24 h" in text
    assert "12 stories since <t:" in text
    assert text.index("**Policy**") < text.index("**Contract**")
    assert "Story 11" in text and "Story 1]" not in text
    assert "… and 2 more of less importance" in text
    assert "Digest of the last 7 days" in said(
        await town.reader.slash(town.channel, "news digest", window="7d", topic="ai-defence")
    )


async def test_trends_come_with_a_chart_and_its_figures_in_words(town: Town) -> None:
    old = NOON - timedelta(days=100)
    await town.keep(*stories(4), a_story("old", title="Old", first_seen=old, last_seen=old))
    result = await town.reader.slash(town.channel, "news trends")
    text = said(result)
    assert "**4 stories** in the last 30 days · 0 in the 30 days before · 0.1 a day" in text
    assert "- NATO: 4, before 0" in text and "- 📝 contract: 4, before 0" in text
    [picture] = result.response.attachments
    assert (picture.filename, picture.size < 100_000) == ("trends.png", True)
    assert "4 stories, most on 4 Mar 2026 (4). contract: 4." in (picture.description or "")
    assert result.response.embeds[0].image.url is not None


async def test_trends_of_a_year_are_shared(town: Town) -> None:
    await town.keep(*stories(4))
    text = said(await town.reader.slash(town.channel, "news trends", window="52w", share=True))
    assert "Trends of the last 52 weeks" in text and "too late to compare" in text
    [shown] = town.channel.history()
    assert len(shown.attachments) == 1


# -- the rest


async def test_status_names_failing_feeds_and_counts(town: Town) -> None:
    number = await town.store.write(feeds.add, a_feed(name="Broken Times"), NOON)
    failed = FeedState(last_polled_at=NOON, failures=2, error="The feed answers 404.", due_at=NOON)
    await town.store.write(feeds.save_state, number, failed)
    await town.subscribe(paused="a test")
    text = said(await town.reader.slash(town.channel, "status"))
    assert "Broken Times: The feed answers 404." in text
    assert "1 failing" in text
    assert "Tocsin 1.2.3" in text
    assert "1 subscription of this server" in text


async def test_help_names_every_command_to_who_may_use_it(town: Town) -> None:
    for_readers, for_managers = [said(await who.slash(town.channel, "help")) for who in (town.reader, town.manager)]
    for command in town.manager.available_commands(town.channel):
        group = command.partition(" ")[0]
        own = group in ("news", "story", "entity", "about", "status", "help")
        assert f"`/{command}`" in for_managers
        assert (f"`/{command}`" in for_readers) == (own or command == group)
        assert own or f"`/{group}`" in for_readers.splitlines()[-1]
    assert "For those who manage" not in for_managers


async def test_nothing_answers_in_a_direct_message(town: Town) -> None:
    user = town.env.create_user("dora")
    assert user.available_commands() == ()


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted(),
        Wanted(hours=24, event="policy", topic="ai-defence", organisation="Acme: the 2nd"),
        Wanted(hours=168, topic="ai-defence", kind="top"),
        Wanted(kind="search", query='"loyal | wing:man" :|n|', newest=True, organisation="A: B"),
    ],
)
def test_a_paging_button_carries_its_conditions(wanted: Wanted) -> None:
    import re

    match = re.fullmatch(PAGING, turn(3, wanted) or "")
    assert match and wanted_from(match) == wanted


def test_conditions_too_long_for_a_button_leave_it_out() -> None:
    assert turn(1, Wanted(organisation="N" * 90)) is None


def test_a_kind_of_event_that_is_no_more_is_no_condition() -> None:
    import re

    match = re.fullmatch(PAGING, "latest:1:0:gone::")
    assert match and wanted_from(match) == replace(Wanted(), event=None)


def labels_of(message: object) -> list[str]:
    return [button.label for row in message.components for button in row.children]  # type: ignore[attr-defined]
