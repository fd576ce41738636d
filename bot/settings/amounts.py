"""The configuration of sums of money: `amounts.toml` as AmountRules, checked."""

from typing import Annotated

from pydantic import Field, StringConstraints

from bot.core.amounts import AmountRules
from bot.settings.phrases import Text
from bot.settings.toml import Table


class CurrencyTable(Table):
    """`[[currency]]`"""

    code: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
    before: tuple[Text, ...] = ()
    after: tuple[Text, ...] = ()


class MultiplierTable(Table):
    """`[[multiplier]]`"""

    value: float = Field(gt=1)
    words: tuple[Text, ...]


class AmountsFile(Table):
    """`amounts.toml`"""

    scaled: tuple[Text, ...] = ()
    currency: tuple[CurrencyTable, ...] = ()
    multiplier: tuple[MultiplierTable, ...] = ()
    numbers: dict[str, float] = Field(default_factory=dict)


def amount_rules(file: AmountsFile) -> AmountRules:
    """How sums are read."""
    return AmountRules(
        before={form: table.code for table in file.currency for form in table.before},
        after={form: table.code for table in file.currency for form in table.after},
        multipliers={word: table.value for table in file.multiplier for word in table.words},
        numbers=dict(file.numbers),
        scaled=frozenset(word.lower() for word in file.scaled),
    )
