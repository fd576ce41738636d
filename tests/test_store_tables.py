"""Feeds, entries, stories and subscriptions, on both engines."""

from collections.abc import AsyncIterator
from dataclasses import fields, replace
from datetime import timedelta

import pytest
from sqlalchemy import Connection, select

from bot.core.alert import Habits
from bot.core.event import Amount, Party
from bot.core.feed import Feed, FeedState
from bot.core.hours import DigestPlan, QuietHours
from bot.core.importance import Importance
from bot.core.novelty import Known
from bot.core.story import Placement
from bot.store import Store, alerts, articles, entries, feeds, polls, stories, subscriptions
from bot.store.polls import Judged, Outcome
from bot.store.schema import feeds as feed_table
from bot.store.schema import stories as story_table
from tests.builders import (
    MINUTE,
    NOON,
    a_feed,
    a_story,
    a_subscription,
    an_alert,
    an_analysis,
    an_article,
    an_entry,
)

A, B = a_feed("https://a.example/feed"), a_feed("https://b.example/feed")


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    async with Store.open(database_url) as store:
        yield store


async def urls(store: Store) -> list[str]:
    return [each.feed.url for each in await store.read(feeds.listed)]


def test_every_field_of_a_feed_and_its_state_has_a_column() -> None:
    named = {field.name for shape in (Feed, FeedState) for field in fields(shape)}
    assert named <= {column.name for column in feed_table.columns}


async def test_the_catalogue_is_what_is_listed_and_a_removed_feed_keeps_its_history(store: Store) -> None:
    await store.write(feeds.sync_catalogue, [A, B], NOON)
    state = FeedState(etag='"1"', first_polled_at=NOON, last_success_at=NOON, due_at=NOON, failures=2, error="late")
    await store.write(feeds.save_state, 1, state)
    await store.write(feeds.sync_catalogue, [B], NOON)
    assert await urls(store) == [B.url]
    await store.write(feeds.sync_catalogue, [replace(A, name="New name", kind="official"), B], NOON)
    (back, _) = await store.read(feeds.listed)
    assert (back.feed.name, back.feed.kind, back.state) == ("New name", "official", state)


async def test_a_feed_that_left_the_catalogue_belongs_to_whoever_adds_it_again(store: Store) -> None:
    await store.write(feeds.sync_catalogue, [a_feed()], NOON)
    await store.write(feeds.sync_catalogue, [], NOON)
    await store.write(feeds.add, a_feed(), NOON)
    await store.write(feeds.sync_catalogue, [], NOON)
    assert [each.feed.url for each in await store.read(feeds.listed)] == [a_feed().url]


async def test_the_catalogue_leaves_feeds_of_people_alone(store: Store) -> None:
    await store.write(feeds.add, A, NOON)
    await store.write(feeds.sync_catalogue, [B], NOON)
    await store.write(feeds.sync_catalogue, [], NOON)
    assert await urls(store) == [A.url]


async def test_how_much_a_story_matters_stays_until_it_is_weighed_again(store: Store) -> None:
    def weight(c: Connection) -> tuple[float, str]:
        row = c.execute(select(story_table.c.importance, story_table.c.level)).one()
        return row.importance, row.level

    await store.write(stories.save, [a_story()], {"story-1": Importance("high", 4.5)})
    await store.write(stories.save, [a_story(title="Grown")])
    assert await store.read(weight) == (4.5, "high")


async def test_what_is_usual_is_counted_by_day_once_the_archive_is_two_weeks_old(store: Store) -> None:
    day = timedelta(days=1)
    await store.write(stories.save, [a_story("old", first_seen=NOON - 60 * day, event="policy")])
    for number in range(6):
        await store.write(stories.save, [a_story(f"s{number}", first_seen=NOON - number * day)])
    found = await store.read(stories.usual, NOON)
    assert (found["contract"], found["policy"], found["funding"]) == (6 / 30, 0.0, 0.0)
    assert await store.read(stories.usual, NOON - 50 * day) == {}


async def test_what_a_person_chose_for_a_subscription_comes_back_whole_and_can_be_changed(store: Store) -> None:
    habits = Habits(
        "compact", 5, 7, True, True, DigestPlan(8, 30, frozenset([0, 4]), "Europe/Oslo"), QuietHours(1320, 420)
    )
    wanted = a_subscription(habits=habits)
    id = await store.write(subscriptions.add, wanted)
    assert await store.read(subscriptions.get, id) == replace(wanted, id=id)
    changed = replace(wanted, id=id, channel_id=21, mode="both", habits=Habits())
    assert await store.write(subscriptions.edit, changed)
    assert await store.read(subscriptions.get, id) == changed
    assert not await store.write(subscriptions.edit, replace(changed, guild_id=99))


async def test_a_feed_is_removed_once_and_may_come_back(store: Store) -> None:
    first = await store.write(feeds.add, A, NOON)
    assert await store.write(feeds.remove, A.url)
    assert not await store.write(feeds.remove, A.url)
    assert await store.write(feeds.add, A, NOON) == first
    assert await urls(store) == [A.url]


async def test_each_feed_counts_once_in_the_health(store: Store) -> None:
    states = [
        FeedState(last_success_at=NOON),
        FeedState(last_success_at=NOON, failures=3),
        FeedState(status="gone", failures=1),
        FeedState(status="paused"),
        FeedState(),
    ]
    await store.write(feeds.sync_catalogue, [a_feed(f"https://{n}.example") for n in range(5)], NOON)
    for number, state in enumerate(states, 1):
        await store.write(feeds.save_state, number, state)
    assert await store.read(feeds.counts) == {"healthy": 1, "failing": 1, "gone": 1, "paused": 1, "waiting": 1}


def outcome(*numbers: int, feed_id: int = 1, **changes: object) -> Outcome:
    """A poll that found these entries, each reporting the one story."""
    placement = Placement(a_story(), True, 0.4)
    judged = tuple(Judged(an_entry(n), an_article(n), an_analysis(), placement) for n in numbers)
    found = Outcome(
        feed_id, FeedState(etag='"1"', first_polled_at=NOON), judged, stories=(a_story(),) if judged else ()
    )
    return replace(found, **changes)  # type: ignore[arg-type]


async def test_a_poll_commits_entries_articles_stories_alerts_and_validators_together(store: Store) -> None:
    await store.write(feeds.add, A, NOON)
    wanted = await store.write(subscriptions.add, a_subscription())
    found = outcome(1, 2, alerts=(an_alert(wanted),))
    committed = await store.write(polls.commit, found, NOON)
    assert (committed.entries, committed.alerts) == (2, 1)
    (stored,) = await store.read(feeds.listed)
    assert stored.state.etag == '"1"'
    assert await store.read(stories.get, "story-1") == a_story()
    placed = await store.read(stories.reports, "story-1")
    assert [each.report.article for each in placed] == [an_article(1), an_article(2)]
    assert placed[0].report.analysis == an_analysis()
    assert placed[0].similarity == 0.4


async def test_a_poll_that_fails_leaves_nothing_behind(store: Store) -> None:
    await store.write(feeds.add, A, NOON)
    with pytest.raises(KeyError):
        await store.write(polls.commit, outcome(1, alerts=(an_alert(subscription_id=99),)), NOON)
    assert await store.read(entries.count) == 0
    assert await store.read(stories.get, "story-1") is None
    assert (await store.read(feeds.listed))[0].state == FeedState()


async def test_the_same_entry_is_kept_once_and_lends_its_new_names(store: Store) -> None:
    await store.write(feeds.add, A, NOON)
    await store.write(polls.commit, outcome(1), NOON)
    again = Judged(an_entry(1, aliases=("guid:1", "link:moved.example/1")), an_article(1), an_analysis())
    committed = await store.write(polls.commit, outcome(judged=(again,)), NOON)
    assert (committed.entries, await store.read(entries.count)) == (0, 1)
    assert await store.read(entries.known, 1, ["link:moved.example/1"]) == {"link:moved.example/1"}


async def test_names_are_known_within_their_feed_only(store: Store) -> None:
    await store.write(feeds.sync_catalogue, [A, B], NOON)
    await store.write(polls.commit, outcome(1), NOON)
    assert await store.read(entries.known, 1, ["guid:1", "guid:2"]) == {"guid:1"}
    assert await store.read(entries.known, 2, ["guid:1"]) == set()
    assert await store.read(entries.find, 1, ["guid:1"]) == {
        "guid:1": Known(1, "Entry number 1", an_entry(1).link, NOON)
    }


async def test_hostile_names_are_known_again(store: Store) -> None:
    await store.write(feeds.add, A, NOON)
    names = ("guid:" + "x" * 100_000, "guid:\ud800\0", "guid:?")
    for number, name in enumerate(names[:2]):
        entry = an_entry(number, aliases=(name,), title="\udfff\0")
        await store.write(polls.commit, outcome(judged=(Judged(entry, an_article(number), an_analysis()),)), NOON)
    assert await store.read(entries.known, 1, [*names[:2], names[0] + "y"]) == set(names[:2])


async def test_an_adopted_entry_is_known_but_has_no_article(store: Store) -> None:
    await store.write(feeds.add, A, NOON)
    await store.write(polls.commit, outcome(adopted=((an_entry(1), "a storm"),)), NOON)
    assert await store.read(entries.known, 1, ["guid:1"]) == {"guid:1"}
    assert (await store.read(stories.figures))["articles"] == 0


async def test_a_body_of_five_hundred_entries_is_committed(store: Store) -> None:
    await store.write(feeds.add, A, NOON)
    assert (await store.write(polls.commit, outcome(*range(500)), NOON)).entries == 500
    names = [alias for number in range(500) for alias in an_entry(number).aliases]
    assert len(await store.read(entries.known, 1, names)) == 1000


async def test_an_article_is_found_by_its_link_relevant_or_not(store: Store) -> None:
    await store.write(feeds.add, A, NOON)
    silent = Judged(an_entry(1), an_article(1), an_analysis(relevant=False))
    await store.write(polls.commit, outcome(judged=(silent,)), NOON)
    (found,) = await store.read(articles.by_link, "https://news.example/1")
    assert (found.report.analysis, found.story_id) == (an_analysis(relevant=False), None)


async def test_a_story_is_replaced_as_it_grows(store: Store) -> None:
    grown = a_story(
        revision=2,
        stage="signed",
        amounts=(Amount("$10 million", 1e7, "USD"),),
        buyer=Party("NATO", "NATO signed"),
        organisations=("OpenAI", "NATO", "Palantir"),
    )
    await store.write(stories.save, [a_story()])
    await store.write(stories.save, [a_story(), grown])
    assert await store.read(stories.get, "story-1") == grown
    assert await store.read(stories.organisations) == ["NATO", "OpenAI", "Palantir"]


async def test_open_stories_are_those_with_a_report_since_then(store: Store) -> None:
    old, new = a_story("old", last_seen=NOON - timedelta(days=9)), a_story("new")
    await store.write(stories.save, [new, old])
    assert await store.read(stories.open_since, NOON - timedelta(days=1)) == [new]


async def test_latest_stories_are_filtered_and_paged(store: Store) -> None:
    told = [
        a_story("1", last_seen=NOON, event="contract", organisations=("NATO",)),
        a_story("2", last_seen=NOON + MINUTE, event="funding", organisations=("Anduril",)),
        a_story("3", last_seen=NOON + 2 * MINUTE, event="contract", organisations=("Anduril", "NATO"), topic="other"),
    ]
    await store.write(stories.save, told)

    async def latest(**wish: object) -> list[str]:
        return [story.id for story in await store.read(stories.latest, **wish)]

    assert await latest() == ["3", "2", "1"]
    assert await latest(limit=1, offset=1) == ["2"]
    assert await latest(event="contract") == ["3", "1"]
    assert await latest(organisation="Anduril") == ["3", "2"]
    assert await latest(topic="ai-defence", since=NOON + MINUTE) == ["2"]
    assert await store.read(stories.count, organisation="NATO") == 2


async def test_stories_are_found_by_words_of_their_title_literally(store: Store) -> None:
    told = [a_story("1", title="NATO buys 100% more"), a_story("2", title="Palantir wins", last_seen=NOON + MINUTE)]
    await store.write(stories.save, told)
    assert await store.read(stories.find, "nato", 5) == [("1", "NATO buys 100% more")]
    assert await store.read(stories.find, "%", 5) == [("1", "NATO buys 100% more")]
    assert [id for id, _ in await store.read(stories.find, " ", 5)] == ["2", "1"]


async def test_a_follow_up_may_be_saved_before_the_story_that_it_follows(store: Store) -> None:
    await store.write(stories.save, [a_story("2", follows="1"), a_story("1")])
    assert (await store.read(stories.get, "2")).follows == "1"


async def test_a_subscription_comes_back_as_it_was_given(store: Store) -> None:
    wish = a_subscription(topic="ai-defence", organisations=("NATO",), events=("contract",), languages=("en", "de"))
    id = await store.write(subscriptions.add, wish)
    assert await store.read(subscriptions.get, id) == replace(wish, id=id)


async def test_a_server_sees_and_changes_only_its_own_subscriptions(store: Store) -> None:
    ours = await store.write(subscriptions.add, a_subscription(guild_id=1))
    theirs = await store.write(subscriptions.add, a_subscription(guild_id=2))
    assert [each.id for each in await store.read(subscriptions.listed, 1)] == [ours]
    assert await store.read(subscriptions.get, theirs, 1) is None
    assert not await store.write(subscriptions.remove, theirs, 1)
    assert not await store.write(subscriptions.pause, theirs, "asked for", 1)
    assert not await store.write(subscriptions.resume, theirs, 1)
    assert await store.write(subscriptions.remove, ours, 1)
    assert [each.id for each in await store.read(subscriptions.listed)] == [theirs]


async def test_a_removed_subscription_is_gone_and_its_id_is_not_used_again(store: Store) -> None:
    first = await store.write(subscriptions.add, a_subscription())
    assert await store.write(subscriptions.remove, first)
    assert not await store.write(subscriptions.remove, first)
    assert await store.read(subscriptions.get, first) is None
    assert await store.write(subscriptions.add, a_subscription()) != first


async def test_a_pause_says_why_until_it_is_ended(store: Store) -> None:
    id = await store.write(subscriptions.add, a_subscription())
    assert await store.write(subscriptions.pause, id, "asked for")
    assert (await store.read(subscriptions.get, id)).paused == "asked for"
    await store.write(alerts.pause_channel, 20, reason="no right", now=NOON)
    assert await store.write(subscriptions.resume, id)
    assert (await store.read(subscriptions.get, id)).paused == "no right"
