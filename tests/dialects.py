"""Feeds of every dialect that people still publish, small and well-formed: what hostile ones are made out of.

Each holds two entries that a reader must find.
"""

from collections.abc import Mapping

ENTRIES = 2

_RSS_ITEMS = (
    "<item><title>One</title><link>https://a.example/1</link><description>First &amp; best</description></item>"
    "<item><title>Two</title><link>https://a.example/2</link><description>Second</description></item>"
)
_ABOUT = "<title>News</title><link>https://a.example/</link><description>All of it</description>"
_ATOM_ENTRY = (
    "<entry><id>tag:a.example,2026:{n}</id><title type='html'>Number &lt;b&gt;{n}&lt;/b&gt;</title>"
    "<link rel='alternate' href='https://a.example/{n}'/><updated>2026-03-0{n}T10:00:00+02:00</updated>"
    "<content type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'><p>Text {n}</p></div></content></entry>"
)
_PODCAST_ITEM = (
    "<item><guid isPermaLink='false'>episode-{n}</guid><title>Episode {n}</title><itunes:duration>00:31:0{n}"
    "</itunes:duration><enclosure url='https://a.example/{n}.mp3' length='1' type='audio/mpeg'/>"
    "<content:encoded><![CDATA[<p>Notes <b>{n}</b></p>]]></content:encoded>"
    "<pubDate>Mon, 0{n} Mar 2026 11:00:00 GMT</pubDate></item>"
)
_SPACES = (
    "xmlns:itunes='http://www.itunes.com/dtds/podcast-1.0.dtd' xmlns:content='http://purl.org/rss/1.0/modules/content/'"
    " xmlns:dc='http://purl.org/dc/elements/1.1/' xmlns:media='http://search.yahoo.com/mrss/'"
    " xmlns:georss='http://www.georss.org/georss' xmlns:slash='http://purl.org/rss/1.0/modules/slash/'"
    " xmlns:sy='http://purl.org/rss/1.0/modules/syndication/' xmlns:atom='http://www.w3.org/2005/Atom'"
)
_RICH_ITEM = (
    "<item rdf:about='https://a.example/{n}' xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>"
    "<guid>https://a.example/{n}</guid><title>Rich {n}</title><dc:creator>Ann</dc:creator><dc:date>2026-03-0{n}"
    "</dc:date><slash:comments>3</slash:comments><georss:point>45.2 -71.9</georss:point><media:group><media:content"
    " url='https://a.example/{n}.png' medium='image'><media:title>Picture</media:title></media:content></media:group>"
    "<source url='https://b.example/feed'>B</source></item>"
)
_JSON_ITEM = '{"id":%d,"url":"https://a.example/%d","title":"Number %d","content_html":"<p>Text</p>"}'


def dialects() -> Mapping[str, bytes]:
    """Each dialect's body by its name."""
    written = {
        "rss 0.90": f"<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'"
        f" xmlns='http://my.netscape.com/rdf/simple/0.9/'><channel>{_ABOUT}</channel>{_RSS_ITEMS}</rdf:RDF>",
        "rss 0.91": "<!DOCTYPE rss PUBLIC '-//Netscape Communications//DTD RSS 0.91//EN'"
        f" 'http://my.netscape.com/publish/formats/rss-0.91.dtd'><rss version='0.91'><channel>{_ABOUT}{_RSS_ITEMS}"
        "</channel></rss>",
        "rss 0.92": f"<rss version='0.92'><channel>{_ABOUT}<cloud domain='a.example' port='80'/>{_RSS_ITEMS}"
        "</channel></rss>",
        "rss 1.0": "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns='http://purl.org/rss/1.0/'>"
        f"<channel rdf:about='https://a.example/'>{_ABOUT}<items><rdf:Seq><rdf:li resource='https://a.example/1'/>"
        f"</rdf:Seq></items></channel>{_RSS_ITEMS}</rdf:RDF>",
        "rss 2.0": f"<?xml version='1.0' encoding='UTF-8'?><rss version='2.0'><channel>{_ABOUT}<ttl>60</ttl>"
        f"{_RSS_ITEMS}</channel></rss>",
        "podcast": f"<rss version='2.0' {_SPACES}><channel>{_ABOUT}<itunes:author>Ann</itunes:author>"
        f"{_PODCAST_ITEM.format(n=1)}{_PODCAST_ITEM.format(n=2)}</channel></rss>",
        "namespaces": f"<rss version='2.0' {_SPACES}><channel>{_ABOUT}<atom:link rel='self' href='https://a.example/f'/>"
        f"<sy:updatePeriod>hourly</sy:updatePeriod>{_RICH_ITEM.format(n=1)}{_RICH_ITEM.format(n=2)}</channel></rss>",
        "atom 0.3": "<feed version='0.3' xmlns='http://purl.org/atom/ns#'><title>News</title>"
        "<entry><id>1</id><title>One</title><issued>2026-03-01T10:00:00Z</issued></entry>"
        "<entry><id>2</id><title>Two</title><modified>2026-03-02T10:00:00Z</modified></entry></feed>",
        "atom 1.0": "<feed xmlns='http://www.w3.org/2005/Atom' xml:lang='en'><title>News</title><id>urn:a</id>"
        f"<link href='https://a.example/'/>{_ATOM_ENTRY.format(n=1)}{_ATOM_ENTRY.format(n=2)}</feed>",
        "atom with a prefix": "<a:feed xmlns:a='http://www.w3.org/2005/Atom'><a:title>News</a:title><a:entry><a:id>1"
        "</a:id><a:title>One</a:title></a:entry><a:entry><a:id>2</a:id><a:title>Two</a:title></a:entry></a:feed>",
        "cdf": "<CHANNEL HREF='https://a.example/'><TITLE>News</TITLE>"
        "<ITEM HREF='https://a.example/1'><TITLE>One</TITLE></ITEM>"
        "<ITEM HREF='https://a.example/2'><TITLE>Two</TITLE></ITEM></CHANNEL>",
        "json 1.0": '{"version":"https://jsonfeed.org/version/1","title":"News","items":['
        f"{_JSON_ITEM % (1, 1, 1)},{_JSON_ITEM % (2, 2, 2)}]}}",
        "json 1.1": '{"version":"https://jsonfeed.org/version/1.1","title":"News","language":"en-GB","items":['
        f"{_JSON_ITEM % (1, 1, 1)},{_JSON_ITEM % (2, 2, 2)}]}}",
    }
    return {name: body.encode() for name, body in written.items()}
