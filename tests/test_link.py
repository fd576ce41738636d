"""One spelling for each link, and the outlet behind it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.link import LONGEST_LINK, canonical_link, leads_to, link_key, outlet_of, spellings


@pytest.mark.parametrize(
    ("link", "canonical"),
    [
        ("HTTPS://WWW.A.org/Path", "https://www.a.org/Path"),
        ("http://a.org", "http://a.org/"),
        ("http://a.org:80/x", "http://a.org/x"),
        ("https://a.org:443/x", "https://a.org/x"),
        ("https://a.org:8443/x", "https://a.org:8443/x"),
        ("https://a.org./x", "https://a.org/x"),
        ("https://a.org/x#part", "https://a.org/x"),
        ("https://a.org/x?", "https://a.org/x"),
        ("https://a.org/x?utm_source=rss&utm_medium=feed", "https://a.org/x"),
        ("https://a.org/x?b=2&fbclid=1&a=1", "https://a.org/x?b=2&a=1"),
        ("https://a.org/x?q=a+b%20c", "https://a.org/x?q=a+b%20c"),
        ("https://a.org/x y", "https://a.org/x%20y"),
        ("https://a.org/größe", "https://a.org/gr%C3%B6%C3%9Fe"),
        ("https://müller.org/", "https://xn--mller-kva.org/"),
        ("  https://a.org/\n", "https://a.org/"),
        ("//a.org/x", "https://a.org/x"),
        ("http://[2001:DB8::1]/", "http://[2001:db8::1]/"),
        ("https://a.org/x?utm=1", "https://a.org/x?utm=1"),
    ],
)
def test_a_link_has_one_spelling(link: str, canonical: str) -> None:
    assert canonical_link(link) == canonical


@pytest.mark.parametrize(
    "link",
    ["", "x", "/x", "?x", "javascript:x", "mailto:a@b.c", "ftp://a.org/", "file:///etc/passwd", "data:text/x",
     "http://", "http:///x", "http://a b/", "http://u:p@a.org/", "http://u@a.org/", "http://a.org:99999/", "http://a.org:x",
     "http://[::1", "http://a..b/", "http://-a.org/", "http://" + "a" * 300 + ".org/", "http://a.org/" + "x" * 2048,
     "http://exa<mple.org/"],
)  # fmt: skip
def test_what_is_no_link_to_a_page_is_none(link: str) -> None:
    assert canonical_link(link) is None


@pytest.mark.parametrize(
    ("link", "resolved"),
    [("/b", "https://a.org/b"), ("b", "https://a.org/feed/b"), ("?p=1", "https://a.org/feed/x?p=1"),
     ("//c.org/", "https://c.org/"), ("http://c.org/", "http://c.org/"), ("javascript:x", None)],
)  # fmt: skip
def test_a_relative_link_is_resolved_against_its_base(link: str, resolved: str | None) -> None:
    assert canonical_link(link, "https://a.org/feed/x") == resolved


@pytest.mark.parametrize(
    ("link", "outlet"),
    [("https://www.reuters.com/x", "reuters.com"), ("https://m.heise.de/x", "heise.de"), ("http://A.org:80", "a.org"),
     ("https://news.a.org/", "news.a.org"), ("https://www.com/", "www.com"), ("https://m.org/", "m.org"), ("x", "")],
)  # fmt: skip
def test_an_outlet_is_the_host_without_its_usual_prefix(link: str, outlet: str) -> None:
    assert outlet_of(link) == outlet


def test_spellings_of_one_page_share_a_key() -> None:
    spellings = ("http://a.org/x", "https://www.a.org/x/", "https://m.a.org/x")
    assert {link_key(spelling) for spelling in spellings} == {"a.org/x"}
    assert link_key("https://a.org/x?p=1") != link_key("https://a.org/x?p=2")


links = st.text(max_size=80) | st.builds(
    "{}://{}{}/{}?{}".format,
    st.sampled_from(["http", "HTTPS", "ftp", ""]),
    st.sampled_from(["a.org", "www.B.com", "[::1]", "1.2.3.4", "ü.de", "u:p@c.d"]),
    st.sampled_from(["", ":80", ":443", ":8080", ":", ":0", ":-1"]),
    st.text(max_size=20),
    st.text(max_size=30) | st.sampled_from(["utm_source=x", "a=1&fbclid=2", "%", "&&=&"]),
)


@given(links, st.none() | links)
def test_a_canonical_link_is_canonical_and_nothing_raises(link: str, base: str | None) -> None:
    canonical = canonical_link(link, base)
    outlet_of(link)
    if canonical is not None:
        assert canonical_link(canonical) == canonical
        assert canonical.startswith(("http://", "https://"))
        assert canonical.isascii()
        assert canonical.isprintable()
        assert len(canonical) <= LONGEST_LINK
        assert link_key(canonical)


def test_a_link_is_meant_however_a_person_writes_it() -> None:
    meant = spellings("Example.org/a/?utm_source=x&id=7")
    assert meant[0] == "https://example.org/a/?id=7"
    assert {"https://example.org/a?id=7", "http://example.org/a?id=7", "https://www.example.org/a/?id=7"} <= set(meant)
    assert spellings("http://www.example.org")[0] == "http://www.example.org/"


@pytest.mark.parametrize(
    "written", ["", "nonsense", "mailto:a@example.org", "ftp://example.org/x", "https://", "a b.c"]
)
def test_what_can_be_no_link_has_no_spelling(written: str) -> None:
    assert spellings(written) == []


KEYED = "https://wire.example/feed?key=4711&format=rss"


@pytest.mark.parametrize(
    ("link", "address", "leads"),
    [
        (KEYED, KEYED, True),
        ("http://www.wire.example/feed/?format=rss&key=4711&page=2#top", KEYED, True),
        ("https://wire.example/feed?format=rss", KEYED, False),
        ("https://wire.example/feed", KEYED, False),
        ("https://other.example/feed?key=4711&format=rss", KEYED, False),
        ("https://wire.example/4711/rss/", "https://wire.example/4711/rss", True),
        ("https://blog.example/?p=12", "https://blog.example/?feed=rss2", False),
        ("https://blog.example/?p=12", "https://blog.example/", False),
        (None, KEYED, False),
        ("https://wire.example/feed", None, False),
        ("no link", KEYED, False),
    ],
)
def test_a_link_to_an_address_is_known_in_any_spelling(link: str | None, address: str | None, leads: bool) -> None:
    assert leads_to(link, address) == leads
