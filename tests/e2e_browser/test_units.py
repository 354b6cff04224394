"""The browser's side by itself: its tests, in node and in a browser, against Python's vectors.

In the browser they run under the policy of our own pages, on a page of a site that is nowhere: its
requests are held up and answered with what the test on the page says. The browser's own cryptography,
storage and requests are what they meet here.
"""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route
from tests.e2e_browser.conftest import Watch
from tests.node import FRONTEND, run_node

from undersigned.web.headers import SECURITY_HEADERS, page_csp

SITE = "https://units.example"
NAMES = sorted(path.name.removesuffix(".test.ts") for path in (FRONTEND / "test").glob("*.test.ts"))
FAILING = """\
import assert from "node:assert/strict";
import { test } from "node:test";
test("right", () => assert.equal(1, 1));
test("wrong", () => assert.equal(1, 2));
test("wrong later", async () => assert.rejects(Promise.resolve()));
"""


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the tests, bundled for a page."""
    folder = tmp_path_factory.mktemp("units")
    run_node("test/run.mjs", "--browser", str(folder))
    return folder


def run_units(context: BrowserContext, page: Page, script: Path) -> dict[str, str | None]:
    """Run the tests of a script; return what went wrong, if anything, by their names."""
    context.add_cookies([{"name": "followed", "value": "yes", "url": SITE}])
    pages = SECURITY_HEADERS | {"Content-Security-Policy": page_csp(scripts=True, forms=False)}
    html = f'<!doctype html><meta charset=utf-8><script type=module src="/{script.name}"></script>'

    def answer(route: Route) -> None:
        match route.request.url.removeprefix(SITE):
            case "/":
                route.fulfill(body=html, headers=pages | {"Content-Type": "text/html"})
            case path if path == f"/{script.name}":
                route.fulfill(path=script, headers=pages | {"Content-Type": "text/javascript"})
            case path:
                headers = route.request.all_headers()
                asked = {"path": path, "headers": headers, "body": route.request.post_data}
                reply = page.evaluate("(asked) => answerRequest(asked)", asked)
                if reply is None:
                    route.abort("connectionreset")
                else:
                    route.fulfill(**reply)

    page.route(f"{SITE}/**", answer)
    page.goto(f"{SITE}/")
    outcomes: list[dict[str, Any]] = page.evaluate("() => runTests()")
    return {one["name"]: one["wrong"] for one in outcomes}


@pytest.mark.parametrize("name", NAMES)
def test_its_own_tests_pass_in_node_and_in_a_browser(
    browser: Browser, watch: Watch, scripts: Path, name: str
) -> None:
    """The same ones, and all of them, in both."""
    in_node = re.findall(r"^✔ (.+) \([\d.]+ms\)$", run_node("test/run.mjs", name), re.MULTILINE)
    assert in_node
    context = browser.new_context()
    try:
        outcomes = run_units(context, watch(context), scripts / f"{name}.test.js")
    finally:
        context.close()
    assert outcomes == dict.fromkeys(in_node)


def test_a_test_that_fails_is_told(browser: Browser, watch: Watch, tmp_path: Path) -> None:
    """What is wrong on the page is wrong here, and only that."""
    file = tmp_path / "failing.test.ts"
    file.write_text(FAILING)
    run_node("test/run.mjs", "--browser", str(tmp_path), str(file))
    context = browser.new_context()
    try:
        outcomes = run_units(context, watch(context), tmp_path / "failing.test.js")
    finally:
        context.close()
    assert outcomes.pop("right") is None
    assert {name for name, wrong in outcomes.items() if wrong} == {"wrong", "wrong later"}
