"""A letter as of any size and time: what the log gives there, with the checkpoint that proves it."""

import tempfile
from pathlib import Path

import pytest
from tests.app.inspecting import figures, find_wrong_moments, mirror, verified
from tests.app.test_moderating import erase, strike_one
from tests.app.village import DAY, HOUR, START, Village
from tests.postgresql import on_both_engines

from undersigned.app.moments import Moment, get_moment
from undersigned.app.noticing import post_notice
from undersigned.domain.as_of import AsOf, AtSize, AtTime
from undersigned.domain.letter import Mode
from undersigned.domain.reasons import NoticeKind
from undersigned.errors import UnknownLetter, UnknownMoment
from undersigned.store.collector_schema import published
from undersigned.tlog.checkpoint import parse_checkpoint
from undersigned.tlog.merkle import verify_consistency


def at(village: Village, as_of: AsOf, name: str = "mill") -> Moment:
    """Return what a letter was."""
    return get_moment(village.site, village.letters, name, as_of)


def check_proof(village: Village, moment: Moment) -> None:
    """Check the proof as a stranger would, who has the log's key."""
    assert moment.proof is not None
    checkpoint = parse_checkpoint(moment.proof.checkpoint.encode(), village.site.keys.log.verifier)
    assert checkpoint.size == moment.proof.size
    verify_consistency(
        moment.size, moment.root, checkpoint.size, checkpoint.root, moment.proof.consistency
    )


@on_both_engines
def test_a_whole_life(village: Village) -> None:
    """Signing, waiting, withdrawing, striking, erasing, a new headcount, a release, a second edition."""
    letter = village.open(rule=4)
    other = village.open("other", rule=50)
    village.member(letter, condition=4)
    village.member(other)
    village.later(2)
    leaver, fake, _, named = village.members(letter, 4, Mode.PUBLIC)
    village.later(2)
    village.withdraw(leaver)
    village.later(2)
    strike_one(village, fake)
    village.later(2)
    village.members(letter, 3)
    village.later(2)
    post_notice(village.site, village.letters, "mill", NoticeKind.HEADCOUNT, "Four left.", 196)
    village.later(HOUR + 2)
    village.open_waves()
    erase(village, named)
    village.member(other)
    village.later(10 * DAY)
    report, doubts = verified(village)
    assert doubts == []
    assert report.exit_code == 0
    newest = figures(village, letter)
    moment = at(village, AtTime(village.clock.now()))
    assert moment.counts.standing == newest["standing"]
    assert (moment.headcount, moment.at) == (newest["headcount"], newest["at"])
    for size in range(3, newest["size"] + 1):
        check_proof(village, at(village, AtSize(size)))


def test_the_numbers_of_an_end(village: Village) -> None:
    """Of a letter that lapsed nobody stands after; before, all that stood do."""
    letter = village.open(rule=50, closes_s=DAY)
    village.members(letter, 3)
    village.later(2)
    stood = at(village, AtTime(village.clock.now()))
    village.later(2 * DAY)
    assert stood.counts.standing == 3
    assert at(village, AtTime(START + DAY - 1)).counts == stood.counts
    ended = at(village, AtTime(START + DAY))
    assert (ended.counts.standing, ended.counts.waiting) == (0, 0)
    assert at(village, AtTime(stood.at)).until == START + DAY
    assert ended.until is None


def test_what_nobody_can_prove(village: Village) -> None:
    """Before the opening, beyond the log, and in time to come; and no letter of that name."""
    village.later(HOUR)
    village.open("first")
    letter = village.open()
    size = figures(village, letter)["size"]
    assert at(village, AtSize(size)).counts.standing == 0
    for as_of in (
        AtSize(size - 1),
        AtSize(size + 1),
        AtTime(START + HOUR - 1),
        AtTime(START + 2 * HOUR),
    ):
        with pytest.raises(UnknownMoment):
            at(village, as_of)
    with pytest.raises(UnknownLetter):
        at(village, AtSize(size), "nowhere")


def test_nothing_of_one_letter_is_in_another(village: Village) -> None:
    """What happens to the others moves no size of this one."""
    letter, other = village.open(), village.open("other")
    village.members(letter, 2)
    village.later(2)
    before = at(village, AtTime(village.clock.now()))
    village.members(other, 2)
    village.later(2)
    after = at(village, AtTime(village.clock.now()))
    assert (after.size, after.counts) == (before.size, before.counts)
    assert figures(village, letter)["size"] > after.size


@on_both_engines
def test_published_checkpoints_are_kept(village: Village) -> None:
    """The first that covers a tree proves it, as it was published; without any, the one of now does."""
    letter = village.open()
    notes = {}
    for _ in range(3):
        village.member(letter, Mode.PUBLIC)
        village.later(2)
        size = figures(village, letter)["size"]
        notes[size] = (village.site.log_folder / "checkpoint").read_text()
    for size, note in notes.items():
        proof = at(village, AtSize(size)).proof
        assert proof is not None
        assert (proof.checkpoint, proof.size, proof.consistency) == (note, size, ())
    with village.site.collector.write() as connection:
        connection.execute(published.delete())
    moment = at(village, AtSize(min(notes)))
    check_proof(village, moment)
    assert moment.proof is not None
    assert moment.proof.checkpoint == notes[max(notes)]


def test_a_false_number_would_be_found(village: Village) -> None:
    """The comparison of these tests can fail: a number that was altered is one that the log does not give."""
    letter = village.open()
    village.members(letter, 2)
    village.later(2)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "mirror"
        mirror(village, folder)
        assert find_wrong_moments(village, folder) == []
        with village.site.collector.write() as connection:
            connection.exec_driver_sql(
                """UPDATE moment SET counts = replace(counts, '"standing":2', '"standing":3')"""
            )
        assert len(find_wrong_moments(village, folder)) > 0
