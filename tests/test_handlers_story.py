"""What readers do with `/story sources` and `/story timeline`; `/story view` is tried with the news."""

from collections.abc import AsyncIterator
from datetime import timedelta

import discord
import pytest

from bot.client import Index
from bot.core.story import Source, Story
from bot.store import Store
from bot.store.stories import save as save_stories
from tests.builders import NOON, a_story
from tests.discord_fake import FakeDiscord, running
from tests.people import Town, a_client, a_town, labels, said

HOUR = timedelta(hours=1)


@pytest.fixture
async def town(database_url: str) -> AsyncIterator[Town]:
    async with a_town(database_url) as town:
        yield town


def long_story(reports: int = 25) -> Story:
    sources = (
        Source(f"o{n}.example", f"Report {n}", f"https://o{n}.example/1", NOON + n * HOUR) for n in range(reports)
    )
    return a_story("long", title="A long affair", sources=tuple(sources))


async def test_sources_lists_the_reports_of_the_story_that_was_chosen(town: Town) -> None:
    await town.keep(long_story(3))
    [choice] = await town.reader.autocomplete(town.channel, "story sources", "story", "affair long")
    result = await town.reader.slash(town.channel, "story sources", story=choice["value"])
    assert "[Report 2](https://o2.example/1) — o2.example" in said(result)
    assert "3 independent outlets" in said(result)
    assert result.ephemeral


async def test_who_may_only_read_a_channel_shares_nothing_there(town: Town) -> None:
    """Discord lets people use commands in channels that they cannot write in."""
    await town.keep(a_story("talks", title="In talks"))
    mute = {town.guild.default_role: discord.PermissionOverwrite(send_messages=False)}
    board = town.guild.create_text_channel("announcements", overwrites=mute)
    for command, options in (("story view", {"story": "talks"}), ("news latest", {}), ("about", {})):
        result = await town.reader.slash(board, command, share=True, **options)
        assert "You cannot write here yourself" in said(result) and result.ephemeral
        assert "You cannot write" not in said(await town.reader.slash(board, command, **options))
        assert "You cannot write" not in said(await town.reader.slash(town.channel, command, share=True, **options))
    assert board.history(viewer=town.manager) == []


@pytest.mark.parametrize(
    ("command", "options"),
    [
        ("story view", {"story": "Buy at my shop"}),
        ("entity info", {"name": "Buy at my shop"}),
        ("news latest", {"organisation": "Buy at my shop"}),
        ("news top", {"topic": "Buy at my shop"}),
    ],
)
async def test_what_is_refused_is_told_to_the_one_who_asked_even_if_it_was_to_be_shared(
    town: Town, command: str, options: dict[str, str]
) -> None:
    """Else whoever may not write in a channel could have the bot write there."""
    result = await town.reader.slash(town.channel, command, share=True, **options)
    assert "Buy at my shop" in said(result)
    assert all(message.ephemeral for message in result.followups)
    assert town.channel.history(viewer=town.manager) == []


async def test_a_timeline_shows_the_steps_and_every_report_in_order(town: Town) -> None:
    await town.keep(
        a_story("talks", title="In talks", first_seen=NOON - 9 * HOUR),
        a_story("deal", title="Signed", stage="signed", follows="talks"),
        a_story("end", title="Cancelled after all", stage="cancelled", follows="deal", first_seen=NOON + 9 * HOUR),
    )
    text = said(await town.reader.slash(town.channel, "story timeline", story="deal"))
    assert text.index("In talks") < text.index("this story") < text.index("Cancelled after all")
    assert "1 report by 1 independent outlet" in text


async def test_a_timeline_is_turned_after_a_restart(town: Town) -> None:
    await town.keep(long_story())
    result = await town.reader.slash(town.channel, "story timeline", story="long", share=True)
    assert labels(result.response) == ["Later"]
    await town.restart_bot()
    [shown] = town.channel.history()
    await town.reader.click(shown, label="Later")
    [shown] = town.channel.history()
    assert "Page 2 of 3 · 25 reports by 25 independent outlets" in shown.embeds[0].footer.text
    assert "Report 10" in shown.embeds[0].description and "Report 9]" not in shown.embeds[0].description
    await town.reader.click(shown, label="Earlier")
    assert "Page 1 of 3" in town.channel.history()[0].embeds[0].footer.text


async def test_a_timeline_of_another_is_not_turned_under_his_eyes(database_url: str) -> None:
    """On the wire: only there does an answer carry whom it answers."""
    async with Store.open(database_url) as store, FakeDiscord() as fake:
        await store.write(save_stories, [long_story()])
        guild = fake.add_guild()
        channel = fake.add_channel(guild)
        asker, other = fake.add_user(guild), fake.add_user(guild)
        async with running(fake, a_client(store, Index(), clock=lambda: NOON)):
            await fake.until(lambda: fake.commands.registered())
            await fake.wait_for_follow_up(await fake.slash(asker, channel, "/story timeline", story="long", share=True))
            [shown] = fake.messages(channel)
            later = shown["components"][0]["components"][0]["custom_id"]
            private = await fake.wait_for_follow_up(await fake.click(other, int(shown["id"]), later))
            assert "Page 2 of 3" in str(private)
            assert "Page 1 of 3" in fake.messages(channel)[0]["embeds"][0]["footer"]["text"]


async def test_a_story_that_was_forgotten_meanwhile_says_so(town: Town) -> None:
    await town.keep(long_story())
    await town.reader.slash(town.channel, "story timeline", story="long", share=True)
    [shown] = town.channel.history()

    def forget(c: object) -> None:
        from sqlalchemy import text

        for table, column in (("story_organisations", "story_id"), ("stories", "id")):
            c.execute(text(f"DELETE FROM {table} WHERE {column} = 'long'"))  # type: ignore[attr-defined]  # noqa: S608

    await town.store.write(forget)
    assert "no longer kept" in said(await town.reader.click(shown, label="Later"))


async def test_a_story_that_nobody_knows_is_refused_with_what_to_do(town: Town) -> None:
    for command in ("story sources", "story timeline"):
        text = said(await town.reader.slash(town.channel, command, story="@everyone *bold*"))
        assert "see `/news latest`" in text and "@everyone" not in text
