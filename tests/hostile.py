"""Hostile feeds: bodies that hang, blow up, crash or mislead programs that read feeds, each made by a small recipe.

`bodies` gives recipes by name, made when called, since some are megabytes. Files that are no ordinary files are made
where they are used (see test_cli_check_hostile).
"""

import gzip
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping

from tests.dialects import dialects

Recipe = Callable[[], bytes]

MB = 2**20
RUN = 30_000
"""Bytes of what costs quadratic time: seconds, not minutes."""

LINK = b"<link>https://a.example/1</link>"
NO_TEXT_ENCODINGS = (
    "rot13", "hex", "base64", "zlib", "bz2", "quopri", "uu", "idna", "punycode", "unicode_escape",
    "raw_unicode_escape", "undefined", "mbcs", "utf-7",
)  # fmt: skip
UNKNOWN_ENCODINGS = ("", "x" * 90, "klingon-8", "utf-8\0", "../../etc/passwd", "utf-8'/><!--", "🚀")
WIDE_ENCODINGS = ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be", "utf-7", "cp037", "shift_jis")
DATES = (
    "Thu, 01 Jan -001 00:00:00 GMT", "Mon, 01 Jan 9999 00:00:00 GMT", "0000-00-00T00:00:00Z", "1" * 20, "10e20",
    "Mon, 99 Foo 99999999999999999999 99:99:99 +9999", "2026-02-30", "9" * 5000, "\u0669\u0669/\u0661/\u0662\u0660",
    "2026-W99-9", "-1", "Mon, 02 Mar 2026 11:00:00 " + "+" * 2000, "24:00:60", "P99999Y",
)  # fmt: skip
LINKS = (
    "https://a.example/" + "a" * 65_536, "http://[::1", "http://[v1.x]/", "javascript:alert(1)", "data:text/html,x",
    "file:///etc/passwd", "http://a.example:99999999/", "http://user:pass@a.example/", "http://a..example/",
    "//", "http:", "?" * 5000, "https://" + "ä" * 300 + ".example/",
    "&#x0;&#xFFFE;", "http://%00/", "http://1.2.3/%zz%",
)  # fmt: skip


def bodies() -> Mapping[str, Recipe]:
    """Recipes of hostile bodies by name."""
    return {**_slow(), **_deep(), **_entities(), **_encodings(), **_cut(), **_fields(), **_json(), **_no_feeds()}


def an_rss(items: bytes, *, declaration: bytes = b"", about: bytes = b"<title>T</title>") -> bytes:
    """`items` in a whole feed."""
    return declaration + b"<rss version='2.0'><channel>" + about + items + b"</channel></rss>"


def an_item(*parts: bytes) -> bytes:
    return b"<item>" + b"".join(parts) + b"</item>"


def _slow() -> dict[str, Recipe]:
    """What costs quadratic time in one parser or another; the bare "&" sends it through the lenient one."""
    runs = {
        "open comments": b"<!--", "open sections": b"<![CDATA[", "open declarations": b"<!DOCTYPE ",
        "open instructions": b"<?x ", "open tags": b"<a ", "open ends": b"</", "ampersands": b"&", "entities": b"&a",
        "hashes": b"&#", "quotes": b"<a b='", "smaller": b"<", "brackets": b"[<!", "marks": b"<!-- -- ",
        "ends of sections": b"]]>", "percent": b"%<!ENTITY ", "colons": b"<a:", "escaped tags": b"&lt;b&gt;",
    }  # fmt: skip
    recipes: dict[str, Recipe] = {
        f"a run of {name}": lambda run=run: an_rss(b"&" + an_item(b"<title>", run * (RUN // len(run)), b"</title>"))
        for name, run in runs.items()
    }
    return recipes | {
        "an author of dots": lambda: an_rss(an_item(b"<author>", b"a." * 15_500, b"</author>")),
        "an author of ats": lambda: an_rss(an_item(b"<author>", b"a@" * 15_000, b"</author>")),
        "an author of brackets": lambda: an_rss(an_item(b"<author>", b"(" * 15_000, b"</author>")),
        "an itunes author": lambda: an_rss(an_item(b"<itunes:author>", b"a.b" * 50_000, b"</itunes:author>")),
        "sixteen thousand attributes": lambda: an_rss(
            b"&<item " + b" ".join(b"a%d='1'" % n for n in range(16_000)) + b"></item>"
        ),
        "attributes without quotes": lambda: an_rss(b"&<item " + b"a=b " * 20_000 + b"></item>"),
        "one attribute of a megabyte": lambda: an_rss(b"<item a='" + b"x" * MB + b"'></item>"),
        "a tag name of a megabyte": lambda: an_rss(b"<" + b"x" * MB + b"></" + b"x" * MB + b">"),
        "many namespaces": lambda: an_rss(
            b"<item " + b" ".join(b"xmlns:n%d='u:%d'" % (n, n) for n in range(20_000)) + b"></item>"
        ),
        "a million entries": lambda: an_rss(b"<item/>" * 600_000),
        "a million small entries": lambda: an_rss(b"<item><title>a</title></item>" * 170_000),
        "many entries with text": lambda: an_rss(
            b"".join(an_item(b"<title>T%d</title><description>D%d</description>" % (n, n)) for n in range(60_000))
        ),
        "five megabytes of one letter": lambda: b"a" * 5 * MB,
        "five megabytes of blanks": lambda: b" " * (5 * MB - 5) + b"<rss>",
        "five megabytes of brackets": lambda: b"<" * 5 * MB,
        "five megabytes of text": lambda: an_rss(an_item(b"<description>", b"word " * MB, b"</description>"))[: 5 * MB],
        "five megabytes of categories": lambda: an_rss(an_item(b"<category>a</category>" * 230_000)),
        "too large": lambda: b"a" * (5 * MB + 1),
        "a long instruction": lambda: b"<?xml " + b"a='b' " * 300_000 + b"?><rss/>",
        "a declaration without end": lambda: b"<?xml version='1.0' encoding='" + b"a" * 300_000,
        "a doctype without end": lambda: b"<!DOCTYPE rss [" + b"<!ELEMENT a (b)>" * 50_000,
        "blanks in an end": lambda: an_rss(b"&" + (b"</item" + b" " * 2_000) * 1_000),
    }


def _deep() -> dict[str, Recipe]:
    return {
        "deep tags": lambda: an_rss(b"<a>" * 50_000),
        "deep tags that end": lambda: an_rss(b"<a>" * 40_000 + b"</a>" * 40_000),
        "deep entries": lambda: an_rss(b"<item>" * 100_000),
        "deep channels": lambda: b"<rss version='2.0'>" + b"<channel>" * 40_000,
        "deep markup": lambda: an_rss(an_item(b"<description><![CDATA[", b"<div>" * 60_000, b"]]></description>")),
        "deep escaped markup": lambda: an_rss(an_item(b"<description>", b"&lt;b&gt;" * 100_000, b"</description>")),
        "deep xhtml": lambda: (
            b"<feed xmlns='http://www.w3.org/2005/Atom'><entry><content type='xhtml'>" + b"<div>" * 40_000
        ),
        "sections within sections": lambda: an_rss(
            an_item(b"<description>", b"<![CDATA[" * 50_000, b"]]>" * 50_000, b"</description>")
        ),
        "a feed in a page in a section": lambda: an_rss(
            an_item(b"<description><![CDATA[<html><body>", an_rss(an_item(LINK)), b"</body></html>]]></description>")
        ),
        "wrong nesting": lambda: an_rss(b"<item><title><b><i></b></title></i><item></channel><item>" * 5_000),
    }


def _entities() -> dict[str, Recipe]:
    laughs = b"".join(b"<!ENTITY l%d '%s'>" % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, 12))

    def with_types(types: bytes, used: bytes = b"&x;") -> bytes:
        return an_rss(an_item(b"<title>", used, b"</title>"), declaration=b"<!DOCTYPE rss [" + types + b"]>")

    return {
        "a billion laughs": lambda: with_types(b"<!ENTITY l0 'ha'>" + laughs, b"&l11;"),
        "a quadratic bomb": lambda: with_types(b"<!ENTITY x '" + b"A" * 60_000 + b"'>", b"&x;" * 60_000),
        "an entity of itself": lambda: with_types(b"<!ENTITY x '&x;'>"),
        "parameter entities": lambda: with_types(b"<!ENTITY % a '<!ENTITY x \"y\">'> %a;" * 1_000),
        "an entity from a file": lambda: with_types(b"<!ENTITY x SYSTEM 'file:///etc/passwd'>"),
        "an entity from an endless file": lambda: with_types(b"<!ENTITY x SYSTEM 'file:///dev/zero'>"),
        "an entity from the network": lambda: with_types(b"<!ENTITY x SYSTEM 'http://127.0.0.1:9/x'>"),
        "a parameter entity from the network": lambda: with_types(b"<!ENTITY % x SYSTEM 'http://127.0.0.1:9/'> %x;"),
        "a doctype from the network": lambda: an_rss(
            an_item(LINK), declaration=b"<!DOCTYPE rss SYSTEM 'http://127.0.0.1:9/rss.dtd'>"
        ),
        "a style sheet from a file": lambda: b"<?xml-stylesheet href='file:///etc/passwd'?>" + an_rss(b""),
        "an inclusion": lambda: an_rss(
            b"<xi:include xmlns:xi='http://www.w3.org/2001/XInclude' href='file:///etc/passwd' parse='text'/>"
        ),
        "references to no character": lambda: an_rss(
            an_item(b"<title>&#0;&#xD800;&#x110000;&#xFFFF;&#99999999999999999999;</title>")
        ),
        "a reference of a megabyte": lambda: an_rss(an_item(b"<title>&#", b"9" * MB, b";</title>")),
        "many references": lambda: an_rss(an_item(b"<title>", b"&#1;" * 300_000, b"</title>")),
        "entities that nobody knows": lambda: an_rss(an_item(b"<title>", b"&nosuch;" * 100_000, b"</title>")),
    }


def _encodings() -> dict[str, Recipe]:
    declared = {
        f"declared as {name[:20]!r}": lambda name=name: an_rss(
            an_item(b"<title>caf\xe9</title>"),
            declaration=f"<?xml version='1.0' encoding='{name}'?>".encode("utf-8", "replace"),
        )
        for name in (*NO_TEXT_ENCODINGS, *UNKNOWN_ENCODINGS)
    }
    text = an_rss(an_item("<title>Grüße 🚀 אב</title>".encode(), LINK)).decode()
    written = {
        f"written in {name} without a mark": lambda name=name: text.encode(name, "replace") for name in WIDE_ENCODINGS
    }
    return {
        **declared,
        **written,
        "declared as utf-16, written in utf-8": lambda: b"<?xml version='1.0' encoding='utf-16'?>" + text.encode(),
        "an odd number of bytes in utf-16": lambda: text.encode("utf-16") + b"\0",
        "nothing but a byte order mark": lambda: b"\xff\xfe",
        "five byte order marks": lambda: b"\xef\xbb\xbf" * 5 + text.encode(),
        "zeros between letters": lambda: b"\0".join(bytes([letter]) for letter in an_rss(b"")),
        "zeros before the feed": lambda: b"\0" * 100_000 + an_rss(an_item(LINK)),
        "nothing but zeros": lambda: b"\0" * MB,
        "lone surrogates": lambda: an_rss(an_item(b"<title>\xed\xa0\x80\xed\xbf\xbf</title>", LINK)),
        "overlong utf-8": lambda: an_rss(an_item(b"<title>\xc0\xbc\xe0\x80\xaf\xf8\x88</title>", LINK)),
        "control characters": lambda: an_rss(an_item(b"<title>", bytes(range(1, 32)), b"\x7f\x9b</title>", LINK)),
        "text that turns round": lambda: an_rss(an_item("<title>\u202e\u2066gpj\u2069\ufeff</title>".encode(), LINK)),
        "marks upon marks": lambda: an_rss(an_item(b"<title>a", "\u0301".encode() * 300_000, b"</title>")),
        "one word that grows in capitals": lambda: an_rss(an_item(b"<title>", "ŉß".encode() * 50_000, b"</title>")),
        "letters that decompose": lambda: an_rss(an_item("<title>\ufdfa".encode() * 20_000, b"</title>")),
    }  # fmt: skip


def _cut() -> dict[str, Recipe]:
    """Whole feeds of every dialect cut at each tenth; and what breaks between two bytes."""
    recipes: dict[str, Recipe] = {
        f"{name} cut at {tenth} tenths": lambda body=body, tenth=tenth: body[: len(body) * tenth // 10]
        for name, body in dialects().items()
        for tenth in (1, 3, 5, 7, 9)
    }
    whole = an_rss(an_item("<title>Grüße 🚀</title>".encode(), LINK, b"<description><![CDATA[x]]></description>"))
    places = {"a character": b"\x9f\x9a", "a tag": b"tle>Gr", "a section": b"TA[x", "a link": b"example"}
    places |= {"an end": b"nel></rss"}
    return recipes | {
        f"cut within {name}": lambda place=place: whole[: whole.index(place) + 1] for name, place in places.items()
    }


def _fields() -> dict[str, Recipe]:
    dated = {
        f"dated {date[:24]!r}": lambda date=date: an_rss(
            an_item(LINK, b"<pubDate>", date.encode(), b"</pubDate><dc:date>", date.encode(), b"</dc:date>")
        )
        for date in DATES
    }
    linked = {
        f"linked to {link[:24]!r}": lambda link=link: an_rss(
            an_item(b"<title>T</title><link>", link.replace("&", "&amp;").encode(), b"</link>"),
            about=b"<link>" + link.replace("&", "&amp;").encode() + b"</link>",
        )
        for link in LINKS
    }
    return {
        **dated,
        **linked,
        "an id of a megabyte": lambda: an_rss(an_item(b"<guid>", b"x" * MB, b"</guid>")),
        "a title of four megabytes": lambda: an_rss(an_item(b"<title>", b"word " * 800_000, b"</title>")),
        "a title of the feed of four megabytes": lambda: an_rss(b"", about=b"<title>" + b"x " * 2 * MB + b"</title>"),
        "a ttl of a megabyte": lambda: an_rss(an_item(LINK), about=b"<ttl>" + b"9" * MB + b"</ttl>"),
        "a ttl in other digits": lambda: an_rss(an_item(LINK), about="<ttl>²³٣</ttl>".encode()),
        "one id for all": lambda: an_rss(
            b"".join(an_item(b"<guid>1</guid><title>%d</title>" % n) for n in range(500))
        ),
        "a language of nonsense": lambda: an_rss(an_item(LINK), about=b"<language>" + b"-" * 100_000 + b"</language>"),
        "places of nonsense": lambda: an_rss(
            an_item(LINK, b"<georss:point xmlns:georss='http://www.georss.org/georss'>", b"1e999 " * 1_000,
                    b"</georss:point><geo:lat>x</geo:lat>")
        ),
        "a table in a title": lambda: an_rss(an_item(b"<title><![CDATA[", b"<table><tr><td>" * 20_000, b"]]></title>")),
        "empty entries": lambda: an_rss(b"<item></item>" * 1_000),
        "base after base": lambda: (
            b"<feed xmlns='http://www.w3.org/2005/Atom' xml:base='http://[/'><entry xml:base='../../'>"
            b"<id>1</id><link href='//[x]/'/></entry></feed>"
        ),
        "content in base64": lambda: (
            b"<feed xmlns='http://www.w3.org/2005/Atom'><entry><id>1</id>"
            b"<content type='x/y' mode='base64'>!!!!" + b"A" * 100_001 + b"</content></entry></feed>"
        ),
    }  # fmt: skip


def _json() -> dict[str, Recipe]:
    def feed(items: str, about: str = "") -> bytes:
        return f'{{"version":"https://jsonfeed.org/version/1.1"{about},"items":[{items}]}}'.encode()

    odd = {
        "numbers": "1,2.5,1e999,-0", "nothing": "null,true,[],{},\"\"", "a huge number": f'{{"id":{"9" * 4_000}}}',
        "a number too huge": f'{{"id":{"9" * 400_000}}}', "not a number": '{"id":NaN,"title":"x"},{"id":-Infinity}',
        "keys twice": '{"id":"1","id":"2","title":"a","title":{}}', "a truth for an id": '{"id":true,"title":[1]}',
        "lone surrogates": '{"id":"\\ud800","title":"\\udfff","url":"https://a.example/\\ud800"}',
        "zeros": '{"id":"\\u0000","content_html":"\\u0000<p>\\u0000"}',
        "lists for text": '{"id":["1"],"content_text":{}}',
        "odd dates": ",".join(json.dumps({"id": date, "date_published": date}) for date in DATES),
        "odd links": ",".join(json.dumps({"id": link, "url": link}) for link in LINKS),
        "fractions": '{"id":1e308},{"id":1e-400},{"id":0.1}',
        "a long text": json.dumps({"id": 1, "content_html": "<b>" * MB}),
    }  # fmt: skip
    return {
        **{f"json feed of {name}": lambda items=items: feed(items) for name, items in odd.items()},
        "json nested in lists": lambda: b"[" * 100_000,
        "json nested in objects": lambda: b'{"a":' * 100_000,
        "json nested in a feed": lambda: feed("[" * 100_000 + "]" * 100_000),
        "json of a million entries": lambda: feed("{}," * 1_000_000 + "{}"),
        "json of many entries": lambda: feed(",".join(f'{{"id":{n}}}' for n in range(300_000))),
        "json that is cut off": lambda: feed('{"id":"1"}')[:-4],
        "json that is no feed": lambda: b'{"version":1,"items":[]}',
        "json without entries": lambda: b'{"version":"https://jsonfeed.org/version/1","items":{"a":1}}',
        "json with a title of lists": lambda: feed("", ',"title":[["x"]],"language":{"a":1},"home_page_url":9'),
        "json in utf-16": lambda: feed('{"id":"1"}').decode().encode("utf-16"),
        "json in utf-32 without a mark": lambda: feed('{"id":"1"}').decode().encode("utf-32-le"),
        "json with five marks": lambda: b"\xef\xbb\xbf" * 5 + feed(""),
        "json of one letter": lambda: b"{",
        "json of blanks": lambda: b"[" + b" " * 4 * MB,
        "json with a string of four megabytes": lambda: b'{"' + b"\\u0061" * 700_000,
    }


def _no_feeds() -> dict[str, Recipe]:
    picture = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + b"\xff" * 4096
    page = b"<!doctype html><html><head><title>x</title></head><body>" + b"<p>x" * 100_000
    return {
        "nothing": lambda: b"",
        "one byte": lambda: b"<",
        "one zero": lambda: b"\0",
        "blanks": lambda: b" \r\n\t" * 1_000,
        "a page": lambda: page,
        "a page that calls itself xml": lambda: b"<?xml version='1.0'?>" + page,
        "a page after comments": lambda: b"<!-- x -->" * 20_000 + page,
        "a page that holds a feed": lambda: page + an_rss(an_item(LINK)),
        "a picture": lambda: picture,
        "a document": lambda: b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<</Type/Catalog>>\nendobj\n" + picture * 10,
        "a program": lambda: b"\x7fELF" + bytes(range(256)) * 400,
        "a script": lambda: b"#!/bin/sh\nrm -rf /\n",
        "a drawing": lambda: b"<svg xmlns='http://www.w3.org/2000/svg'>" + b"<path d='M0'/>" * 50_000 + b"</svg>",
        "a list of feeds": lambda: b"<opml version='2.0'><body><outline xmlUrl='http://a.example/'/></body></opml>",
        "a map of a site": lambda: b"<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'><url/></urlset>",
        "every byte": lambda: bytes(range(256)) * 4_000,
        "a feed packed": lambda: gzip.compress(an_rss(an_item(LINK)), mtime=0),
        "a bomb packed": lambda: gzip.compress(b"\0" * 50 * MB, mtime=0),
        "a feed deflated": lambda: zlib.compress(an_rss(an_item(LINK))),
        "an archive": _archive,
        "an answer with its headers": lambda: b"HTTP/1.1 200 OK\r\nServer: x\r\n\r\n" + an_rss(an_item(LINK)),
        "a path": lambda: b"/etc/passwd",
        "an address": lambda: b"http://127.0.0.1:9/feed.xml",
        "two feeds": lambda: an_rss(an_item(LINK)) * 2,
        "a feed after noise": lambda: b"Warning: mysql_connect() in x.php on line 1\n" + an_rss(an_item(LINK)),
        "a feed with noise after it": lambda: an_rss(an_item(LINK)) + b"\xff\xfe\0<html>" * 1_000,
        "tags in capitals": lambda: an_rss(an_item(LINK)).upper(),
    }  # fmt: skip


def _archive() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(zipfile.ZipInfo("feed.xml"), an_rss(an_item(LINK)))
    return packed.getvalue()
