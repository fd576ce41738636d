"""What the environment says: `TOCSIN_…` variables, and a `.env` file in the working folder."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated
from urllib.parse import parse_qs, unquote, urlsplit

from pydantic import SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bot.errors import ConfigurationError, Mistake
from bot.settings.files import ApiBase, GatewayUrl, Guilds, Networks, Port, check_database_url
from bot.settings.toml import in_our_words

TOKEN, DATABASE = "TOCSIN_DISCORD_TOKEN", "TOCSIN_DATABASE_URL"


class Environment(BaseSettings):
    """The variables that win over `settings.toml`; an empty one counts as not set."""

    model_config = SettingsConfigDict(
        env_prefix="TOCSIN_", env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    discord_token: SecretStr | None = None
    database_url: SecretStr | None = None
    config: Path | None = None
    allowed_guilds: Annotated[Guilds | None, NoDecode] = None
    allowed_networks: Annotated[Networks | None, NoDecode] = None
    discord_api_base: ApiBase | None = None
    discord_gateway_url: GatewayUrl | None = None
    health_port: Port | None = None

    @field_validator("discord_token")
    @classmethod
    def _one_word(cls, token: SecretStr | None) -> SecretStr | None:
        """What stands in a header: an odd character there would be taken for an outage of Discord, for ever."""
        bare = token.get_secret_value().strip() if token is not None else ""
        if bare and not (bare.isascii() and bare.isprintable() and " " not in bare):
            raise ValueError('is one word of plain letters, without "Bot" before it; copy it again from the portal')
        return SecretStr(bare) if bare else None

    @field_validator("database_url")
    @classmethod
    def _known_engine(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None:
            check_database_url(url.get_secret_value())
        return url


def read_environment() -> Environment:
    """The environment, checked. Raises ConfigurationError with every mistake; a value is never repeated."""
    try:
        return Environment()
    except ValidationError as error:
        raise ConfigurationError(
            tuple(
                Mistake("environment", None, f"TOCSIN_{str(details['loc'][0]).upper()}: {in_our_words(details['msg'])}")
                for details in error.errors(include_input=False, include_context=False)
            )
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        mistake = Mistake(".env", None, f"cannot be read ({reason}); correct it, or take it out of this folder")
        raise ConfigurationError((mistake,)) from None


def secrets_of(token: str | None, addresses: Iterable[str]) -> tuple[str, ...]:
    """What must never be shown: the token, and the passwords in addresses of databases, in every spelling."""
    found = [token or ""]
    for address in addresses:
        try:
            parts = urlsplit(address)
        except ValueError:
            continue
        password = parts.password or ""
        found += [password, unquote(password), *parse_qs(parts.query).get("password", ())]
    return tuple(secret for secret in dict.fromkeys(found) if secret)


def secrets_around(words: Iterable[str] = ()) -> tuple[str, ...]:
    """The secrets among the variables and the words of a call, whether or not they are of any use."""
    return secrets_of(os.environ.get(TOKEN), [os.environ.get(DATABASE, ""), *words])


def forget_secrets() -> None:
    """Takes the secrets out of the environment once they are read: processes that start from here on (workers, which
    meet hostile bytes) do not inherit them."""
    for name in (TOKEN, DATABASE):
        os.environ.pop(name, None)
