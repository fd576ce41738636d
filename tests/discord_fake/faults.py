"""What may go wrong, to be switched on by a test: which request it hits, and what happens then.

`Fault("status", status=500, when="after", route=CREATE)` stores the message and answers 500;
`Fault("kill", pid=…, when="replied")` answers and then kills the client's process.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, TypeVar

from tests.discord_fake.errors import JSON

CREATE = "/channels/{channel_id}/messages"
"""Template of the route that creates messages."""
CREATE_POST = "/channels/{channel_id}/threads"
"""Template of the route that creates forum posts."""

Action = Literal["status", "error", "html", "ratelimit", "drop", "reset", "hang", "cut", "slow", "kill"]
Phase = Literal["before", "after", "replied"]


@dataclass(slots=True)
class Fault:
    """One thing to go wrong.

    do: "status" — a bare HTTP error `status`; "error" — Discord's JSON error `status`/`code`/`message`; "html" — a page
    of Cloudflare's without `Via`, as when it bans; "ratelimit" — a 429 of `scope` with `retry_after`; "drop" — the
    connection closes without an answer; "reset" — it is reset; "hang" — no answer ever; "cut" — half of the answer
    (the request is carried out);
    "slow" — `seconds` later, or once a test puts them to 0; "kill" — `signal` to process `pid`, where that is 0 to the
    one that asked, and no answer.
    when: "before" the request is carried out, "after" it, or (kill only) `seconds` after it was "replied" to.
    method, route, channel, contains: what it hits; None hits all. `route` is a template, `channel` an id, `contains`
    a text in the body. nth: the first one hit, counted from 1. times: how many it hits; None for ever.
    """

    do: Action
    when: Phase = "before"
    method: str | None = None
    route: str | None = None
    channel: int | None = None
    contains: str | None = None
    nth: int = 1
    times: int | None = 1
    status: int = 500
    code: int = 0
    message: str = ""
    retry_after: float = 0.05
    scope: Literal["user", "shared", "global"] = "user"
    via: bool = True
    seconds: float = 0.0
    pid: int = 0
    signal: int = int(signal.SIGKILL)
    seen: int = field(default=0, compare=False)
    hits: int = field(default=0, compare=False)

    def matches(self, *, method: str, route: str, channel: int | None, text: str) -> bool:
        return (
            self.method in (None, method)
            and self.route in (None, route)
            and self.channel in (None, channel)
            and (self.contains is None or self.contains in text)
        )

    def due(self) -> bool:
        """Count one matching request; True when this one is to go wrong."""
        self.seen += 1
        if self.seen < self.nth or (self.times is not None and self.hits >= self.times):
            return False
        self.hits += 1
        return True

    def strike(self, port: int) -> None:
        """Kill; `port` is the one from which the request came."""
        pid = self.pid or holder(port)
        if pid is not None and pid != os.getpid():
            with suppress(ProcessLookupError):
                os.kill(pid, self.signal)


def holder(port: int) -> int | None:
    """The process of this machine with a TCP connection from that port of loopback, as far as /proc tells."""
    own = f"0100007F:{port:04X}"
    rows = (line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:])
    plug = next((f"socket:[{row[9]}]" for row in rows if row[1] == own), None)
    for open_file in Path("/proc").glob("[0-9]*/fd/*"):
        with suppress(OSError):
            if str(open_file.readlink()) == plug:
                return int(open_file.parts[2])
    return None


@dataclass(slots=True)
class EventFault:
    """A gateway event that arrives without some of its keys (`without`), or not at all (`lose`)."""

    event: str
    without: tuple[str, ...] = ()
    lose: bool = False
    times: int | None = 1
    hits: int = field(default=0, compare=False)


AnyFault = TypeVar("AnyFault", bound=Fault | EventFault)


class Faults:
    """The faults switched on; the first one that matches and is due wins."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._events: list[EventFault] = []

    def add(self, fault: AnyFault) -> AnyFault:
        """Switch it on; the same object is given back, so that its `hits` can be asked for."""
        if isinstance(fault, Fault):
            self._faults.append(fault)
        else:
            self._events.append(fault)
        return fault

    def clear(self) -> None:
        self._faults.clear()
        self._events.clear()

    def __iter__(self) -> Iterator[Fault]:
        return iter(self._faults)

    def choose(self, *, method: str, route: str, channel: int | None, text: str) -> Fault | None:
        for fault in self._faults:
            if fault.matches(method=method, route=route, channel=channel, text=text) and fault.due():
                return fault
        return None

    def spoil(self, event: str, data: JSON) -> JSON | None:
        """The event's data as it will arrive; None where it is lost."""
        for fault in self._events:
            if fault.event == event and (fault.times is None or fault.hits < fault.times):
                fault.hits += 1
                return None if fault.lose else {k: v for k, v in data.items() if k not in fault.without}
        return data


def fault_to_json(fault: Fault | EventFault) -> JSON:
    return asdict(fault)


def fault_from_json(values: dict[str, Any]) -> Fault | EventFault:
    """The fault a control request describes, by the names of the fields above."""
    kind: type[Any] = EventFault if "event" in values else Fault
    known = {item.name for item in fields(kind)} - {"seen", "hits"}
    chosen = {key: tuple(value) if key == "without" else value for key, value in values.items() if key in known}
    fault: Fault | EventFault = kind(**chosen)
    return fault
