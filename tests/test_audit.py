"""The audit of dependencies, against an advisory service on loopback."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[1]
WEAK = {
    "id": "PYSEC-2026-1",
    "aliases": ["CVE-2026-1111"],
    "affected": [
        {
            "package": {"name": "typer", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "9.9"}]}],
        }
    ],
}
LOCK = f"typer==0.15.0 --hash=sha256:{'0' * 64}\nrich==13.9.0 --hash=sha256:{'0' * 64}\n"


@asynccontextmanager
async def advisories(known: Mapping[str, Sequence[Any]], status: int = 200) -> AsyncIterator[str]:
    """A service that knows these weaknesses by name of package; its address."""

    async def answer(request: web.Request) -> web.Response:
        asked = (await request.json())["package"]["name"]
        return web.json_response({"vulns": list(known.get(asked, ()))}, status=status)

    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1/query"
    finally:
        await runner.cleanup()


async def audited(address: str) -> tuple[int, str]:
    """The exit code, and what it says."""
    Path("some.lock").write_text(LOCK, encoding="utf-8")
    command = [sys.executable, str(ROOT / ".ci" / "audit.py"), "some.lock", "--osv-url", address]
    patient = {**os.environ, "AUDIT_SECONDS": "50"}
    ended = await asyncio.to_thread(subprocess.run, command, env=patient, capture_output=True, text=True, timeout=55)
    return ended.returncode, ended.stdout


async def test_a_known_weakness_fails_and_says_where_it_is_mended() -> None:
    async with advisories({"typer": [WEAK]}) as address:
        code, said = await audited(address)
    assert code == 1
    assert said.splitlines()[0] == "typer 0.15.0: PYSEC-2026-1, CVE-2026-1111; mended in 9.9"


async def test_without_a_known_weakness_it_passes() -> None:
    async with advisories({}) as address:
        assert await audited(address) == (0, "No weakness is known of 2 dependencies.\n")


OUT_OF_REACH = (0, "No advisory service can be reached; the dependencies were not audited.\n")


async def test_where_no_service_can_be_reached_it_says_so_and_passes() -> None:
    assert await audited(f"http://127.0.0.1:{free_port()}/v1/query") == OUT_OF_REACH


async def test_a_service_that_is_down_is_out_of_reach_too() -> None:
    async with advisories({}, status=503) as address:
        assert await audited(address) == OUT_OF_REACH


def test_the_audit_is_part_of_what_every_change_has_to_pass() -> None:
    recipe = (ROOT / "Makefile").read_text(encoding="utf-8").partition("\ncheck:")[2].partition("\n\n")[0]
    assert ".ci/audit.py requirements.lock" in recipe
    assert "make check" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_every_dependency_is_pinned_with_its_hashes() -> None:
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    pinned = [number for number, line in enumerate(lines) if line and line[0] not in " #"]
    assert len(pinned) > 50
    for number in pinned:
        assert "==" in lines[number]
        assert "--hash=sha256:" in lines[number + 1]
