"""`python -m bench [NAME ...]`: run all benchmarks, or those that are named; 1 if a goal was missed."""

import sys
from collections.abc import Callable, Iterable
from typing import Final

from bench import browser, roll, start
from bench.report import RESULTS, format_table, save
from bench.result import Result

BENCHMARKS: Final[dict[str, Callable[[], Iterable[Result]]]] = {
    "browser": browser.measure,
    "roll": roll.measure,
    "start": start.measure,
}


def main(names: list[str]) -> int:
    """Measure, print a table, write the files; return the exit code."""
    unknown = set(names) - set(BENCHMARKS)
    if unknown:
        print(f"error: no such benchmark: {', '.join(sorted(unknown))}", file=sys.stderr)
        print(f"hint: there are {', '.join(BENCHMARKS)}", file=sys.stderr)
        return 2
    found: dict[str, list[Result]] = {}
    for name in names or BENCHMARKS:
        print(f"measuring {name}", file=sys.stderr, flush=True)
        found[name] = list(BENCHMARKS[name]())
    save(found)
    print(format_table(found))
    print(f"written to {RESULTS.relative_to(RESULTS.parents[1])}", file=sys.stderr)
    return 0 if all(result.reached for results in found.values() for result in results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
