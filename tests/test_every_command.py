"""Nothing of the bot's face is without a test or a word in the README: each command, option, button and menu entry is
looked for in the tests' own source, and each is tried here with people who may and may not use it."""

import ast
import re
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import discord
import pytest
from discord import app_commands

from bot.client import Index
from bot.client.drawing import to_view
from bot.client.rights import MANAGERS_ONLY, NEEDED
from bot.core.message import Button, Message
from bot.store import feeds, subscriptions
from handlers.help import is_for_managers, menu, sections
from tests.builders import NOON, a_feed, a_story
from tests.people import Town, a_client, a_town, said, text_of
from tests.test_commands import options as smallest
from tests.told import tell

HERE = Path(__file__).parent
README = (HERE.parent / "README.md").read_text(encoding="utf-8")
# What a button carries, and whether only managers may press it: one for each pattern that the bot answers.
PRESSES: dict[str, bool] = {
    "alerts:draft:save:nobody": True,
    "alerts:list:0": True,
    "alerts:remove:1": True,
    "alerts:keep:1": True,
    "feeds:draft:add:nobody": True,
    "feeds:list:all:0": True,
    "feeds:remove:1": True,
    "feeds:keep:1": True,
    "correct:split:1": True,
    "correct:undo:1": True,
    "purge:yes:1": True,
    "vote:undo:talks": True,
    "story:why:talks:-": False,
    "latest:0:0:::": False,
    "timeline:0:talks": False,
    "bulletin:whole:1:mark": False,
    "bulletin:status:1:mark": False,
}
# What needs the bot's rights in a channel: the command with the channel filled in.
WRITES: dict[str, dict[str, Any]] = {
    "alerts add": {"channel": "closed"},
    "alerts edit": {"subscription": 1, "channel": "closed"},
    "alerts test": {"subscription": 2},
    "settings": {"ops_channel": "closed"},
}


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    async with a_town(tmp_path) as town:
        await tell(town.store, a_story("talks", title="In talks"), "Both talk about models.")
        await town.refresh()
        await town.subscribe()
        yield town


def a_tree() -> app_commands.CommandTree[discord.Client]:
    return a_client(None, Index(), clock=None).tree  # type: ignore[arg-type]


def leaves() -> list[app_commands.Command[Any, ..., Any]]:
    return [each for each in a_tree().walk_commands() if isinstance(each, app_commands.Command)]


@cache
def every_leaf() -> tuple[app_commands.Command[Any, ..., Any], ...]:
    return tuple(leaves())


def for_managers(leaf: app_commands.Command[Any, ..., Any]) -> bool:
    return is_for_managers(leaf.root_parent or leaf)


def values_of(option: app_commands.transformers.CommandParameter | Any) -> list[Any]:
    """Every value of an option that has few, and the bounds of one that has bounds."""
    if option.choices:
        return [choice.value for choice in option.choices]
    if option.type is discord.AppCommandOptionType.boolean:
        return [True, False]
    return [option.min_value, option.max_value] if option.type is discord.AppCommandOptionType.integer else []


VALUES = [
    (leaf.qualified_name, option.display_name, value)
    for leaf in leaves()
    for option in leaf.parameters
    for value in values_of(option)
    if value is not None
]


# -- what the tests' own source uses


@cache
def used() -> dict[str, set[str]]:
    """By command what is given to it in some function of the tests: in the function that names the command, or in one
    that calls that function, through whatever helpers."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for path in [*sorted(HERE.glob("test_handlers_*.py")), HERE / "test_commands.py"]:
        module = ast.parse(path.read_text(encoding="utf-8"))
        functions = {
            each.name: each for each in ast.walk(module) if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)
        }
        for function in functions.values():
            words = [word for each in reached(function, functions) for word in constants(each)]
            for command in named(words):
                found[command] |= given(function)
    return found


def reached(function: ast.AST, functions: Mapping[str, ast.AST]) -> list[ast.AST]:
    """The function, and those of its module that it calls, whatever they call included."""
    seen: dict[str, ast.AST] = {}
    waiting = [function]
    while waiting:
        called = {each.id for each in ast.walk(waiting.pop()) if isinstance(each, ast.Name)}
        new = {name: functions[name] for name in called & functions.keys() - seen.keys()}
        seen |= new
        waiting += new.values()
    return [function, *seen.values()]


def named(words: list[str]) -> set[str]:
    """The commands that are among the words, whole, or as a group with a space behind it and a verb."""
    groups = [word for word in words if word.endswith(" ")]
    spoken = {*words, *(group + verb for group in groups for verb in words)}
    return {leaf.qualified_name for leaf in every_leaf() if leaf.qualified_name in spoken}


def constants(node: ast.AST) -> Iterator[str]:
    return (each.value for each in ast.walk(node) if isinstance(each, ast.Constant) and isinstance(each.value, str))


def given(function: ast.AST) -> set[str]:
    """The keywords of all calls in a function, and its words: the keys of options that are no keywords of Python."""
    keywords = {each.arg for each in ast.walk(function) if isinstance(each, ast.keyword) and each.arg}
    return keywords | set(constants(function))


@cache
def sources() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted(HERE.glob("test_*.py")))


@cache
def labels() -> frozenset[str]:
    """The labels of every button that is drawn."""
    found: set[str] = set()
    for path in sorted((HERE.parent / "bot" / "core").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Button" and node.args:
                found |= {node.args[0].value} if isinstance(node.args[0], ast.Constant) else set()
    return frozenset(found | {"Newer", "Older", "Back", "More"})  # chosen by the kind of list


@pytest.mark.parametrize("leaf", leaves(), ids=lambda leaf: leaf.qualified_name)
def test_each_command_and_each_option_is_used_by_a_test(leaf: app_commands.Command[Any, ..., Any]) -> None:
    assert leaf.qualified_name in used(), "no scripted person uses this command"
    tried_here = {name for command, name, _ in VALUES if command == leaf.qualified_name}
    unused = {option.display_name for option in leaf.parameters} - used()[leaf.qualified_name] - tried_here
    assert not unused, f"no scripted person gives /{leaf.qualified_name} these options"


@pytest.mark.parametrize("label", sorted(labels()))
def test_each_button_is_pressed_by_a_test_and_named_in_the_readme(label: str) -> None:
    if label != "Read":
        assert re.search(rf'label="{re.escape(label)}"', sources()), "no scripted person presses this button"
    assert f"**{label}**" in README


@pytest.mark.parametrize("name", menu(a_tree()))
def test_each_entry_of_the_menu_is_used_by_a_test_and_named_in_the_readme(name: str) -> None:
    modules = [ast.parse(path.read_text(encoding="utf-8")) for path in HERE.glob("test_handlers_*.py")]
    uses = [each for each in modules if name in constants(each) and "attr='context_menu'" in ast.dump(each)]
    assert uses, "no scripted person chooses this entry"
    assert f"*{name}*" in README


def test_there_is_no_select_and_no_form_without_a_test() -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for path in (HERE.parent / "handlers").rglob("*.py"))
    forms = re.findall(r"class (\w+)\(.*\bui\.(?:Modal|Select)", code) + re.findall(r"ui\.(\w*Select|Modal)\(", code)
    assert [name for name in forms if name not in sources()] == []


def test_each_command_and_option_says_what_it_is() -> None:
    for leaf in leaves():
        told = [leaf.description, *(str(option.description) for option in leaf.parameters)]
        assert all(len(words) > 10 and not words.endswith(".") for words in told), leaf.qualified_name


def test_the_help_has_every_command_in_one_section_and_managers_apart() -> None:
    listed = [
        (name, MANAGERS_ONLY if "(managers)" in each.heading else "")
        for each in sections(a_tree())
        for name, _ in each.commands
    ]
    assert sorted(listed) == sorted(
        (leaf.qualified_name, MANAGERS_ONLY if for_managers(leaf) else "") for leaf in leaves()
    )


# -- options with few values, each of them


@pytest.mark.parametrize("command", dict.fromkeys(command for command, _, _ in VALUES))
async def test_each_value_of_each_option_is_answered(town: Town, command: str) -> None:
    for option, value in [each[1:] for each in VALUES if each[0] == command]:
        before = len(town.channel.history())
        given = smallest(command, town.channel) | {option: value}
        result = await town.manager.slash(town.channel, command, **given)
        assert said(result), (option, value)
        assert "failed on Tocsin's side" not in said(result), (option, value)
        if option == "share":
            assert result.ephemeral == (not value)
            assert len(town.channel.history()) == before + bool(value)


# -- buttons, by everybody


def test_each_pattern_of_a_button_is_pressed_here() -> None:
    client = a_client(None, Index(), clock=None)  # type: ignore[arg-type]
    patterns = [button.__discord_ui_compiled_template__ for button in client._buttons]
    assert [each.pattern for each in patterns if not any(each.fullmatch(press) for press in PRESSES)] == []
    assert all(any(each.fullmatch(press) for each in patterns) for press in PRESSES)


async def pressed(person: Any, town: Town, channel: Any, custom_id: str) -> str:
    """What a person reads who presses a button that carries `custom_id`, after a restart."""
    place = town.env.bot.get_channel(channel.id)
    message = await place.send("A message.", view=to_view(Message(buttons=(Button("Press", custom_id=custom_id),))))
    await town.restart_bot()
    result = await person.click(message, label="Press")
    return said(result) + "".join(text_of(each) for each in channel.history())


@pytest.mark.parametrize("custom_id", PRESSES)
async def test_a_reader_is_answered_or_refused_by_each_button_after_a_restart(town: Town, custom_id: str) -> None:
    text = await pressed(town.reader, town, town.channel, custom_id)
    assert ("right Manage Server" in text) == PRESSES[custom_id]
    assert len(await town.store.read(subscriptions.listed)) == 1


@pytest.mark.parametrize("custom_id", PRESSES)
async def test_a_manager_of_another_server_reaches_nothing_of_this_one_by_a_button(town: Town, custom_id: str) -> None:
    number = await town.store.write(feeds.add, a_feed(name="Ours alone"), NOON)
    _, elsewhere, mallory = town.other_server()
    text = await pressed(mallory, town, elsewhere, custom_id)
    assert str(town.channel.id) not in text
    assert [each.id for each in await town.store.read(subscriptions.listed, town.guild.id)] == [1]
    assert number in {each.id for each in await town.store.read(feeds.listed)}


# -- what is offered while people type


OFFERING = [
    (leaf.qualified_name, option.display_name, for_managers(leaf))
    for leaf in leaves()
    for option in leaf.parameters
    if option.autocomplete
]


async def test_offers_are_few_and_for_those_who_may_use_the_command(town: Town) -> None:
    for command, option, managers in OFFERING:
        assert len(await town.manager.autocomplete(town.channel, command, option, "")) <= 25
        offered = await town.reader.autocomplete(town.channel, command, option, "")
        assert offered == [] if managers else len(offered) <= 25, (command, option)


async def test_a_manager_of_another_server_is_offered_nothing_of_this_one(town: Town) -> None:
    _, elsewhere, mallory = town.other_server()
    for command, option, managers in OFFERING:
        if managers:
            offered = str(await mallory.autocomplete(elsewhere, command, option, ""))
            assert str(town.channel.id) not in offered
            assert str(town.guild.id) not in offered


# -- rights


@pytest.mark.parametrize("right", NEEDED)
@pytest.mark.parametrize("command", WRITES)
async def test_each_right_that_the_bot_lacks_in_a_channel_is_named(town: Town, command: str, right: str) -> None:
    shut = {town.env.bot.user: discord.PermissionOverwrite(**{right: False})}
    closed = town.guild.create_text_channel("closed", overwrites=shut)
    if command == "alerts test":
        await town.subscribe(channel_id=closed.id)
    options = {name: value if value != "closed" else closed for name, value in WRITES[command].items()}
    if command == "settings":
        options = {"ops_channel": str(closed.id)}
    text = said(await town.manager.slash(town.channel, command, **options)).replace("\\", "").replace("\u2060", "")
    assert NEEDED[right] in text or "does not see" in text, text


@pytest.mark.parametrize(
    "leaf", [each for each in leaves() if for_managers(each)], ids=lambda leaf: leaf.qualified_name
)
async def test_the_manager_role_opens_each_managers_command(
    town: Town, leaf: app_commands.Command[Any, ..., Any]
) -> None:
    """The role that a server chose counts as Manage Server does."""
    role = town.guild.create_role("editors")
    editor = town.guild.add_member(town.env.create_user("eve"), roles=[role])
    before = said(await editor.slash(town.channel, leaf.qualified_name, **smallest(leaf.qualified_name, town.channel)))
    assert "right Manage Server" in before
    await town.manager.slash(town.channel, "settings", manager_role=str(role.id))
    after = said(await editor.slash(town.channel, leaf.qualified_name, **smallest(leaf.qualified_name, town.channel)))
    assert after and "right Manage Server" not in after
