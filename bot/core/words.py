"""Words: a text as words with their places, and its sentences, in any script.

It reads letters, not meaning: no phrase is known here, and nothing is judged.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

TEXT_LIMIT = 5_000
"""Characters of a text that are read (RELIABILITY §3); what follows is left out."""

_ADDRESS = r"(?:https?://|www\.)[^\s<>\"]+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+|(?:[\w-]+\.)+[a-z]{2,6}/[^\s<>\"]*"
_UNSPACED = r"\u3040-\u30ff\u3400-\u9fff"
"""Letters of scripts that put no blanks between words: a name in other letters among them is a word of its own."""
_PLAIN = rf"(?:[A-Za-z]\.){{2,}}|[^\W_{_UNSPACED}]+|(?:(?!\W)[{_UNSPACED}])+"
_WORD = re.compile(_PLAIN)
_WORD_OR_ADDRESS = re.compile(rf"(?P<address>{_ADDRESS})|{_PLAIN}")
_IN_ADDRESSES = ("@", "/", "www.")
"""One of these stands in every address; few texts hold one, and looking for addresses takes as long as all the rest."""
TAG = re.compile(r"<[^<>\n]{0,300}>")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_SENTENCE_END = re.compile(r"(?:[.!?…]+[\"'”’»)\]]*\s+(?=[\"'“‘„‚«»(\[¿¡]*[^\Wa-z_])|[。！？]+[”’」』]*|[।؟]+\s*)")
_ABBREVIATION = re.compile(
    r"(?:\b(?:[A-Za-z]|Mr|Mrs|Ms|Dr|Prof|Gen|Lt|Col|Maj|Capt|Sgt|Adm|Cmdr|Brig|Rep|Sen|Gov|St|Jr|Sr|vs|No|Nr|Inc|Corp|Co|Ltd"
    r"|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sep|Sept|Oct|Nov|Dec|Rs|Mio|Mrd|Mln|approx|ca|bzw|Sr|Sra|Art|Fig|al|etc)|\b(?:[A-Za-z]\.)+[A-Za-z])\.$"
)


@dataclass(frozen=True, slots=True)
class Words:
    """The words of `text`, in order: `forms` as written ("U.S." becomes "US", a possessive s is left out), `lower` the
    same in lower case, `starts` and `ends` their character offsets."""

    text: str
    forms: tuple[str, ...]
    lower: tuple[str, ...]
    starts: tuple[int, ...]
    ends: tuple[int, ...]

    def quote(self, first: int, after: int) -> str:
        """The text from word `first` up to, not including, word `after`."""
        return self.text[self.starts[first] : self.ends[after - 1]]


@dataclass(frozen=True, slots=True)
class Sentence:
    """A piece of one block: `start` and `end` are offsets into the text; `closed`: it ends as sentences do."""

    text: str
    start: int
    end: int
    block: int
    closed: bool


def words_of(text: str) -> Words:
    """`text` as words. Letters and digits of every script; hyphens and apostrophes separate. What a web or mail address
    is made of are no words."""
    if text.isascii() and text.isalnum():  # a word by itself, as phrases and names come in parts by the ten thousand
        return Words(text, (text,), (text.lower(),), (0,), (len(text),))
    forms, starts, ends = [], [], []
    addressed = any(sign in text for sign in _IN_ADDRESSES)
    for match in (_WORD_OR_ADDRESS if addressed else _WORD).finditer(text):
        start, end = match.span()
        form = match.group()
        if addressed and match["address"]:
            continue
        if form == "s" and text[start - 1 : start] in ("'", "’"):
            continue
        forms.append(form.replace(".", "") if "." in form else form)
        starts.append(start)
        ends.append(end)
    return Words(text, tuple(forms), tuple(form.lower() for form in forms), tuple(starts), tuple(ends))


def clean(text: str) -> str:
    """`text` of the same length without lone surrogates, at most `TEXT_LIMIT` characters."""
    return _SURROGATE.sub("\ufffd", text[:TEXT_LIMIT])


_UNBROKEN = re.compile(r"\S{100,}")
_SIGN = re.compile(r"[^\w\s]")


def loosened(text: str) -> str:
    """`text` of the same length, with blanks for the signs of runs that no white space breaks. A language model's
    tokenizer takes such a run sign by sign, in time that grows with the square of its length."""
    return _UNBROKEN.sub(lambda run: _SIGN.sub(" ", run.group()), text)


def sentences_of(text: str) -> list[Sentence]:
    """The sentences of `text`, none of which crosses a line or a left-over tag."""
    found = []
    for number, (start, block) in enumerate(_blocks(text)):
        for first, last in _pieces(block):
            piece = block[first:last]
            stripped = piece.strip()
            if stripped:
                offset = start + first + len(piece) - len(piece.lstrip())
                closed = stripped.rstrip("\"'”’»)]」』")[-1:] in (*".!?…。！？।؟",)
                found.append(Sentence(stripped, offset, offset + len(stripped), number, closed))
    return found


def _blocks(text: str) -> Iterator[tuple[int, str]]:
    """The lines of `text`, cut at left-over tags, with their offsets."""
    position = 0
    for line in text.splitlines(keepends=True):
        start = 0
        for tag in TAG.finditer(line):
            yield position + start, line[start : tag.start()]
            start = tag.end()
        yield position + start, line[start:]
        position += len(line)


def _pieces(block: str) -> Iterator[tuple[int, int]]:
    """Where the sentences of one block begin and end."""
    start = 0
    for match in _SENTENCE_END.finditer(block):
        if _ABBREVIATION.search(block[max(start, match.start() - 14) : match.start() + 1]):
            continue
        yield start, match.end()
        start = match.end()
    if start < len(block):
        yield start, len(block)


@dataclass(frozen=True, slots=True)
class StopWords:
    """The words of a language that say nothing by themselves, by language code; also how a language is told."""

    by_language: Mapping[str, frozenset[str]] = field(default_factory=dict)


def language_of(words: Words, stop: StopWords) -> str | None:
    """The language whose stop words `words` holds most of, or None where too few tell. A guess, by counting."""
    counts = {
        language: sum(word in known for word in words.lower[:200]) for language, known in stop.by_language.items()
    }
    best = max(counts, key=lambda language: counts[language], default=None)
    if best is None or counts[best] < 2 or counts[best] < 0.08 * min(len(words.lower), 200):
        return None
    return best
