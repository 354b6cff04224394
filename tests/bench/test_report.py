"""What is made of results: a goal that is missed is said to be, and results of other modules stay."""

import json
from pathlib import Path

import pytest
from bench.__main__ import BENCHMARKS
from bench.page import PAGE, describe, format_page
from bench.report import RESULTS, format_table, save
from bench.result import of_ratios

from bench import report

SLOW = of_ratios("slow", "the limit", "much", [3.0, 1.0, 2.0], 1.5)
FAST = of_ratios("fast", "an empty 200", "much", [0.7, 0.9, 0.8], 0.5, at_most=False)


def test_goals() -> None:
    """The median decides, from above or from below."""
    assert (SLOW.ratio, SLOW.min, SLOW.max, SLOW.reached) == (2.0, 1.0, 3.0, False)
    assert FAST.reached
    table = format_table({"one": [SLOW, FAST]}).splitlines()
    assert table[1].endswith("at most 1.5   MISSED")
    assert table[2].endswith("at least 0.5  reached")


def test_results_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run of one module replaces what it found before, and nothing else."""
    monkeypatch.setattr(report, "FOLDER", tmp_path)
    monkeypatch.setattr(report, "RESULTS", tmp_path / "results.json")
    save({"one": [SLOW], "two": [SLOW]}, {"one": 1.0, "two": 1.0})
    save({"two": [FAST]}, {"two": 3.04})
    lines = json.loads((tmp_path / "results.json").read_text())["results"]
    assert [(line["module"], line["benchmark"], line["load"]) for line in lines] == [
        ("one", "slow", 1.0),
        ("two", "fast", 3.0),
    ]
    assert "missed" in (tmp_path / "one.svg").read_text()


def test_the_page_is_in_step() -> None:
    """docs/performance.md is what results.json makes it, and says which goals were reached."""
    found = json.loads(RESULTS.read_text())
    page = format_page(found, describe(BENCHMARKS))
    assert PAGE.read_text() == page, "write it anew: python -m bench.page"
    said = [row.split(" | ")[6] for row in page.splitlines() if row.startswith("| ")]
    wanted = ["reached" if line["reached"] else "**missed**" for line in found["results"]]
    assert [each for each in said if each in ("reached", "**missed**")] == wanted
    assert {line["module"] for line in found["results"]} <= BENCHMARKS.keys()
