"""Which tests hold which fault, by what their docstrings say: "Fault 13: …", "Faults 3, 4 and 5: …".

`python -m tests.faults` prints the table of `tests/README.md`. It runs no test.
"""

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

HERE = Path(__file__).parent
NAMES = (
    "K during a download", "K or out-of-memory in a worker", "K after a parse", "K inside a transaction",
    "K after a commit", "analysis dies or hangs", "K after a claim", "K after a create, before its reply",
    "K after the reply, before it is settled", "K, then ten minutes off", "K during a migration", "K during a digest",
    "500 after the create", "502 five times", "time-out after the create", "reset after the create",
    "the reply cut or HTML", "429 of a route, of everything, of a channel for 65 s", "Cloudflare", "401 in mid-run",
    "one channel 30 s slow", "Discord down for six hours", "SQLite locked for 30 s", "disk full at a commit",
    "disk full at a checkpoint", "file read-only, deleted, replaced", "a corrupted page",
    "yesterday's backup restored", "PostgreSQL restarted in mid-transaction", "a stale pool",
    "a serialization failure", "two programs, one SQLite file", "two on PostgreSQL, one K",
    "a program paused past its lease", "SIGTERM during a send, twice", "clock −1 h with a digest due",
    "clock +3 days", "a gap at digest time", "a repeated hour", "time zone changed around a digest",
    "one of three servers' channel dead", "server removed with rows pending",
    "channel deleted between claim and send", "a right lost, back after 2 h",
    "10,000 dead rows of one server beside another", "AutoMod, harmful link", "one poison embed in 20",
    "6,001 characters; an emoji at the cut", "message deleted between tries", "READY after an hour; invalid session",
    "304 after a crash between fetch and commit", "every guid changes; http → https; host moves",
    "one guid for all entries", "entry edited, reordered, gone and back", "body empty, cut, HTML for one poll",
    "5,000 new entries; first poll", "redirect inside, loop, flip-flop, 410",
    "drip, bomb, hostile XML in 1 of 50 feeds", "1,000 feeds due at once", "DNS down for an hour",
    "filter changed or unsubscribed with rows pending", "event loop blocked for 5 s",
)  # fmt: skip
"""The faults in the order of their numbers, from 1; K is SIGKILL."""
_SAID = re.compile(r"\bFaults? (\d+(?:,? and \d+|, \d+)*)")


def claimed(folder: Path = HERE) -> Mapping[int, set[str]]:
    """The modules whose tests say that they hold a fault, by its number."""
    found: defaultdict[int, set[str]] = defaultdict(set)
    for path in sorted(folder.glob("test_*.py")):
        for words in _docstrings(ast.parse(path.read_text(encoding="utf-8"))):
            for said in _SAID.findall(words):
                for number in re.findall(r"\d+", said):
                    found[int(number)].add(path.stem)
    return found


def _docstrings(module: ast.Module) -> Iterator[str]:
    """Of its tests; what is said anywhere else holds nothing."""
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            yield ast.get_docstring(node) or ""


def table(found: Mapping[int, set[str]]) -> str:
    """A row for each fault: its number, what it is, and the modules with its tests."""
    rows = [
        f"| {number} | {name} | {' · '.join(f'`{module[5:]}`' for module in sorted(found.get(number, ())))} |"
        for number, name in enumerate(NAMES, start=1)
    ]
    return "\n".join(["| fault | | tests/test_… |", "|---|---|---|", *rows])


if __name__ == "__main__":
    sys.stdout.write(table(claimed()) + "\n")
