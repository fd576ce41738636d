"""Strangers' text shows as it was written, in Discord, and does nothing there."""

import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.core.escape import clusters, cut, escape, host, length, masked_link, plain, safe_link

# Texts made of what Discord gives a meaning to, mixed with anything else.
ACTIVE = [
    "**", "__", "~~", "||", "`", "```", "> ", ">>> ", "# ", "-# ", "- ", "* ", "1. ", "[a](https://evil.example)",
    "<https://evil.example>", "https://evil.example", "http://x/[y](https://evil.example)", "@everyone", "@here",
    "<@1>", "<@!1>", "<@&1>", "<#1>", "</cmd:1>", "<t:1:R>", "<:e:1>", "<a:e:1>", "<id:home>", ":smile:", "\\",
    "-# small", "\n-# ", "\n# ", "```ansi\n\x1b[31mred\x1b[0m\n```", "Z\u0335\u0336\u0337\u0338\u0339", "\u2066a\u2069",
    "[y](<https://evil.example>)", "<mailto:a@evil.example>", "mailto:a@evil.example", "discord://-/channels/1",
    "steam://run/1", "<id:customize>", "<sound:1:2>", "@silent ", "dis.gd/abc", "discord.new/abc", "discord.gift/abc",
    "discord.gg/abc", "discord.com/invite/abc", "discordapp.com/invite/abc", "\n", "\u202e", "\u200b", "\u0301",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0001f1e9\U0001f1ea", "\U0001f44d\U0001f3fd", "1\ufe0f\u20e3", " ",
]  # fmt: skip
texts = st.lists(st.sampled_from(ACTIVE) | st.text(max_size=5), max_size=12).map("".join)

# What the client gives a meaning to, once escaped characters are taken away. From its own behaviour, not our escaper.
MEANING = re.compile(
    r"[*_~`|\[\]]|<|@everyone|@here|<?@[!&]?\d|https?:|\w+:\S|^(?:>|#|-|\+)\s|^\d+\.\s"
    r"|discord(?:app)?\.(?:gg|new|gift|com/invite)|dis\.gd|\\",
    re.IGNORECASE,
)


def live(escaped: str) -> str:
    """What Discord reads as markup: an escaped character is taken for a letter."""
    return re.sub(r"\\[^0-9A-Za-z\s]", "\u00b7", escaped)


def shown(escaped: str) -> str:
    """What a person sees."""
    return re.sub(r"\\([^0-9A-Za-z\s])", r"\1", escaped).replace("\u2060", "")


@given(texts)
@example("@\u2060everyone")
@example("\\@everyone")
@example("discord\u200b.gg/abc")
def test_no_markup_survives_and_the_text_still_reads_the_same(text: str) -> None:
    escaped = escape(text)
    assert not MEANING.search(live(escaped))
    assert shown(escaped) == plain(text)


@given(texts, st.integers(min_value=0, max_value=40))
def test_a_limit_always_holds_and_cuts_no_escape_and_no_character(text: str, limit: int) -> None:
    short = escape(text, limit)
    assert length(short) <= limit
    assert not MEANING.search(live(short))
    if short not in (escape(text), "", "…"):
        seen = shown(short)
        assert seen.endswith("…")
        whole = clusters(plain(text))
        assert any("".join(whole[:end]).startswith(seen[:-1].rstrip()) for end in range(len(whole) + 1))
        assert plain(text).startswith(seen[:-1])


@given(texts, st.integers(min_value=1, max_value=40))
def test_cutting_twice_is_cutting_once(text: str, limit: int) -> None:
    once = cut(text, limit)
    assert length(once) <= limit
    assert cut(once, limit) == once


@given(texts)
@example("\ufe0f\ufe0f")
@example("ء\u200c\u0600ء")
def test_plain_text_is_one_line_without_anything_invisible(text: str) -> None:
    bare = plain(text)
    assert plain(bare) == bare
    assert "\n" not in bare
    for character in bare:
        assert character in "\u200d\u200c" or unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Cn")


@given(st.text(max_size=30))
def test_clusters_are_the_text(text: str) -> None:
    assert "".join(clusters(text)) == text


@pytest.mark.parametrize(
    "whole",
    [
        "\U0001f468\u200d\U0001f469\u200d\U0001f467",
        "\U0001f1e9\U0001f1ea",
        "\U0001f44d\U0001f3fd",
        "e\u0301",
        "1\ufe0f\u20e3",
        "\u1112\u1161\u11ab",
    ],
)
def test_what_a_person_sees_as_one_character_is_never_split(whole: str) -> None:
    assert clusters("a" + whole + "b") == ["a", whole, "b"]
    for limit in range(1, 12):
        assert cut("a" + whole * 3, limit).removesuffix("…").replace(whole, "") in ("", "a")


def test_two_flags_are_two_characters() -> None:
    assert clusters("\U0001f1e9\U0001f1ea\U0001f1eb\U0001f1f7") == ["\U0001f1e9\U0001f1ea", "\U0001f1eb\U0001f1f7"]


def test_an_emoji_counts_as_two_because_discord_may_count_so() -> None:
    assert length("\U0001f44d!") == 3


def test_a_cut_falls_between_words_where_that_costs_little() -> None:
    assert cut("The Pentagon signed a contract", 28) == "The Pentagon signed a…"
    assert cut("Donaudampfschifffahrtsgesellschaft", 10) == "Donaudamp…"


def test_text_that_climbs_over_its_neighbours_is_thinned() -> None:
    assert plain("Z" + "\u0335" * 40 + "algo") == "Z" + "\u0335" * 3 + "algo"


def test_persian_keeps_the_joiner_that_parts_its_words() -> None:
    assert plain("می\u200cخواهم x\u200cy") == "می\u200cخواهم xy"


@pytest.mark.parametrize(
    "url",
    [
        None, "", "javascript:alert(1)", "ftp://host/x", "https://", "https://user@evil.example/", "https://a b/",
        "https://x.example/\u202egnp", "http://[bad", "https://x.example/" + "a" * 2048, "https://x.example/<y>",
    ],
)  # fmt: skip
def test_an_address_that_could_mislead_is_no_link(url: str | None) -> None:
    assert safe_link(url) is None
    assert host(url) == ""


def test_a_masked_link_cannot_be_closed_early() -> None:
    assert (
        masked_link("a](b) [c", "https://x.example/a_(b)?q=[1]") == "[a)(b) (c](https://x.example/a_%28b%29?q=%5B1%5D)"
    )


def test_a_masked_link_keeps_an_address_that_is_encoded_already() -> None:
    assert masked_link("t", "https://x.example/a%20b") == "[t](https://x.example/a%20b)"


def test_a_label_without_a_safe_address_stands_alone() -> None:
    assert masked_link("*t*", "javascript:x") == "\\*t\\*"


def test_the_host_is_the_real_one() -> None:
    assert host("https://www.reuters.com.evil.example/x") == "reuters.com.evil.example"
