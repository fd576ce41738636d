"""Commands, buttons, selects, modals and their clocks on the fake, answered by the real client."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Literal

import discord
import pytest
from discord import app_commands
from hypothesis import given
from hypothesis import strategies as st

from tests.discord_fake import FakeDiscord, NoResponse, NotPossible, Permission, QuickClient, running
from tests.discord_fake.commands import valid_name
from tests.discord_fake.openapi import at_hand
from tests.discord_fake.world import Channel, User

Body = Callable[[discord.Interaction], Awaitable[None]]


class Bot(QuickClient):
    """A client with a command tree; `answer` is what /run does."""

    def __init__(self) -> None:
        super().__init__()
        self.tree = app_commands.CommandTree(self)
        self.failures: list[Exception] = []
        self.answer: Body = _pong
        self.tree.error(self._fail)
        self.tree.add_command(run)
        self.tree.add_command(alerts)

    async def _fail(self, interaction: discord.Interaction, error: app_commands.AppCommandError) -> None:
        self.failures.append(getattr(error, "original", error))

    async def setup_hook(self) -> None:
        await self.tree.sync()
        self.add_view(Persistent())


async def _pong(interaction: discord.Interaction) -> None:
    await interaction.response.send_message("pong")


@app_commands.command(description="Runs what the test wants")
async def run(interaction: discord.Interaction) -> None:
    assert isinstance(interaction.client, Bot)
    await interaction.client.answer(interaction)


alerts = app_commands.Group(
    name="alerts", description="Alerts", default_permissions=discord.Permissions(manage_guild=True)
)


@alerts.command(name="add", description="Adds one")
async def add(
    interaction: discord.Interaction,
    topic: str,
    level: Literal["low", "high"] = "low",
    count: app_commands.Range[int, 1, 5] = 1,
    where: discord.TextChannel | None = None,
    who: discord.Member | None = None,
    role: discord.Role | None = None,
) -> None:
    named = [thing and thing.name for thing in (where, who, role)]
    await interaction.response.send_message(f"{topic} {level} {count} {named}", ephemeral=True)


@add.autocomplete("topic")
async def _topics(interaction: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
    count = 26 if typed == "many" else 2
    return [app_commands.Choice(name=f"{typed}{number}", value=str(number)) for number in range(count)]


class Persistent(discord.ui.View):
    """Buttons that work for ever, by their custom ids."""

    def __init__(self) -> None:
        super().__init__(timeout=None)

    @discord.ui.button(label="More", custom_id="more")
    async def more(self, interaction: discord.Interaction, button: Any) -> None:
        await interaction.response.send_message("details", ephemeral=True)

    @discord.ui.button(label="Done", custom_id="done")
    async def done(self, interaction: discord.Interaction, button: Any) -> None:
        await interaction.response.edit_message(content="done", view=None)

    @discord.ui.button(label="Slow", custom_id="slow")
    async def slow(self, interaction: discord.Interaction, button: Any) -> None:
        await interaction.response.defer()
        await interaction.edit_original_response(content="slowly done")

    @discord.ui.button(label="Ask", custom_id="ask")
    async def ask(self, interaction: discord.Interaction, button: Any) -> None:
        await interaction.response.send_modal(Question())

    @discord.ui.select(custom_id="choose", options=[discord.SelectOption(label=x) for x in "abc"], max_values=2)
    async def choose(self, interaction: discord.Interaction, select: discord.ui.Select[Any]) -> None:
        await interaction.response.send_message(" ".join(select.values))

    @discord.ui.select(cls=discord.ui.ChannelSelect, custom_id="place")
    async def place(self, interaction: discord.Interaction, select: discord.ui.ChannelSelect[Any]) -> None:
        await interaction.response.send_message(str(select.values[0].name))


class Question(discord.ui.Modal, title="Question"):
    words = discord.ui.TextInput[Any](label="Words", custom_id="words", max_length=20)

    async def on_submit(self, interaction: discord.Interaction) -> None:
        await interaction.response.edit_message(content=f"asked {self.words.value}")


@pytest.fixture
async def fake() -> AsyncIterator[FakeDiscord]:
    async with FakeDiscord(openapi=at_hand()) as server:
        yield server
    assert not server.unknown
    assert not server.violations


@pytest.fixture
def channel(fake: FakeDiscord) -> Channel:
    return fake.add_channel(fake.add_guild())


@pytest.fixture
def user(fake: FakeDiscord, channel: Channel) -> User:
    return fake.add_user(channel.guild_id, "reader")


@pytest.fixture
def editor(fake: FakeDiscord, channel: Channel) -> User:
    return fake.add_user(channel.guild_id, "editor", permissions=Permission.ADMINISTRATOR)


@pytest.fixture
async def bot(fake: FakeDiscord, channel: Channel) -> AsyncIterator[Bot]:
    client = Bot()
    async with running(fake, client):
        yield client


@pytest.fixture
async def posted(bot: Bot, channel: Channel) -> discord.Message:
    return await bot.get_partial_messageable(channel.id).send("story", view=Persistent())


# -- commands


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


async def test_deferral_becomes_the_answer(fake: FakeDiscord, bot: Bot, channel: Channel, user: User) -> None:
    seen = asyncio.Event()

    async def later(interaction: discord.Interaction) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        await seen.wait()
        await interaction.followup.send("first")
        await interaction.followup.send("second")
        await interaction.edit_original_response(content="changed")

    bot.answer = later
    thinking = await fake.slash(user, channel, "/run")
    assert thinking.loading
    assert thinking.ephemeral
    seen.set()
    done = await fake.wait_for_follow_up(thinking, count=2)
    await fake.until(lambda: fake.visible_to(user, channel)[0].content == "changed")
    assert [m["content"] for m in done.messages][1] == "second"
    assert [m.content for m in fake.visible_to(user, channel)] == ["changed", "second"]
    assert [m["content"] for m in fake.messages(channel)] == ["second"]
    assert not bot.failures


async def test_deletion_of_an_answer(fake: FakeDiscord, bot: Bot, channel: Channel, user: User) -> None:
    async def gone(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("x", ephemeral=True)
        await interaction.delete_original_response()
        with pytest.raises(discord.NotFound):
            await interaction.original_response()
            await interaction.edit_original_response(content="y")
        bot.failures.append(Exception("end"))

    bot.answer = gone
    await fake.slash(user, channel, "/run")
    await fake.until(lambda: bot.failures)
    assert str(bot.failures[0]) == "end"
    assert fake.visible_to(user, channel) == []


# -- clocks and errors


async def test_three_seconds(fake: FakeDiscord, bot: Bot, channel: Channel, user: User) -> None:
    async def late(interaction: discord.Interaction) -> None:
        fake.clock.advance(3.1)
        await interaction.response.send_message("too late")

    bot.answer = late
    with pytest.raises(NoResponse):
        await fake.slash(user, channel, "/run")
    await fake.until(lambda: bot.failures)
    assert isinstance(bot.failures[0], discord.NotFound)
    assert bot.failures[0].code == 10062
    assert fake.messages(channel) == []


async def test_only_one_answer(fake: FakeDiscord, bot: Bot, channel: Channel, user: User) -> None:
    async def twice(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("one")
        interaction.response._response_type = None
        await interaction.response.send_message("two")

    bot.answer = twice
    await fake.slash(user, channel, "/run")
    await fake.until(lambda: bot.failures)
    assert isinstance(bot.failures[0], discord.HTTPException)
    assert bot.failures[0].code == 40060
    assert [m["content"] for m in fake.messages(channel)] == ["one"]


async def test_fifteen_minutes(fake: FakeDiscord, bot: Bot, channel: Channel, user: User) -> None:
    async def slow(interaction: discord.Interaction) -> None:
        await interaction.response.defer()
        fake.clock.advance(14 * 60)
        await interaction.followup.send("in time")
        fake.clock.advance(61)
        await interaction.followup.send("too late")

    bot.answer = slow
    await fake.slash(user, channel, "/run")
    await fake.until(lambda: bot.failures)
    assert isinstance(bot.failures[0], discord.HTTPException)
    assert (bot.failures[0].status, bot.failures[0].code) == (401, 50027)


async def test_follow_up_before_an_answer(fake: FakeDiscord, bot: Bot, channel: Channel, user: User) -> None:
    async def early(interaction: discord.Interaction) -> None:
        await interaction.followup.send("x")

    bot.answer = early
    interaction = fake.open_slash(user, channel, "/run")
    await fake.until(lambda: bot.failures)
    assert isinstance(bot.failures[0], discord.NotFound)
    assert bot.failures[0].code == 10015
    assert interaction.answer is None


async def test_wrong_kind_of_answer(fake: FakeDiscord, bot: Bot, channel: Channel, user: User) -> None:
    async def update(interaction: discord.Interaction) -> None:
        route = discord.http.Route(
            "POST",
            "/interactions/{webhook_id}/{webhook_token}/callback",
            webhook_id=interaction.id,
            webhook_token=interaction.token,
        )
        await bot.http.request(route, json={"type": 7, "data": {"content": "x"}})

    bot.answer = update
    fake.open_slash(user, channel, "/run")
    await fake.until(lambda: bot.failures)
    assert isinstance(bot.failures[0], discord.HTTPException)
    assert bot.failures[0].code == 50035


async def test_nobody_answers(fake: FakeDiscord, channel: Channel, user: User) -> None:
    client = Bot()
    async with running(fake, client):
        fake.gateway.refusing = True
        await fake.drop_gateway()
        interaction = fake.open_slash(user, channel, "/run")
        waiting = asyncio.create_task(fake.wait_for_response(interaction))
        await asyncio.sleep(0)
        fake.clock.advance(3)
        with pytest.raises(NoResponse):
            await waiting


# -- components


async def test_ephemeral_answer_to_a_button(
    fake: FakeDiscord, bot: Bot, channel: Channel, user: User, posted: discord.Message
) -> None:
    response = await fake.click(user, posted, "more")
    assert (response.content, response.ephemeral) == ("details", True)
    assert len(fake.messages(channel)) == 1
    with pytest.raises(discord.NotFound):
        await bot.get_partial_messageable(channel.id).fetch_message(int(response.message["id"]))


@pytest.mark.parametrize(("custom_id", "text"), [("done", "done"), ("slow", "slowly done")])
async def test_button_edits_its_message(
    fake: FakeDiscord, channel: Channel, user: User, posted: discord.Message, custom_id: str, text: str
) -> None:
    response = await fake.click(user, posted, custom_id)
    assert response.message["id"] == str(posted.id)
    await fake.until(lambda: fake.messages(channel)[0]["content"] == text)
    assert len(fake.messages(channel)) == 1


async def test_selects(fake: FakeDiscord, channel: Channel, user: User, posted: discord.Message) -> None:
    assert (await fake.click(user, posted, "choose", ["a", "c"])).content == "a c"
    assert (await fake.click(user, posted, "place", [channel])).content == channel.name
    for values in ([], ["d"], ["a", "b", "c"]):
        with pytest.raises(NotPossible):
            await fake.click(user, posted, "choose", values)


async def test_modal(fake: FakeDiscord, channel: Channel, user: User, posted: discord.Message) -> None:
    response = await fake.click(user, posted, "ask")
    assert response.modal
    assert response.modal["title"] == "Question"
    with pytest.raises(NotPossible):
        await fake.submit_modal(user, response, {"words": "x" * 21})
    with pytest.raises(NotPossible):
        await fake.submit_modal(user, response, {"word": "x"})
    answer = await fake.submit_modal(user, response, {"words": "drones"})
    assert answer.content == "asked drones"
    assert len(fake.messages(channel)) == 1


async def test_buttons_survive_a_restart(fake: FakeDiscord, channel: Channel, user: User) -> None:
    first, second = Bot(), Bot()
    async with running(fake, first):
        posted = await first.get_partial_messageable(channel.id).send("story", view=Persistent())
    async with running(fake, second):
        assert (await fake.click(user, posted, "more")).content == "details"


async def test_what_cannot_be_pressed(
    fake: FakeDiscord, bot: Bot, channel: Channel, user: User, posted: discord.Message
) -> None:
    with pytest.raises(NotPossible):
        await fake.click(user, posted, "nothing")
    response = await fake.click(user, posted, "more")
    stranger = fake.add_user(channel.guild_id)
    with pytest.raises(NotPossible):
        await fake.click(stranger, response.message, "more")
    fake.set_permissions(channel, target=stranger, deny=Permission.VIEW_CHANNEL)
    with pytest.raises(NotPossible):
        await fake.click(stranger, posted, "more")


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
