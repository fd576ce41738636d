"""Credit: which agency a text names as its origin, and so which of two equal texts is the copy.

It reads the two places where credits stand, the dateline and the last line; it compares no texts (see sketch).
"""

import re
from collections.abc import Collection
from datetime import datetime

_NAME = r"[A-Z][\w&.'’-]*(?: [A-Z][\w&.'’-]*){0,3}"
_DATELINE = re.compile(rf"^[^()\n]{{0,60}}\((?P<name>{_NAME}|dpa|afp|ots)\)\s*[-–—:]")
_LAST_LINE = re.compile(
    r"(?:^|[\s(])(?i:via|source|quelle|fuente|fonte|credit|crédit|mit material von|from|by)[: ]\s*"
    rf"(?P<name>{_NAME}|dpa|afp)[.)\s]*$"
)
_SIGNED = re.compile(rf"(?:^|[.!?\"”’)\]])\s*[-–—(]{{1,2}}\s*(?P<name>{_NAME}|dpa|afp)[.)\s]*$")

LONGEST_ENDING = 120
"""Characters at the end of a text that are looked through for a credit."""


def credit_of(text: str, agencies: Collection[str] = ()) -> str:
    """The agency or outlet that a text credits in its dateline ("LONDON (Northern Wire) –") or at its end ("– Reuters",
    "via AP"); "" for none. Of the endings "from X" and "by X", only names in `agencies` count: they may be an author's.
    """
    found = _DATELINE.search(text[:120])
    if found:
        return found["name"]
    ending = text[-LONGEST_ENDING:].rstrip()
    signed = _SIGNED.search(ending)
    if signed:
        return signed["name"]
    last = _LAST_LINE.search(ending)
    if last is None:
        return ""
    named = last.group().strip(" (").lower()
    known = {_letters(agency) for agency in agencies}
    return "" if named.startswith(("from", "by")) and _letters(last["name"]) not in known else last["name"]


def is_own(credit: str, outlet: str) -> bool:
    """Whether `credit` names the outlet (a host) itself: "Northern Wire" is northernwire.example."""
    name = _letters(credit.removeprefix("The "))
    labels = [_letters(label) for label in outlet.lower().split(".")[:-1]]
    return bool(name) and any(label.startswith(name) or (len(name) > 4 and name in label) for label in labels)


def is_original(
    *,
    outlet: str,
    credit: str,
    published: datetime | None,
    other_outlet: str,
    other_credit: str,
    other_published: datetime | None,
) -> bool:
    """Whether the first of two equal texts, the one seen later, is the original of the `other_…`.

    It is if the other credits its outlet; or if only the other credits somebody else; or, where credits do not tell,
    if its publisher dates it earlier.
    """
    borrowed, other_borrowed = (
        bool(one) and not is_own(one, own) for one, own in ((credit, outlet), (other_credit, other_outlet))
    )
    if other_borrowed and is_own(other_credit, outlet):
        return True
    if borrowed != other_borrowed:
        return other_borrowed
    return published is not None and other_published is not None and published < other_published


def _letters(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())
