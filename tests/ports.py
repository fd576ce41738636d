"""A port that nobody listens on, for a program that is told its port before it starts.

It is none of those that the system gives to whoever asks for any, so that no socket opened meanwhile can get it.
"""

import random
import socket
from contextlib import closing, suppress

GIVEN_BY_HAND = range(10_000, 32_000)
"""Linux gives ports from 32,768 on, others from 49,152 on."""


def free_port() -> int:
    while True:
        port = random.choice(GIVEN_BY_HAND)
        with suppress(OSError), closing(socket.create_server(("127.0.0.1", port))):
            return port
