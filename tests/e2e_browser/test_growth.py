"""The chart of a letter in a real browser: read by pointer, keys and finger, in the drawing's place."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect
from tests.e2e_browser.axe import add_axe, find_faults
from tests.e2e_browser.conftest import TELEPHONE, Watch
from tests.e2e_browser.reading import find_overflow
from tests.web.inside import serving
from tests.web.shelf import shelf_in

DESK: ViewportSize = {"width": 1280, "height": 900}

BOXES = """() => {
    const box = (place) => document.querySelector(place).getBoundingClientRect().toJSON();
    const [chart, plot, canvas] = [".chart", ".plot", ".plot canvas"].map(box);
    return { chart, plot, canvas };
}"""

PLACES = """() => {
    const shown = [...document.querySelectorAll("main *:not(.plot *)")];
    return shown.map((element) => element.getBoundingClientRect().top);
}"""

CURSOR = "document.querySelector('.u-cursor-x').getBoundingClientRect().x"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a site with letters, one of them in Arabic: of 12, 5 stand and 1 waits."""
    with (
        shelf_in(tmp_path_factory.mktemp("growth") / "site") as village,
        serving(village) as running,
    ):
        yield running.desk.url


def open_chart(page: Page, address: str) -> Page:
    """Open a letter's page, and go where its chart is."""
    page.goto(address)
    expect(page.locator("figure.read .plot canvas")).to_be_visible()
    page.locator(".plot").scroll_into_view_if_needed()
    return page


@pytest.mark.parametrize(
    ("lang", "words", "end"),
    [
        ("en", "standing 5, waiting 1.", "ltr"),
        ("id", "berlaku 5, menunggu 1.", "ltr"),
        ("ar", "قائمة 5, منتظرة 1.", "rtl"),
    ],
)
def test_it_is_read(
    browser: Browser, watch: Watch, url: str, lang: str, words: str, end: str
) -> None:
    """By pointer, keys and finger the same words come, in the page's language; axe finds no fault."""
    context = browser.new_context(viewport=TELEPHONE, has_touch=True, color_scheme="dark")
    add_axe(context)
    page = open_chart(watch(context), f"{url}/letters/well?lang={lang}")
    said, plot = page.locator(".said"), page.locator(".plot")
    hint = said.inner_text()
    box = plot.bounding_box()
    assert box is not None
    first, last = (3, box["width"] - 3) if end == "ltr" else (box["width"] - 3, 3)
    plot.hover(position={"x": last, "y": 100})
    expect(said).to_contain_text(words)
    expect(said).to_have_attribute("aria-live", "polite")
    at_end = said.inner_text()
    assert page.evaluate(CURSOR) > 0
    plot.hover(position={"x": first, "y": 100})
    expect(said).not_to_contain_text("5")
    at_start = said.inner_text()
    assert len({hint, at_end, at_start}) == 3
    plot.tap(position={"x": last, "y": 50})
    expect(said).to_have_text(at_end)

    plot.focus()
    expect(said).to_have_attribute("aria-live", "off")
    page.keyboard.press("Home")
    expect(said).to_have_text(at_start)
    steps = int(plot.get_attribute("aria-valuemax") or 0)
    for _ in range(steps):
        page.keyboard.press("ArrowRight" if end == "ltr" else "ArrowLeft")
    expect(said).to_have_text(at_end)
    expect(plot).to_have_attribute("aria-valuetext", at_end)
    expect(plot).to_have_attribute("aria-valuenow", str(steps))
    assert find_faults(page) + find_overflow(page) == []
    context.close()


def test_it_takes_the_place_of_the_drawing(browser: Browser, watch: Watch, url: str) -> None:
    """To the pixel, also in a window of another size; with and without it all else lies where it lay."""
    context = browser.new_context(viewport=DESK)
    page = open_chart(watch(context), f"{url}/letters/well?lang=en")
    for width in (1280, 360):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_function(
            "() => document.querySelector('.plot .uplot').offsetWidth"
            " === document.querySelector('.plot').offsetWidth"
        )
        boxes = page.evaluate(BOXES)
        assert boxes["plot"] == boxes["chart"]
        assert boxes["canvas"]["x"] == boxes["chart"]["x"]
        assert boxes["canvas"]["width"] == pytest.approx(boxes["chart"]["width"], abs=1)
        assert boxes["canvas"]["height"] == 258
    page.set_viewport_size(DESK)
    page.evaluate("scrollTo(0, 0)")
    with_chart = page.evaluate(PLACES)
    expect(page.locator(".chart path.steps")).to_be_hidden()
    page.emulate_media(media="print")
    expect(page.locator(".chart path.steps")).to_be_visible()
    expect(page.locator(".plot")).to_be_hidden()
    expect(page.locator(".said")).to_be_hidden()
    page.emulate_media(media="screen")
    page.route("**/growth.js*", lambda route: route.abort())
    page.goto(f"{url}/letters/well?lang=en")
    assert page.locator("figure.read").count() == 0
    assert page.evaluate(PLACES) == with_chart
    context.close()
