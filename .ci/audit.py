"""Asks an advisory service about every pinned dependency: `python .ci/audit.py LOCK [options of pip-audit]`.

Ends with 1 and a line for each known weakness. Where no service answers within the limit it says so in one sentence and
ends with 0, because a check has to pass without a network. It mends nothing.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from typing import Any

LIMIT = float(os.environ.get("AUDIT_SECONDS", "20"))
"""Seconds for all of it."""
ASK = (
    "--require-hashes", "--disable-pip", "--vulnerability-service", "osv", "--timeout", "5", "--format", "json",
    "--desc", "off", "--aliases", "on", "--progress-spinner", "off",
)  # fmt: skip
OUT_OF_REACH = re.compile(r"ConnectionError|ServiceError|ProxyError|SSLError|Timeout|RetryError|HTTPError")


def main(options: Sequence[str]) -> int:
    """The exit code, for the lock file and the options after it; what was found stands on standard output."""
    try:
        command = [sys.executable, "-m", "pip_audit", "--requirement", *options, *ASK]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT)  # noqa: S603 - words of ours
    except subprocess.TimeoutExpired:
        return say(f"No advisory service answered within {LIMIT:g} seconds; the dependencies were not audited.", 0)
    try:
        asked: list[dict[str, Any]] = json.loads(ended.stdout)["dependencies"]
    except (ValueError, KeyError):
        if OUT_OF_REACH.search(ended.stderr):
            return say("No advisory service can be reached; the dependencies were not audited.", 0)
        return say(f"pip-audit failed:\n{ended.stderr}", ended.returncode or 1)
    known = [each for each in asked if "vulns" in each]
    found = list(weaknesses(known))
    if found:
        return say("\n".join([*found, "Raise these versions in pyproject.toml, then `make lock`."]), 1)
    if not known:
        return say("The advisory service knows none of the dependencies; they were not audited.", 0)
    return say(f"No weakness is known of {len(known)} dependencies.", 0)


def weaknesses(known: Sequence[dict[str, Any]]) -> Iterator[str]:
    """A line for each weakness: what has it, its names, where it is mended."""
    for each in known:
        for weakness in each["vulns"]:
            names = ", ".join([weakness["id"], *weakness.get("aliases", ())])
            mended = ", ".join(weakness["fix_versions"]) or "no version"
            yield f"{each['name']} {each['version']}: {names}; mended in {mended}"


def say(sentence: str, code: int) -> int:
    sys.stdout.write(f"{sentence}\n")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
