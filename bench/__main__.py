"""`python -m bench [NAME ...]`: run all benchmarks, or those that are named; 1 if a goal was missed."""

import os
import sys
import time
import traceback
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
    """Measure, print a table, write the files; return the exit code.

    What was found is written after each benchmark: one that fails, or an interruption, takes no other away.
    """
    unknown = set(names) - set(BENCHMARKS)
    if unknown:
        print(f"error: no such benchmark: {', '.join(sorted(unknown))}", file=sys.stderr)
        print(f"hint: there are {', '.join(BENCHMARKS)}", file=sys.stderr)
        return 2
    found: dict[str, list[Result]] = {}
    failed, began = [], time.monotonic()
    for number, name in enumerate(names or BENCHMARKS, 1):
        load = os.getloadavg()[0]
        _tell(f"measuring {name} ({number} of {len(names or BENCHMARKS)}), load {load:.1f}")
        start = time.monotonic()
        try:
            found[name] = list(BENCHMARKS[name]())
        except Exception:  # noqa: BLE001 - the others are run all the same
            traceback.print_exc()
            failed.append(name)
            continue
        save({name: found[name]}, {name: load})
        write_page(BENCHMARKS)
        _tell(f"{name} took {time.monotonic() - start:.0f} s")
    print(format_table(found))
    _tell(f"written to {RESULTS.relative_to(RESULTS.parents[1])}, {time.monotonic() - began:.0f} s")
    if failed:
        print(f"error: failed: {', '.join(failed)}", file=sys.stderr)
    is_reached = all(result.reached for results in found.values() for result in results)
    return 0 if is_reached and not failed else 1


def _tell(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
