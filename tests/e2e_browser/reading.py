"""What those meet who do not look at a page, or look at it large: its tree, its focus, its width."""

from typing import Any

from playwright.sync_api import Page

MOST_STEPS = 60
"""So often Tab is pressed at most; no page has more that can be focused between two things."""

_LANDMARKS = {"banner", "navigation", "main", "contentinfo"}

_FOCUSED = """\
async (selector) => {
    const focused = document.activeElement;
    const isInView = () => {
        const { top, bottom, left, right } = focused.getBoundingClientRect();
        return bottom > 0 && right > 0 && top < innerHeight && left < innerWidth;
    };
    // The page scrolls smoothly to what has the focus: two seconds are more than that takes.
    for (let frames = 0; frames < 2 || (frames < 120 && !isInView()); frames += 1)
        await new Promise((drawn) => { requestAnimationFrame(drawn); });
    const { outlineStyle, outlineWidth } = getComputedStyle(focused);
    return {
        what: focused.outerHTML.slice(0, 100),
        found: focused.matches(selector),
        ringed: focused.matches(":focus-visible") && outlineStyle !== "none" && outlineWidth !== "0px",
        inView: isInView(),
    };
}"""


def read_outline(page: Page) -> list[str]:
    """Return the landmarks and headings as a screen reader meets them, headings as `level name`."""
    session = page.context.new_cdp_session(page)
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    session.detach()
    by_id = {node["nodeId"]: node for node in nodes}
    found: list[str] = []

    def walk(node: dict[str, Any]) -> None:
        role = node.get("role", {}).get("value")
        if not node["ignored"] and role == "heading":
            [level] = [p["value"]["value"] for p in node["properties"] if p["name"] == "level"]
            found.append(f"{level} {node['name']['value']}")
        elif not node["ignored"] and role in _LANDMARKS:
            found.append(role)
        for child in node.get("childIds", []):
            walk(by_id[child])

    walk(nodes[0])
    return found


def focused_id(page: Page) -> str:
    """Return the id of what has the focus."""
    found: str = page.evaluate("() => document.activeElement.id")
    return found


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until this has the focus; whatever has it on the way is in view and shows it."""
    for _ in range(MOST_STEPS):
        page.keyboard.press("Tab")
        focus = page.evaluate(_FOCUSED, selector)
        assert focus["ringed"], f"no ring: {focus['what']}"
        assert focus["inView"], f"out of view: {focus['what']}"
        if focus["found"]:
            return
    raise AssertionError(f"Tab does not lead to {selector}")


def press_on(page: Page, selector: str, key: str = "Enter") -> None:
    """Go to a control by Tab, and press a key there."""
    tab_to(page, selector)
    page.keyboard.press(key)


def type_into(page: Page, selector: str, text: str) -> None:
    """Go to a field by Tab, and type."""
    tab_to(page, selector)
    page.keyboard.type(text)


def find_overflow(page: Page) -> list[str]:
    """Return by how much the page is wider than the window: such a page scrolls in two directions."""
    pixels = page.evaluate(
        "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    return [f"{pixels} pixels too wide"] if pixels > 0 else []
