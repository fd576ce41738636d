"""What was asked for over TLS: with a real certificate of a real authority, made for the test."""

import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_network
from pathlib import Path

import aiohttp.connector
import pytest
from aiohttp import web

from bot.errors import FeedError
from bot.fetch import Fetched, Fetcher, Limits

HOST = "127.0.0.2"
NETWORK = (ip_network("127.0.0.0/8"),)
QUICK = Limits(total=3, connect=1, read=1)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for the host, with its key, that nobody trusts yet."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed: no certificate can be made")
    made = tmp_path_factory.mktemp("tls") / "host.pem"
    names = ["-subj", "/CN=loopback", "-addext", f"subjectAltName=IP:{HOST}"]
    ask = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    subprocess.run([*ask, *names, "-keyout", made, "-out", made.with_suffix(".crt")], check=True, capture_output=True)
    return made


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client trusts it, as it does an authority of the machine."""
    context = ssl.create_default_context(cafile=str(certificate.with_suffix(".crt")))
    monkeypatch.setattr(aiohttp.connector, "_SSL_CONTEXT_VERIFIED", context)


@asynccontextmanager
async def secure_site(certificate: Path) -> AsyncIterator[tuple[int, list[str]]]:
    """The port of a server that sends everybody on to plain HTTP, and what was asked of it."""
    asked: list[str] = []
    port = 0

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.path)
        if request.path == "/feed":
            return web.Response(status=301, headers={"Location": f"http://{HOST}:{port}/end"})
        return web.Response(body=b"<rss/>")

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate.with_suffix(".crt"), certificate)
    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    try:
        await web.TCPSite(runner, "0.0.0.0", 0, ssl_context=context).start()
        port = runner.addresses[0][1]
        yield port, asked
    finally:
        await runner.cleanup()


@pytest.mark.usefixtures("trusted")
async def test_what_was_asked_for_securely_is_never_read_in_the_open(certificate: Path) -> None:
    """A redirect from https down to http is taken over https."""
    async with secure_site(certificate) as (port, asked), Fetcher(allowed_networks=NETWORK, limits=QUICK) as fetcher:
        answer = await fetcher.fetch(f"https://{HOST}:{port}/feed")
    assert isinstance(answer, Fetched)
    assert answer.url == answer.moved_to == f"https://{HOST}:{port}/end"
    assert asked == ["/feed", "/end"]


async def test_a_certificate_that_nobody_vouches_for_is_refused(certificate: Path) -> None:
    async with secure_site(certificate) as (port, asked), Fetcher(allowed_networks=NETWORK, limits=QUICK) as fetcher:
        with pytest.raises(FeedError, match="certificate that cannot be trusted"):
            await fetcher.fetch(f"https://{HOST}:{port}/end")
    assert asked == []


@pytest.mark.usefixtures("trusted")
async def test_a_certificate_of_another_host_is_refused(certificate: Path) -> None:
    async with secure_site(certificate) as (port, asked), Fetcher(allowed_networks=NETWORK, limits=QUICK) as fetcher:
        with pytest.raises(FeedError, match="certificate that cannot be trusted"):
            await fetcher.fetch(f"https://127.0.0.3:{port}/end")
    assert asked == []
