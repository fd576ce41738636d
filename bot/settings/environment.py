"""What the environment says: `TOCSIN_…` variables, and a `.env` file in the working folder."""

from pathlib import Path
from typing import Annotated

from pydantic import SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bot.errors import ConfigurationError, Mistake
from bot.settings.files import Guilds, Networks, check_database_url


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
    discord_api_base: str | None = None
    discord_gateway_url: str | None = None

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
                Mistake("environment", None, f"TOCSIN_{str(details['loc'][0]).upper()}: {_reason(details['msg'])}")
                for details in error.errors(include_input=False, include_context=False)
            )
        ) from None


def _reason(message: str) -> str:
    return message.removeprefix("Value error, ")
