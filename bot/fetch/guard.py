"""Guard: which addresses may be dialled, judged at the socket, where names, redirects and odd spellings are gone.

It keeps a list of networks of its own, because `ipaddress` calls several special ones global. It resolves no names.
"""

import ipaddress
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from yarl import URL

from bot.core.link import LONGEST_LINK
from bot.errors import AddressRefusedError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_PORTS = frozenset({80, 443})

# IANA's registries of special-purpose addresses, and multicast.
_SPECIAL_V4 = (
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
    "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24",
    "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
)  # fmt: skip
_GLOBAL_V6 = "2000::/3"
# Teredo, ORCHID, benchmarking and the rest of 2001::/23; documentation; 6to4, which carries IPv4 addresses inside.
_SPECIAL_V6 = ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20")


class DialRefusedError(OSError):
    """Raised at the socket, so that the connector takes it for an address that cannot be reached and says which."""


@dataclass(frozen=True, slots=True)
class Guard:
    """Judges addresses. Those in `allowed` (an operator's networks) may be dialled on any port."""

    allowed: tuple[Network, ...] = ()

    def permits(self, address: str, port: int) -> bool:
        """Whether `address`, numeric, may be dialled on `port`; False for what is no address."""
        try:
            dialled = _unwrapped(ipaddress.ip_address(address.partition("%")[0]))
        except ValueError:
            return False
        if any(dialled.version == network.version and dialled in network for network in self.allowed):
            return True
        return port in _PORTS and is_public(dialled)

    def may_permit(self, url: URL) -> bool:
        """Whether `url` might be dialled: False for a number that may not be, and for a port that is open nowhere."""
        host, port = url.host or "", url.port or 0
        try:
            ipaddress.ip_address(host.partition("%")[0])
        except ValueError:
            return port in _PORTS or bool(self.allowed)
        return self.permits(host, port)

    def open_socket(self, address_info: tuple[Any, ...]) -> socket.socket:
        """A socket for one row of `getaddrinfo`, as aiohttp's `socket_factory`. Raises DialRefusedError."""
        family, kind, protocol, _, (host, port, *_) = address_info
        if not self.permits(host, port):
            raise DialRefusedError("the address is not public")
        return socket.socket(family, kind, protocol)


def is_public(address: Address) -> bool:
    """Whether `address` belongs to the public internet."""
    plain = _unwrapped(address)
    if isinstance(plain, ipaddress.IPv4Address):
        return not _in_any(plain, _SPECIAL_V4)
    return plain in ipaddress.IPv6Network(_GLOBAL_V6) and not _in_any(plain, _SPECIAL_V6)


def checked_url(address: str) -> URL:
    """`address` as a URL that may be asked for, its host still to be judged when dialled.

    Raises AddressRefusedError unless it is http or https, names a host, holds no credentials and is short enough.
    """
    try:
        url = URL(address)
        named, scheme, secret = bool(url.host), url.scheme, url.user is not None or url.password is not None
    except ValueError as error:
        raise AddressRefusedError("The address is no web address: correct it.") from error
    if scheme not in ("http", "https") or not named:
        raise AddressRefusedError("The address must start with http:// or https:// and name a host: correct it.")
    if secret:
        raise AddressRefusedError("The address holds a user name or password, which Tocsin does not send: remove it.")
    if len(str(url)) > LONGEST_LINK:
        raise AddressRefusedError(f"The address is longer than {LONGEST_LINK} characters: use a shorter one.")
    return url.with_fragment(None)


def refusal(host: str) -> AddressRefusedError:
    """The sentence for a host whose addresses the guard does not permit."""
    return AddressRefusedError(
        f"{host} is not on the public internet, or not on port 80 or 443: use a public address, or let the operator "
        "list its network in TOCSIN_ALLOWED_NETWORKS."
    )


def _unwrapped(address: Address) -> Address:
    """The IPv4 address inside an IPv4-mapped one."""
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _in_any(address: Address, networks: Iterable[str]) -> bool:
    return any(address in ipaddress.ip_network(network) for network in networks)
