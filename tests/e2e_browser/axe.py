"""Axe in a page: what WCAG 2.2 A and AA, and axe's own good practice, have against it.

Axe is put into the page by the driver, before the page's own script and past its policy, which stays
as it is.
"""

from pathlib import Path
from typing import Any, Final

from playwright.sync_api import BrowserContext, Page

AXE: Final = Path(__file__).parents[2] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"

OPTIONS: Final[dict[str, Any]] = {
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    },
    # Axe leaves these out unless they are asked for.
    "rules": {"target-size": {"enabled": True}, "css-orientation-lock": {"enabled": True}},
    "resultTypes": ["violations"],
}

FEWEST_RULES: Final = 10
"""Rules that at least have something to say on any page."""

_RUN: Final = """\
async (options) => {
    const results = await axe.run(document, options);
    const faults = results.violations.flatMap((rule) => rule.nodes.map((node) => {
        const said = [...node.any, ...node.all, ...node.none].map((check) => check.message);
        return `${rule.id}: ${node.target.join(" ")}: ${said.join(" ")}`;
    }));
    return { rules: results.passes.length, faults };
}"""


def add_axe(context: BrowserContext) -> None:
    """Have axe in every page that this context opens from now on."""
    assert AXE.is_file(), "axe is missing: make setup"
    context.add_init_script(path=AXE)


def find_faults(page: Page) -> list[str]:
    """Return what axe finds wrong with a page as it is now."""
    found = page.evaluate(_RUN, OPTIONS)
    assert found["rules"] > FEWEST_RULES, "axe has looked at hardly anything"
    faults: list[str] = found["faults"]
    return faults
