"""HTML and plain text of strangers into blocks, and fingerprints."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.text import cut, fingerprint, plain_text, read_blocks, read_line, without_suffix


@pytest.mark.parametrize(
    ("markup", "blocks"),
    [
        ("<p>One.</p><p>Two.</p>", ["One.", "Two."]),
        ("<h2>Head</h2>Text", ["Head", "Text"]),
        ("<ul><li>a</li><li>b</li></ul>", ["a", "b"]),
        ("<ol><li>a<li>b</ol>", ["a", "b"]),
        ("one<br>two<br/>three", ["one", "two", "three"]),
        ("<table><tr><th>h</th></tr><tr><td>a</td><td>b</td></tr></table>", ["h", "a", "b"]),
        ("<div>a<div>b</div>c</div>", ["a", "b", "c"]),
        ("<p>in<b>line</b> <i>tags</i> <a href='x'>join</a></p>", ["inline tags join"]),
        ("<p>wrapped\n  source\n lines</p>", ["wrapped source lines"]),
        ("<pre>kept\nlines</pre>", ["kept", "lines"]),
        ("<blockquote>quote</blockquote>after", ["quote", "after"]),
        ("inline <b>only</b>\nwrapped\n\nnext paragraph", ["inline only wrapped", "next paragraph"]),
        ("<p>AT&amp;T &lt;3 &eacute;&#233;&nbsp;x</p>", ["AT&T <3 éé x"]),
        ("<script>evil()</script><style>p{}</style>text", ["text"]),
        ("<p onclick='x'>a</p><!-- hidden -->b", ["a", "b"]),
        ("<img src=x onerror=alert(1)>caption", ["caption"]),
        ("&lt;p&gt;escaped&lt;/p&gt;&lt;p&gt;twice&lt;/p&gt;", ["escaped", "twice"]),
        ("<p>unclosed <a href='", ["unclosed"]),
        ("<p></p><p> </p><hr><p>—</p>", []),
        ("", []),
    ],
)
def test_html_becomes_blocks(markup: str, blocks: list[str]) -> None:
    assert list(read_blocks(markup)) == blocks


@pytest.mark.parametrize(
    ("text", "blocks"),
    [
        ("Line one\nLine two\r\nLine three\rLine four", ["Line one", "Line two", "Line three", "Line four"]),
        ("Head\n\n\nText", ["Head", "Text"]),
        ("AT&T is AT&amp;T", ["AT&T is AT&T"]),
        ("5 < 6 and 7 > 3", ["5 < 6 and 7 > 3"]),
        ("speed <Mach 5\nnext", ["speed <Mach 5", "next"]),
        ("a\u2028b\u2029c", ["a", "b", "c"]),
    ],
)
def test_plain_text_keeps_its_lines(text: str, blocks: list[str]) -> None:
    assert list(read_blocks(text)) == blocks


@pytest.mark.parametrize(
    "hidden",
    ["\u200b", "\u202e", "\u2066", "\ufeff", "\u00ad", "\x00", "\x1b", "\ud800", "\ue000", "\u3164", "\U000e0041"],
)
def test_what_cannot_be_seen_is_taken_out(hidden: str) -> None:
    assert read_blocks(f"<p>Pen{hidden}tagon</p>") == read_blocks(f"Pen{hidden}tagon") == ("Pentagon",)
    assert read_blocks(f"<p>Pen&#{ord(hidden)};tagon</p>")[0].replace("\ufffd", "") in ("Pentagon", "Pentagon")


@pytest.mark.parametrize(
    "addition",
    [
        "<p>The post <a href='x'>Army buys</a> appeared first on <a href='y'>Breaking</a>.</p>",
        "<p>The post Army buys first appeared on Breaking.</p>",
        "<p><a href='x'>Read more</a></p>", "<p>Read more →</p>", "<p>Continue reading Army buys »</p>",
        "<p>Read the full story at The Wire.</p>", "<p>(more…)</p>", "<p>Click here to read more</p>",
        " […]", " [&#8230;]", " [...]", " <a href='x'>Read more</a>", " - Read the full story",
        "<p>Advertisement</p>", "<p>Share this:</p>", "<p>0 comments</p>", "<p>© 2026 The Wire. All rights.</p>",
        "<p>Sign up for our daily newsletter</p>", "<p><a href='x'>[link]</a></p><p><a href='x'>[comments]</a></p>",
    ],
)  # fmt: skip
def test_what_publishing_systems_add_is_taken_off(addition: str) -> None:
    assert read_blocks(f"<div>The Army bought it.{addition}</div>") == ("The Army bought it.",)


@pytest.mark.parametrize(
    "sentence",
    [
        "The Pentagon said it would read more reports.",
        "He reads. Read more books, she said. And more.",
        "Copyright law covers training, the court said.",
        "The post of chief AI officer is vacant.",
        "Comments by the minister were brief.",
    ],
)
def test_a_sentence_that_only_sounds_like_an_addition_stays(sentence: str) -> None:
    assert read_blocks(f"<p>{sentence}</p>") == (sentence,)


def test_a_title_is_one_line() -> None:
    assert read_line("<p>Army\nbuys <b>AI</b></p><p>now &amp; here</p>") == "Army buys AI now & here"
    assert read_line("Read more") == "Read more"


def test_a_text_is_cut_at_a_block_else_a_sentence_else_a_word() -> None:
    assert cut("first block\nsecond block", 15) == "first block"
    assert cut("One sentence. Another one.", 20) == "One sentence."
    assert cut("words without any end", 12) == "words"
    assert cut("x" * 30, 10) == "x" * 10
    assert cut("short", 10) == "short"


def test_a_long_text_is_cut_to_what_is_read() -> None:
    text = plain_text("<p>A sentence of some words.</p>" * 1000)
    assert len(text) <= 5000
    assert text.endswith("words.")


@pytest.mark.parametrize(
    "markup",
    ["<div>" * 40_000, "<p " + "a=1 " * 40_000 + ">x", "<!--" * 50_000, "&#x110000;" * 20_000, "<" * 200_000,
     "\U0001f600" * 100_000, "<table>" * 20_000 + "x", "Read more " * 20_000, "[…] " * 40_000, "a\u0300" * 100_000],
    ids=["deep", "attributes", "comments", "entities", "brackets", "emoji", "tables", "endings", "ellipses", "marks"],
)  # fmt: skip
@pytest.mark.timeout(10)
def test_hostile_markup_is_read_in_time(markup: str) -> None:
    plain_text(markup)
    read_line(markup)


LONG = "The Department of Defense has signed a contract with the firm for the use of its models on classified networks."


def test_copies_of_one_text_have_one_fingerprint() -> None:
    copies = [
        fingerprint("Pentagon signs AI deal", LONG),
        fingerprint("PENTAGON SIGNS AI DEAL!", LONG.upper()),
        fingerprint("Pentagon signs AI deal - Reuters", f"  {LONG.replace(' ', chr(10))} "),
        fingerprint("Pentagon signs AI deal | AP News", LONG.replace(",", "").replace(".", " …")),
    ]
    assert len(set(copies)) == 1


def test_other_texts_and_other_short_titles_have_other_fingerprints() -> None:
    assert fingerprint("Title", LONG) != fingerprint("Title", LONG + " Not.")
    assert fingerprint("Daily contract awards - Army", "") != fingerprint("Daily contract awards - Navy", "")
    assert fingerprint("", "") == fingerprint("!", "…") == ""


def test_a_suffix_comes_off_only_where_enough_is_left() -> None:
    assert without_suffix("Pentagon signs AI deal - The Wire") == "Pentagon signs AI deal"
    assert without_suffix("Palantir - Army") == "Palantir - Army"
    assert without_suffix("A state-of-the-art system") == "A state-of-the-art system"


markups = st.text(max_size=200) | st.lists(
    st.sampled_from(
        ["<p>", "</p>", "<br>", "<", ">", "&", "&amp;", "&#8238;", "<td>", "<!--", "]]>", "\ud800", "\n", "a b"]
    ),
    max_size=30,
).map("".join)


@given(markups)
def test_blocks_are_clean_whatever_the_markup(markup: str) -> None:
    for block in read_blocks(markup):
        assert block == " ".join(block.split())
        assert not {unicodedata.category(character) for character in block} & {"Cc", "Cf", "Cs", "Co"}
        block.encode()


@given(st.text(max_size=300), st.integers(1, 60))
def test_a_cut_is_a_beginning_within_its_limit(text: str, limit: int) -> None:
    assert len(cut(text, limit)) <= limit
    assert text.startswith(cut(text, limit))
