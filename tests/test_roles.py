"""Programs with some of the roles, as a careless person starts them: none takes from the others what is theirs."""

from pathlib import Path

import pytest
from sqlalchemy import text

from bot.store import Store, alerts, feeds, stories, subscriptions
from tests.builders import NOON, a_feed, a_story, a_subscription, an_alert
from tests.test_stopping import a_program, says


@pytest.mark.timeout(180)
async def test_only_who_polls_says_which_feeds_there_are(tmp_path: Path, postgres_url: str) -> None:
    async with Store.open(postgres_url) as store:
        await store.write(feeds.sync_catalogue, [a_feed()], NOON)
        async with a_program(tmp_path, postgres_url, "--role", "deliver") as crew:
            await says(crew, "runner.started")
            await crew.stop()
        assert [each.feed.url for each in await store.read(feeds.listed)] == [a_feed().url]


@pytest.mark.timeout(180)
async def test_a_deliverer_without_a_token_takes_nothing_that_is_for_discord(tmp_path: Path, database_url: str) -> None:
    async with Store.open(database_url) as store:
        wanted = await store.write(subscriptions.add, a_subscription())
        await store.write(stories.save, [a_story()])
        await store.write(alerts.owe, [an_alert(wanted)], NOON)
    async with a_program(tmp_path, database_url, "--role", "deliver", TOCSIN_DISCORD_TOKEN="") as crew:
        program = crew.running["tocsin"]
        assert await program.wait() == 1
        assert crew.last_words().splitlines()[-1].endswith("set TOCSIN_DISCORD_TOKEN, or name another database.")
    async with Store.open(database_url) as store:
        assert (await store.read(alerts.counts))["owed"] == 1


@pytest.mark.timeout(180)
async def test_a_program_stops_with_one_sentence_once_a_newer_one_has_changed_its_tables(
    tmp_path: Path, postgres_url: str
) -> None:
    async with Store.open(postgres_url) as store, a_program(tmp_path, postgres_url, "--role", "deliver") as crew:
        await says(crew, "runner.started")
        await store.write(lambda c: c.execute(text("UPDATE alembic_version SET version_num = '9999'")).rowcount)
        assert await crew.running["tocsin"].wait() == 1
        assert crew.last_words().splitlines()[-1].endswith("newer Tocsin meanwhile; install that version here as well.")
        assert "Traceback" not in crew.last_words()
