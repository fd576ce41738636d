"""Commands on the fake: how they are registered, who may run them, and what they are given."""

from typing import Any

import discord
import pytest
from discord import app_commands
from hypothesis import given
from hypothesis import strategies as st

from tests import answering, stage
from tests.answering import Bot, run
from tests.discord_fake import FakeDiscord, NotPossible, Permission
from tests.discord_fake.commands import valid_name
from tests.discord_fake.world import Channel, User

fake = stage.judged_fake
guild = stage.guild
channel = stage.channel
user = answering.user
editor = answering.editor
bot = answering.bot


# -- running


async def test_plain_answer(fake: FakeDiscord, bot: Bot, channel: Channel, user: User) -> None:
    response = await fake.slash(user, channel, "/run")
    assert (response.content, response.ephemeral, response.kind) == ("pong", False, 4)
    stored = fake.messages(channel)[0]
    assert stored["type"] == 20
    assert stored["interaction_metadata"]["user"]["id"] == str(user.id)


async def test_options(fake: FakeDiscord, bot: Bot, channel: Channel, editor: User) -> None:
    role = fake.add_role(channel.guild_id, "desk")
    await fake.until(lambda: bot.guilds[0].get_role(role.id))
    plain = await fake.slash(editor, channel, "/alerts add", topic="AI")
    assert (plain.content, plain.ephemeral) == ("AI low 1 [None, None, None]", True)
    full = await fake.slash(
        editor, channel, "/alerts add", topic="AI", level="high", count=5, where=channel, who=editor, role=role
    )
    assert full.content == "AI high 5 ['alerts', 'editor', 'desk']"
    assert fake.messages(channel) == []
    assert [m.content for m in fake.visible_to(editor, channel)] == [plain.content, full.content]


@pytest.mark.parametrize(
    ("line", "options"),
    [
        ("/nothing", {}),
        ("/alerts", {}),
        ("/alerts remove", {}),
        ("/alerts add", {}),
        ("/alerts add", {"topic": "x", "level": "middle"}),
        ("/alerts add", {"topic": "x", "count": 6}),
        ("/alerts add", {"topic": 5}),
        ("/alerts add", {"topic": "x", "where": 1}),
        ("/alerts add", {"topic": "x", "surprise": 1}),
    ],
)
async def test_what_the_client_refuses(
    fake: FakeDiscord, bot: Bot, channel: Channel, editor: User, line: str, options: dict[str, Any]
) -> None:
    with pytest.raises(NotPossible):
        await fake.slash(editor, channel, line, **options)


async def test_who_may_run_a_command(fake: FakeDiscord, bot: Bot, channel: Channel, user: User) -> None:
    with pytest.raises(NotPossible):
        await fake.slash(user, channel, "/alerts add", topic="x")
    fake.set_permissions(channel, target=user, allow=Permission.MANAGE_GUILD)
    await fake.slash(user, channel, "/alerts add", topic="x")
    fake.set_permissions(channel, target=user, deny=Permission.USE_APPLICATION_COMMANDS)
    with pytest.raises(NotPossible):
        await fake.slash(user, channel, "/run")


async def test_autocompletion(fake: FakeDiscord, bot: Bot, channel: Channel, editor: User) -> None:
    choices = await fake.autocomplete(editor, channel, "/alerts add", "topic", "dro")
    assert [choice["name"] for choice in choices] == ["dro0", "dro1"]
    with pytest.raises(NotPossible):
        await fake.autocomplete(editor, channel, "/alerts add", "level", "x")
    interaction = fake.open_autocomplete(editor, channel, "/alerts add", "topic", "many")
    await fake.until(lambda: any(r.status == 400 for r in fake.requests))
    assert interaction.answer is None
    fake.violations.clear()


# -- registration


def leaf(**more: Any) -> dict[str, Any]:
    return {"name": "a", "description": "b", "type": 3, **more}


def slash(**more: Any) -> dict[str, Any]:
    return {"name": "a", "description": "b", "type": 1, **more}


@pytest.mark.parametrize(
    ("commands", "where"),
    [
        ([slash(name="Upper")], "0.name"),
        ([slash(name="two words")], "0.name"),
        ([slash(name="x" * 33)], "0.name"),
        ([slash(description="")], "0.description"),
        ([slash(description="x" * 101)], "0.description"),
        ([slash(), slash(name="b", options=[leaf(), leaf(name="B")])], "1.options.1.name"),
        ([slash(options=[leaf(name=f"o{n}") for n in range(26)])], "0.options"),
        ([slash(options=[leaf(), leaf()])], "0.options.1.name"),
        ([slash(options=[leaf(), leaf(name="b", required=True)])], "0.options.1"),
        ([slash(options=[leaf(choices=[{"name": str(n), "value": "v"} for n in range(26)])])], "0.options.0.choices"),
        (
            [slash(options=[leaf(choices=[{"name": "n", "value": "v" * 101}])])],
            "0.options.0.choices.0.value",
        ),
        ([slash(options=[leaf(type=1), leaf(name="b")])], "0.options"),
        ([slash(options=[leaf(type=1, options=[leaf(type=1)])])], "0.options.0"),
        ([slash(options=[leaf(type=2, options=[leaf(type=2, options=[])])])], "0.options.0"),
        ([slash(options=[leaf(type=8, autocomplete=True)])], "0.options.0.autocomplete"),
        ([slash(options=[leaf(name=f"o{n}", description="x" * 100, choices=[
            {"name": f"{c}" * 10, "value": "v" * 30} for c in range(9)]) for n in range(20)])], "0"),
        ([slash(), slash()], "1.name"),
    ],
)  # fmt: skip
async def test_registration_is_checked(fake: FakeDiscord, bot: Bot, commands: list[Any], where: str) -> None:
    with pytest.raises(discord.HTTPException) as refused:
        await bot.http.bulk_upsert_global_commands(bot.application_id or 0, commands)
    assert refused.value.code == 50035
    assert f"In {where}:" in refused.value.text
    assert [command["name"] for command in fake.commands.registered()] == ["run", "alerts"]
    fake.violations.clear()


async def test_too_many_commands(fake: FakeDiscord, bot: Bot) -> None:
    many = [slash(name=f"c{number}") for number in range(101)]
    await bot.http.bulk_upsert_global_commands(bot.application_id or 0, many[:100])
    with pytest.raises(discord.HTTPException) as refused:
        await bot.http.bulk_upsert_global_commands(bot.application_id or 0, many)
    assert refused.value.code == 30032
    others = [slash(name=f"d{number}") for number in range(100)]
    with pytest.raises(discord.HTTPException) as daily:
        await bot.http.bulk_upsert_global_commands(bot.application_id or 0, others)
    assert daily.value.code == 30034
    fake.violations.clear()


async def test_sync_failure_is_told(fake: FakeDiscord, bot: Bot) -> None:
    bot.tree.add_command(app_commands.Command(name="long", description="x" * 101, callback=run.callback))
    with pytest.raises(app_commands.CommandSyncFailure, match="long"):
        await bot.tree.sync()
    fake.violations.clear()


async def test_ids_stay_and_guild_commands_are_apart(fake: FakeDiscord, bot: Bot, channel: Channel) -> None:
    before = {command["name"]: command["id"] for command in fake.commands.registered()}
    fetched = await bot.tree.fetch_commands()
    assert {command.name: str(command.id) for command in fetched} == before
    bot.tree.remove_command("run")
    synced = await bot.tree.sync()
    assert [str(command.id) for command in synced] == [before["alerts"]]
    home = discord.Object(channel.guild_id)
    bot.tree.add_command(run, guild=home)
    assert len(await bot.tree.sync(guild=home)) == 1
    assert len(fake.commands.registered()) == 1
    with pytest.raises(discord.Forbidden):
        await bot.tree.sync(guild=discord.Object(1))


async def test_guild_command_is_run(fake: FakeDiscord, bot: Bot, channel: Channel, user: User) -> None:
    home = discord.Object(channel.guild_id)
    bot.tree.remove_command("run")
    bot.tree.add_command(run, guild=home)
    await bot.tree.sync(guild=home)
    await bot.tree.sync()
    assert (await fake.slash(user, channel, "run")).content == "pong"


@given(st.text(st.characters(categories=["L", "N", "Pc", "Pd", "Zs"]), min_size=1, max_size=34))
def test_names_are_judged_as_discord_py_judges_them(name: str) -> None:
    """Marks and the apostrophe are left out: there Discord takes more than discord.py."""
    try:
        app_commands.commands.validate_name(name)
        valid = True
    except ValueError:
        valid = False
    assert valid_name(name) == valid


@pytest.mark.parametrize(("name", "valid"), [("l'alerte", True), ("अलर्ट", True), ("ที่นี่", True), ("a\u0301", False)])
def test_names_with_marks(name: str, valid: bool) -> None:
    assert valid_name(name) == valid
