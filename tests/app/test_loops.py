"""Loops look often only while there may be something to do."""

import itertools
import threading

import pytest

from undersigned.app import loops
from undersigned.app.loops import Loops

PATIENCE_S = 60


class Steps:
    """Counts how often each step was done, and lets a test wait for it."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.done: dict[str, int] = {}

    def step(self, name: str, *, fails: bool = False) -> None:
        """Do a step."""
        with self._changed:
            self.done[name] = self.done.get(name, 0) + 1
            self._changed.notify_all()
        if fails:
            raise ValueError

    def wait(self, name: str, count: int) -> None:
        """Wait until a step was done so often."""
        with self._changed:
            assert self._changed.wait_for(lambda: self.done.get(name, 0) >= count, PATIENCE_S)


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Steps:
    """Let loops look all the time, and never while nothing is written."""
    monkeypatch.setattr(loops, "TICK_S", 0.001)
    monkeypatch.setattr(loops, "IDLE_S", 3_600)
    return Steps()


def test_a_step_is_done_when_something_was_written(steps: Steps) -> None:
    """Once at the beginning, once for each commit; one that is prompt at every tick."""
    commits = 0
    running = Loops(
        {"idle": lambda: steps.step("idle"), "prompt": lambda: steps.step("prompt")},
        lambda: commits,
        prompt=("prompt",),
    )
    running.start()
    try:
        for count in range(1, 4):
            steps.wait("idle", count)
            steps.wait("prompt", steps.done.get("prompt", 0) + 50)
            assert steps.done["idle"] == count
            commits += 1
    finally:
        running.stop()


def test_a_step_is_done_at_least_so_often(steps: Steps, monkeypatch: pytest.MonkeyPatch) -> None:
    """What others write, and what is due by the clock, is found though nothing is written here."""
    monkeypatch.setattr(loops, "IDLE_S", 0.002)
    running = Loops({"idle": lambda: steps.step("idle")}, lambda: 0)
    running.start()
    try:
        steps.wait("idle", 5)
    finally:
        running.stop()


def test_what_a_step_writes_itself_makes_it_look_again(steps: Steps) -> None:
    """It may have left something to do."""
    commits = itertools.chain([0, 1, 2], itertools.repeat(2))
    running = Loops({"busy": lambda: steps.step("busy")}, lambda: next(commits))
    running.start()
    try:
        steps.wait("busy", 3)
    finally:
        running.stop()


def test_a_step_that_fails_is_done_again(steps: Steps, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk ends no loop, and the others go on."""
    monkeypatch.setattr(loops, "REST_S", 0.001)
    commits = itertools.count()
    running = Loops(
        {"fails": lambda: steps.step("fails", fails=True), "other": lambda: steps.step("other")},
        lambda: next(commits),
    )
    running.start()
    try:
        steps.wait("fails", 3)
        steps.wait("other", 3)
    finally:
        running.stop()
