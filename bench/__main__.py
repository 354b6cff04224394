"""`python -m bench [NAME ...]`: run all benchmarks, or those that are named; 1 if a goal was missed."""

import os
import sys
from collections.abc import Callable, Iterable
from typing import Final

from bench import (
    accept,
    accept_pg,
    browser,
    cost,
    growth,
    opening,
    outcome,
    read,
    roll,
    start,
    streams,
    surge,
    verify,
)
from bench.page import write_page
from bench.report import RESULTS, format_table, save
from bench.result import Result

BENCHMARKS: Final[dict[str, Callable[[], Iterable[Result]]]] = {
    "accept": accept.measure,
    "accept-pg": accept_pg.measure,
    "browser": browser.measure,
    "cost": cost.measure,
    "growth": growth.measure,
    "open": opening.measure,
    "outcome": outcome.measure,
    "read": read.measure,
    "roll": roll.measure,
    "start": start.measure,
    "streams": streams.measure,
    "surge": surge.measure,
    "verify": verify.measure,
}


def main(names: list[str]) -> int:
    """Measure, print a table, write the files; return the exit code."""
    unknown = set(names) - set(BENCHMARKS)
    if unknown:
        print(f"error: no such benchmark: {', '.join(sorted(unknown))}", file=sys.stderr)
        print(f"hint: there are {', '.join(BENCHMARKS)}", file=sys.stderr)
        return 2
    found: dict[str, list[Result]] = {}
    loads: dict[str, float] = {}
    for name in names or BENCHMARKS:
        loads[name] = os.getloadavg()[0]
        print(f"measuring {name}, load {loads[name]:.1f}", file=sys.stderr, flush=True)
        found[name] = list(BENCHMARKS[name]())
    save(found, loads)
    write_page(BENCHMARKS)
    print(format_table(found))
    print(f"written to {RESULTS.relative_to(RESULTS.parents[1])}", file=sys.stderr)
    return 0 if all(result.reached for results in found.values() for result in results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
