"""What managers do with `/alerts add`, from their side: drafts, forecasts, options and what cannot be added."""

from datetime import UTC, datetime, timedelta

from bot.core.hours import DigestPlan
from bot.store import bulletins, guilds, subscriptions
from bot.store.guilds import GuildSettings
from handlers.alerts.means import MOST
from tests import managing
from tests.builders import NOON, a_story
from tests.managing import added, kept
from tests.people import Town, labels, said

town = managing.town


async def test_a_draft_is_shown_to_the_manager_alone_and_saved_by_a_button(town: Town) -> None:
    drafted = await town.manager.slash(town.channel, "alerts add", channel=town.channel, topic="ai-defence")
    assert drafted.ephemeral
    assert "would get: topic ai-defence" in said(drafted)
    assert "✅ View Channel · ✅ Send Messages · ✅ Embed Links" in said(drafted)
    assert labels(drafted.response) == ["Save", "Preview", "Cancel"]
    assert await town.store.read(subscriptions.listed) == []
    await town.manager.click(drafted.response, label="Save")
    subscription = await kept(town)
    assert (subscription.channel_id, subscription.topic) == (town.channel.id, "ai-defence")
    assert subscription.created_at == town.now


async def test_every_option_of_add_is_kept_and_told(town: Town) -> None:
    role = town.guild.create_role("on call", mentionable=True)
    result = await added(
        town,
        organisations="nato, Anthropic",
        events="contract,Conflict use",
        languages="German, en",
        min_importance="high",
        mode="both",
        max_per_hour=4,
        role=role,
        layout="compact",
        thread=True,
    )
    subscription = await kept(town)
    assert subscription.organisations == ("NATO", "Anthropic")
    assert subscription.events == ("contract", "conflict_use")
    assert subscription.languages == ("de", "en")
    assert (subscription.min_importance, subscription.mode) == ("high", "both")
    habits = subscription.habits
    assert (habits.max_per_hour, habits.role_id, habits.layout, habits.thread) == (4, role.id, "compact", True)
    for words in (
        "every topic · contract, conflict use · in German, English · only NATO, Anthropic · high importance or more",
        "alerts, and a digest of what matters less · digest daily at 08:00 (UTC), at most 10 stories",
        f"at most 4 an hour, the rest together · calls <@&{role.id}> for high importance or more · compact",
        "compact · a thread under each",
        "Digests come every morning at 08:00 (UTC); change that with `/alerts digest`.",
    ):
        assert words in said(result)


async def test_digests_that_nobody_planned_come_at_eight_in_the_zone_of_the_server_from_the_next_on(town: Town) -> None:
    await town.store.write(guilds.save, GuildSettings(town.guild.id, timezone="Europe/Berlin"))
    result = await added(town, mode="digest")
    assert "every morning at 08:00 (Europe/Berlin)" in said(result)
    eight = datetime(2026, 3, 5, 7, tzinfo=UTC)
    assert f"The next digest comes <t:{int(eight.timestamp())}:f>" in said(result)
    assert (await kept(town)).digest_plan == DigestPlan(8, timezone="Europe/Berlin")
    [backlog] = await town.store.read(bulletins.backlogs)
    assert backlog.told == {"2026-03-04T07:00:00Z"}


async def test_a_forecast_counts_what_would_have_been_told(town: Town) -> None:
    old = NOON - timedelta(days=40)
    recent = [
        a_story(f"s{day}", title=f"Story of day {day}", first_seen=NOON - timedelta(days=day, hours=1))
        for day in range(20)
    ]
    await town.keep(a_story("old", first_seen=old, last_seen=old), *recent, a_story("other", event="policy"))
    drafted = said(await town.manager.slash(town.channel, "alerts add", channel=town.channel, events="contract"))
    assert "About 1 alert a day, going by the last 30 days." in drafted
    assert drafted.count("Story of day") == 3
    none = await town.manager.slash(
        town.channel, "alerts add", channel=town.channel, events="contract", min_importance="high"
    )
    assert "No alert, going by the last 30 days. Ask for less to hear more." in said(none)


async def test_a_draft_is_previewed_without_being_saved(town: Town) -> None:
    await town.keep(a_story("a", title="Anduril wins"), a_story("b", title="New policy", event="policy"))
    drafted = await town.manager.slash(town.channel, "alerts add", channel=town.channel, events="policy")
    shown = await town.manager.click(drafted.response, label="Preview")
    assert "New policy" in said(shown) and "Anduril" not in said(shown)
    assert "nothing was sent" in said(shown)
    assert "Subscription 1 added" in said(await town.manager.click(drafted.response, label="Save"))


async def test_a_draft_that_is_cancelled_is_gone(town: Town) -> None:
    drafted = await town.manager.slash(town.channel, "alerts add", channel=town.channel)
    cancelled = await town.manager.click(drafted.response, label="Cancel")
    assert "Nothing was saved" in said(cancelled)
    assert labels(drafted.response) == []
    assert await town.store.read(subscriptions.listed) == []


async def test_a_draft_is_lost_with_time_and_with_a_restart_and_says_so(town: Town) -> None:
    for lose in (lambda: town.restart_bot(), None):
        drafted = await town.manager.slash(town.channel, "alerts add", channel=town.channel)
        if lose:
            await lose()
        else:
            town.now += timedelta(minutes=15)
        for label in ("Save", "Preview", "Cancel"):
            assert "That draft is gone" in said(await town.manager.click(drafted.response, label=label))
    assert await town.store.read(subscriptions.listed) == []


async def test_a_manager_who_is_one_no_more_saves_nothing(town: Town) -> None:
    role = town.guild.create_role("managers")
    hal = town.guild.add_member(town.env.create_user("hal"), roles=[role])
    await town.store.write(guilds.save, GuildSettings(town.guild.id, manager_role_id=role.id))
    await town.refresh()
    drafted = await hal.slash(town.channel, "alerts add", channel=town.channel)
    town.index.manager_roles.clear()
    for label in ("Save", "Preview", "Cancel"):
        assert "right Manage Server" in said(await hal.click(drafted.response, label=label))
    assert await town.store.read(subscriptions.listed) == []
    town.index.manager_roles[town.guild.id] = role.id
    assert "Subscription 1 added" in said(await hal.click(drafted.response, label="Save"))


async def test_a_topic_may_be_typed_by_its_name(town: Town) -> None:
    await added(town, topic="ai AND defence")
    assert (await kept(town)).topic == "ai-defence"


async def test_the_same_subscription_is_not_added_twice(town: Town) -> None:
    await added(town, events="contract")
    result = await town.manager.slash(town.channel, "alerts add", channel=town.channel, events="contract")
    assert "has that already: it is subscription 1; change it with `/alerts edit`" in said(result)


async def test_two_drafts_of_the_same_are_saved_once(town: Town) -> None:
    drafts = [await town.manager.slash(town.channel, "alerts add", channel=town.channel) for _ in range(2)]
    await town.manager.click(drafts[0].response, label="Save")
    assert "has that already" in said(await town.manager.click(drafts[1].response, label="Save"))
    assert len(await town.store.read(subscriptions.listed)) == 1


async def test_a_server_has_a_most_of_subscriptions(town: Town) -> None:
    for number in range(MOST):
        await town.subscribe(organisations=(f"Organisation {number}",))
    result = await town.manager.slash(town.channel, "alerts add", channel=town.channel)
    assert "the most there can be" in said(result)
