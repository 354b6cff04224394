"""One run of some benchmarks: each is written when it is done, and one that fails takes no other away."""

import json
from collections.abc import Iterable
from pathlib import Path

import pytest
from bench.result import Result, of_ratios

from bench import __main__ as program
from bench import page, report

FAST = of_ratios("fast", "an empty 200", "much", [0.9], 0.5, at_most=False)
SLOW = of_ratios("slow", "an empty 200", "much", [0.1], 0.5, at_most=False)


def _fail() -> Iterable[Result]:
    message = "what was acknowledged is not in the log"
    raise AssertionError(message)


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let a run measure three of its own, and write elsewhere; return where its results are."""
    chosen = {"bad": _fail, "fast": lambda: [FAST], "slow": lambda: [SLOW]}
    monkeypatch.setattr(program, "BENCHMARKS", chosen)
    monkeypatch.setattr(report, "FOLDER", tmp_path / "bench")
    (tmp_path / "bench").mkdir()
    found = tmp_path / "bench" / "results.json"
    for module in (program, report, page):
        monkeypatch.setattr(module, "RESULTS", found)
    monkeypatch.setattr(page, "PAGE", tmp_path / "performance.md")
    return found


def test_all_goals_are_reached(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The table says so, and so does the exit code; how far it is stands beside it."""
    assert program.main(["fast"]) == 0
    out, err = capsys.readouterr()
    assert "reached" in out
    assert "measuring fast (1 of 1)" in err
    assert [line["module"] for line in json.loads(results.read_text())["results"]] == ["fast"]


def test_one_fails(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The others are measured and written all the same, and the run has failed."""
    assert program.main(["bad", "fast"]) == 1
    assert "error: failed: bad" in capsys.readouterr().err
    assert [line["module"] for line in json.loads(results.read_text())["results"]] == ["fast"]
    assert "## fast" in (results.parents[1] / "performance.md").read_text()


def test_a_goal_is_missed(results: Path) -> None:
    """That is 1, too; so is a name that no benchmark has, which is another mistake."""
    assert program.main([]) == 1
    assert results.exists()
    assert program.main(["fast", "unknown"]) == 2
