"""The read-only routes: who am I, which guilds, channels, roles and members there are, where the gateway is."""

from collections.abc import Callable

from tests.discord_fake import errors
from tests.discord_fake.errors import JSON, ApiError
from tests.discord_fake.permissions import Permission, base_permissions
from tests.discord_fake.render import channel_json, guild_json, member_json, role_json, user_json
from tests.discord_fake.routing import Call, Reply, Route
from tests.discord_fake.world import World


class Lookups:
    """Routes that change nothing. `gateway_url` is asked late: the port is not known before the server listens."""

    def __init__(self, world: World, gateway_url: Callable[[], str]) -> None:
        self._world = world
        self._gateway_url = gateway_url

    def routes(self) -> list[Route]:
        return [
            Route("GET", "/users/@me", self._me),
            Route("GET", "/users/@me/guilds", self._my_guilds),
            Route("GET", "/users/{user_id}", self._user),
            Route("GET", "/oauth2/applications/@me", self._application),
            Route("GET", "/gateway", self._gateway, auth=False),
            Route("GET", "/gateway/bot", self._gateway_bot),
            Route("GET", "/guilds/{guild_id}", self._guild),
            Route("GET", "/guilds/{guild_id}/channels", self._guild_channels),
            Route("GET", "/guilds/{guild_id}/roles", self._roles),
            Route("GET", "/guilds/{guild_id}/members/{user_id}", self._member),
            Route("GET", "/channels/{channel_id}", self._channel),
        ]

    def _me(self, call: Call) -> Reply:
        return Reply(200, user_json(self._world.bot) | {"mfa_enabled": True, "verified": True, "locale": "en-US"})

    def _application(self, call: Call) -> Reply:
        application: JSON = {
            "id": str(self._world.application_id),
            "name": self._world.bot.name,
            "icon": None,
            "description": "",
            "type": None,
            "bot": user_json(self._world.bot),
            "bot_public": True,
            "bot_require_code_grant": False,
            "verify_key": "0" * 64,
            "flags": 0,
            "flags_new": "0",
            "max_participants": None,
            "tags": [],
            "redirect_uris": [],
            "interactions_endpoint_url": None,
            "role_connections_verification_url": None,
            "owner": user_json(self._world.owner),
            "approximate_guild_count": len(self._world.guilds),
            "approximate_user_install_count": 0,
            "approximate_user_authorization_count": 0,
            "explicit_content_filter": 0,
            "eligible_oauth2_scopes": ["bot", "applications.commands"],
            "team": None,
        }
        return Reply(200, application)

    def _gateway(self, call: Call) -> Reply:
        return Reply(200, {"url": self._gateway_url()})

    def _gateway_bot(self, call: Call) -> Reply:
        limit = {"total": 1000, "remaining": 1000, "reset_after": 0, "max_concurrency": 1}
        return Reply(200, {"url": self._gateway_url(), "shards": 1, "session_start_limit": limit})

    def _my_guilds(self, call: Call) -> Reply:
        bot = self._world.bot.id
        guilds = []
        for guild in self._world.guilds.values():
            if bot in guild.members:
                shown: JSON = {
                    "id": str(guild.id),
                    "name": guild.name,
                    "icon": None,
                    "banner": None,
                    "owner": guild.owner_id == bot,
                    "permissions": str(int(base_permissions(guild, guild.members[bot]))),
                    "features": [],
                }
                guilds.append(shown)
        return Reply(200, guilds)

    def _user(self, call: Call) -> Reply:
        return Reply(200, user_json(self._world.user(call.id("user_id"))))

    def _guild(self, call: Call) -> Reply:
        return Reply(200, guild_json(self._world.guild(call.id("guild_id"))))

    def _guild_channels(self, call: Call) -> Reply:
        guild = self._world.guild(call.id("guild_id"))
        return Reply(200, [channel_json(self._world, c) for c in self._world.guild_channels(guild.id)])

    def _roles(self, call: Call) -> Reply:
        return Reply(200, [role_json(role) for role in self._world.guild(call.id("guild_id")).roles.values()])

    def _member(self, call: Call) -> Reply:
        member = self._world.guild(call.id("guild_id")).members.get(call.id("user_id"))
        if member is None:
            raise ApiError(errors.UNKNOWN_MEMBER)
        return Reply(200, member_json(member))

    def _channel(self, call: Call) -> Reply:
        channel = self._world.channel(call.id("channel_id"))
        self._world.require(channel, Permission.VIEW_CHANNEL)
        return Reply(200, channel_json(self._world, channel))
