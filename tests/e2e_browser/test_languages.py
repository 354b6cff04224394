"""Pages that are read from the right, in a real browser: axe, the narrow window, bars and charts turned."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser
from tests.e2e_browser.axe import add_axe, find_faults
from tests.e2e_browser.reading import find_overflow
from tests.web.inside import serving
from tests.web.shelf import shelf_in

PATHS = (
    "/?lang=ar",
    "/?q=harvest&lang=id",
    "/letters/well?lang=ar",
    "/letters/well?lang=en&text=ar",
    "/letters/well/texts?lang=ar",
)

SIDES = """() => {
    const box = (place) => document.querySelector(place).getBoundingClientRect();
    const [bar, waiting, chart, level] = [".bar", "rect.waiting", ".chart", ".chart text.level"].map(box);
    return [bar.right - waiting.right, waiting.width, bar.width, chart.right - level.right];
}"""


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a site with letters in Arabic."""
    with (
        shelf_in(tmp_path_factory.mktemp("languages") / "site") as village,
        serving(village) as running,
    ):
        yield running.desk.url


@pytest.mark.parametrize(("scheme", "width"), [("light", 320), ("dark", 1280)])
def test_read_from_the_right(browser: Browser, url: str, scheme: str, width: int) -> None:
    """Nothing for axe to say, and nothing scrolls sideways."""
    context = browser.new_context(
        viewport={"width": width, "height": 800},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    add_axe(context)
    page = context.new_page()
    found = []
    for path in PATHS:
        page.goto(url + path)
        found += [f"{path}: {fault}" for fault in find_faults(page) + find_overflow(page)]
    context.close()
    assert found == []


def test_drawings_are_turned_round(browser: Browser, url: str) -> None:
    """5 of 12 stand from the right edge on, then 1 waits; the chart's scale stands at the right."""
    page = browser.new_page()
    page.goto(f"{url}/letters/well?lang=ar")
    standing, waiting, whole, scale = page.evaluate(SIDES)
    assert (standing / whole, waiting / whole) == pytest.approx((5 / 12, 1 / 12), abs=0.01)
    assert scale == pytest.approx(0, abs=1)
    page.close()
