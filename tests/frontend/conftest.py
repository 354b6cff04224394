"""The browser's side, run by node: one task at a time for the tests in Python."""

import json
from collections.abc import Callable
from typing import Any, TypeAlias

import pytest
from tests.node import run_node

Browser: TypeAlias = Callable[..., dict[str, Any]]
"""Does a task of `frontend/test/interop.ts`: its name and members in, its answer out."""


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Browser:
    """Give what does one task of the browser's side in node."""
    folder = tmp_path_factory.mktemp("interop")
    run_node("test/run.mjs", "--bundle", "interop.ts", str(folder))
    script = (folder / "interop.js").rename(folder / "interop.mjs")

    def run(task: str, **members: Any) -> dict[str, Any]:
        sent = json.dumps({"do": task, **members}, ensure_ascii=False)
        answer: dict[str, Any] = json.loads(run_node(str(script), sent=sent))
        return answer

    return run
