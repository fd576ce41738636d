"""What goes wrong at Discord meanwhile, drawn at random: faults of single requests, of the gateway, and of people.

Kills are not among it (see moments).
"""

from collections.abc import Callable
from functools import partial
from random import Random

from tests.discord_fake import CREATE, CREATE_POST, Fault
from tests.soak.books import Books
from tests.soak.town import Town

_create = partial(Fault, method="POST", route=CREATE)
FAULTS: dict[str, Callable[[], Fault]] = {
    "500 after the create": lambda: _create("status", "after", status=500),
    "500 after a forum post": lambda: Fault("status", "after", status=500, method="POST", route=CREATE_POST),
    "502 five times": lambda: _create("status", status=502, times=5),
    "503": lambda: Fault("status", status=503, times=2),
    "reset after the create": lambda: _create("reset", "after"),
    "reset before the create": lambda: _create("reset"),
    "no answer to a create": lambda: _create("hang", "after"),
    "a slow answer": lambda: Fault("slow", "after", seconds=1.0, times=3),
    "a cut reply": lambda: _create("cut"),
    "a cut reply to a forum post": lambda: Fault("cut", method="POST", route=CREATE_POST),
    "HTML by Cloudflare": lambda: _create("html", status=403),
    "429 of a route": lambda: _create("ratelimit", retry_after=0.5, times=2),
    "429 of everything": lambda: Fault("ratelimit", retry_after=0.5, scope="global"),
    "429 of a channel for 65 s": lambda: Fault(
        "ratelimit", retry_after=65, scope="shared", method="POST", route=CREATE
    ),
    "a lost look into a history": lambda: Fault("drop", method="GET", route=CREATE),
    "an edit refused for now": lambda: Fault("status", status=500, method="PATCH", times=5),
    "50035 for rich text": lambda: Fault(
        "error", status=400, code=50035, method="POST", route=CREATE, contains="embeds"
    ),
}
PEOPLE = ("a right lost (50001)", "a message deleted", "an unclear message deleted (10008)")
GATEWAY = ("the gateway cut", "an invalid session", "a reconnect asked for")
DELETED = "a channel deleted (10003)"
KINDS = (*FAULTS, *PEOPLE, *GATEWAY, DELETED)


def request_faults(town: Town, chance: Random) -> list[tuple[str, Fault]]:
    """None, one or two, for requests of the first seconds."""
    names = chance.sample(sorted(FAULTS), chance.choice((0, 0, 1, 1, 2)))
    found = [(name, FAULTS[name]()) for name in names]
    for _, fault in found:
        fault.nth = chance.randint(1, 3)
        town.discord.faults.add(fault)
    return found


def people_act(town: Town, books: Books, chance: Random) -> list[str]:
    """What moderators do while Tocsin is down, now and then."""
    done = []
    if chance.random() < 0.15:
        town.mute()
        done.append(PEOPLE[0])
    told = [message for message in town.told() if message.mark]
    if told and chance.random() < 0.15:
        town.delete_message(chance.choice(told))
        done.append(PEOPLE[1])
    half = {row.nonce for row in (*books.alerts(), *books.bulletins()) if row.state in ("owed", "sending")}
    unclear = [message for message in told if message.mark in half - town.removed]
    if unclear and chance.random() < 0.3:
        town.delete_message(chance.choice(unclear))
        done.append(PEOPLE[2])
    return done


async def gateway_trouble(town: Town, chance: Random) -> str | None:
    """Breaks the connection of those who listen, now and then."""
    kind = chance.choice((*GATEWAY, *[None] * 9))
    if kind == GATEWAY[0]:
        await town.discord.drop_gateway()
    elif kind == GATEWAY[1]:
        town.discord.invalid_session(resumable=chance.random() < 0.5)
    elif kind == GATEWAY[2]:
        town.discord.reconnect()
    return kind
