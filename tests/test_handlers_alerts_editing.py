"""What managers do with `/alerts edit`, from their side."""

from dataclasses import replace
from typing import Any

import pytest

from bot.core.alert import Habits
from bot.core.hours import DigestPlan
from bot.store import alerts
from tests import managing
from tests.builders import NOON, a_story, an_alert
from tests.managing import deny, kept
from tests.people import Town, said

town = managing.town


async def test_edit_changes_only_what_is_given(town: Town) -> None:
    await town.subscribe(events=("contract",), organisations=("NATO",), habits=Habits(max_per_hour=3))
    result = await town.manager.slash(town.channel, "alerts edit", subscription=1, min_importance="high")
    assert "Subscription 1 changed" in said(result)
    assert "contract · only NATO · high importance or more" in said(result)
    subscription = await kept(town)
    assert (subscription.events, subscription.organisations) == (("contract",), ("NATO",))
    assert (subscription.min_importance, subscription.habits.max_per_hour) == ("high", 3)


async def test_every_option_of_edit_is_kept_and_none_empties_it(town: Town) -> None:
    role = town.guild.create_role("on call", mentionable=True)
    other = town.guild.create_text_channel("other")
    await town.subscribe()
    before = await kept(town)
    await town.manager.slash(
        town.channel, "alerts edit", subscription=1, channel=other, topic="ai-defence", organisations="NATO",
        events="policy", languages="French", min_importance="critical", mode="digest", max_per_hour=9,
        role="ON CALL", layout="compact", thread=True,
    )  # fmt: skip
    assert await kept(town) == replace(
        before, channel_id=other.id, topic="ai-defence", organisations=("NATO",), events=("policy",),
        languages=("fr",), min_importance="critical", mode="digest",
        habits=Habits("compact", 9, role.id, thread=True, digest=DigestPlan(8)),
    )  # fmt: skip
    await town.manager.slash(
        town.channel, "alerts edit", subscription=1, channel=town.channel, topic="none", organisations="none",
        events="None", languages="none", min_importance="low", mode="alerts", max_per_hour=0, role="none",
        layout="full", thread=False,
    )  # fmt: skip
    assert await kept(town) == before


async def test_edit_without_anything_to_change_says_so(town: Town) -> None:
    await town.subscribe()
    assert "Nothing was given to change" in said(await town.manager.slash(town.channel, "alerts edit", subscription=1))


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ({"topic": "cooking"}, "There is no topic “cooking”"),
        ({"organisations": "NATO, Acme"}, "no organisation “Acme”"),
        ({"events": "party"}, "no kind of event “party”"),
        ({"languages": "Klingon"}, "knows no language “Klingon”"),
        ({"role": "nobody"}, "This server has no role “nobody”"),
        ({"publish": True}, "no announcement channel"),
    ],
)
async def test_edit_refuses_what_could_never_be(town: Town, option: dict[str, Any], words: str) -> None:
    await town.subscribe()
    before = await kept(town)
    assert words in said(await town.manager.slash(town.channel, "alerts edit", subscription=1, **option))
    assert await kept(town) == before


async def test_a_subscription_cannot_be_edited_into_another(town: Town) -> None:
    await town.subscribe(events=("policy",))
    await town.subscribe(events=("contract",))
    result = await town.manager.slash(town.channel, "alerts edit", subscription=2, events="policy")
    assert "has that already: it is subscription 1" in said(result)


async def test_a_subscription_of_a_deleted_channel_moves_to_another(town: Town) -> None:
    await town.subscribe(channel_id=4711)
    lost = said(await town.manager.slash(town.channel, "alerts edit", subscription=1, events="policy"))
    assert "Tocsin does not see <#4711>" in lost
    moved = await town.manager.slash(town.channel, "alerts edit", subscription=1, channel=town.channel)
    assert "Subscription 1 changed" in said(moved)


async def test_edit_is_refused_while_the_bot_lacks_a_right(town: Town) -> None:
    await town.subscribe()
    await deny(town, town.channel, embed_links=False)
    result = await town.manager.slash(town.channel, "alerts edit", subscription=1, events="policy")
    assert "Tocsin lacks Embed Links" in said(result)


async def test_what_waits_for_a_digest_waits_on_for_a_last_message_when_digests_end(town: Town) -> None:
    await town.subscribe(mode="digest")
    await town.keep(a_story())
    await town.store.write(alerts.owe, [an_alert(1, kind="digest")], NOON)
    await town.manager.slash(town.channel, "alerts edit", subscription=1, mode="alerts")
    assert await town.store.read(alerts.counts) == {
        **dict.fromkeys(await town.store.read(alerts.counts), 0),
        "owed": 1,
    }
