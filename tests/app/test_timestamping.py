"""Timestamps of a site: every authority, every letter, once a day the log; and nothing false is logged."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from tests.app.inspecting import mirror
from tests.app.village import DAY, START, Village
from tests.live import HOST, make_letter
from tests.stamping import Stamper, answering, make_root, serving, the_clock

from undersigned.app.exporting import export_log
from undersigned.app.log import find_published
from undersigned.app.reading import get_numbers, get_page
from undersigned.app.running import RunningSite
from undersigned.app.site import make_site, open_site
from undersigned.app.timestamping import (
    CLOCK_SLACK_S,
    FIRST_DELAY_S,
    LONGEST_DELAY_S,
    LOOK_EVERY_S,
    Timestamping,
)
from undersigned.authority import Authority, parse_authority
from undersigned.domain.letter import Mode
from undersigned.domain.record import NoticeKind, NoticeRecord
from undersigned.domain.timestamp import Timestamp, parse_timestamp
from undersigned.mail import OutboxMailer
from undersigned.store import letters as letter_store
from undersigned.verify import Report, verify_mirror


@dataclass(slots=True)
class Observatory:
    """An authority whose clock is the village's, some seconds off; it can be told to be rude."""

    village: Village
    name: str = "The Clock"
    off_s: int = 0
    rude: bool = False
    asked: int = 0
    url: str = ""

    def answer(self, query: bytes) -> bytes:
        """Answer a request."""
        self.asked += 1
        if self.rude:
            return b"Go away."
        return the_clock()[0].answer(query, self.village.clock.now() + self.off_s)


@dataclass(slots=True)
class Watch:
    """Some authorities, and the loop that asks them, on a clock of its own."""

    village: Village
    observatories: list[Observatory]
    stepping: Timestamping = field(init=False)
    now_s: float = 0.0

    def __post_init__(self) -> None:
        authorities = tuple(parse_authority(each.url) for each in self.observatories)
        self.stepping = Timestamping(self.village.site, self.village.letters, authorities)

    def step(self, seconds: float = LOOK_EVERY_S) -> int:
        """Let so many seconds go by, and the loop look once."""
        self.now_s += seconds
        return self.stepping.step(self.now_s)

    def settle(self) -> int:
        """Let the loop look until it has nothing to do; return how many stamps were logged."""
        logged = 0
        while found := self.step():
            logged += found
        return logged


@pytest.fixture
def make_watch(village: Village) -> Any:
    """Return what makes a watch over so many authorities."""
    with ExitStack() as stack:

        def make(number: int = 1) -> Watch:
            observatories = [Observatory(village) for _ in range(number)]
            for each in observatories:
                each.url = stack.enter_context(serving(answering(each.answer)))
            return Watch(village, observatories)

        yield make


MakeWatch = Callable[..., Watch]


def _stamps(village: Village) -> list[tuple[NoticeRecord, Timestamp]]:
    found = []
    for record in village.records():
        if isinstance(record, NoticeRecord) and record.kind is NoticeKind.TIMESTAMP:
            with village.site.collector.read() as connection:
                content = letter_store.find_document(connection, record.document)
            assert content is not None
            found.append((record, parse_timestamp(content)))
    return found


def _verified(village: Village, folder: Path) -> Report:
    mirror(village, folder)
    roots = (the_clock()[1].certificate,)
    report = verify_mirror(folder, now=village.clock.now(), timestamp_roots=roots)
    assert report.exit_code == 0, report.to_json()
    return report


def test_without_an_authority_nothing_is_stamped(village: Village) -> None:
    """Nobody is asked unless somebody is named."""
    village.open()
    assert Watch(village, []).settle() == 0
    assert len(village.records()) == 3


def test_a_letter_is_stamped_and_then_the_log(
    village: Village, make_watch: MakeWatch, tmp_path: Path
) -> None:
    """The record first, the tree as it is published next; the verifier says who says so."""
    letter = village.open()
    watch = make_watch()
    assert watch.settle() == 2
    (first, of_letter), (second, of_tree) = _stamps(village)
    assert (first.letter_id, first.at, first.n) == (letter.letter_id, START, None)
    assert (of_letter.note, of_tree.record) == (None, None)
    assert (of_tree.note or "").startswith(f"{village.site.origin}\n4\n")
    assert second.letter_id == letter.letter_id
    record, tree = _verified(village, tmp_path / "m").letters[0].timestamps
    assert (record.authority, record.size, record.chain, tree.size) == ("The Clock", None, True, 4)


def test_the_page_says_when_the_text_existed(village: Village, make_watch: MakeWatch) -> None:
    """One line for each authority; trees are not the letter's."""
    village.open()
    make_watch(2).settle()
    stamps = get_page(village.site, village.letters, "mill").timestamps
    assert [(each.at, each.authority, each.size) for each in stamps] == [
        (START, "The Clock", None)
    ] * 2


def test_every_authority_stamps_every_letter(village: Village, make_watch: MakeWatch) -> None:
    """Two letters, two authorities, and each of them a tree."""
    mill, bridge = village.open(), village.open(slug="bridge")
    watch = make_watch(2)
    assert watch.settle() == 6
    stamped = [record.letter_id for record, stamp in _stamps(village) if stamp.record is not None]
    assert sorted(stamped) == sorted([mill.letter_id, bridge.letter_id] * 2)
    assert [each.asked for each in watch.observatories] == [3, 3]


def test_the_log_is_stamped_once_a_day(
    village: Village, make_watch: MakeWatch, tmp_path: Path
) -> None:
    """A day after the last, if there is anything new; the new tree holds it."""
    letter = village.open()
    watch = make_watch()
    watch.settle()
    village.member(letter, Mode.PUBLIC)
    village.later(DAY - 1)
    assert watch.settle() == 0
    village.later(1)
    assert watch.settle() == 1
    _, stamp = _stamps(village)[-1]
    assert int((stamp.note or "").split("\n")[1]) == len(village.records()) - 1
    _verified(village, tmp_path / "m")


def test_a_site_at_rest_is_not_stamped_for_ever(village: Village, make_watch: MakeWatch) -> None:
    """Timestamps alone are no reason for another one."""
    village.open()
    watch = make_watch(2)
    watch.settle()
    size = len(village.records())
    for _ in range(3):
        village.later(DAY)
        watch.settle()
    # The second authority's first stamp was news to nobody but itself.
    assert len(village.records()) == size


def test_a_letter_that_has_ended_is_left_alone(village: Village, make_watch: MakeWatch) -> None:
    """Its text is history; the tree that holds it is stamped all the same."""
    village.open(closes_s=DAY)
    village.later(DAY)
    make_watch().settle()
    assert [stamp.record for _, stamp in _stamps(village)] == [None]


def test_a_restart_asks_for_nothing_twice(village: Village, make_watch: MakeWatch) -> None:
    """What was stamped is in the database, not in memory."""
    village.open()
    watch = make_watch()
    watch.settle()
    village.restart()
    again = Watch(village, watch.observatories)
    assert again.settle() == 0
    assert watch.observatories[0].asked == 2


def test_stamps_change_no_count(village: Village, make_watch: MakeWatch, tmp_path: Path) -> None:
    """They stand between epochs, and headcount and numbers are as before."""
    letter = village.open()
    watch = make_watch()
    for _ in range(3):
        village.member(letter, Mode.SEALED)
        village.later(2)
        watch.settle()
    numbers = get_numbers(village.site, village.letters, "mill")
    assert (numbers.counts.standing, numbers.headcount) == (3, 200)
    _verified(village, tmp_path / "m")


# --- authorities that fail


def test_a_failing_authority_is_left_alone_longer_and_longer(
    village: Village, make_watch: MakeWatch
) -> None:
    """A minute, two, four, up to an hour; the others go on stamping."""
    village.open()
    watch = make_watch(2)
    rude = watch.observatories[0]
    rude.rude = True
    assert watch.settle() == 2
    assert rude.asked == 1
    delay, tries = FIRST_DELAY_S, 1
    with capture_logs() as lines:
        while delay < LONGEST_DELAY_S:
            watch.step(delay - LOOK_EVERY_S * 10)
            assert rude.asked == tries
            watch.step(LOOK_EVERY_S * 10)
            tries += 1
            assert rude.asked == tries
            delay = min(2 * delay, LONGEST_DELAY_S)
    rude.rude = False
    assert watch.step(LONGEST_DELAY_S) == 1
    assert watch.settle() == 1
    said = str(lines)
    assert f"{parse_authority(rude.url).host}: " in said
    assert rude.url not in said


@pytest.mark.parametrize("off_s", [-CLOCK_SLACK_S - 60, CLOCK_SLACK_S + 60])
def test_a_time_that_is_not_the_sites_is_not_logged(
    village: Village, make_watch: MakeWatch, off_s: int
) -> None:
    """One of the clocks is wrong, and a false record would stay for ever."""
    village.open()
    watch = make_watch()
    watch.observatories[0].off_s = off_s
    with capture_logs() as lines:
        assert watch.settle() == 0
    assert len(village.records()) == 3
    assert "set the clock that is wrong" in str(lines)


def test_a_log_that_is_ahead_is_not_stamped(village: Village, make_watch: MakeWatch) -> None:
    """The site's clock was put back after it had written times: the stamp would contradict them."""
    letter = village.open()
    village.later(3_600)
    village.member(letter, Mode.PUBLIC)
    village.later(1)
    village.clock._base -= 3_600
    watch = make_watch()
    assert watch.settle() == 0
    village.clock._base += 3_600
    assert watch.step(FIRST_DELAY_S) == 1


def test_minutes_do_not_matter(village: Village, make_watch: MakeWatch, tmp_path: Path) -> None:
    """Clocks are never quite the same; what the authority says is what is logged."""
    village.open()
    watch = make_watch()
    watch.observatories[0].off_s = -20
    assert watch.settle() == 2
    assert [record.at for record, _ in _stamps(village)] == [START - 20] * 2
    _verified(village, tmp_path / "m")


def test_a_crash_before_the_commit_costs_a_request(
    village: Village, make_watch: MakeWatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is kept of the answer; the next one is logged, once."""
    village.open()
    watch = make_watch()

    def die(*_: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr("undersigned.app.timestamping.append_notice", die)
        assert watch.step() == 0
    assert len(village.records()) == 3
    assert watch.step(FIRST_DELAY_S) == 1
    assert len(_stamps(village)) == 1


def test_two_processes_stamp_once(
    village: Village, make_watch: MakeWatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever comes second finds the stamp of the first, and adds nothing."""
    village.open()
    watch = make_watch()
    real = Authority.stamp
    other = Watch(village, watch.observatories)

    def slow(authority: Authority, content: bytes) -> Any:
        answer = real(authority, content)
        with monkeypatch.context() as patch:
            patch.setattr(Authority, "stamp", real)
            other.step()
        return answer

    monkeypatch.setattr(Authority, "stamp", slow)
    watch.step()
    watch.step()
    assert len(_stamps(village)) == 2


# --- a real one, in a real site


def test_a_running_site_is_stamped_by_openssl(tmp_path: Path) -> None:
    """`openssl ts` behind HTTP, the machine's own clock, the loop: stamped in seconds, and verified."""
    (tmp_path / "tsa").mkdir()
    root = make_root()
    stamper = Stamper(tmp_path / "tsa", root, "Real Clock")
    site = make_site(tmp_path / "data", HOST)
    letter, _ = make_letter(site, tmp_path / "letter")
    with serving(answering(stamper.reply)) as url:
        mailer = OutboxMailer(tmp_path / "outbox", f"no-reply@{HOST}")
        running = RunningSite(site, mailer, (parse_authority(url),))
        running.start()
        try:
            _wait_for(lambda: _size_of(running) >= 5)
            page = get_page(site, running.letters, letter.slug)
            assert [stamp.authority for stamp in page.timestamps] == ["Real Clock"]
            assert abs(page.timestamps[0].at - page.opened_at) < 120
        finally:
            running.stop()
    site = open_site(tmp_path / "data")
    (tmp_path / "mirror").mkdir()
    export_log(site, tmp_path / "mirror")
    site.close()
    report = verify_mirror(
        tmp_path / "mirror", now=int(time.time()), timestamp_roots=(root.certificate,)
    )
    assert report.false_numbers == ()
    assert [stamp.size for stamp in report.letters[0].timestamps] == [None, 4]


def _size_of(running: RunningSite) -> int:
    published = find_published(running.site)
    return 0 if published is None else published.size


def _wait_for(condition: Callable[[], bool], timeout_s: float = 30) -> None:
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)
