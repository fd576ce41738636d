"""`python -m tests.mutants [PART…]`: shows that the tests notice every mutant, or those with such a part of a name.

Two copies of the tree are at work side by side. Exit code 1 where a mutant survives or cannot be made any more.
"""

import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from functools import partial
from queue import SimpleQueue
from typing import TypeVar

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tests.mutants.mutant import ROOT, Mutant, all_mutants, named_tests
from tests.mutants.trial import Copy, Seen, Verdict, copy_of, green, tried

SIDE_BY_SIDE = 2
WIDE = 160  # columns, where nobody's window says how many
Result = TypeVar("Result")


def main(parts: Sequence[str]) -> int:
    console = Console() if sys.stdout.isatty() else Console(width=WIDE)
    mutants = [each for each in all_mutants() if not parts or any(part in each.name for part in parts)]
    if not mutants:
        console.print("No mutant has such a name.")
        return 1
    with ExitStack() as stack:
        free: SimpleQueue[Copy] = SimpleQueue()
        for _ in range(SIDE_BY_SIDE):
            free.put(stack.enter_context(copy_of(ROOT)))
        threads = stack.enter_context(ThreadPoolExecutor(SIDE_BY_SIDE))
        skipped, red = _without_mutants(named_tests(mutants), free, threads, console)
        if red:
            console.print(f"Without any mutant {red[0].test or 'a run'} is red: {escape(red[0].said)}")
            return 1
        verdicts = _verdicts(mutants, skipped, free, threads, console)
    console.print(shown(verdicts))
    bad = [each for each in verdicts if not each.good]
    for each in bad:
        console.print(f"[bold]{escape(each.mutant.name)}[/]: {escape(each.mutant.wrong)}")
    caught = sum(each.ending == "caught" for each in verdicts)
    console.print(f"{caught} of {len(verdicts)} mutants caught; {len(bad)} need work.")
    return 1 if bad else 0


def _without_mutants(
    tests: list[str], free: SimpleQueue[Copy], threads: ThreadPoolExecutor, console: Console
) -> tuple[set[str], list[Seen]]:
    """The same tests on the code as it is: which are skipped, and which are red."""
    with console.status(f"{len(tests)} tests without a mutant"):
        shares = [tests[part::SIDE_BY_SIDE] for part in range(SIDE_BY_SIDE)]
        ran = [threads.submit(_with_a_copy, free, partial(_green, share)) for share in shares if share]
        found = [each.result() for each in ran]
    return {name for skipped, _ in found for name in skipped}, [each for _, red in found for each in red]


def _verdicts(
    mutants: Iterable[Mutant],
    skipped: set[str],
    free: SimpleQueue[Copy],
    threads: ThreadPoolExecutor,
    console: Console,
) -> list[Verdict]:
    """In the order of the mutants, whichever was done first."""
    running = {threads.submit(_with_a_copy, free, partial(_tried, each, skipped)): each for each in mutants}
    done = {}
    for ended in as_completed(running):
        verdict = done[running[ended].name] = ended.result()
        console.print(f"{len(done)}/{len(running)} {escape(verdict.mutant.name)}: {verdict.ending}", highlight=False)
    return [done[each.name] for each in running.values()]


def _with_a_copy(free: SimpleQueue[Copy], work: "partial[Result]") -> Result:
    copy = free.get()
    try:
        return work(copy)
    finally:
        free.put(copy)


def _green(tests: list[str], copy: Copy) -> tuple[set[str], list[Seen]]:
    return green(copy, tests)


def _tried(mutant: Mutant, skipped: set[str], copy: Copy) -> Verdict:
    return tried(copy, mutant, skipped=skipped)


def shown(verdicts: Iterable[Verdict]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name, width in (("mutant", 48), ("", 12), ("caught by", 48), ("because", 36)):
        table.add_column(name, max_width=width, overflow="ellipsis", no_wrap=name != "mutant")
    table.add_column("s", justify="right")
    for each in verdicts:
        ending = f"[{'green' if each.good else 'bold red'}]{each.ending}[/]"
        by = each.by[0].partition("::")[2].removeprefix("test_").replace("_", " ") if each.by else ""
        table.add_row(escape(each.mutant.name), ending, escape(by), escape(each.why), f"{each.seconds:.1f}")
    return table


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
