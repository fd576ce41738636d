"""Amounts: sums of money in a text, in the ways people write them, with currency and value.

A number without a currency is no amount, and what a sum is for is not told here.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount as written; `value` in units of `currency` (ISO 4217), either None where the text does not tell."""

    words: str
    value: float | None = None
    currency: str | None = None
    start: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class AmountRules:
    """How sums are written (`config/amounts.toml`): marks before a number and words after it, each with its currency
    (a word that ends in "*" stands for all that begin so); words that multiply; words that stand for a number; and the
    words after a number (`scaled`) that mean money only behind a multiplying word ("pounds", "won")."""

    before: Mapping[str, str] = field(default_factory=dict)
    after: Mapping[str, str] = field(default_factory=dict)
    multipliers: Mapping[str, float] = field(default_factory=dict)
    numbers: Mapping[str, float] = field(default_factory=dict)
    scaled: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class AmountFinder:
    """`AmountRules` made ready."""

    rules: AmountRules
    pattern: re.Pattern[str]


_NUMBER = r"\d{1,3}(?:[.,' \u00a0\u202f]\d{3})+(?:[.,]\d{1,2})?(?!\d)|\d+(?:[.,]\d+)?"
_RANGE = r"\s?(?:-|–|—|to|bis|à|a)\s?"
_GAP = r"[\s\u00a0\u202f-]{0,2}"
_THOUSANDS = re.compile(r"\d{1,3}([.,' \u00a0\u202f])\d{3}(?:\1\d{3})*")


def amount_finder(rules: AmountRules) -> AmountFinder:
    """`rules` made ready. The longest form of a mark or word wins."""
    before, after = _alternatives(rules.before), _alternatives(rules.after)
    multiplier = f"(?:{_alternatives(rules.multipliers)})"
    number = f"(?:{_NUMBER})(?:{_RANGE}(?:{before})?(?:{_NUMBER}))?"
    unit = rf"{_GAP}(?P<mult%d>{multiplier}(?:\s{multiplier})?)"
    linked = rf"{_GAP}(?:de\s|d['’]|di\s|of\s)?(?P<after%d>{after})(?!\d)"
    forms = [
        rf"(?<![^\W\d_])(?P<before>{before})\s?(?P<num1>{number})(?:{unit % 1})?",
        rf"(?<![\w.,$€£])(?P<num2>{number})(?:{unit % 2})?{linked % 2}",
    ]
    if rules.numbers:
        forms.append(rf"(?<!\w)(?P<num3>{_alternatives(rules.numbers)}){unit % 3}{linked % 3}")
    return AmountFinder(rules, re.compile("|".join(forms), re.IGNORECASE))


def _alternatives(forms: Iterable[str]) -> str:
    """The forms as one choice, the longest first; a form of letters must end where the word ends."""
    return "|".join(_form(form) for form in sorted(forms, key=lambda form: (-len(form), form)))


def _form(form: str) -> str:
    bare = form.rstrip("*")
    letters = re.escape(bare).replace(r"\ ", r"\s")
    if not bare[-1:].isalpha() or ord(bare[-1]) > 0x2E80:
        return letters
    return letters + (r"[^\W\d_]*" if form.endswith("*") else r"(?![^\W\d_])")


def amounts_of(text: str, finder: AmountFinder) -> tuple[Amount, ...]:
    """The sums in `text`, in order; `start` is a character offset."""
    found = (_amount(match, finder.rules) for match in finder.pattern.finditer(text))
    return tuple(amount for amount in found if amount is not None)


def distinct(amounts: Iterable[Amount]) -> tuple[Amount, ...]:
    """`amounts`, each value once, as first written."""
    first: dict[tuple[float | None, str | None], Amount] = {}
    for amount in amounts:
        first.setdefault((amount.value, amount.currency), amount)
    return tuple(first.values())


def _amount(match: re.Match[str], rules: AmountRules) -> Amount | None:
    groups = match.groupdict()
    mark = groups["before"]
    behind = groups["after2"] or groups.get("after3")
    factor = _factor(groups["mult1"] or groups["mult2"] or groups.get("mult3"), rules.multipliers)
    if behind and factor == 1 and behind.lower() in rules.scaled:
        return None
    currency = _lookup(mark, rules.before) if mark else _lookup(behind or "", rules.after)
    value = rules.numbers.get((groups.get("num3") or "").lower())
    if value is None:
        value = _value(groups["num1"] or groups["num2"], multiplied=factor != 1, marked=mark is not None)
    if not math.isfinite(value * factor):  # hundreds of digits, which is no sum
        return None
    return Amount(match.group().strip(), round(value * factor, 2), currency, match.start())


def _factor(words: str | None, multipliers: Mapping[str, float]) -> float:
    """The product of one or two multiplying words ("lakh crore")."""
    if not words:
        return 1.0
    whole = _number_for(words, multipliers)
    if whole is not None:
        return whole
    product = 1.0
    for word in words.split():
        product *= _number_for(word, multipliers) or 1.0
    return product


def _number_for(word: str, multipliers: Mapping[str, float]) -> float | None:
    lowered = " ".join(word.lower().split())
    for form, value in multipliers.items():
        bare = form.lower().rstrip("*")
        if lowered == bare or (form.endswith("*") and lowered.startswith(bare)):
            return value
    return None


def _lookup(words: str, forms: Mapping[str, str]) -> str | None:
    lowered = words.lower()
    for form in sorted(forms, key=len, reverse=True):
        bare = form.lower().rstrip("*")
        if lowered == bare or (form.endswith("*") and lowered.startswith(bare)):
            return forms[form]
    return None


def _value(number: str, *, multiplied: bool, marked: bool) -> float:
    """The number behind "1,200", "4,3", "1.200.000", "1 000"; of a range, the lower end. One point before three digits
    is decimal where a currency sign stands before the number and a multiplier after it ("$1.250 billion")."""
    lower = re.match(_NUMBER, number)
    number = lower.group() if lower else number
    groups = _THOUSANDS.match(number)
    decimal_point = multiplied and marked and number.count(".") == 1 and "," not in number
    if groups and not decimal_point:
        whole = re.sub(r"\D", "", groups.group())
        rest = re.sub(r"\D", "", number[groups.end() :])
        return float(f"{whole}.{rest or 0}")
    return float(number.replace(",", "."))


def heaviest(amounts: Sequence[Amount]) -> Amount | None:
    """The largest amount, or None."""
    return max(amounts, key=lambda amount: amount.value or 0.0, default=None)
