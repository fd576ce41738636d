"""How the figures compare two texts: names of organisations, amounts and the words of a fact.

The rules are those of the labelled set's scorer, so that figures stay comparable; what Tocsin itself takes for an
organisation or an amount stands elsewhere (see organisations and event), so that no reading is judged by its own rule.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from operator import eq


def _set_of(words: str) -> frozenset[str]:
    return frozenset(words.split())


SAID_EVERYWHERE = _set_of(
    "a an and are as at be been but by for from had has have he her his if in into is it its more not of on or over "
    "s said says she so than that the their them they this to up was were which who will with would after about also "
    "amid can could may new between under during"
)
TELLS_NOTHING = _set_of(
    "ai us u.s uk department ministry of defence defense the and air force army navy group systems technologies "
    "technology office national"
)
ONE_NAME = {
    "dod": "u.s. department of defense|us department of defense|united states department of defense|us dod"
    "|department of defense|pentagon|department of war|u.s. department of war|us department of war",
    "nato": "north atlantic treaty organization",
    "eu": "european union",
    "un": "united nations",
    "uk ministry of defence": "ministry of defence|british ministry of defence|uk mod|mod",
    "palantir": "palantir technologies",
    "anduril": "anduril industries",
    "google": "alphabet",
    "meta": "meta platforms",
    "amazon": "amazon web services|aws",
    "scale ai": "scale",
    "us army": "u.s. army|united states army|army",
    "us navy": "u.s. navy|united states navy|navy",
    "us air force": "u.s. air force|united states air force|usaf|air force",
    "us marine corps": "u.s. marine corps|marine corps",
    "idf": "israel defense forces|israeli military|israeli army",
    "pla": "people's liberation army",
    "cdao": "chief digital and artificial intelligence office",
    "darpa": "defense advanced research projects agency",
    "diu": "defense innovation unit",
    "nsa": "national security agency",
    "fbi": "federal bureau of investigation",
}
SCALES = {
    "k thousand": 1e3,
    "m mn mio million millions millionen millones": 1e6,
    "crore": 1e7,
    "b bn billion billions mrd milliard milliards milliarden": 1e9,
    "tn trillion": 1e12,
}

_CANONICAL = {form: name for name, forms in ONE_NAME.items() for form in forms.split("|")}
_FORMS = {name: (name, *forms.split("|")) for name, forms in ONE_NAME.items()}
_SCALE = {word: factor for words, factor in SCALES.items() for word in words.split()}

_BRACKETS = re.compile(r"\s*\(.*?\)")
_LEGAL_FORM = re.compile(r",? (inc|corp|corporation|ltd|llc|plc|gmbh|ag|se|co)\.?$")
_NAME_WORD = re.compile(r"[^\W_]+(?:\.[^\W_]+)*")
_FACT_WORD = re.compile(r"[a-z0-9$€£][a-z0-9.,$%&'-]*")
_ENDING = re.compile(r"(ies|ing|edly|ed|ers|er|es|s|ly|ment|ments|ation|ations|ion|ions)$")
_AMOUNT = re.compile(r"(\d[\d.,]*)[\s-]*(" + "|".join(sorted(_SCALE, key=len, reverse=True)) + r")?\b")
_GROUPED = re.compile(r"\d{1,3}([.,]\d{3})+")


def canonical(name: str) -> str:
    """The lower-case form under which two spellings of one organisation are equal."""
    plain = _BRACKETS.sub("", name).strip().lower().replace("’", "'").removeprefix("the ")
    plain = _LEGAL_FORM.sub("", plain).strip()
    return _CANONICAL.get(plain, plain)


def same_organisation(one: str, other: str) -> bool:
    """Whether two canonical names mean the same: equal, or all telling words of the shorter stand in the longer."""
    if one == other:
        return True
    fewer, more = sorted((set(_NAME_WORD.findall(one)), set(_NAME_WORD.findall(other))), key=len)
    return fewer <= more and bool(fewer - TELLS_NOTHING)


def is_named(name: str, text: str) -> bool:
    """Whether lower-case `text` has the canonical name, or a spelling of it, as whole words."""
    return any(re.search(rf"(?<!\w){re.escape(form)}(?!\w)", text) for form in _FORMS.get(name, (name,)))


def pair_names(wanted: Sequence[str], given: Iterable[str]) -> tuple[list[str], list[str]]:
    """The wanted names that are not among the given, which are paired one to one and equal ones first; and the given
    names left over."""
    left = list(given)
    unmet = [name for name in wanted if not _take(left, partial(eq, name))]
    lost = [name for name in unmet if not _take(left, partial(same_organisation, name))]
    return lost, left


def value_of(words: str) -> float | None:
    """The number that an amount states, without its currency ("$1.5bn" is 1.5e9); None if it states none."""
    found = _AMOUNT.search(words.lower())
    if found is None:
        return None
    digits, scale = found.group(1).rstrip(".,"), _SCALE.get(found.group(2), 1)
    digits = re.sub("[.,]", "", digits) if _GROUPED.fullmatch(digits) else digits.replace(",", ".")
    try:
        return round(float(digits) * scale, 2)
    except ValueError:
        return None


def stems(text: str) -> set[str]:
    """The content words of a text, cut to their stems."""
    words = (word.strip(".,'-").replace("'s", "").replace(",", "") for word in _FACT_WORD.findall(text.lower()))
    return {_stem(word) for word in words if word and word not in SAID_EVERYWHERE}


def one_line(text: str) -> str:
    """The text with every run of white space as one blank."""
    return " ".join(text.split())


def count_words(text: str) -> int:
    return len(re.findall(r"\w+", text))


def _stem(word: str) -> str:
    return _ENDING.sub("", word) if len(word) > 5 else word.rstrip("s")


def _take(names: list[str], fits: Callable[[str], bool]) -> bool:
    """Remove the first name that fits; whether there was one."""
    found = next((index for index, name in enumerate(names) if fits(name)), None)
    if found is not None:
        del names[found]
    return found is not None
