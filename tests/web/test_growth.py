"""The chart of a letter: drawn from its history and nothing else, small, and readable without seeing it."""

import re
from dataclasses import replace
from itertools import pairwise
from xml.etree import ElementTree

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.app.histories import history_of
from tests.live import LiveSite
from tests.web.markup import texts_of
from tests.web.members import signed

from undersigned.app.reading import get_history, get_page
from undersigned.domain.as_of import format_time
from undersigned.domain.letter import Letter, Mode
from undersigned.web.pages.charts import Charts
from undersigned.web.pages.growth import COLUMNS, FULL, POINTS, TABLE_ROWS, Growth, make_growth

PATH = "/letters/small-letter"
SVG = "{http://www.w3.org/2000/svg}"
OPENED = 1_700_000_000


@pytest.fixture(scope="module", autouse=True)
def signers(live_site: LiveSite) -> None:
    """Two wait for three; a third makes all of them stand."""
    with httpx2.Client(base_url=live_site.url, timeout=60) as client:
        for code, condition in ((0, 3), (1, 3), (2, None)):
            mode = Mode.SEALED if condition else Mode.PUBLIC
            signed(client, live_site.slug, live_site.invites[code], mode, condition)


def chart_in(page: str) -> ElementTree.Element:
    """Return the chart of a page, read as XML."""
    match = re.search(r'<svg class="chart".*?</svg>\n</svg>', page, re.DOTALL)
    assert match is not None
    source = match[0].replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
    return ElementTree.fromstring(source)  # noqa: S314 - our own page


@pytest.mark.parametrize("lang", ["en", "id"])
def test_chart_is_sound_and_described(client: httpx2.Client, lang: str) -> None:
    """Well-formed, with a title and a description that hold the numbers, in the page's language."""
    page = client.get(f"{PATH}?lang={lang}").text
    chart = chart_in(page)
    title, description = chart.find(f"{SVG}title"), chart.find(f"{SVG}desc")
    assert title is not None
    assert description is not None
    assert (chart.get("role"), chart.get("aria-labelledby")) == (
        "img",
        f"{title.get('id')} {description.get('id')}",
    )
    assert (
        title.text == {"en": "Signatures over time", "id": "Tanda tangan dari waktu ke waktu"}[lang]
    )
    words = {"en": "from 0 to 3 of 14; 0 wait", "id": "dari 0 menjadi 3 dari 14; pada akhirnya 0"}
    assert words[lang] in (description.text or "")
    for element in chart.iter():
        assert "style" not in element.attrib
        assert element.tag.removeprefix(SVG) in {
            "svg", "title", "desc", "path", "line", "circle", "text",
        }  # fmt: skip


def test_table_is_the_history(client: httpx2.Client) -> None:
    """The table's rows are epochs as the API tells them, the last among them."""
    page = client.get(PATH).text
    history = client.get("/api/v1/letters/small-letter/history").json()["history"]
    told = {(format_time(row["at"]), row["standing"], row["m"], row["waiting"]) for row in history}
    body = page.partition("<tbody>")[2].partition("</tbody>")[0]
    rows = [
        (at, int(standing), int(m), int(waiting))
        for at, standing, m, waiting in re.findall(
            r'datetime="([^"]*)">[^<]*</time></th><td>(\d+)</td><td>(\d+)</td><td>(\d+)</td>', body
        )
    ]
    assert rows
    assert len(rows) == body.count("<tr>")
    assert set(rows) <= told
    last = history[-1]
    assert rows[-1] == (format_time(last["at"]), last["standing"], last["m"], last["waiting"])
    assert f"{len(rows)} of {len(history)} epochs" in texts_of(page)
    assert "<td>2, 3</td>" in body


def test_the_script_reads_the_same_rows(client: httpx2.Client, live_site: LiveSite) -> None:
    """Of a short history every epoch, in the page itself; the script runs where there is a chart."""
    page = client.get(PATH).text
    match = re.search(
        r'data-start="(\d+)" data-end="(\d+)" data-top="10" data-rule="6" data-points="([^"]*)"',
        page,
    )
    assert match is not None
    start, end, points = int(match[1]), int(match[2]), match[3].split(" ")
    history = client.get("/api/v1/letters/small-letter/history").json()["history"]
    *before, last = history
    assert points[-1].split(",")[:3] == [
        str(last["at"] - start), str(last["standing"]), str(last["waiting"])
    ]  # fmt: skip
    assert len(points) <= len(history)
    assert sum(point.endswith(",3,0,2,3") for point in points) == 1
    assert start <= before[0]["at"] <= last["at"] <= end
    assert 'src="/static/dist/growth.js' in page
    assert "dist/growth.js" not in client.get(f"{PATH}/names").text


def test_chart_is_made_once_for_each_epoch(live_site: LiveSite) -> None:
    """As long as nothing was appended, the same chart is shown; it is that of the history."""
    running, charts = live_site.running, Charts()
    page = get_page(running.site, running.letters, live_site.slug)
    growth = charts.get(running, page)
    assert growth is not None
    assert charts.get(running, page) is growth
    history = get_history(running.site, running.letters, live_site.slug)
    assert growth == make_growth(page.letter, page.numbers.headcount, page.opened_at, history)
    assert charts.get(running, replace(page, epochs=page.epochs + 1)) is not growth


def test_nothing_is_drawn_of_nothing(live_site: LiveSite) -> None:
    """A letter without an epoch has no chart."""
    assert make_growth(live_site.letter, 100, OPENED, []) is None


def made(letter: Letter, numbers: list[tuple[int, int, int]]) -> Growth:
    """Return the chart of such a history."""
    growth = make_growth(letter, letter.headcount, OPENED, history_of(numbers, OPENED))
    assert growth is not None
    return growth


_epochs = st.lists(
    st.tuples(st.integers(0, 10**6), st.integers(0, 20), st.integers(0, 20)),
    min_size=1,
    max_size=60,
)


@settings(max_examples=60, deadline=None)
@given(numbers=_epochs)
def test_any_history_can_be_drawn(letter: Letter, numbers: list[tuple[int, int, int]]) -> None:
    """Everything lies within the drawing; the table has the last row, and each mark's."""
    growth, history = made(letter, numbers), history_of(numbers, OPENED)
    for path in (growth.standing, growth.waiting):
        assert re.fullmatch(r"M0 1000(H\d+V\d+)*H1000", path)
        places = [int(place) for place in re.findall(r"[HV](\d+)", path)]
        assert all(0 <= place <= FULL for place in places)
        across = [int(place) for place in re.findall(r"H(\d+)", path)]
        assert across == sorted(across)
    assert all(0 <= tick.place <= FULL for tick in (*growth.times, *growth.levels))
    assert growth.rule_place is None or 0 <= growth.rule_place < FULL
    rows = [line.row for line in growth.table]
    assert rows == [row for row in history if row in rows]
    assert rows[-1] == history[-1]
    points = [point.row for point in growth.points]
    assert points == [row for row in history if row in points]
    assert points[-1] == history[-1]
    for mark in growth.marks:
        assert mark.row in rows
        assert mark.row in points
        assert mark.row.counts.m >= mark.number
        assert all(row.counts.m < mark.number for row in history[: mark.row.n - 1])
        assert (0 <= mark.x <= FULL, 0 <= mark.y <= FULL) == (True, True)


@pytest.fixture(scope="module")
def letter(live_site: LiveSite) -> Letter:
    """The letter of the live site: 14 members, rule 6, conditions 2, 3, 6."""
    return live_site.letter


def test_a_long_history_stays_small(letter: Letter) -> None:
    """A month of epochs, one a minute, is thinned to what can be seen."""
    growth = made(letter, [(60, min(14, n // 3000), n % 5) for n in range(43_200)])
    assert growth.standing.count("H") <= COLUMNS + 2
    assert growth.waiting.count("H") <= COLUMNS + 2
    assert len(growth.table) <= TABLE_ROWS + 1 + len(growth.marks)
    assert POINTS <= len(growth.points) <= POINTS + 1 + len(growth.marks)
    assert len(growth.points_text) < 20 * POINTS
    assert growth.epochs == 43_200
    assert 1 <= len(growth.times) <= 8


def test_marks_say_when_a_number_was_reached(letter: Letter) -> None:
    """Once each, at the first time, the rule as the rule; labels do not cover one another."""
    growth = made(letter, [(600, 1, 0), (600, 2, 3), (600, 5, 0), (600, 1, 0), (600, 7, 0)])
    assert [(mark.number, mark.row.n, mark.is_rule) for mark in reversed(growth.marks)] == [
        (2, 2, False),
        (3, 3, False),
        (6, 5, True),
    ]
    labelled = [mark for mark in growth.marks if mark.labelled]
    for one, other in pairwise(labelled):
        assert abs(one.x - other.x) >= 85 or abs(one.y - other.y) >= 85
    assert growth.rule_place == FULL - 6 * FULL // 14
    assert growth.top == 14


def test_few_of_many_are_still_seen(letter: Letter) -> None:
    """Of a headcount that would press all into the foot, only the lower part is drawn."""
    growth = made(replace(letter, headcount=5000, rule=2500), [(60, 30, 10)])
    assert growth.top == 60
    assert growth.rule_place is None
    assert [tick.value for tick in growth.levels] == [0, 20, 40, 60]
