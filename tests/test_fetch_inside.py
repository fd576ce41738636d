"""No address of a stranger leads inside, however it is spelt, resolved or redirected to: with the real client on
loopback, where one host stands for what is open and all others for what is not."""

import asyncio
import ipaddress
import re
import socket
from collections.abc import AsyncIterator, Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.errors import AddressRefusedError, FeedError
from bot.fetch import Fetched, Fetcher, Guard, Limits
from bot.fetch.guard import DialRefusedError, checked_url
from tests.site import Site, open_site

OPEN = "127.0.0.2"
"""The one host of loopback that the operator lets feeds live on."""
INSIDE = "127.0.0.1"
QUICK = Limits(total=2, connect=1, read=1)
PRIVATE = [
    "127.0.0.1",
    "10.0.0.1",
    "172.16.5.4",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "192.0.0.8",
]


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with open_site() as site:
        site.at("/secret", body=b"inside")
        yield site


@pytest.fixture
async def fetcher() -> AsyncIterator[Fetcher]:
    async with Fetcher(allowed_networks=(ipaddress.ip_network(f"{OPEN}/32"),), limits=QUICK) as fetcher:
        yield fetcher


@pytest.fixture(autouse=True)
def no_name_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names are looked up on this machine alone, for the strangest of them too."""
    real = socket.getaddrinfo

    def look_up(host: str, port: int, *rest: int, **more: int) -> list[tuple]:
        if str(host).casefold().rstrip(".") in ("localhost", "ip6-localhost"):
            host = INSIDE
        more["flags"] = more.get("flags", 0) | socket.AI_NUMERICHOST
        return real(host, port, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)


def asked(site: Site) -> list[str]:
    """What was asked for, with the host as the request names it."""
    return [f"{request.host.partition(':')[0]}{request.path}" for request in site.asked]


# -- spellings


def octets(address: str) -> list[int]:
    return list(ipaddress.IPv4Address(address).packed)


def number(value: int, base: str, zeros: int) -> str:
    return {"dec": str(value), "hex": "0x" + "0" * zeros + f"{value:x}", "oct": "0" * (zeros + 1) + f"{value:o}"}[base]


@st.composite
def spellings(draw: st.DrawFn) -> str:
    """A private IPv4 address as the C library takes it: one to four parts, each decimal, octal or hexadecimal."""
    parts = octets(draw(st.sampled_from(PRIVATE)))
    count = draw(st.integers(1, 4))
    head, tail = parts[: count - 1], parts[count - 1 :]
    values = [*head, int.from_bytes(bytes(tail), "big")]
    forms = [draw(st.tuples(st.sampled_from(["dec", "hex", "oct"]), st.integers(0, 3))) for _ in values]
    return ".".join(number(value, *form) for value, form in zip(values, forms, strict=True))


@st.composite
def wrapped(draw: st.DrawFn) -> str:
    """A private IPv4 address inside an IPv6 one, by every way that the standards know."""
    four = int(ipaddress.IPv4Address(draw(st.sampled_from(PRIVATE))))
    low = draw(st.integers(0, 2**16 - 1))
    six = draw(
        st.sampled_from(
            [
                four,  # IPv4-compatible, RFC 4291
                (0xFFFF << 32) | four,  # mapped
                (0xFFFF << 48) | four,  # translated, RFC 2765
                (0x64FF9B << 96) | four,  # NAT64, RFC 6052
                (0x64FF9B0001 << 80) | four,  # NAT64 for local use, RFC 8215
                (0x2002 << 112) | (four << 80) | low,  # 6to4
                (0x20010000 << 96) | (low << 32) | (four ^ 0xFFFFFFFF),  # Teredo: the client's address, inverted
                (0x20010000 << 96) | (four << 64),  # Teredo: the server's
                (0xFE80 << 112) | (0x5EFE << 32) | four,  # ISATAP on a link
                (0xFC00 << 112) | four,
                (0xFF02 << 112) | four,
            ]
        )
    )
    written = draw(st.sampled_from([str, lambda each: each.exploded, lambda each: str(each).upper()]))
    zone = draw(st.sampled_from(["", "%25lo", "%251"]))
    return f"[{written(ipaddress.IPv6Address(six))}{zone}]"


def rows(host: str, port: int) -> Iterator[tuple]:
    """What the C library makes of a host that is a number, without asking anybody."""
    bare = host.removeprefix("[").removesuffix("]").replace("%25", "%")
    try:
        yield from socket.getaddrinfo(bare, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except (socket.gaierror, UnicodeError):
        return


@settings(max_examples=300)
@given(spellings() | wrapped(), st.sampled_from([80, 443]))
def test_whatever_the_system_makes_of_a_spelling_is_judged_by_where_it_leads(host: str, port: int) -> None:
    for row in rows(host, port):
        with pytest.raises(DialRefusedError):
            Guard().open_socket(row)


@given(spellings())
def test_the_spellings_that_are_tried_do_mean_private_addresses(host: str) -> None:
    """The strategy is worth something: the C library reads each of them as one of the addresses."""
    assert {row[4][0] for row in rows(host, 80)} <= set(PRIVATE)
    assert list(rows(host, 80))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(host=spellings() | wrapped())
async def test_no_spelling_of_a_private_address_is_ever_asked(host: str) -> None:
    """With the real client; the tests' own guard fails a test that dials anything but loopback."""
    async with Fetcher(limits=QUICK) as fetcher:
        with pytest.raises(FeedError):
            await fetcher.fetch(f"http://{host}/")


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "127.0.0.1.", "localhost", "LOCALHOST", "localhost.", "ip6-localhost", "127.1", "127.0.1",
        "2130706433", "0x7f000001", "0X7F.1", "017700000001", "0177.0.0.1", "127.000.000.001", "00000177.0.0.1", "0",
        "0.0.0.0", "0x0", "[::]", "[::1]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]",
        "[::FFFF:127.0.0.1]", "[::1%25lo]", "[::127.0.0.1]", "\uff11\uff12\uff17.0.0.1", "127\u30020\u30020\u30021",
        "\u2460\u2461\u2466.0.0.1", "\u0967\u0968\u096d.0.0.1", "127.0.0.1%2f", "127.0.0.1%00", "%31%32%37.0.0.1",
        "\u24db\u24de\u24d2\u24d0\u24db\u24d7\u24de\u24e2\u24e3", "127.0.0.1\\@8.8.8.8", "%6cocalhost",
    ],
)  # fmt: skip
@pytest.mark.parametrize("port", ["site", "80"])
async def test_loopback_is_not_asked_under_any_name(site: Site, host: str, port: str) -> None:
    port = str(site.port) if port == "site" else port
    async with Fetcher(limits=QUICK) as fetcher:
        with pytest.raises(FeedError):
            await fetcher.fetch(f"http://{host}:{port}/secret")
    assert not site.asked


@pytest.mark.parametrize("given_as", [OPEN, "0x7f000002"])
async def test_what_the_operator_opened_is_asked_by_any_spelling(site: Site, fetcher: Fetcher, given_as: str) -> None:
    """The other half: the guard judges the address, not its spelling."""
    assert isinstance(await fetcher.fetch(site.url("/secret", given_as)), Fetched)


async def test_an_opened_host_opens_no_other(site: Site, fetcher: Fetcher) -> None:
    with pytest.raises(AddressRefusedError, match="not on the public internet"):
        await fetcher.fetch(site.url("/secret", INSIDE))
    assert not site.asked


# -- names that change their minds


class Names:
    """A name server of strangers: what it says of a host, answer after answer, the last one for ever."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **answers: list[list[str]]) -> None:
        self.said = 0
        self._answers = {f"{name}.example": list(rows) for name, rows in answers.items()}
        self._real = socket.getaddrinfo
        monkeypatch.setattr(socket, "getaddrinfo", self.look_up)

    def look_up(self, host: str, port: int, *rest: int, **more: int) -> list[tuple]:
        if host not in self._answers:
            return self._real(host, port, *rest, **more)
        self.said += 1
        left = self._answers[host]
        addresses = left.pop(0) if len(left) > 1 else left[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]


async def test_a_name_that_leads_inside_the_second_time_is_refused_then(
    site: Site, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rebinding: public while it is looked at, private when it is dialled."""
    Names(monkeypatch, rebound=[[OPEN], [INSIDE]])
    site.at("/feed", body=b"open", Connection="close")
    url = site.url("/feed", "rebound.example")
    assert isinstance(await fetcher.fetch(url), Fetched)
    with pytest.raises(AddressRefusedError):
        await fetcher.fetch(url)
    assert len(site.asked) == 1


async def test_a_name_is_asked_for_anew_with_every_connection(
    site: Site, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = Names(monkeypatch, rebound=[[OPEN]])
    site.at("/feed", body=b"open", Connection="close")
    for expected in (1, 2, 3):
        await fetcher.fetch(site.url("/feed", "rebound.example"))
        assert names.said == expected


async def test_of_a_name_with_addresses_of_both_kinds_only_the_open_one_is_dialled(
    site: Site, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    Names(monkeypatch, mixed=[[INSIDE, OPEN]], inside=[[INSIDE, "127.0.0.3"]])
    came_to: list[str] = []

    async def note(request):
        came_to.append(request.transport.get_extra_info("sockname")[0])
        return await plain(request)

    site.at("/feed", body=b"open")
    plain = site.paths["/feed"]
    site.paths["/feed"] = note
    await fetcher.fetch(site.url("/feed", "mixed.example"))
    with pytest.raises(AddressRefusedError):
        await fetcher.fetch(site.url("/feed", "inside.example"))
    assert came_to == [OPEN]


async def test_a_redirect_to_a_name_that_leads_inside_is_refused(
    site: Site, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    Names(monkeypatch, friendly=[[INSIDE]])
    url = site.at("/feed", status=301, Location=f"http://friendly.example:{site.port}/secret")
    with pytest.raises(AddressRefusedError):
        await fetcher.fetch(url.replace(INSIDE, OPEN))
    assert asked(site) == [f"{OPEN}/feed"]


# -- redirects


@pytest.mark.parametrize("hop", range(1, 6))
async def test_a_chain_of_redirects_that_turns_inside_is_cut_there(site: Site, fetcher: Fetcher, hop: int) -> None:
    """The fifth and last that is followed, too."""
    for step in range(1, hop):
        site.at(f"/{step}", status=302, Location=f"/{step + 1}")
    site.at(f"/{hop}", status=302, Location=site.url("/secret"))
    with pytest.raises(AddressRefusedError):
        await fetcher.fetch(site.url("/1", OPEN))
    assert asked(site) == [f"{OPEN}/{step}" for step in range(1, hop + 1)]


@pytest.mark.parametrize(
    "target",
    [
        "http://127.0.0.1:{port}/secret", "//127.0.0.1:{port}/secret", "http://localhost:{port}/secret",
        "http://[::1]:{port}/secret", "http://0x7f000001:{port}/secret", "http://2130706433:{port}/secret",
        "http://0:{port}/secret", "HTTP://127.0.0.1:{port}/secret", "http:\\\\127.0.0.1:{port}/secret",
        "http:///127.0.0.1:{port}/secret", "http://127.0.0.2@127.0.0.1:{port}/secret", "\\\\127.0.0.1:{port}/secret",
        "http://127.0.0.1:{port}\\@127.0.0.2/secret", "http://127.0.0.2:{port}@127.0.0.1:{port}/secret",
        "https://127.0.0.1:{port}/secret", "http://169.254.169.254/latest/meta-data/", "http://10.0.0.1/",
        "http://[fe80::1%25lo]:{port}/", "http://[::ffff:127.0.0.1]:{port}/secret",
    ],
)  # fmt: skip
async def test_no_target_of_a_redirect_leads_inside(site: Site, fetcher: Fetcher, target: str) -> None:
    url = site.at("/feed", status=302, Location=target.format(port=site.port))
    with pytest.raises(FeedError):
        await fetcher.fetch(url.replace(INSIDE, OPEN))
    # Some are read as paths, which stay where they are.
    assert all(each.startswith(f"{OPEN}/") for each in asked(site))
    assert f"{OPEN}/secret" not in asked(site)


@pytest.mark.parametrize(
    "target",
    [
        "file:///etc/passwd", "ftp://127.0.0.2:{port}/secret", "gopher://127.0.0.2:{port}/_GET%20/secret",
        "ws://127.0.0.2:{port}/secret", "unix:/run/docker.sock", "data:application/rss+xml,x", "javascript:alert(1)",
        "dict://127.0.0.2:{port}/d", "ldap://127.0.0.2:{port}/", "blob:http://127.0.0.2:{port}/secret", "tel:1",
        "http+unix://%2Frun%2Fdocker.sock/secret", "feed://127.0.0.2:{port}/secret", "view-source:http://127.0.0.2/",
    ],
)  # fmt: skip
async def test_a_redirect_to_another_scheme_is_refused_where_it_is_read(
    site: Site, fetcher: Fetcher, target: str
) -> None:
    url = site.at("/feed", status=302, Location=target.format(port=site.port))
    with pytest.raises(AddressRefusedError, match="must start with http"):
        await fetcher.fetch(url.replace(INSIDE, OPEN))
    assert asked(site) == [f"{OPEN}/feed"]


@pytest.mark.parametrize("login", ["me:hunter2@", "me@", ":hunter2@", "%6de:hunter2@"])
async def test_a_login_in_a_redirect_is_not_sent(site: Site, fetcher: Fetcher, login: str) -> None:
    target = site.url("/secret", OPEN).replace("http://", f"http://{login}")
    url = site.at("/feed", status=302, Location=target)
    with pytest.raises(AddressRefusedError, match="user name or password") as caught:
        await fetcher.fetch(url.replace(INSIDE, OPEN))
    assert "hunter2" not in str(caught.value)
    assert asked(site) == [f"{OPEN}/feed"]


async def test_a_redirect_to_another_port_of_a_public_address_is_refused() -> None:
    """What the guard is asked at the socket, for any host of the public internet."""
    for port in (1, 22, 25, 79, 81, 444, 6379, 8080, 65535):
        row = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.216.34", port))
        with pytest.raises(DialRefusedError):
            Guard().open_socket(row)
        assert not Guard().may_permit(checked_url(f"http://public.example:{port}/"))


@pytest.mark.parametrize(
    "line",
    [
        b"Location: /secret\r\n Injected: yes\r\n", b"Location: /secret\rInjected: yes\r\n",
        b"Location: /secret\nInjected: yes\r\n", b"Location: /secret%0d%0aInjected:%20yes\r\n",
        b"Location: /secret?a=\x00b\r\n", b"Location: /secret HTTP/1.1\r\n", b"Location: /sec\tret\r\n",
        b"Location: \xff\xfe/secret\r\n", b"Location: /secret\xe5\x98\x8d\xe5\x98\x8aInjected: yes\r\n",
        b"Location: http://127.0.0.2:1/\r\nLocation: /secret\r\n", b"Location:\r\n", b"Location: \r\n",
    ],
)  # fmt: skip
async def test_a_target_with_line_breaks_in_it_smuggles_nothing_into_the_next_request(
    fetcher: Fetcher, line: bytes
) -> None:
    heads: list[bytes] = []

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        first = len(heads) == 1
        writer.write(b"HTTP/1.1 302 Found\r\n" + line if first else b"HTTP/1.1 200 OK\r\n")
        writer.write(b"Content-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(speak, OPEN, 0) as server:
        try:
            await fetcher.fetch(f"http://{OPEN}:{server.sockets[0].getsockname()[1]}/feed")
        except FeedError as error:
            assert "\n" not in str(error)
    for head in heads:
        lines = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
        assert re.fullmatch(rb"GET /[!-~]* HTTP/1\.1", lines[0])
        assert {each.split(b":")[0].lower() for each in lines[1:]} == {
            b"host", b"user-agent", b"accept", b"accept-encoding",
        }  # fmt: skip


@given(st.text(max_size=60) | st.text(max_size=40).map("http://{}/".format) | st.text(max_size=40).map("//{}".format))
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_any_target_at_all_ends_in_a_body_or_one_sentence(target: str) -> None:
    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        location = target.encode("utf-8", "surrogatepass").replace(b"\r", b"").replace(b"\n", b"")
        writer.write(b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " + location + b"\r\n\r\n")
        writer.close()

    async with (
        Fetcher(allowed_networks=(ipaddress.ip_network(f"{OPEN}/32"),), limits=Limits(0.4, 0.2, 0.2)) as fetcher,
        await asyncio.start_server(speak, OPEN, 0) as server,
    ):
        with pytest.raises(FeedError) as caught:
            await fetcher.fetch(f"http://{OPEN}:{server.sockets[0].getsockname()[1]}/feed")
    assert str(caught.value).endswith(".")


# -- what is sent along


async def test_nothing_is_sent_along_that_a_server_or_the_environment_asks_for(
    site: Site, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch, tmp_path
) -> None:
    """No cookie of an earlier answer, no login of a .netrc, no proxy, no referrer."""
    (tmp_path / ".netrc").write_text(f"machine {OPEN} login me password hunter2\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://{INSIDE}:{site.port}")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    site.at("/end", body=b"x", Set_Cookie="b=2; Path=/")
    start = site.at("/feed", status=302, Location="/end", Set_Cookie="a=1; Path=/").replace(INSIDE, OPEN)
    for _ in range(2):
        await fetcher.fetch(start)
    assert asked(site) == [f"{OPEN}/feed", f"{OPEN}/end"] * 2
    for request in site.asked:
        assert {name.lower() for name in request.headers} == {"host", "user-agent", "accept", "accept-encoding"}
        assert request.transport is None or request.path_qs == request.path  # a proxy would be sent the whole address
