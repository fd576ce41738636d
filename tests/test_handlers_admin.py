"""What managers do with `/admin`, from their side: why, merge, split, relevance, undo, purge."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.client import DiscordSender
from bot.core.about import purge_question
from bot.core.merging import OpenStories
from bot.core.story import MergingRules, Report, Story
from bot.core.voting import STEP
from bot.store import alerts, corrections, guilds, stories, subscriptions
from handlers.poll import Shelf
from tests.builders import MINUTE, NOON, an_alert, an_analysis, an_article
from tests.people import Town, a_town, labels, said
from tests.test_handlers_buttons import alerted
from tests.told import tell_reports, tell_unplaced


@pytest.fixture
async def town(database_url: str) -> AsyncIterator[Town]:
    async with a_town(database_url) as town:
        await keep(town, "one", 1, 2)
        await keep(town, "two", 3)
        await town.refresh()
        yield town


def report(number: int) -> Report:
    link = f"https://news.example/{number}"
    article = an_article(
        number, title=f"Title {number}", text=f"Text {number}.", first_seen=NOON + number * MINUTE, link=link,
        outlet=f"outlet{number}.example",
    )  # fmt: skip
    return Report(article, an_analysis())


async def keep(town: Town, story_id: str, *numbers: int) -> Story:
    held = OpenStories(rules=MergingRules())
    found = [report(number) for number in numbers]
    for each in found:
        story = held.assign(each, story_id=story_id)
    await tell_reports(town.store, replace(story, relevance=0.55), found)
    return story


async def owe(town: Town, story_id: str, subscription: int) -> int:
    await town.store.write(alerts.owe, [an_alert(subscription, story_id)], NOON)
    claimed = await town.store.write(alerts.claim, now=town.now, lease=timedelta(minutes=1), limit=1)
    row = claimed[0].alert_id
    await town.store.write(alerts.settle_sent, row, message_id=900 + row, shown_revision=1, now=town.now)
    return row


async def admin(town: Town, name: str, who: Any = None, **options: Any) -> Any:
    return await (who or town.manager).slash(town.channel, f"admin {name}", **options)


async def sources(town: Town, story_id: str) -> list[str]:
    story = await town.store.read(stories.get, story_id)
    return [source.title for source in story.sources] if story else []


# -- merge, split and back


async def test_a_merge_puts_stories_together_and_undo_takes_them_apart_after_a_restart(town: Town) -> None:
    before = [await town.store.read(stories.get, id) for id in ("one", "two")]
    result = await admin(town, "merge", story="two", into="Title 1")
    assert "**Title 3** is now part of **Title 1**, which has 3 reports by 3 independent outlets" in said(result)
    assert result.ephemeral
    assert await sources(town, "two") == await sources(town, "one") == ["Title 1", "Title 2", "Title 3"]
    assert len(await town.store.read(stories.latest)) == 1
    assert [name for _, name in town.index.stories] == ["Title 1"]
    await town.restart_bot()
    undone = await town.manager.click(result.response, label="Undo")
    assert "As it was before" in said(undone)
    after = [await town.store.read(stories.get, id) for id in ("one", "two")]
    assert [replace(each, revision=0) for each in after] == [replace(each, revision=0) for each in before]
    assert "taken back already" in said(await town.manager.click(result.response, label="Undo"))


async def test_a_split_makes_a_story_that_owes_nothing_and_undo_puts_it_back(town: Town) -> None:
    await owe(town, "one", await town.subscribe())
    result = await admin(town, "split", article="https://news.example/2")
    assert "**Title 2** is a story of its own now, which alerts nobody by itself" in said(result)
    assert await sources(town, "one") == ["Title 1"]
    assert (await town.store.read(alerts.counts))["owed"] == 0
    await admin(town, "undo", correction=1)
    assert await sources(town, "one") == ["Title 1", "Title 2"]
    assert {name for _, name in town.index.stories} == {"Title 1", "Title 3"}


async def test_the_menu_offers_managers_to_take_a_report_out(town: Town) -> None:
    story = await town.store.read(stories.get, "one")
    assert story is not None
    menu = await town.manager.context_menu(town.channel, "Wrong merge", await alerted(town, story))
    assert labels(menu.response) == ["Take out 1: outlet1.example", "Take out 2: outlet2.example"]
    await town.manager.click(menu.response, label="Take out 2: outlet2.example")
    assert await sources(town, "one") == ["Title 1"]
    assert "nothing to take it out of" in said(
        await town.manager.click(menu.response, label="Take out 1: outlet1.example")
    )


async def test_what_came_after_a_correction_stays_when_it_is_taken_back(town: Town) -> None:
    await admin(town, "merge", story="two", into="one")
    both = await town.store.read(stories.get, "one")
    held = OpenStories([both] if both else [], MergingRules())
    grown = held.assign(report(4), story_id="one")
    await tell_reports(town.store, grown, [report(4)])
    await admin(town, "undo", correction=1)
    assert await sources(town, "one") == ["Title 1", "Title 2", "Title 4"]
    assert await sources(town, "two") == ["Title 3"]


async def test_corrections_of_the_same_stories_are_taken_back_the_last_one_first(town: Town) -> None:
    await admin(town, "merge", story="two", into="one")
    await admin(town, "split", article="https://news.example/2")
    assert "corrected again since" in said(await admin(town, "undo", correction=1))
    await admin(town, "undo", correction=2)
    assert "As it was before" in said(await admin(town, "undo", correction=1))
    assert await sources(town, "one") == ["Title 1", "Title 2"]


async def test_messages_follow_a_merge_and_its_undo(town: Town) -> None:
    both, second = await town.subscribe(), await town.subscribe(channel_id=town.channel.id + 1)
    first, other, alone = await owe(town, "one", both), await owe(town, "two", both), await owe(town, "two", second)
    await admin(town, "merge", story="two", into="one")
    later = town.now + timedelta(days=1)
    due = await town.store.read(alerts.due_edits, now=later, debounce=MINUTE, limit=9)
    assert {(edit.alert_id, edit.story.id) for edit in due} == {(first, "one"), (alone, "one")}
    await admin(town, "undo", correction=1)
    due = await town.store.read(alerts.due_edits, now=later, debounce=MINUTE, limit=9)
    assert {(edit.alert_id, edit.story.id) for edit in due} == {(first, "one"), (other, "two"), (alone, "two")}


async def test_what_was_owed_for_a_merged_story_is_told_as_the_other_or_not_at_all(town: Town) -> None:
    told, waits = await town.subscribe(), await town.subscribe(channel_id=town.channel.id + 1)
    await owe(town, "one", told)
    await town.store.write(alerts.owe, [an_alert(told, "two"), an_alert(waits, "two")], NOON)
    await admin(town, "merge", story="two", into="one")
    counts = await town.store.read(alerts.counts)
    assert (counts["owed"], counts["suppressed"], counts["sent"]) == (1, 1, 1)
    claimed = await town.store.write(alerts.claim, now=town.now, lease=MINUTE, limit=9)
    assert [(each.subscription.id, each.story.id) for each in claimed] == [(waits, "one")]


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("merge", {"story": "one", "into": "one"}, "one story already"),
        ("merge", {"story": "one", "into": "*nothing*"}, "No story is called “\\*nothing\\*”"),
        ("merge", {"story": "Title", "into": "one"}, "Several stories hold"),
        ("split", {"article": "999"}, "no such report"),
        ("split", {"article": "https://nowhere.example/"}, "knows no report"),
        ("undo", {"correction": 5}, "no correction 5"),
        ("undo", {"correction": -1}, "no correction -1"),
        ("relevance", {"verdict": "relevant"}, "Say what it is about"),
        ("relevance", {"verdict": "reset"}, "nothing to take back"),
        ("relevance", {"verdict": "relevant", "story": "one", "article": "1"}, "not both"),
        ("why", {}, "Give either"),
        ("why", {"url": "not an address"}, "no address of a web page"),
        ("why", {"url": "https://nowhere.example/"}, "No feed has brought"),
    ],
)
async def test_what_cannot_be_is_refused_in_a_sentence(
    town: Town, name: str, options: dict[str, Any], words: str
) -> None:
    assert words in said(await admin(town, name, **options))


# -- who may


EVERYTHING = (
    ("why", {"story": "one"}), ("merge", {"story": "two", "into": "one"}), ("split", {"article": "1"}),
    ("relevance", {"verdict": "not_relevant", "story": "one"}), ("undo", {"correction": 1}), ("purge", {}),
)  # fmt: skip


@pytest.mark.parametrize(("name", "options"), EVERYTHING)
async def test_readers_correct_nothing(town: Town, name: str, options: dict[str, Any]) -> None:
    assert "right Manage Server" in said(await admin(town, name, town.reader, **options))
    assert await town.store.read(corrections.listed) == []


async def test_managers_elsewhere_see_that_but_not_what_was_corrected(town: Town) -> None:
    await admin(town, "merge", story="two", into="one")
    _, elsewhere, mallory = town.other_server()
    assert "no correction 1" in said(await mallory.slash(elsewhere, "admin undo", correction=1))
    assert "merged into" not in said(await mallory.slash(elsewhere, "admin why", story="one"))
    assert "1 by managers of other servers" in said(await mallory.slash(elsewhere, "admin why", story="one"))


async def test_a_manager_by_role_corrects_too(town: Town) -> None:
    role = town.guild.create_role("editors")
    editor = town.guild.add_member(town.env.create_user("ed"), roles=[role])
    town.index.manager_roles[town.guild.id] = role.id
    assert "Merged" in said(await admin(town, "merge", editor, story="two", into="one"))


async def test_options_are_offered_to_managers_only(town: Town) -> None:
    await admin(town, "merge", story="two", into="one")
    for command, option, typed, offered in (
        ("admin merge", "story", "title", "Title 1"), ("admin merge", "into", "", "Title 1"),
        ("admin why", "story", "", "Title 1"), ("admin split", "article", "title 2", "outlet2.example: Title 2"),
        ("admin relevance", "story", "", "Title 1"), ("admin relevance", "article", "3", "outlet3.example: Title 3"),
        ("admin undo", "correction", "", "1 · “Title 3” merged into “Title 1”"),
    ):  # fmt: skip
        found = await town.manager.autocomplete(town.channel, command, option, typed)
        assert offered in [each["name"] for each in found], command
        assert await town.reader.autocomplete(town.channel, command, option, typed) == []
    _, elsewhere, mallory = town.other_server()
    assert await mallory.autocomplete(elsewhere, "admin undo", "correction", "") == []


# -- why


async def test_why_shows_every_gate_of_an_article_with_this_servers_alerts_alone(town: Town) -> None:
    await owe(town, "one", await town.subscribe(events=("contract",)))
    await owe(town, "one", await town.subscribe(guild_id=4711, channel_id=4712, events=("policy",)))
    result = await admin(town, "why", url="https://news.example/1")
    text = said(result)
    for words in ("Origin", "Relevance", "Organisations", "What happened", "#news (subscription 1)", "told", "Votes"):
        assert words in text
    assert "4711" not in text
    assert "4712" not in text
    assert result.ephemeral


async def test_why_weighs_a_story_by_what_this_server_watches_for(town: Town) -> None:
    await town.manager.slash(town.channel, "alerts watch", words="Title 1")
    assert "High, a score of 2" in said(await admin(town, "why", story="one"))
    _, elsewhere, mallory = town.other_server()
    there = said(await mallory.slash(elsewhere, "admin why", story="one"))
    assert "Low, a score of 0" in there and "watch list" not in there


async def test_why_promises_nothing_of_what_this_server_has_muted(town: Town) -> None:
    await town.subscribe()
    await town.manager.slash(town.channel, "alerts mute", words="Title 1")
    assert "not owed: this server has muted Title 1" in said(await admin(town, "why", story="one"))


async def test_why_shows_votes_and_who_corrected_what(town: Town) -> None:
    await admin(town, "relevance", verdict="not_relevant", story="one")
    await admin(town, "merge", story="two", into="one")
    await admin(town, "undo", correction=2)
    text = said(await admin(town, "why", story="one"))
    assert "not relevant: 1 manager, 0 readers" in text
    assert f"“Title 3” merged into “Title 1”, by <@{town.manager.id}>" in text
    assert f"taken back by <@{town.manager.id}>" in text
    assert "The story has 1 more report" in text


# -- relevance


async def test_a_verdict_moves_the_threshold_and_is_taken_back(town: Town) -> None:
    result = await admin(town, "relevance", verdict="not_relevant", article="https://news.example/1")
    assert "rises from 50 to 52 of 100" in said(result)
    assert (await town.store.read(guilds.settings, town.guild.id)).threshold == STEP
    await town.manager.click(result.response, label="Undo")
    assert (await town.store.read(guilds.settings, town.guild.id)).threshold == 0.0
    assert "said before" not in said(await admin(town, "relevance", verdict="not_relevant", story="one"))


async def test_a_changed_verdict_is_taken_back_to_the_one_before(town: Town) -> None:
    await admin(town, "relevance", verdict="not_relevant", story="one")
    result = await admin(town, "relevance", verdict="relevant", story="one")
    assert "Stories need 50 of 100" in said(result)
    await town.manager.click(result.response, label="Undo")
    assert (await town.store.read(guilds.settings, town.guild.id)).threshold == STEP


async def test_a_reset_takes_all_votes_back_and_can_be_undone(town: Town) -> None:
    for story in ("one", "two"):
        await admin(town, "relevance", verdict="not_relevant", story=story)
    result = await admin(town, "relevance", verdict="reset")
    assert "Taken back: 2 votes of managers here." in said(result)
    assert (await town.store.read(guilds.settings, town.guild.id)).threshold == 0.0
    assert "The votes are as they were" in said(await town.manager.click(result.response, label="Undo"))
    assert (await town.store.read(guilds.settings, town.guild.id)).threshold == 2 * STEP


# -- purge


async def test_purge_asks_first_and_cancel_deletes_nothing(town: Town) -> None:
    await owe(town, "one", await town.subscribe())
    result = await admin(town, "purge")
    assert "- subscriptions: 1" in said(result)
    await town.manager.click(result.response, label="Cancel")
    assert len(await town.store.read(subscriptions.listed, town.guild.id)) == 1


async def test_purge_deletes_everything_of_the_server_and_nothing_of_others(town: Town) -> None:
    await owe(town, "one", await town.subscribe())
    await owe(town, "one", await town.subscribe(guild_id=4711, channel_id=4712))
    await admin(town, "relevance", verdict="not_relevant", story="one")
    await town.manager.slash(town.channel, "settings", timezone="Asia/Tokyo")
    await town.restart_bot()
    result = await admin(town, "purge")
    await town.manager.click(result.response, label="Delete everything")
    assert "Nothing is kept of this server" in said(await admin(town, "purge"))
    assert len(await town.store.read(subscriptions.listed)) == 1
    assert (await town.store.read(alerts.counts))["sent"] == 1
    assert await sources(town, "one") == ["Title 1", "Title 2"]


async def test_an_article_in_no_story_is_told_from_one_that_is_not_known(town: Town) -> None:
    await tell_unplaced(town.store, report(9))
    for name, options in (("split", {}), ("relevance", {"verdict": "relevant"})):
        result = await admin(town, name, article="https://news.example/9", **options)
        assert "has read this article, but it is in no story" in said(result)
    assert "Votes only keep stories out" in said(result)
    assert "None: it is not relevant" in said(await admin(town, "why", url="https://news.example/9"))


async def test_only_who_asked_may_delete(town: Town) -> None:
    await town.subscribe()
    result = await admin(town, "purge")
    message = purge_question({"subscriptions": 1}, user_id=town.reader.id)
    assert [button.label for button in message.buttons] == ["Delete everything", "Cancel"]
    await DiscordSender(town.env.bot).create(town.channel.id, message, nonce="m")
    refused = await town.manager.click(town.channel.last_message, label="Delete everything")
    assert "Only who asked can answer this" in said(refused)
    assert "right Manage Server" in said(await town.reader.click(town.channel.last_message, label="Delete everything"))
    assert len(await town.store.read(subscriptions.listed)) == 1
    assert result.ephemeral


async def test_stories_in_memory_follow_a_correction_and_its_undoing(town: Town) -> None:
    shelf = Shelf(MergingRules())
    await shelf.load(town.store, town.now)
    assert {each.id for each in await on_shelf(town, shelf)} == {"one", "two"}
    await admin(town, "merge", story="two", into="one")
    (both,) = await on_shelf(town, shelf)
    assert [source.title for source in both.sources] == ["Title 1", "Title 2", "Title 3"]
    await admin(town, "undo", correction=1)
    assert {each.id for each in await on_shelf(town, shelf)} == {"one", "two"}


async def on_shelf(town: Town, shelf: Shelf) -> list[Story]:
    """The stories as the next poll would find them in memory."""
    return await town.store.write(lambda c: list(shelf.begin(c, town.now)))


async def story(town: Town, story_id: str) -> Story:
    found = await town.store.read(stories.get, story_id)
    assert found is not None
    return found
