"""`FakeDiscord`'s verbs over HTTP: `POST {control}/{verb}` with a JSON object of arguments, for `RemoteDiscord`."""

import inspect
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from aiohttp import web

from tests.discord_fake.errors import JSON, ApiError
from tests.discord_fake.fake import HOST, FakeDiscord
from tests.discord_fake.faults import fault_from_json
from tests.discord_fake.inputs import NoResponse, NotPossible
from tests.discord_fake.people import Response
from tests.discord_fake.ratelimits import Rule
from tests.discord_fake.wire import to_json

PATH = "/control"

_SAME_NAME = (
    "add_guild",
    "add_channel",
    "add_role",
    "add_user",
    "join",
    "give_role",
    "set_permissions",
    "set_guild_permissions",
    "post",
    "messages",
    "delete_message",
    "delete_channel",
    "remove_guild",
    "delete_guild",
    "set_outage",
    "remove_user",
    "slash",
    "click",
    "autocomplete",
    "drop_gateway",
    "reconnect",
    "invalid_session",
)


class ControlledDiscord(FakeDiscord):
    """A fake that another process can steer."""

    @property
    def control(self) -> str:
        return f"http://{HOST}:{self._port}{PATH}"

    def _extend(self, app: web.Application) -> None:
        app.router.add_post(PATH + "/{verb}", self._obey)

    async def _obey(self, request: web.Request) -> web.Response:
        """200 with `{"value": …}`, 400 with `{"error": …, "message": …}`, 404 for a verb there is not."""
        verb = self._verbs().get(request.match_info["verb"])
        if verb is None:
            return _reply(404, {"error": "LookupError", "message": f"no verb {request.match_info['verb']}"})
        arguments: JSON = json.loads(await request.read() or b"{}")
        try:
            value = verb(*arguments.pop("*", []), **arguments)
            if inspect.isawaitable(value):
                value = await value
        except (ApiError, NoResponse, NotPossible, LookupError, TypeError, ValueError) as error:
            return _reply(400, {"error": type(error).__name__, "message": str(error)})
        return _reply(200, {"value": to_json(value)})

    def _verbs(self) -> dict[str, Callable[..., Any]]:
        named: dict[str, Callable[..., Any]] = {name: getattr(self, name) for name in _SAME_NAME}
        return named | {
            "pings": lambda: self.pings,
            "requests": lambda: self.requests,
            "unknown": lambda: self.unknown,
            "violations": lambda: self.violations,
            "broken": lambda: self.rest.broken,
            "bot": lambda: self.bot,
            "connected": lambda: self.gateway.connected,
            "commands": self.commands.registered,
            "visible_to": lambda *who: [message.id for message in self.visible_to(*who)],
            "submit_modal": lambda user, interaction_id, values: self.submit_modal(
                user, self._response(interaction_id), values
            ),
            "wait_for_follow_up": lambda interaction_id, **more: self.wait_for_follow_up(
                self._response(interaction_id), **more
            ),
            "archive": self.threads.archive,
            "refuse_gateway": self._refuse_gateway,
            "set_token": self._set_token,
            "add_fault": lambda **fault: self.faults.add(fault_from_json(fault)),
            "clear_faults": self.faults.clear,
            "faults": lambda: list(self.faults),
            "use_ratelimits": lambda *rules: self.ratelimits.use(*(Rule(**rule) for rule in rules)),
            "advance": self.clock.advance,
            "set_clock": lambda moment: self.clock.set(datetime.fromisoformat(moment)),
            "now": self.clock.now,
        }

    def _response(self, interaction_id: int) -> Response:
        return self.response(self._opened[interaction_id])

    def _refuse_gateway(self, refusing: bool) -> None:
        self.gateway.refusing = refusing

    def _set_token(self, token: str) -> None:
        self.rest.token = token


def _reply(status: int, body: JSON) -> web.Response:
    return web.Response(status=status, body=json.dumps(body).encode(), headers={"Content-Type": "application/json"})
