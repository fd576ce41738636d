"""A small Discord on 127.0.0.1: REST, gateway, state and people, for tests with the unmodified discord.py.

`FakeDiscord` runs in the test's own event loop; `python -m tests.discord_fake` runs it as a process of its own, which
`RemoteDiscord` steers. It covers what Tocsin uses and answers 404 to the rest, which it records in `unknown`.
"""

from tests.discord_fake.fake import FakeDiscord
from tests.discord_fake.faults import CREATE, CREATE_POST, EventFault, Fault
from tests.discord_fake.inputs import NoResponse, NotPossible
from tests.discord_fake.permissions import Permission
from tests.discord_fake.pointing import QuickClient, point_client, running
from tests.discord_fake.remote import RemoteDiscord

__all__ = [
    "CREATE",
    "CREATE_POST",
    "EventFault",
    "FakeDiscord",
    "Fault",
    "NoResponse",
    "NotPossible",
    "Permission",
    "QuickClient",
    "RemoteDiscord",
    "point_client",
    "running",
]
