"""docs/performance.md: made from results.json, and from what each benchmark says of itself.

`python -m bench.page` writes it anew, which `make bench` does by itself.
"""

import json
import sys
from collections.abc import Callable, Iterable, Mapping
from itertools import groupby
from typing import Any, Final

from bench.report import FOLDER, RESULTS

PAGE: Final = FOLDER.parent / "docs" / "performance.md"

REMARKS: Final = FOLDER / "remarks"
"""Texts for the page: its head, and why a benchmark misses its goal."""


def format_page(found: Mapping[str, Any], said: Mapping[str, str]) -> str:
    """Return the page; `found` is what results.json holds, `said` the docstring of each benchmark."""
    machine = found["machine"]
    cores = f"{machine['cores']} cores ({machine['machine']}, {machine['system']})"
    parts = [_remark("head"), f"Measured on {cores}, Python {machine['python']}.\n"]
    for module, lines in groupby(found["results"], key=lambda line: line["module"]):
        parts.append(_format_module(module, list(lines), said.get(module, "")))
    return "\n".join(parts)


def _format_module(module: str, lines: Iterable[Mapping[str, Any]], said: str) -> str:
    head = (
        "benchmark",
        "work",
        "reference",
        "ratio",
        "least to greatest",
        "goal",
        "",
        "load",
    )
    rows = [
        (
            line["benchmark"],
            line["work"],
            line["reference"],
            _format_ratio(line["ratio"]),
            f"{_format_ratio(line['min'])} to {_format_ratio(line['max'])}",
            line["goal"],
            "reached" if line["reached"] else "**missed**",
            f"{line['load']:g}" if "load" in line else "",
        )
        for line in lines
    ]
    table = [_row(head), _row("---" for _ in head), *map(_row, rows)]
    picture = f"![The same as bars](../bench/{module}.svg)"
    texts = [f"## {module}", said, "\n".join(table), picture, _remark(module)]
    return "\n\n".join(text.strip() for text in texts if text) + "\n"


def _remark(name: str) -> str:
    file = REMARKS / f"{name}.md"
    return file.read_text() if file.exists() else ""


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _format_ratio(ratio: float) -> str:
    return f"{ratio:.2f}" if ratio < 100 else f"{ratio:.0f}"


def describe(benchmarks: Mapping[str, Callable[[], object]]) -> dict[str, str]:
    """Return what the module of each benchmark says of itself."""
    return {
        name: sys.modules[measure.__module__].__doc__ or "" for name, measure in benchmarks.items()
    }


def write_page(benchmarks: Mapping[str, Callable[[], object]]) -> None:
    """Write the page from what is in results.json."""
    PAGE.write_text(format_page(json.loads(RESULTS.read_text()), describe(benchmarks)))


if __name__ == "__main__":
    from bench.__main__ import BENCHMARKS

    write_page(BENCHMARKS)
