"""What `/alerts` offers while a manager types, and to whom."""

import pytest

from bot.errors import TocsinError
from handlers.alerts.options import ABOUT, known_events, known_organisations
from tests import managing
from tests.builders import a_story
from tests.people import Town, said

town = managing.town

NUMBERED = ("alerts edit", "alerts pause", "alerts resume", "alerts remove")
TYPED = ("topic", "organisations", "events", "languages")


async def test_a_removed_subscription_is_gone_from_the_choices(town: Town) -> None:
    await town.subscribe()
    await town.refresh()
    offered = await town.manager.autocomplete(town.channel, "alerts remove", "subscription", "")
    assert offered == [{"name": "1 · #news · every topic", "value": 1}]
    asked = await town.manager.slash(town.channel, "alerts remove", subscription=1)
    await town.manager.click(asked.response, label="Remove")
    assert await town.manager.autocomplete(town.channel, "alerts remove", "subscription", "") == []


@pytest.mark.parametrize(
    ("command", "option"),
    [
        *((command, "subscription") for command in NUMBERED),
        *((command, option) for command in ("alerts add", "alerts edit") for option in ABOUT if option in TYPED),
        ("alerts edit", "role"),
    ],
)
async def test_choices_are_for_managers_of_their_server_only(town: Town, command: str, option: str) -> None:
    await town.subscribe()
    await town.refresh()
    _, elsewhere, mallory = town.other_server()
    assert await town.manager.autocomplete(town.channel, command, option, "")
    assert await town.reader.autocomplete(town.channel, command, option, "") == []
    if option == "subscription":
        assert await mallory.autocomplete(elsewhere, command, option, "") == []


async def test_autocomplete_completes_the_last_of_several_names(town: Town) -> None:
    await town.keep(a_story(organisations=("OpenAI",)))
    for option, typed, whole in (
        ("organisations", "NATO, an", ["NATO, Anthropic", "NATO, Anduril Industries"]),
        ("events", "contract, pol", ["contract, policy"]),
        ("languages", "German, engl", ["German, English"]),
    ):
        offered = await town.manager.autocomplete(town.channel, "alerts add", option, typed)
        assert [choice["value"] for choice in offered] == whole


async def test_an_organisation_may_be_given_by_what_else_it_is_called(town: Town) -> None:
    town.index.other_names = [("US Department of Defense", "Pentagon"), ("US Department of Defense", "DoD")]
    drafted = await town.manager.slash(town.channel, "alerts add", channel=town.channel, organisations="pentagon, NATO")
    assert "only US Department of Defense, NATO" in said(drafted)


async def test_edit_offers_none_and_add_does_not(town: Town) -> None:
    for option in (*TYPED, "role"):
        offered = await town.manager.autocomplete(town.channel, "alerts edit", option, "non")
        assert offered[0] == {"name": "none", "value": "none"}
    for option in TYPED:
        offered = await town.manager.autocomplete(town.channel, "alerts add", option, "non")
        assert {"name": "none", "value": "none"} not in offered


@pytest.mark.parametrize(
    ("refused", "words"),
    [
        (lambda: known_organisations("NATO, Acme", [("NATO", "NATO")]), "no organisation “Acme”"),
        (lambda: known_events("contract, party"), "no kind of event “party”"),
    ],
)
def test_what_could_never_match_is_refused_with_what_can(refused: object, words: str) -> None:
    with pytest.raises(TocsinError, match=words):
        refused()  # type: ignore[operator]
