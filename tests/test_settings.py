"""The configuration: what ships is whole, and every mistake is told with its place, all at once."""

import re
import tomllib
from pathlib import Path

import pytest

from bot.errors import ConfigurationError
from bot.settings import Overrides, load_settings
from bot.settings.environment import Environment
from bot.settings.files import shipped_folder
from bot.settings.toml import line_of

SHIPPED = shipped_folder()


def mistakes_of(overrides: Overrides) -> list[str]:
    with pytest.raises(ConfigurationError) as refusal:
        load_settings(overrides)
    return [str(mistake) for mistake in refusal.value.mistakes]


def folder_with(tmp_path: Path, **files: str) -> Overrides:
    for name, text in files.items():
        (tmp_path / f"{name}.toml").write_text(text, encoding="utf-8")
    return Overrides(config=tmp_path)


def test_what_ships_is_free_of_mistakes() -> None:
    settings = load_settings()
    assert len(settings.feeds) >= 40
    assert len(settings.knowledge.organisations) >= 150


def test_every_key_that_ships_is_explained_by_a_comment() -> None:
    lines = (SHIPPED / "settings.toml").read_text(encoding="utf-8").splitlines()
    keys = [number for number, line in enumerate(lines) if re.match(r"\w+ *=", line)]
    assert keys
    assert all(lines[number - 1].startswith("#") for number in keys)


def test_every_variable_is_in_the_example_environment() -> None:
    example = (SHIPPED / "example.env").read_text(encoding="utf-8")
    assert [name for name in Environment.model_fields if f"TOCSIN_{name.upper()}=" not in example] == []


def test_a_file_that_the_operator_has_replaces_the_one_that_ships(tmp_path: Path) -> None:
    settings = load_settings(folder_with(tmp_path, feeds='[[feed]]\nurl = "https://a.example/f"\nname = "A"\n'))
    assert [feed.name for feed in settings.feeds] == ["A"]
    assert settings.poll.tick == tomllib.loads((SHIPPED / "settings.toml").read_text(encoding="utf-8"))["poll"]["tick"]


def test_a_file_of_language_that_the_operator_has_replaces_the_one_that_ships(tmp_path: Path) -> None:
    table = '[[organisation]]\nname = "Orchid Test Works"\nkind = "prime"\ncountry = "US"\n'
    settings = load_settings(folder_with(tmp_path, organisations=table))
    assert [organisation.name for organisation in settings.knowledge.organisations] == ["Orchid Test Works"]
    assert settings.knowledge.topics == load_settings().knowledge.topics


def test_a_file_that_is_there_and_cannot_be_read_is_told_and_not_passed_over(tmp_path: Path) -> None:
    (tmp_path / "feeds.toml").mkdir()
    (tmp_path / "topics.toml").symlink_to(tmp_path / "nowhere.toml")
    told = mistakes_of(Overrides(config=tmp_path))
    assert [mistake.partition(" cannot be read (")[0] for mistake in told] == [
        f"{tmp_path}/feeds.toml:",
        f"{tmp_path}/topics.toml:",
    ]


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("setings.toml", "call it settings.toml"),
        ("Feeds.toml", "call it feeds.toml"),
        ("organizations.toml", "call it organisations.toml"),
        ("tocsin.toml", "the names are amounts, events, feeds, "),
    ],
)
def test_a_file_whose_name_is_misspelt_is_told(tmp_path: Path, name: str, hint: str) -> None:
    for other in (name, "settings.toml", ".#settings.toml", "notes.md", "feeds.toml~"):
        (tmp_path / other).touch()
    (told,) = load_settings(Overrides(config=tmp_path)).unread
    assert str(told).startswith(f"{tmp_path}/{name}: is read by nobody; {hint}")


def test_a_list_of_feeds_may_stand_there_under_any_name(tmp_path: Path) -> None:
    (tmp_path / "feeds2.toml").touch()
    assert load_settings(Overrides(config=tmp_path, feeds=tmp_path / "feeds2.toml")).unread == ()


def test_mistakes_in_several_files_are_told_at_once_with_file_and_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOCSIN_ALLOWED_GUILDS", "me")
    overrides = folder_with(
        tmp_path,
        settings="[poll]\ninterval = 0\n\n[delivery]\ntick = 3\n",
        feeds='[[feed]]\nurl = "ftp://a.example"\nname = "A"\n\n[[feed]]\nname = "B"\n',
    )
    told = "\n".join(mistakes_of(overrides))
    assert f"{tmp_path}/settings.toml:2: poll, interval" in told
    assert f"{tmp_path}/settings.toml:4: delivery: is not a known key" in told
    assert f"{tmp_path}/feeds.toml:2: feed 1, url" in told
    assert f"{tmp_path}/feeds.toml:5: feed 2, url" in told
    assert "TOCSIN_ALLOWED_GUILDS: 'me' is neither a server id nor *" in told


def test_broken_toml_is_told_with_its_line(tmp_path: Path) -> None:
    (told,) = mistakes_of(folder_with(tmp_path, settings='[poll]\n\ntick = "\n'))
    assert re.match(rf"{re.escape(str(tmp_path))}/settings\.toml:3: is not valid TOML", told)


def test_a_feed_listed_twice_is_told_at_its_second_place(tmp_path: Path) -> None:
    feed = '[[feed]]\nurl = "https://a.example/f"\nname = "A"\n'
    (told,) = mistakes_of(folder_with(tmp_path, feeds=feed + "\n" + feed))
    assert told.startswith(f"{tmp_path}/feeds.toml:6: ")


@pytest.mark.parametrize(
    "url",
    [
        "https://u:p@a.example/f",
        "https://@a.example/f",
        "file:///etc/passwd",
        "https://",
        "javascript:alert(1)",
        "https://a.example:port/f",
        "https://[a.example/f",
        "https://a.example/one two",
        "https://a.example/\\u202e",
    ],
)
def test_a_feed_lives_on_the_web_and_carries_no_login(tmp_path: Path, url: str) -> None:
    (told,) = mistakes_of(folder_with(tmp_path, feeds=f'[[feed]]\nurl = "{url}"\nname = "A"\n'))
    assert told.startswith(f"{tmp_path}/feeds.toml:2: feed 1, url: ")
    assert "a feed's address" in told


def test_one_address_in_two_spellings_is_one_feed(tmp_path: Path) -> None:
    table = '[[feed]]\nurl = "{}"\nname = "A"\n'
    (told,) = mistakes_of(
        folder_with(tmp_path, feeds=table.format("https://a.example/F") + table.format("HTTPS://A.example/F"))
    )
    assert "https://a.example/F is listed twice" in told


def test_a_missing_folder_is_told() -> None:
    assert "is not a folder" in mistakes_of(Overrides(config=Path("nowhere")))[0]


def test_the_environment_wins_over_the_file_and_the_call_over_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOCSIN_DATABASE_URL", "sqlite:///environment.db")
    monkeypatch.setenv("TOCSIN_ALLOWED_NETWORKS", "127.0.0.0/8, ::1/128")
    assert load_settings().database_url.get_secret_value() == "sqlite:///environment.db"
    assert [str(network) for network in load_settings().poll.allowed_networks] == ["127.0.0.0/8", "::1/128"]
    assert load_settings(Overrides(database="sqlite:///call.db")).database_url.get_secret_value() == "sqlite:///call.db"


def test_a_wrong_database_address_is_told_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_DATABASE_URL", "mysql://me:hunter2@h/d")
    (told,) = mistakes_of(Overrides())
    assert "TOCSIN_DATABASE_URL" in told
    assert "hunter2" not in told


def test_no_secret_shows_in_the_settings_as_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_DISCORD_TOKEN", "hunter2")
    monkeypatch.setenv("TOCSIN_DATABASE_URL", "postgresql://me:hunter3@h/d")
    shown = repr(load_settings())
    assert "hunter2" not in shown
    assert "hunter3" not in shown


@pytest.mark.parametrize("token", ["Bot abc.def.ghi", "abc\ndef", "abc\u00e9", "abc\x07"])
def test_a_token_that_no_header_could_carry_is_told_without_repeating_it(
    token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOCSIN_DISCORD_TOKEN", token)
    (told,) = mistakes_of(Overrides())
    assert told.startswith("environment: TOCSIN_DISCORD_TOKEN: is one word of plain letters")
    assert token not in told


def test_blanks_around_a_token_are_no_part_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_DISCORD_TOKEN", " abc.def\n")
    token = load_settings().token
    assert token is not None
    assert token.get_secret_value() == "abc.def"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DISCORD_API_BASE", "proxy.example/api"),
        ("DISCORD_GATEWAY_URL", "https://proxy.example"),
        ("CONFIG", "nowhere"),
    ],
)
def test_an_address_or_folder_in_the_environment_is_checked(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"TOCSIN_{name}", value)
    assert len(mistakes_of(Overrides())) == 1


def test_variables_may_stand_in_a_file_beside_the_program(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("TOCSIN_ALLOWED_GUILDS=1,2\n", encoding="utf-8")
    assert load_settings().discord.allowed_guilds == ("1", "2")
    (tmp_path / ".env").write_bytes(b"\xff\xfe")
    (told,) = mistakes_of(Overrides())
    assert told == ".env: cannot be read (it is not UTF-8 text); correct it, or take it out of this folder"


def test_the_secrets_are_the_token_and_every_spelling_of_the_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_DISCORD_TOKEN", "abc.def")
    monkeypatch.setenv("TOCSIN_DATABASE_URL", "postgresql://me:h%40nter2@h/d?password=hunter3")
    assert {"abc.def", "h%40nter2", "h@nter2", "hunter3"} <= set(load_settings().secrets())


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_DISCORD_TOKEN", "")
    assert load_settings().token is None


def test_the_line_of_a_key_is_found_in_its_own_table() -> None:
    text = 'name = "top"\n[a]\nname = 1\n[[b]]\nname = 2\n[b.c]\nname = 3\n[[b]]\nother = 1\n'
    assert line_of(text, ("a", "name")) == 3
    assert line_of(text, ("b", 0, "name")) == 5
    assert line_of(text, ("b", 0, "c", "name")) == 7
    assert line_of(text, ("b", 1, "name")) == 8
    assert line_of(text, ("name",)) == 1
    assert line_of(text, ("missing",)) is None


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ('address = "0.0.0.0"', "0.0.0.0 is not loopback"),
        ('address = "192.168.7.1"', "or set beyond_loopback = true"),
        ('address = "::"', ":: is not loopback"),
        ('address = "localhost"', "health, address:"),
        ("port = 65536", "health, port:"),
    ],
)
def test_health_is_served_on_loopback_alone_unless_its_operator_says_otherwise(
    tmp_path: Path, table: str, sentence: str
) -> None:
    (tmp_path / "settings.toml").write_text(f"[health]\n{table}\n", encoding="utf-8")
    with pytest.raises(ConfigurationError) as error:
        load_settings(Overrides(config=tmp_path))
    (mistake,) = error.value.mistakes
    assert mistake.line == 2
    assert sentence in str(mistake)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "::1"])
def test_health_may_be_served_on_any_loopback_address(tmp_path: Path, address: str) -> None:
    (tmp_path / "settings.toml").write_text(f'[health]\naddress = "{address}"\n', encoding="utf-8")
    assert str(load_settings(Overrides(config=tmp_path)).health.address) == address


def test_an_operator_may_open_health_to_others_and_choose_its_port_in_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert load_settings().health.port == 0, "off unless it is asked for"
    chosen = '[health]\naddress = "0.0.0.0"\nbeyond_loopback = true\n'
    (tmp_path / "settings.toml").write_text(chosen, encoding="utf-8")
    monkeypatch.setenv("TOCSIN_HEALTH_PORT", "9464")
    found = load_settings(Overrides(config=tmp_path)).health
    assert (str(found.address), found.port) == ("0.0.0.0", 9464)


def test_a_mistake_reads_the_same_in_a_file_and_in_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "settings.toml").write_text('[health]\nport = "abc"\n', encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"port: must be a whole number$"):
        load_settings(Overrides(config=tmp_path))
    monkeypatch.setenv("TOCSIN_HEALTH_PORT", "abc")
    with pytest.raises(ConfigurationError, match=r"TOCSIN_HEALTH_PORT: must be a whole number$"):
        load_settings()


def test_the_readme_names_every_setting_and_every_variable() -> None:
    readme = (SHIPPED.parent / "README.md").read_text(encoding="utf-8")
    tables = tomllib.loads((SHIPPED / "settings.toml").read_text(encoding="utf-8"))
    keys = [f"`{table}.{key}`" for table, keys in tables.items() for key in keys]
    variables = re.findall(r"^#?(TOCSIN_\w+)=", (SHIPPED / "example.env").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(keys) > 20
    assert len(variables) >= 7
    assert [name for name in (*keys, *variables) if name not in readme] == []
