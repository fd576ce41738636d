"""Which addresses may be dialled."""

import ipaddress
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import AddressRefusedError
from bot.fetch.guard import DialRefusedError, Guard, checked_url, is_public

PUBLIC = ["8.8.8.8", "1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "2a00:1450:4001::1", "::ffff:8.8.8.8"]
SPECIAL = [
    "0.0.0.0", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.255.255.254", "169.254.169.254", "172.16.0.1",
    "172.31.255.255", "192.0.0.8", "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.0.1", "198.18.0.1",
    "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::8.8.8.8",
    "64:ff9b:1::1", "100::1", "2001::1", "2001:2::1", "2001:db8::1", "2002:7f00:1::", "3fff::1", "5f00::1",
    "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1",
]  # fmt: skip
# IANA's registries of special-purpose addresses, with multicast, and what they leave of IPv6 beside 2000::/3.
NETWORKS = [
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
    "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24",
    "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
    "::/3", "2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20", "4000::/2", "8000::/1",
]  # fmt: skip


@pytest.mark.parametrize("network", NETWORKS)
def test_no_address_of_a_special_network_may_be_dialled_from_its_first_to_its_last(network: str) -> None:
    inside = ipaddress.ip_network(network)
    for address in (inside[0], inside[1], inside[inside.num_addresses // 2], inside[-1]):
        if getattr(address, "ipv4_mapped", None) is None:
            assert not Guard().permits(str(address), 443), address


@pytest.mark.parametrize(
    "address",
    ["1.0.0.0", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0",
     "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "192.0.1.0", "192.0.3.0", "192.167.255.255",
     "192.169.0.0", "198.17.255.255", "198.20.0.0", "223.255.255.255", "2001:200::", "2001:db7:ffff::", "2001:db9::",
     "2003::", "2620:4f:7fff::", "2620:4f:8001::", "3ffe:ffff::"],
)  # fmt: skip
def test_the_neighbours_of_special_networks_are_the_public_internet(address: str) -> None:
    assert Guard().permits(address, 443)


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_may_be_dialled_on_the_webs_ports_only(address: str) -> None:
    assert Guard().permits(address, 80)
    assert Guard().permits(address, 443)
    assert not Guard().permits(address, 22)
    assert not Guard().permits(address, 8080)


@pytest.mark.parametrize("address", SPECIAL)
def test_a_special_address_may_not_be_dialled(address: str) -> None:
    assert not Guard().permits(address, 443)
    with pytest.raises(DialRefusedError):
        Guard().open_socket((socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)))


@pytest.mark.parametrize("address", ["", "localhost", "2130706433", "0x7f000001", "127.1", "1.2.3.4.5", "a.org"])
def test_what_is_no_numeric_address_may_not_be_dialled(address: str) -> None:
    assert not Guard().permits(address, 443)


def test_an_operators_network_may_be_dialled_on_any_port() -> None:
    guard = Guard((ipaddress.ip_network("10.1.0.0/16"), ipaddress.ip_network("fd00::/8")))
    assert guard.permits("10.1.2.3", 8080)
    assert guard.permits("::ffff:10.1.2.3", 8080)
    assert guard.permits("fd00::1", 81)
    assert not guard.permits("10.2.0.1", 80)
    assert guard.permits("8.8.8.8", 80)


@given(st.ip_addresses())
def test_no_address_is_public_that_python_calls_private(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    if address.is_private or address.is_multicast or address.is_reserved or address.is_loopback:
        mapped = getattr(address, "ipv4_mapped", None)
        assert not is_public(address) or (mapped is not None and is_public(mapped))


@given(st.ip_addresses(v=4))
def test_an_address_is_judged_alike_in_its_mapped_form(address: ipaddress.IPv4Address) -> None:
    mapped = ipaddress.IPv6Address(f"::ffff:{address}")
    assert is_public(mapped) == is_public(address)
    assert not is_public(ipaddress.IPv6Address((0x2002 << 112) | (int(address) << 80)))
    assert not is_public(ipaddress.IPv6Address((0x64FF9B << 96) | int(address)))


@given(st.text(max_size=40) | st.text(max_size=30).map("http://{}".format))
def test_an_address_is_taken_or_refused_and_nothing_else(address: str) -> None:
    try:
        url = checked_url(address)
    except AddressRefusedError:
        return
    assert url.scheme in ("http", "https")
    assert url.host
    assert url.user is None


@pytest.mark.parametrize(
    ("address", "open_to", "may"),
    [
        ("https://a.example/", [], True),
        ("https://a.example:8443/", [], False),
        ("https://a.example:8443/", ["10.0.0.0/8"], True),
        ("http://10.0.0.1/", [], False),
        ("http://10.0.0.1:8080/", ["10.0.0.0/8"], True),
        ("http://[::ffff:127.0.0.1]/", [], False),
        ("http://8.8.8.8/", [], True),
    ],
)
def test_an_address_that_can_never_be_dialled_is_known_before_it_is(
    address: str, open_to: list[str], may: bool
) -> None:
    guard = Guard(tuple(ipaddress.ip_network(network) for network in open_to))
    assert guard.may_permit(checked_url(address)) == may
