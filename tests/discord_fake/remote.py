"""`RemoteDiscord`: the fake in a process of its own, steered by the same verbs, so that a bot can be killed beside it.

Every verb is a coroutine here. Guilds, channels, users and responses come back as plain objects with the same fields.
"""

import asyncio
import json
import sys
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace, TracebackType
from typing import Any, Self

import aiohttp

from tests.discord_fake.faults import EventFault, Fault, fault_to_json
from tests.discord_fake.inputs import NoResponse, NotPossible
from tests.discord_fake.people import Response
from tests.discord_fake.ratelimits import Rule
from tests.discord_fake.wire import argument

_ERRORS: dict[str, type[Exception]] = {"NoResponse": NoResponse, "NotPossible": NotPossible}
_ROOT = Path(__file__).parents[2]


class RemoteClock:
    def __init__(self, remote: "RemoteDiscord") -> None:
        self._remote = remote

    async def advance(self, seconds: float) -> None:
        await self._remote.call("advance", seconds)

    async def set(self, moment: datetime) -> None:
        await self._remote.call("set_clock", moment)

    async def now(self) -> datetime:
        return datetime.fromisoformat(await self._remote.call("now"))


class RemoteFaults:
    def __init__(self, remote: "RemoteDiscord") -> None:
        self._remote = remote

    async def add(self, fault: Fault | EventFault) -> None:
        await self._remote.call("add_fault", **fault_to_json(fault))

    async def clear(self) -> None:
        await self._remote.call("clear_faults")

    async def list(self) -> list[SimpleNamespace]:
        """The faults with their `hits`."""
        return [SimpleNamespace(**fault) for fault in await self._remote.call("faults")]


class RemoteDiscord:
    """Starts the process on `async with`, stops it on the way out; fails there if the fake was at fault.

    A verb without a method of its own goes through `call(verb, …)`.
    """

    def __init__(self, *, token: str = "") -> None:
        self.token = token
        self.api_base = ""
        self.gateway_url = ""
        self.control = ""
        self.clock = RemoteClock(self)
        self.faults = RemoteFaults(self)
        self._process: asyncio.subprocess.Process | None = None
        self._http: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        command = [sys.executable, "-m", "tests.discord_fake", "--token", self.token]
        pipe = asyncio.subprocess.PIPE
        self._process = await asyncio.create_subprocess_exec(*command, cwd=_ROOT, stdin=pipe, stdout=pipe)
        assert self._process.stdout is not None
        async with asyncio.timeout(30):
            where = json.loads(await self._process.stdout.readline())
        self.api_base, self.gateway_url = where["api_base"], where["gateway_url"]
        self.control, self.token = where["control"], where["token"]
        self._http = aiohttp.ClientSession()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        broken = await self.call("broken") if error is None else []
        if self._http is not None:
            await self._http.close()
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            await self._process.wait()
        if broken:
            raise AssertionError("the fake Discord answered wrongly: " + "; ".join(broken))

    async def call(self, verb: str, *positional: Any, **named: Any) -> Any:
        """Any verb of `control`, by name."""
        assert self._http is not None
        body = {"*": argument(positional), **argument(named)}
        async with self._http.post(f"{self.control}/{verb}", data=json.dumps(body)) as response:
            answer = await response.json()
        if response.status != 200:
            raise _ERRORS.get(answer["error"], RuntimeError)(answer["message"])
        return answer["value"]

    async def _thing(self, verb: str, *positional: Any, **named: Any) -> SimpleNamespace:
        return SimpleNamespace(**await self.call(verb, *positional, **named))

    # -- making and changing

    async def add_guild(self, name: str = "guild", **more: Any) -> SimpleNamespace:
        return await self._thing("add_guild", name, **more)

    async def add_channel(self, guild: Any, name: str = "alerts", **more: Any) -> SimpleNamespace:
        return await self._thing("add_channel", guild, name, **more)

    async def add_role(self, guild: Any, name: str = "role", **more: Any) -> SimpleNamespace:
        return await self._thing("add_role", guild, name, **more)

    async def add_user(self, guild: Any, name: str = "user", **more: Any) -> SimpleNamespace:
        return await self._thing("add_user", guild, name, **more)

    async def set_permissions(self, channel: Any, **more: Any) -> None:
        await self.call("set_permissions", channel, **more)

    async def set_guild_permissions(self, guild: Any, permissions: int, **more: Any) -> None:
        await self.call("set_guild_permissions", guild, permissions, **more)

    async def delete_channel(self, channel: Any) -> None:
        await self.call("delete_channel", channel)

    async def delete_message(self, channel: Any, message: Any) -> None:
        await self.call("delete_message", channel, message)

    async def remove_guild(self, guild: Any) -> None:
        await self.call("remove_guild", guild)

    async def post(self, user: Any, channel: Any, content: str) -> SimpleNamespace:
        return await self._thing("post", user, channel, content)

    async def use_ratelimits(self, *rules: Rule) -> None:
        await self.call("use_ratelimits", *rules)

    # -- the gateway

    async def drop_gateway(self, code: int | None = None) -> None:
        await self.call("drop_gateway", code)

    async def reconnect(self) -> None:
        await self.call("reconnect")

    async def invalid_session(self, *, resumable: bool = False) -> None:
        await self.call("invalid_session", resumable=resumable)

    async def connected(self) -> int:
        return int(await self.call("connected"))

    # -- people

    async def slash(self, user: Any, channel: Any, command: str, **options: Any) -> Response:
        return Response(**await self.call("slash", user, channel, command, **options))

    async def click(self, user: Any, message: Any, custom_id: str, values: list[Any] | None = None) -> Response:
        return Response(**await self.call("click", user, message, custom_id, values))

    async def autocomplete(
        self, user: Any, channel: Any, command: str, focused: str, typed: str | int = "", **options: Any
    ) -> list[dict[str, Any]]:
        return list(await self.call("autocomplete", user, channel, command, focused, typed, **options))

    async def submit_modal(self, user: Any, response: Response, values: dict[str, Any]) -> Response:
        return Response(**await self.call("submit_modal", user, response.interaction_id, values))

    async def wait_for_follow_up(self, response: Response, *, seconds: float = 5.0, count: int = 1) -> Response:
        more = {"seconds": seconds, "count": count}
        return Response(**await self.call("wait_for_follow_up", response.interaction_id, **more))

    # -- what happened

    async def messages(self, channel: Any) -> list[dict[str, Any]]:
        return list(await self.call("messages", channel))

    async def pings(self) -> list[SimpleNamespace]:
        return [SimpleNamespace(**ping) for ping in await self.call("pings")]

    async def requests(self) -> list[SimpleNamespace]:
        return [SimpleNamespace(**request) for request in await self.call("requests")]

    async def unknown(self) -> list[SimpleNamespace]:
        return [SimpleNamespace(**request) for request in await self.call("unknown")]
