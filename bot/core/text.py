"""Text: HTML of strangers made into plain blocks, one a line, and the fingerprint of a text.

The only home of nh3. It does not judge what a text says, and it does not find sentences (see analysis).
"""

import hashlib
import html
import re
import unicodedata
from functools import lru_cache

import nh3

LONGEST_MARKUP = 100_000
"""Characters of markup that are read: deep nesting costs quadratic time, and no summary needs more."""

LONGEST_TEXT = 5_000
"""Characters of an article that are kept: what spaCy reads safely within its time and memory."""

_LONGEST_LINE = 10_000

_BLOCK_TAGS = frozenset(
    {
        "address", "article", "aside", "blockquote", "br", "caption", "center", "dd", "details", "div", "dl", "dt",
        "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li",
        "main", "nav", "ol", "p", "pre", "section", "summary", "table", "tbody", "td", "tfoot", "th", "thead", "tr",
        "ul",
    }
)  # fmt: skip
_DROPPED_WITH_CONTENT = frozenset(
    {"script", "style", "template", "noscript", "iframe", "object", "svg", "math", "select", "textarea"}
)
_MARKUP = re.compile(r"<(?:/?[a-zA-Z][^<>]*>|!--|!\[CDATA\[)")
_BLOCK_MARKUP = re.compile(rf"</?(?:{'|'.join(sorted(_BLOCK_TAGS))})\b", re.IGNORECASE)
_ESCAPED_MARKUP = re.compile(r"</?(?:p|a|br|div|span|strong|em|b|i|ul|ol|li|img|h[1-6]|blockquote)\b[^<>]*>", re.I)
_BLANK_LINES = re.compile(r"\n[ \t\r]*\n")
_PREFORMATTED = re.compile(r"<pre\b[^<>]*>(.*?)</pre>", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<[^>]*>")
_UNUSUAL = re.compile(r"[^\x20-\x7e\n]")
_SPACE = re.compile(r"\s+")
_WORD = re.compile(r"\w+")
_SENTENCE_END = re.compile(r"[.!?…][\"'”’)\]]*(?=\s|$)")

# Drawn as nothing, though Unicode does not class them as format characters.
_BLANKS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_LINE_BREAKS = frozenset("\r\n\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029")
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})

# Whole blocks that publishing systems add to every entry, and endings that only point to the rest of it.
_REST = r"(?:continue|keep)\ reading|read\ (?:more|on|the\ (?:full|whole|rest|complete|original)\b)"
_BOILERPLATE = re.compile(
    rf"""(?: the\ (?:post|article|entry|story)\b.{{0,300}}
             \b(?:appeared\ first|first\ appeared|was\ first\ published)\ (?:on|in|at)\b.{{0,200}}
        | \(?(?:click\ here\ to\ )?(?:{_REST}|learn\ more|view\ (?:the\ )?(?:full|original)\b).{{0,160}}
        | \(?more(?:…|\.\.\.)\)?
        | (?:view|see)\ full\ coverage\ on\ google\ news
        | share\ (?:this|on)\b.{{0,60}}
        | advertisement | sponsored\ content | \[?link\]? | \[?comments\]? | \d+\ comments?
        | (?:leave|add|post)\ a\ comment
        | (?:sign\ up|subscribe)\ (?:to|for)\b.{{0,120}}\bnewsletters?\b.{{0,60}}
        | related\ (?:articles|stories|posts|content):?
        | (?:©|copyright\ (?:©|\(c\)|\d{{4}})).{{0,160}}
        | all\ rights\ reserved\.?
    )\s*[→»›>.…:]*""",
    re.IGNORECASE | re.VERBOSE,
)
_LONGEST_BOILERPLATE = 600
_ENDING = re.compile(
    rf"""\ ?(?: \[(?:…|\.\.\.)\]
           | (?:(?<=[.!?…"”])|(?<=[.!?…"”]\ )|\ [-–—|]\ )(?:{_REST})\b[^.!?]{{0,80}}[→»›>.…]*
        )\ ?$""",
    re.IGNORECASE | re.VERBOSE,
)
_TITLE_SUFFIX = re.compile(r"\s+[-–—|·»:]{1,2}\s+([^-–—|·»]{2,60})$")
_LONG_TEXT = 20
"""Words from which a text tells copies apart without the last part of its title."""


def read_blocks(markup: str) -> tuple[str, ...]:
    """`markup`, HTML or plain text, as blocks of plain text: paragraphs, headings, list entries, table cells, lines.

    Nothing invisible, no bidirectional controls, no lone surrogates; white space folded; boilerplate of publishing
    systems off. Never raises.
    """
    blocks = _blocks_once(scrub(markup[:LONGEST_MARKUP]))
    if any(_ESCAPED_MARKUP.search(block) for block in blocks):  # publishers that escape twice
        blocks = _blocks_once("\n\n".join(blocks))
    return tuple(block for block in map(_without_ending, blocks) if block and not _is_boilerplate(block))


def plain_text(markup: str, limit: int = LONGEST_TEXT) -> str:
    """The blocks of `markup`, one a line, cut at `limit` characters (see `cut`)."""
    return cut("\n".join(read_blocks(markup)), limit)


def read_line(markup: str) -> str:
    """`markup` as one line of plain text, for titles and names."""
    return " ".join(_blocks_once(scrub(markup[:_LONGEST_LINE])))


def cut(text: str, limit: int) -> str:
    """`text` in at most `limit` characters, ending with a block, else with a sentence, else with a word."""
    if len(text) <= limit:
        return text
    head = text[:limit]
    line = head.rfind("\n") if text[limit] != "\n" else limit
    if line > limit // 2:
        return head[:line].rstrip()
    ends = [match.end() for match in _SENTENCE_END.finditer(head) if match.end() < limit or text[limit].isspace()]
    if ends and ends[-1] > limit // 2:
        return head[: ends[-1]]
    space = max(head.rfind(" "), head.rfind("\n"))
    return head[: space if space > 0 else limit].rstrip()


def fingerprint(title: str, text: str) -> str:
    """A hash equal for copies of one text, whatever their case, punctuation, white space and outlet suffix.

    32 hexadecimal digits; empty where there are no words at all. A title's last part ("… - Reuters") counts only
    where the text is too short to tell two entries apart.
    """
    body = _words(text)
    head = _words(without_suffix(title) if len(body) >= _LONG_TEXT else title)
    if not head and not body:
        return ""
    return hashlib.sha256(" ".join([*head, "|", *body]).encode()).hexdigest()[:32]


def without_suffix(title: str) -> str:
    """`title` without a last part of up to four words behind a dash or bar, if enough is left of it."""
    match = _TITLE_SUFFIX.search(title)
    if match is None or len(match[1].split()) > 4 or len(_WORD.findall(title[: match.start()])) < 3:
        return title
    return title[: match.start()]


def scrub(text: str) -> str:
    """`text` without invisible, bidirectional and control characters and lone surrogates; line breaks become \\n."""
    return _UNUSUAL.sub(lambda match: _visible(match[0]), text.replace("\r\n", "\n"))


def fold(text: str) -> str:
    """`text` with every run of white space made one space, trimmed."""
    return _SPACE.sub(" ", text).strip()


@lru_cache(maxsize=4096)
def _visible(character: str) -> str:
    if character in _LINE_BREAKS:
        return "\n"
    if character == "\t" or unicodedata.category(character) == "Zs":
        return " "
    if unicodedata.category(character) in _INVISIBLE or character in _BLANKS or _is_selector(character):
        return ""
    return character


def _is_selector(character: str) -> bool:
    """Whether it only selects a variant of the character before it."""
    return (
        "\ufe00" <= character <= "\ufe0f"
        or "\U000e0100" <= character <= "\U000e01ef"
        or "\u180b" <= character <= "\u180f"
    )


def _blocks_once(source: str) -> tuple[str, ...]:
    pieces = _html_pieces(source) if _MARKUP.search(source) else source.split("\n")
    texts = (fold(scrub(html.unescape(piece))) for piece in pieces)
    return tuple(text for text in texts if any(character.isalnum() for character in text))


def _html_pieces(source: str) -> list[str]:
    """The text between block boundaries, still with entities."""
    if not _BLOCK_MARKUP.search(source):  # inline tags only: blank lines are all the structure there is
        source = _BLANK_LINES.sub("<br>", source)
    source = _PREFORMATTED.sub(lambda match: "<br>" + match[1].replace("\n", "<br>") + "<br>", source)
    clean = nh3.clean(
        source, tags=set(_BLOCK_TAGS), attributes={}, clean_content_tags=set(_DROPPED_WITH_CONTENT), link_rel=None
    )
    return _TAG.split(clean)


def _without_ending(block: str) -> str:
    return _ENDING.sub("", block).rstrip()


def _is_boilerplate(block: str) -> bool:
    return len(block) <= _LONGEST_BOILERPLATE and _BOILERPLATE.fullmatch(block) is not None


def _words(text: str) -> list[str]:
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())
