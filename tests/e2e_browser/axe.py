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
    "resultTypes": ["violations", "incomplete"],
}

_RUN: Final = """\
async (options) => {
    const results = await axe.run(document, options);
    const told = (kind) => results[kind].flatMap((rule) => rule.nodes.map((node) => [
        rule.id, node.target.join(" "), node.any.concat(node.all, node.none)
            .map((check) => check.message).join(" ")
    ].join(": ")));
    return { rules: results.passes.length, violations: told("violations"), unsure: told("incomplete") };
}"""


def add_axe(context: BrowserContext) -> None:
    """Have axe in every page that this context opens from now on."""
    assert AXE.is_file(), "axe is missing: make setup"
    context.add_init_script(path=AXE)


def find_faults(page: Page) -> list[str]:
    """Return what axe finds wrong, and where it cannot tell whether the contrast is enough."""
    found = page.evaluate(_RUN, OPTIONS)
    assert found["rules"] > 0
    return found["violations"] + [text for text in found["unsure"] if "contrast" in text[:20]]
