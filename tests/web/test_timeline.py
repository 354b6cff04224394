"""The timeline of a letter: every kind of event in its order, with the moments of standing together."""

import re
from collections.abc import Iterator

import httpx2
import pytest
from tests.app.answered import tell_all
from tests.app.histories import history_of
from tests.app.village import DAY, HOUR, START, Village, Villager, village_in
from tests.web.inside import client_of, one_token_key
from tests.web.markup import check_soundness, texts_of

from undersigned.app.meaning import Criteria, select_signatures
from undersigned.app.moderating import invalidate
from undersigned.app.noticing import post_notice
from undersigned.app.timeline import Event, EventKind, Logged, read_logged
from undersigned.domain.letter import Letter, Mode
from undersigned.domain.reasons import InvalidateReason, NoticeKind
from undersigned.web.pages.growth import make_growth
from undersigned.web.pages.timeline import MOST_LINES, make_timeline


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx2.Client]:
    """A site with a letter that was answered, and one whose waiting signers came to stand together."""
    with one_token_key(), village_in(tmp_path_factory.mktemp("village") / "data") as village:
        tell_all(village)
        fill_yard(village)
        with client_of(village) as client:
            yield client


def fill_yard(village: Village) -> Letter:
    """Two wait for four; then two more stand, and all four; one is struck, and the letter lapses."""
    closes_s = village.now + 2 * DAY
    letter = village.open("yard", rule=50, closes_s=closes_s)
    for _ in range(2):
        village.member(letter, condition=4)
    village.later(2)
    fake, _ = village.members(letter, 2, Mode.PUBLIC)
    village.later(2)
    site, letters = village.site, village.letters
    post_notice(site, letters, "yard", NoticeKind.HEADCOUNT, "One has left.", 199)
    post_notice(site, letters, "yard", NoticeKind.NEWS, "The gate is open.")
    invalidate_one(village, fake)
    village.later(2 * DAY + HOUR)
    return letter


def invalidate_one(village: Village, fake: Villager) -> None:
    """Strike a signature of the yard's letter."""
    criteria = Criteria(leaves=frozenset({village.row(fake).leaf_index}))
    selection = select_signatures(village.site, village.letters, "yard", criteria)
    invalidate(village.site, village.letters, selection, InvalidateReason.DUPLICATE, "Twice.")


def lines_of(page: str) -> list[str]:
    """Return the lines of the timeline as they are read, without their times."""
    (section,) = re.findall(r'<section class="timeline".*?</section>', page, re.DOTALL)
    items = re.findall(r"<li id=.*?</li>", section, re.DOTALL)
    return [texts_of(re.sub(r"<time.*?</time>", "", item)) for item in items]


def test_a_letter_that_was_answered(pages: httpx2.Client) -> None:
    """Opened, reached, frozen, released, answered and guaranteed, each in its time's order."""
    page = pages.get("/letters/mill").text
    check_soundness(page)
    lines = lines_of(page)
    wanted = [
        "Opened",
        "Reached: the rule of 3 is met",
        "The time to reconsider is over",
        "Released: the names are public",
        "An addressee has answered",
        "A guarantee was given",
        "A guarantee was withdrawn",
    ]
    places = [next(i for i, line in enumerate(lines) if word in line) for word in wanted]
    assert places == sorted(places)
    times = re.findall(
        r'datetime="([^"]*)"', page.partition('class="timeline"')[2].partition("</section>")[0]
    )
    assert times == sorted(times)
    for place in re.findall(r'href="#([^"]+)"', page):
        assert f'id="{place}"' in page


def test_those_who_waited_come_to_stand(pages: httpx2.Client) -> None:
    """The moment is a line with numbers and a link to its count, and is drawn in the chart."""
    page = pages.get("/letters/yard").text
    lines = lines_of(page)
    (line,) = [each for each in lines if "4 was reached" in each]
    assert "before it 0 stood and 2 waited, with it 4 stand and 0 wait" in line
    (address,) = re.findall(r'<p class="joined">.*?href="([^"]+)"', page, re.DOTALL)
    assert "<h1>4 of 200</h1>" in pages.get(address).text
    assert page.count('<line class="joined"') == 1
    assert lines[-1].strip() == "Lapsed: not reached in time"
    kinds = ["New headcount: 199", "News", "Invalidated, at this time or after: 1"]
    assert all(any(kind in each for each in lines) for kind in kinds)
    assert "data-live" in page


@pytest.mark.parametrize("lang", ["en", "id"])
def test_the_page_of_a_moment(pages: httpx2.Client, lang: str) -> None:
    """Numbers, sentence, link, command and checkpoint; another size of the same step is the same page."""
    counts = pages.get("/api/v1/letters/yard/counts").json()
    address = f"/letters/yard@1/at/{counts['size']}"
    page = pages.get(address, params={"lang": lang}).text
    check_soundness(page)
    first = re.search(r'<p class="print-only">([^<]+)</p>', page)
    assert first is not None
    assert f'undersigned check "0 of 199" {first[1]}' in texts_of(page)
    assert "letters.example/log\n" in page
    assert {"en": "The proof", "id": "Bukti"}[lang] in page
    assert pages.get(first[1], params={"lang": lang}).status_code == 200


@pytest.mark.parametrize("size", ["0", "999999999", "x", "-1", "01", "99999999999999999999"])
def test_sizes_without_a_page(pages: httpx2.Client, size: str) -> None:
    """A small page says so, and nothing of what was sent."""
    answer = pages.get(f"/letters/yard/at/{size}", headers={"Accept": "text/html"})
    assert answer.status_code in (400, 404)
    assert "<h1" in answer.text


def test_the_log_is_read_on(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Read step by step as the log grows, or at once at its end: the same events."""
    with one_token_key(), village_in(tmp_path_factory.mktemp("village") / "data") as village:
        letter_id = fill_yard(village).letter_id
        whole = read_logged(village.site, letter_id, Logged())
        assert read_logged(village.site, letter_id, whole) is whole
        letter = village.open()
        seen = Logged()
        leaver, *_ = village.members(letter, 3, Mode.PUBLIC)
        for _ in range(4):
            village.later(2)
            seen = read_logged(village.site, letter.letter_id, seen)
        village.withdraw(leaver)
        village.later(2)
        seen = read_logged(village.site, letter.letter_id, seen)
        again = read_logged(village.site, letter.letter_id, Logged())
    assert seen == again
    assert [event.word for event in seen.events] == ["open", "reached", "open-again"]
    assert [event.word or event.kind.value for event in whole.events] == [
        "open",
        "lapsed",
        "invalidated",
    ]


def test_lines_and_flags_are_bounded(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The newest lines are kept with their numbers; flags lie within the chart, in order."""
    with one_token_key(), village_in(tmp_path_factory.mktemp("village") / "data") as village:
        letter = village.open()
    history = history_of([(60, 1, 3), (60, 4, 0), (60, 5, 0)], START)
    growth = make_growth(letter, 200, START, history)
    assert growth is not None
    events = [
        Event(f"leaf/{100 + i}", EventKind.NOTICE, START + i, 100 + i, "news")
        for i in range(2 * MOST_LINES)
    ]
    timeline = make_timeline(events, growth)
    assert len(timeline.lines) == MOST_LINES
    assert [line.number for line in timeline.lines][-1] == 2 * MOST_LINES + len(growth.marks)
    places = [flag.place for flag in timeline.flags]
    assert places == sorted(places)
    assert all(0 < place <= 1000 for place in places)
    assert 0 < sum(flag.labelled for flag in timeline.flags) < len(places)
    assert make_timeline([], None).lines == ()
