"""What managers do with `/alerts list · pause · resume · remove`, from their side."""

from bot.store import alerts, subscriptions
from tests import managing
from tests.builders import NOON
from tests.managing import deny, kept
from tests.people import Town, labels, said, text_of

town = managing.town


# -- list


async def test_the_list_shows_this_server_alone(town: Town) -> None:
    await town.subscribe(events=("contract",), paused="a test")
    _, elsewhere, mallory = town.other_server()
    here = said(await town.manager.slash(town.channel, "alerts list"))
    there = said(await mallory.slash(elsewhere, "alerts list"))
    assert f"<#{town.channel.id}> · every topic · contract" in here
    assert "paused: a test" in here
    assert "No channel of this server gets alerts yet" in there


async def test_a_long_list_is_turned_by_buttons_after_a_restart_too(town: Town) -> None:
    for number in range(14):
        await town.subscribe(organisations=(f"Organisation {number}",))
    listed = await town.manager.slash(town.channel, "alerts list")
    assert "Page 1 of 3 · 14 subscriptions" in said(listed)
    await town.restart_bot()
    await town.manager.click(listed.response, label="Next")
    assert "Organisation 6" in text_of(listed.response) and "Organisation 5" not in text_of(listed.response)
    assert labels(listed.response) == ["Previous", "Next"]
    await town.manager.click(listed.response, label="Previous")
    assert "Organisation 5" in text_of(listed.response)


async def test_a_page_that_is_no_more_is_the_last(town: Town) -> None:
    for number in range(7):
        await town.subscribe(organisations=(f"Organisation {number}",))
    listed = await town.manager.slash(town.channel, "alerts list")
    await town.store.write(subscriptions.remove, 7)
    await town.manager.click(listed.response, label="Next")
    assert "Organisation 0" in text_of(listed.response) and labels(listed.response) == []


# -- pause, resume, remove


async def test_pause_and_resume(town: Town) -> None:
    await town.subscribe()
    paused = await town.manager.slash(town.channel, "alerts pause", subscription=1)
    assert "Subscription 1 is paused" in said(paused)
    assert (await kept(town)).paused == "by meg"
    again = await town.manager.slash(town.channel, "alerts pause", subscription=1)
    assert "is paused already" in said(again)
    [choice] = await town.manager.autocomplete(town.channel, "alerts resume", "subscription", "")
    assert choice["name"].endswith("· paused")
    resumed = await town.manager.slash(town.channel, "alerts resume", subscription=1)
    assert "Subscription 1 goes on" in said(resumed)
    assert (await kept(town)).paused is None
    assert "is not paused" in said(await town.manager.slash(town.channel, "alerts resume", subscription=1))


async def test_resume_looks_at_the_rights_first(town: Town) -> None:
    await town.subscribe(paused="a test")
    await deny(town, town.channel, send_messages=False)
    result = await town.manager.slash(town.channel, "alerts resume", subscription=1)
    assert "Tocsin lacks Send Messages" in said(result)
    assert (await kept(town)).paused == "a test"


async def test_resume_opens_a_channel_that_was_paused_for_want_of_a_right(town: Town) -> None:
    await town.subscribe()
    await town.store.write(alerts.pause_channel, town.channel.id, reason="a right is missing", now=NOON)
    assert (await kept(town)).paused == "a right is missing"
    await town.manager.slash(town.channel, "alerts resume", subscription=1)
    assert (await kept(town)).paused is None


async def test_remove_asks_once_more_and_works_after_a_restart(town: Town) -> None:
    await town.subscribe(events=("policy",))
    asked = await town.manager.slash(town.channel, "alerts remove", subscription=1)
    assert "Remove subscription 1?" in said(asked) and "policy" in said(asked)
    assert len(await town.store.read(subscriptions.listed)) == 1
    await town.restart_bot()
    assert "Subscription 1 has ended" in said(await town.manager.click(asked.response, label="Remove"))
    assert labels(asked.response) == []
    assert await town.store.read(subscriptions.listed) == []


async def test_what_is_not_to_be_removed_stays(town: Town) -> None:
    await town.subscribe()
    asked = await town.manager.slash(town.channel, "alerts remove", subscription=1)
    assert "stays as it is" in said(await town.manager.click(asked.response, label="Keep"))
    assert len(await town.store.read(subscriptions.listed)) == 1


async def test_a_number_that_no_subscription_can_have_is_refused(town: Town) -> None:
    for number in (0, -1, 99, 2**53 - 1):
        assert f"no subscription {number}" in said(
            await town.manager.slash(town.channel, "alerts remove", subscription=number)
        )
