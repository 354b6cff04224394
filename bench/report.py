"""What is made of results: a table for people, results.json for programs, a picture of each benchmark."""

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from html import escape
from pathlib import Path
from typing import Any, Final

from bench.result import Result

FOLDER: Final = Path(__file__).parent
RESULTS: Final = FOLDER / "results.json"


def save(found: Mapping[str, Sequence[Result]], loads: Mapping[str, float]) -> None:
    """Write results.json, and a picture for each module that was run.

    `loads` says how many processes wanted a core when a module began. What the file has of modules that
    were not run stays in it.
    """
    kept: dict[str, list[Any]] = {}
    if RESULTS.exists():
        for line in json.loads(RESULTS.read_text())["results"]:
            kept.setdefault(line["module"], []).append(line)
    for module, results in found.items():
        kept[module] = [_line_of(module, result, loads[module]) for result in results]
        (FOLDER / f"{module}.svg").write_text(draw(module, results))
    lines = [line for module in sorted(kept) for line in kept[module]]
    text = json.dumps({"machine": _machine(), "results": lines}, indent=2)
    RESULTS.write_text(text + "\n")


def _line_of(module: str, result: Result, load: float) -> dict[str, object]:
    line = asdict(result)
    del line["at_most"]
    said = {"goal": result.goal_words, "reached": result.reached, "load": round(load, 1)}
    return {"module": module, **line, **said}


def _machine() -> dict[str, str | int | None]:
    """Return what the figures depend on."""
    return {
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "system": platform.system(),
    }


def format_table(found: Mapping[str, Sequence[Result]]) -> str:
    """Return the results as a table for a terminal."""
    head = ("benchmark", "work", "ratio", "reference", "goal", "")
    rows = [
        (
            result.benchmark,
            result.work,
            f"{result.ratio:.3f} ({result.min:.3f} to {result.max:.3f})",
            result.reference,
            result.goal_words,
            "reached" if result.reached else "MISSED",
        )
        for results in found.values()
        for result in results
    ]
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (head, *rows)
    ]
    return "\n".join(lines)


_BAR, _LEFT, _WIDTH, _HEAD = 48, 12, 640, 40

_STYLE: Final = """\
text { font: 14px system-ui, sans-serif; fill: #222; }
.quiet { fill: #666; font-size: 12px; }
.bar { fill: #2b4a8b; } .missed { fill: #a3341f; }
.goal, .range { stroke: #666; } .goal { stroke-dasharray: 3 3; }
@media (prefers-color-scheme: dark) {
  text { fill: #eee; } .quiet { fill: #aaa; }
  .bar { fill: #a9bff5; } .missed { fill: #f0a08f; } .goal, .range { stroke: #aaa; }
}"""


def draw(name: str, results: Sequence[Result]) -> str:
    """Return an SVG: a bar for each ratio, its least and greatest, a line at each goal; in words, too."""
    most = max(max(result.max, result.goal) for result in results) * 1.1 or 1.0
    scale = (_WIDTH - 2 * _LEFT) / most
    height = _HEAD + _BAR * len(results) + _LEFT
    words = "; ".join(f"{result.benchmark}: {_words_of(result)}" for result in results)
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img">',
            f"<title>{escape(name)}</title>",
            f"<desc>{escape(words)}</desc>",
            f"<style>{_STYLE}</style>",
            f'<text x="{_LEFT}" y="24" font-weight="700">{escape(name)}</text>',
            *(_draw_bar(result, _HEAD + _BAR * n, scale) for n, result in enumerate(results)),
            "</svg>\n",
        ]
    )


def _words_of(result: Result) -> str:
    return f"{result.ratio:.2f} of {result.reference}, goal {result.goal_words}"


def _draw_bar(result: Result, y: int, scale: float) -> str:
    kind = "bar" if result.reached else "missed"
    goal = _LEFT + result.goal * scale
    least, greatest = _LEFT + result.min * scale, _LEFT + result.max * scale
    return (
        f'<text x="{_LEFT}" y="{y + 12}">{escape(result.benchmark)} '
        f'<tspan class="quiet">{escape(_words_of(result))}</tspan></text>'
        f'<rect class="{kind}" x="{_LEFT}" y="{y + 19}" width="{result.ratio * scale:.1f}" height="12"/>'
        f'<line class="range" x1="{least:.1f}" x2="{greatest:.1f}" y1="{y + 25}" y2="{y + 25}"/>'
        f'<line class="goal" x1="{goal:.1f}" x2="{goal:.1f}" y1="{y + 16}" y2="{y + 34}"/>'
    )
