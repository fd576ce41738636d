"""Links: one spelling for each address, and the outlet behind it.

It compares and shortens addresses as text. It does not resolve names and it does not decide what may be dialled
(see fetch).
"""

import ipaddress
import re
from functools import lru_cache
from itertools import product
from urllib.parse import SplitResult, parse_qsl, quote, urljoin, urlsplit

LONGEST_LINK = 2048
"""Characters: what browsers, Discord and proxies all take."""

_DEFAULT_PORTS = {"http": 80, "https": 443}
_TRACKING_PREFIXES = ("utm_", "mtm_", "matomo_", "pk_", "piwik_", "hsa_", "_hs", "at_", "wt.", "oly_", "vero_")
_TRACKING_NAMES = frozenset(
    {
        "__twitter_impression", "_gl", "cid_source", "cmp", "cmp_id", "cmpid", "dclid", "fbclid", "feedname",
        "feedtype", "ftag", "ftcamp", "gbraid", "gclid", "gclsrc", "guccounter", "icid", "igsh", "igshid", "ito",
        "mc_cid", "mc_eid", "mkt_tok", "msclkid", "ncid", "ocid", "partner_source", "ref_src", "ref_url",
        "rss_source", "s_cid", "smid", "smtyp", "source_feed", "spm", "sr_share", "srnd", "ttclid", "twclid",
        "wbraid", "wpisrc", "xtor", "yclid",
    }
)  # fmt: skip
_HOST_PREFIXES = ("www.", "m.", "mobile.", "amp.")
_HOST_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_UNSAFE = re.compile(r"[\x00-\x20\x7f]")
# Characters that stay as they are when the rest of a path or query is percent-encoded.
_KEPT = "!$%&'()*+,-./:;=?@_~"


@lru_cache(maxsize=4096)  # a feed's own address and an entry's link are each asked for many times in a row
def canonical_link(link: str, base: str | None = None) -> str | None:
    """The one spelling of `link`, resolved against `base` if relative; None where it is no link to a public page.

    Scheme and host in lower case, default port, fragment and tracking parameters off. Only http and https, without
    credentials, at most 2,048 characters. Idempotent; never raises.
    """
    try:
        return _canonical(link, base)
    except ValueError:  # what urllib raises for impossible ports, brackets and hosts
        return None


def host_of(link: str) -> str:
    """The host of `link`, in lower case and ASCII; empty where it has none."""
    canonical = canonical_link(link)
    return (urlsplit(canonical).hostname or "") if canonical else ""


def outlet_of(link: str) -> str:
    """The host of `link` without "www.", "m." and the like; empty where it has none."""
    host = host_of(link)
    for prefix in _HOST_PREFIXES:
        if host.startswith(prefix) and host.count(".") > 1:
            return host.removeprefix(prefix)
    return host


def link_key(link: str) -> str:
    """What two spellings of one page share: the canonical link without scheme, "www." and a closing slash."""
    parts = urlsplit(link)
    path = parts.path.rstrip("/")
    return f"{outlet_of(link)}{path}{'?' + parts.query if parts.query else ''}"


def leads_to(link: str | None, address: str | None) -> bool:
    """Whether `link` is `address` in some spelling: the same page, and all of the address's query, if it has one."""
    found, wanted = (_page(each) if each else None for each in (link, address))
    if found is None or wanted is None:
        return False
    (page, query), (home, asked) = found, wanted
    return page == home and (asked <= query if asked else not query)


def spellings(link: str) -> list[str]:
    """The canonical links that a person may mean by `link`: with or without scheme, "www." and a closing slash, as
    given first. Empty where it can be no link."""
    given = canonical_link(link if "://" in link else f"https://{link.strip().lstrip('/')}")
    if given is None or ("://" not in link and "." not in host_of(given)):
        return []
    parts = urlsplit(given)
    bare, path = parts.netloc.removeprefix("www."), parts.path.rstrip("/")
    query = f"?{parts.query}" if parts.query else ""
    hosts, paths = (parts.netloc, bare, f"www.{bare}"), (parts.path, path or "/", f"{path}/")
    variants = product((parts.scheme, "https", "http"), hosts, paths)
    return list(dict.fromkeys(f"{scheme}://{host}{path}{query}" for scheme, host, path in variants))


@lru_cache(maxsize=4096)  # each entry's link is held against several addresses of its feed
def _page(link: str) -> tuple[str, frozenset[str]] | None:
    """What all spellings of a link share, apart from its query, and the parts of that; None where it is no link."""
    canonical = canonical_link(link)
    if canonical is None:
        return None
    page, _, query = link_key(canonical).partition("?")
    return page, frozenset(query.split("&") if query else ())


def _canonical(link: str, base: str | None) -> str | None:
    address = link.strip()
    if base is not None:
        address = urljoin(base.strip(), address)
    if address.startswith("//"):
        address = f"https:{address}"
    parts = urlsplit(_UNSAFE.sub(lambda match: quote(match[0]), address))
    host = _host(parts)
    if parts.scheme not in _DEFAULT_PORTS or host is None or parts.username is not None or parts.password is not None:
        return None
    port = "" if parts.port in (None, _DEFAULT_PORTS[parts.scheme]) else f":{parts.port}"
    query = _without_tracking(_encoded(parts.query))
    result = f"{parts.scheme}://{host}{port}{_encoded(parts.path) or '/'}{'?' + query if query else ''}"
    return result if len(result) <= LONGEST_LINK else None


def _host(parts: SplitResult) -> str | None:
    """The host in lower case and ASCII, or None if it cannot be one."""
    name = (parts.hostname or "").rstrip(".")
    if ":" in name:
        return f"[{ipaddress.IPv6Address(name)}]"
    if not name.isascii():
        name = name.encode("idna").decode("ascii")
    labels = name.split(".")
    return name if len(name) <= 253 and all(_HOST_LABEL.fullmatch(label) for label in labels) else None


def _encoded(part: str) -> str:
    """`part` with everything but plain address characters percent-encoded; what is encoded already stays."""
    return quote(part, safe=_KEPT, errors="replace")


def _without_tracking(query: str) -> str:
    """`query` without the parameters that only say where a reader came from; order and spelling of others stay."""
    return "&".join(pair for pair in query.split("&") if pair and not _is_tracking(pair))


def _is_tracking(pair: str) -> bool:
    name = next((name for name, _ in parse_qsl(pair, keep_blank_values=True)), pair).lower()
    return name in _TRACKING_NAMES or name.startswith(_TRACKING_PREFIXES)
