"""What readers do with `/entity info` and `/entity compare`."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from bot.client import Index
from bot.store import Store
from bot.store.stories import save as save_stories
from tests.builders import NOON, a_story
from tests.discord_fake import FakeDiscord, running
from tests.people import Town, a_client, a_town, said

DAY = timedelta(days=1)
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
async def town(database_url: str) -> AsyncIterator[Town]:
    async with a_town(database_url) as town:
        long_ago, past = NOON - 200 * DAY, NOON - 40 * DAY
        await town.keep(
            a_story("old", title="Long ago", first_seen=long_ago, last_seen=long_ago),
            a_story("talks", title="In talks"),
            a_story("more", title="More talks", event="policy", organisations=("NATO", "Acme")),
            a_story("past", title="Was told", first_seen=past, last_seen=past, organisations=("Past",)),
        )
        yield town


async def test_an_organisation_is_shown_with_latest_kinds_partners_and_a_chart(town: Town) -> None:
    result = await town.reader.slash(town.channel, "entity info", name="nato")
    text = said(result)
    assert "**2 stories** in the last 30 days · 0 in the 30 days before" in text
    assert "[In talks]" in text and "[More talks]" in text and "Long ago" not in text
    assert "contract 1 · 🏛️ policy 1" in text
    assert "Acme 1 · OpenAI 1" in text
    assert result.ephemeral
    [picture] = result.response.attachments
    assert (picture.filename, picture.description is not None) == ("entity.png", True)
    assert result.response.embeds[0].image.url is not None
    assert (await picture.read()).startswith(PNG)


async def test_an_organisation_is_found_by_what_else_it_is_called(town: Town) -> None:
    town.index.other_names = [("NATO", "Atlantic Alliance")]
    [offered] = await town.reader.autocomplete(town.channel, "entity info", "name", "atlantic")
    assert offered == {"name": "Atlantic Alliance · NATO", "value": "NATO"}
    for typed in ("NATO", "atlantic alliance"):
        assert "**2 stories** in the last 30 days" in said(
            await town.reader.slash(town.channel, "entity info", name=typed)
        )


async def test_a_longer_window_shows_more(town: Town) -> None:
    text = said(await town.reader.slash(town.channel, "entity info", name="NATO", window="52w", share=True))
    assert "**3 stories** in the last 52 weeks" in text and "before" not in text
    assert town.channel.history()


async def test_an_organisation_that_is_silent_says_since_when(town: Town) -> None:
    result = await town.reader.slash(town.channel, "entity info", name="Past")
    assert "No story in the last 30 days; the last report came" in said(result)
    assert not result.response.attachments
    assert "No story names Anthropic so far" in said(
        await town.reader.slash(town.channel, "entity info", name="Anthropic")
    )


async def test_two_organisations_are_shown_beside_each_other(town: Town) -> None:
    result = await town.reader.slash(town.channel, "entity compare", a="NATO", b="OpenAI")
    text = said(result)
    assert "NATO and OpenAI" in text
    assert "1 story names both in the last 30 days." in text
    assert [picture.filename for picture in result.response.attachments] == ["compare.png"]


async def test_one_organisation_is_not_compared_with_itself(town: Town) -> None:
    text = said(await town.reader.slash(town.channel, "entity compare", a="NATO", b="nato"))
    assert "the same organisation" in text


@pytest.mark.parametrize("name", ["@everyone", "*", " ", "x" * 2_000, "[a](https://evil.example)"])
async def test_a_name_that_nobody_knows_is_refused_with_what_to_do(town: Town, name: str) -> None:
    for command, options in (("entity info", {"name": name}), ("entity compare", {"a": "NATO", "b": name})):
        text = said(await town.reader.slash(town.channel, command, **options))
        assert "choose" in text and "@everyone" not in text and "](https://evil" not in text


async def test_autocomplete_offers_organisations_with_stories_first(town: Town) -> None:
    offered = await town.reader.autocomplete(town.channel, "entity info", "name", "")
    assert [choice["value"] for choice in offered][:2] == ["NATO", "OpenAI"]
    assert "Anthropic" in [choice["value"] for choice in offered]
    assert await town.reader.autocomplete(town.channel, "entity compare", "b", "acm") == [
        {"name": "Acme", "value": "Acme"}
    ]


async def test_a_picture_arrives_with_an_answer_that_was_deferred(database_url: str) -> None:
    """On the wire, as a file of the follow-up that the embed points to."""
    async with Store.open(database_url) as store, FakeDiscord() as fake:
        await store.write(save_stories, [a_story()])
        guild = fake.add_guild()
        channel = fake.add_channel(guild)
        reader = fake.add_user(guild)
        async with running(fake, a_client(store, Index(), clock=lambda: NOON)):
            await fake.until(lambda: fake.commands.registered())
            asked = await fake.slash(reader, channel, "/entity info", name="NATO", share=True)
            await fake.wait_for_follow_up(asked)
            [shown] = fake.messages(channel)
            assert [file["filename"] for file in shown["attachments"]] == ["entity.png"]
            assert "1 story, most on 4 Mar 2026 (1). contract: 1." in shown["attachments"][0]["description"]
