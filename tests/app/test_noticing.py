"""Notices: one record and one document, for good; a new headcount shows everywhere."""

from pathlib import Path

import pytest
from tests.app.inspecting import verified
from tests.app.village import Village

from undersigned.app.log import Batch, find_published, publish
from undersigned.app.noticing import post_notice
from undersigned.app.reading import MOST_NOTICES, get_document, get_numbers, get_page, list_pages
from undersigned.crypto.ed25519 import verify_ed25519
from undersigned.domain.letter import Letter, Mode
from undersigned.domain.record import NoticeKind, NoticeRecord, signed_bytes
from undersigned.errors import FormatError, RolledBack, UnknownLetter
from undersigned.store import letters as letter_store


def _post(
    village: Village, kind: NoticeKind, text: str = "News.", n: int | None = None
) -> NoticeRecord:
    return post_notice(village.site, village.letters, "mill", kind, text, n)


@pytest.fixture
def letter(village: Village) -> Letter:
    """The letter that notices are about."""
    return village.open()


def test_a_notice_is_a_record_and_a_document(village: Village, letter: Letter) -> None:
    """The organiser has signed it, its words are served by their hash, and the world sees it at once."""
    record = _post(village, NoticeKind.NEWS, "The wheel turned once.")
    assert village.records()[-1] == record
    verify_ed25519(letter.organiser_key, signed_bytes(record), record.sig)
    assert (record.kind, record.at, record.n) == (NoticeKind.NEWS, village.clock.now(), None)
    assert get_document(village.site, record.document) == b"The wheel turned once."
    published = find_published(village.site)
    assert published is not None
    assert published.size == len(village.records())
    assert verified(village)[1] == []


def test_a_new_headcount_is_shown_everywhere(village: Village, letter: Letter) -> None:
    """Numbers, page and list have it, the verifier too; rule and conditions stay as they are."""
    _post(village, NoticeKind.HEADCOUNT, "Ten have moved in.", 210)
    _post(village, NoticeKind.HEADCOUNT, "It was eleven.", 211)
    _post(village, NoticeKind.CORRECTION)
    page = get_page(village.site, village.letters, "mill")
    assert get_numbers(village.site, village.letters, "mill").headcount == 211
    assert [each.numbers.headcount for each in list_pages(village.site, village.letters)] == [211]
    assert page.new_headcount is not None
    assert page.new_headcount.text == "It was eleven."
    assert [notice.kind for notice in page.notices] == ["correction", "headcount", "headcount"]
    assert page.letter.headcount == letter.headcount == 200
    report, doubts = verified(village)
    assert doubts == []
    assert report.letters[0].headcount == 211


def test_a_headcount_is_shown_behind_a_hundred_notices(village: Village, letter: Letter) -> None:
    """The page lists the newest notices, and the headcount's even if it is older."""
    _post(village, NoticeKind.HEADCOUNT, "Fewer.", 190)
    for number in range(MOST_NOTICES):
        _post(village, NoticeKind.NEWS, f"Day {number}.")
    page = get_page(village.site, village.letters, "mill")
    assert len(page.notices) == MOST_NOTICES + 1
    assert page.new_headcount is not None
    assert page.numbers.headcount == 190


def test_a_notice_is_of_one_letter(village: Village, letter: Letter) -> None:
    """Another letter keeps its own headcount."""
    village.open(slug="bridge")
    _post(village, NoticeKind.HEADCOUNT, "Fewer.", 190)
    assert get_numbers(village.site, village.letters, "bridge").headcount == 200


def test_notices_between_epochs_change_no_count(village: Village, letter: Letter) -> None:
    """Signatures before and after a notice are counted as ever."""
    village.member(letter, Mode.PUBLIC)
    village.later(2)
    _post(village, NoticeKind.NEWS)
    village.member(letter, Mode.PUBLIC)
    village.later(2)
    assert verified(village)[1] == []
    assert get_numbers(village.site, village.letters, "mill").counts.standing == 2


def test_a_notice_that_was_taken_down_says_so(village: Village, letter: Letter) -> None:
    """Its words are gone, the rest stands, and the verifier only notes it."""
    record = _post(village, NoticeKind.HEADCOUNT, "Fewer.", 190)
    with village.site.collector.write() as connection:
        letter_store.delete_document(connection, record.document)
    page = get_page(village.site, village.letters, "mill")
    assert page.new_headcount is not None
    assert (page.new_headcount.text, page.new_headcount.n) == (None, 190)


@pytest.mark.parametrize(
    ("kind", "text", "n"),
    [
        (NoticeKind.HEADCOUNT, "No number.", None),
        (NoticeKind.NEWS, "A number.", 5),
        (NoticeKind.HEADCOUNT, "None.", 0),
        (NoticeKind.HEADCOUNT, "Too many.", 10_000_001),
        (NoticeKind.NEWS, "", None),
        (NoticeKind.NEWS, "x" * 10_001, None),
        (NoticeKind.NEWS, "a\tb", None),
        (NoticeKind.TIMESTAMP, "Now.", None),
    ],
)
def test_a_notice_that_cannot_be_posted_leaves_nothing(
    village: Village, letter: Letter, kind: NoticeKind, text: str, n: int | None
) -> None:
    """What is wrong with it is said before anything is written."""
    before = village.records()
    with pytest.raises(FormatError):
        _post(village, kind, text, n)
    assert village.records() == before


def test_a_notice_to_nobody_is_refused(village: Village, letter: Letter) -> None:
    """There must be such a letter."""
    with pytest.raises(UnknownLetter):
        post_notice(village.site, village.letters, "weir", NoticeKind.NEWS, "News.")


def test_a_crash_before_the_commit_leaves_no_notice(
    village: Village, letter: Letter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither record, nor row, nor document is there; posted again, all are."""
    before = village.records()

    def die(_: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr(Batch, "write", die)
        with pytest.raises(RuntimeError):
            _post(village, NoticeKind.NEWS)
    assert village.records() == before
    assert get_page(village.site, village.letters, "mill").notices == ()
    _post(village, NoticeKind.NEWS)
    assert len(get_page(village.site, village.letters, "mill").notices) == 1


def test_a_crash_after_the_commit_leaves_a_notice(
    village: Village, letter: Letter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is published at the next start, once."""
    calls: list[object] = []

    def die(site: object) -> object:
        calls.append(site)
        if len(calls) > 1:
            raise RuntimeError
        return publish(village.site)

    with monkeypatch.context() as patch:
        patch.setattr("undersigned.app.noticing.publish", die)
        with pytest.raises(RuntimeError):
            _post(village, NoticeKind.NEWS)
    village.restart()
    published = find_published(village.site)
    assert published is not None
    assert published.size == len(village.records()) == 4


def test_nothing_is_posted_over_a_log_that_was_rolled_back(
    village: Village, letter: Letter, tmp_path: Path
) -> None:
    """A restored back-up is found before the notice is written."""
    village.site.collector.tidy()
    database = village.site.folder / "collector.db"
    old = database.read_bytes()
    _post(village, NoticeKind.NEWS)
    village.site.collector.close()
    for part in ("-wal", "-shm"):
        database.with_name(database.name + part).unlink(missing_ok=True)
    database.write_bytes(old)
    with pytest.raises(RolledBack):
        _post(village, NoticeKind.NEWS)
    assert len(village.records()) == 3
