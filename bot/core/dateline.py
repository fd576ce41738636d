"""Dateline: what stands before the first sentence of a report and says who reports, from where and when.

It tells what to leave out; it judges no sentence (see keypoints).
"""

import re

_DATE = r"(?:\d{1,2}\.?\s[^\W\d_]{3,10}\.?|[A-Z][a-z]{2,8}\.?\s\d{1,2})(?:,?\s\d{4})?"
_DASH = r"\s*[-–—−]{1,2}\s+"
_AGENCY = r"[(\[][^()\[\]\n]{2,40}[)\]]"
_PLACE = r"[A-ZÀ-Þ][\w.'’/-]*(?:,?\s[A-ZÀ-Þ][\w.'’/-]*){0,3}"
_CAPITALS = r"[A-ZÀ-Þ][A-ZÀ-Þ.'’-]{2,}(?:\s[A-ZÀ-Þ.'’-]{2,}){0,3}"
_NAMES = r"[^\W\d_][\w.'’-]*(?:,?\s(?:[^\W\d_][\w.'’-]*)){0,6}"
_FORMS = (
    rf"(?:By|Von|Par|Por|Di|Da)\s{_NAMES}\s*(?:\||[-–—]{{1,2}}(?=\s))\s*",  # By Jane Doe |
    rf"(?:{_PLACE},?\s)?(?:{_DATE}\s)?{_AGENCY}(?:{_DASH}|:\s+)",  # BRUSSELS, March 3 (AFP) -
    rf"{_PLACE},?\s{_DATE}(?:{_DASH}|:\s+|\.\s+)",  # New Delhi, Oct 7:
    rf"{_CAPITALS}(?:,\s{_PLACE})?{_DASH}",  # WASHINGTON —
    rf"(?:Reuters|AP|AFP|dpa|DPA|UPI|EFE|ANSA|Xinhua|TASS|Yonhap|Bloomberg)(?:{_DASH}|:\s+)",
)
_DATELINE = re.compile(rf"(?:{'|'.join(_FORMS)})(?=[\"'“‘«„]?[A-ZÀ-Þ0-9])")


def without_dateline(sentence: str) -> str:
    """`sentence` without the dateline, agency or author that stands before it; the rest is verbatim."""
    match = _DATELINE.match(sentence)
    return sentence[match.end() :] if match else sentence
