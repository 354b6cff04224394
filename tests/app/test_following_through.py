"""What signers say that they did: counted once each, joined to nobody."""

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from tests.app.answered import open_three
from tests.app.inspecting import verified
from tests.app.village import DAY, HOUR, Village, Villager, village_in

from undersigned.app.following_through import FollowUp, get_follow_up, take_answer
from undersigned.app.letters import Letters
from undersigned.app.site import open_site
from undersigned.crypto.keys import RecordSigner
from undersigned.domain.canonical import hash_bytes
from undersigned.domain.follow_through import FollowAnswer, FollowThrough, signed_answer
from undersigned.domain.letter import Letter, Mode, State
from undersigned.errors import NotAskedYet, SaidBefore, UnknownSignature, VerificationError
from undersigned.store.answers_schema import follow_mark

YES, NOT_YET, NO = FollowAnswer


def say(villager: Villager, answer: FollowAnswer = YES) -> FollowThrough:
    """Return what a member says, signed."""
    unsigned = FollowThrough(villager.letter.letter_id, villager.pk, answer, bytes(64))
    return replace(unsigned, sig=villager.key.sign(signed_answer(unsigned)))


def released(village: Village, slug: str = "mill") -> tuple[Letter, list[Villager]]:
    """Return a released letter whose deadline is over, with six who stand."""
    letter = open_three(village, slug, deadline_s=2 * DAY, modes='["public", "anonymous"]')
    signers = village.members(letter, 4, Mode.PUBLIC) + village.members(letter, 2, Mode.ANONYMOUS)
    village.later(2)
    village.later(HOUR)
    assert village.state(letter) is State.RELEASED
    village.later(2 * DAY)
    return letter, signers


def take(village: Village, sent: FollowThrough, slug: str = "mill") -> None:
    """Let the site take an answer."""
    take_answer(village.site, village.letters, slug, sent)


def follow_up(village: Village) -> FollowUp:
    """Return what is shown."""
    return get_follow_up(village.site, village.letters, "mill")


def test_answers_are_counted(village: Village) -> None:
    """Each once, of public and anonymous alike; the log knows nothing of it."""
    _, signers = released(village)
    before = village.records()
    assert follow_up(village) == FollowUp(True, 0, 0, 0)
    for signer, answer in zip(signers[1:], (YES, YES, NOT_YET, NO, YES), strict=True):
        take(village, say(signer, answer))
    assert follow_up(village) == FollowUp(True, 3, 1, 1)
    assert follow_up(village).total == 5
    assert village.records() == before
    assert verified(village)[1] == []


def test_nobody_is_counted_twice(village: Village) -> None:
    """Whatever they say the second time, also after a restart."""
    _, (first, *_) = released(village)
    take(village, say(first))
    for answer in FollowAnswer:
        with pytest.raises(SaidBefore):
            take(village, say(first, answer))
    village.restart()
    with pytest.raises(SaidBefore):
        take(village, say(first, NO))
    assert follow_up(village) == FollowUp(True, 1, 0, 0)


def test_fifty_at_once_count_once(village: Village) -> None:
    """One signer who answers fifty times in the same moment."""
    _, (first, *_) = released(village)
    answers = [say(first, answer) for answer in FollowAnswer] * 17

    def send(sent: FollowThrough) -> bool:
        try:
            take(village, sent)
        except SaidBefore:
            return False
        return True

    with ThreadPoolExecutor(10) as threads:
        assert sum(threads.map(send, answers[:50])) == 1
    assert follow_up(village).total == 1


def test_only_who_stands_is_counted(village: Village) -> None:
    """Not who withdrew, who waits, or who never signed."""
    letter, (leaver, *_) = released(village)
    waiter = village.member(letter, Mode.ANONYMOUS, 6)
    village.withdraw(leaver)
    idle = village.villager(letter)
    village.later(2)
    for nobody in (leaver, waiter, idle):
        with pytest.raises(UnknownSignature):
            take(village, say(nobody))
    assert follow_up(village).total == 0


def test_nobody_is_asked_before_the_deadline(village: Village) -> None:
    """Nor of a letter without one, or of one that was never released."""
    letter = open_three(village, deadline_s=2 * DAY, modes='["public"]', conditions="[]")
    open_three(village, "weir", modes='["public"]', conditions="[]")
    signers = village.members(letter, 3, Mode.PUBLIC)
    village.later(2)
    village.at(2 * DAY - 1)
    with pytest.raises(NotAskedYet):
        take(village, say(signers[0]))
    assert not follow_up(village).asked
    assert not get_follow_up(village.site, village.letters, "weir").asked
    village.at(2 * DAY)
    assert follow_up(village).asked
    village.at(11 * DAY)
    assert village.state(letter) is State.CLOSED
    take(village, say(signers[0]))
    dam = open_three(village, "dam", deadline_s=DAY, closes_s=30 * DAY, rule=9)
    member = village.member(dam, Mode.ANONYMOUS)
    village.later(2 * DAY)
    with pytest.raises(NotAskedYet):
        take(village, say(member), "dam")


def test_only_the_signer_says_it(village: Village) -> None:
    """Changed, signed by another, or of another letter, it is refused."""
    _, (first, second, *_) = released(village)
    sent = say(first)
    other = say(second)
    for false in (
        replace(sent, answer=NO),
        replace(sent, sig=other.sig),
        replace(sent, pk=second.pk),
        replace(sent, letter_id=second.letter.letter_id.__class__(bytes(32))),
        replace(sent, sig=bytes(64)),
    ):
        with pytest.raises(VerificationError):
            take(village, false)
    assert follow_up(village).total == 0


def test_a_crash_leaves_neither_mark_nor_count(
    village: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The signer answers again, and is counted."""
    _, (first, *_) = released(village)

    def die(*_: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr("undersigned.store.follow_through.count_answer", die)
        with pytest.raises(RuntimeError):
            take(village, say(first))
    take(village, say(first))
    assert follow_up(village) == FollowUp(True, 1, 0, 0)


# --- what a thief with the files can join


@pytest.fixture
def stolen(tmp_path: Path) -> Iterator[tuple[Path, list[Villager]]]:
    """Where the copy of a site is whose released letter nobody has answered about, and its signers."""
    with village_in(tmp_path / "data") as village:
        _, signers = released(village)
        village.intake.stop()
        village.site.collector.tidy()
        shutil.copytree(village.site.folder, tmp_path / "copy")
        yield tmp_path, signers


def answered_in(folder: Path, answers: list[tuple[Villager, FollowAnswer]]) -> bytes:
    """Let signers answer in a copy of the site, in this order; return the tidied file."""
    shutil.copytree(folder.parent / "copy", folder)
    site = open_site(folder)
    letters = Letters(site)
    for villager, answer in answers:
        take_answer(site, letters, "mill", say(villager, answer))
    site.collector.tidy()
    site.close()
    assert not (folder / "collector.db-wal").exists()
    return (folder / "collector.db").read_bytes()


def test_the_files_do_not_join_answers_to_signers(stolen: tuple[Path, list[Villager]]) -> None:
    """Whoever said what, in whatever order: once it is tidied the file is the same, to the byte."""
    folder, signers = stolen
    said = [YES, NO, NOT_YET, YES, NO]
    first = answered_in(folder / "first", list(zip(signers, said, strict=False)))
    turned = list(zip(signers[:5], said[::-1], strict=True))[::-1]
    second = answered_in(folder / "second", turned)
    # Two counters of SQLite's own tell how often the file was written, not by whom.
    assert without_counters(first) == without_counters(second)
    fewer = answered_in(folder / "fewer", turned[:4])
    assert without_counters(first) != without_counters(fewer)


def without_counters(data: bytes) -> bytes:
    """Leave out the file change counter, the schema cookie and the version-valid-for number."""
    return data[:24] + data[28:40] + data[44:92] + data[100:]


def test_marks_are_no_hashes_of_public_keys(village: Village) -> None:
    """With the log and the database, but without the organiser's key, nobody can tell whose they are."""
    _, (first, *_) = released(village)
    take(village, say(first))
    with village.site.collector.read() as connection:
        held = connection.execute(follow_mark.select()).one().mark
    letter_id = first.letter.letter_id
    assert held not in {hash_bytes(part) for part in (first.pk, letter_id + first.pk)}
    village.site.keys = replace(village.site.keys, organiser=RecordSigner.generate())
    take(village, say(first))
    with village.site.collector.read() as connection:
        marks = {row.mark for row in connection.execute(follow_mark.select())}
    assert len(marks) == 2
