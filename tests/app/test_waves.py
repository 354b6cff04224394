"""Waves: whose names are opened and when, what is fixed, what is destroyed, and what goes wrong."""

import secrets
from pathlib import Path

import pytest
from tests.app.inspecting import figures, verified
from tests.app.village import DAY, HOUR, START, Village, Villager
from tests.postgresql import on_both_engines

from undersigned.app import opening as module
from undersigned.app import reading
from undersigned.app.exporting import export_log
from undersigned.app.log import Batch
from undersigned.app.opening import submit_opening
from undersigned.crypto.keys import TrusteeKey
from undersigned.domain.letter import Letter, Mode, State
from undersigned.domain.opening import BadLeaf, OpenedLeaf, OpeningFile, parse_opening
from undersigned.domain.record import OpeningRecord
from undersigned.errors import AlreadyWithdrawn, StoreError, TokenSpent, VerificationError
from undersigned.store import letters as letter_store
from undersigned.store import pending as pending_store
from undersigned.trustee.opening import Opening
from undersigned.trustee.sealed import SealedNames
from undersigned.trustee.sharing import open_own_shares
from undersigned.trustee.waiting import find_due_wave

OPEN, REACHED, FROZEN = State.OPEN, State.REACHED, State.FROZEN
RELEASED, CLOSED, LAPSED = State.RELEASED, State.CLOSED, State.LAPSED


@pytest.fixture
def letter(village: Village) -> Letter:
    """A letter that is reached by three, with an hour of cooling-off."""
    return village.open()


def _names(village: Village, letter: Letter) -> set[str]:
    shown = reading.list_names(village.site, village.letters, letter.slug)
    return {each.name for each in shown}


def _files(village: Village, letter: Letter) -> list[OpeningFile]:
    """Return the opening files of a letter."""
    records = [each for each in village.records(letter) if isinstance(each, OpeningRecord)]
    with village.site.collector.read() as connection:
        found = [letter_store.find_document(connection, each.file) for each in records]
    return [parse_opening(content or b"") for content in found]


def _frozen(village: Village, letter: Letter) -> None:
    """Let the cooling-off of a letter that was just reached pass."""
    village.sequence()
    assert village.state(letter) is REACHED
    village.later(HOUR)
    assert village.state(letter) is FROZEN


def _prepared(village: Village, letter: Letter) -> Opening:
    """Make the opening that is due, and do not submit it."""
    opening = module._take_part(village.site, village.view(letter))
    assert opening is not None
    return opening


def _name(villager: Villager) -> str:
    return villager.attestation.name


# --- the first wave


@on_both_engines
def test_names_are_opened_together(village: Village, letter: Letter) -> None:
    """All who stand, no sooner than the cooling-off is over; the letter is then released."""
    villagers = village.members(letter, 3)
    public = village.member(letter, Mode.PUBLIC)
    waiting = village.member(letter, Mode.SEALED, 6)
    village.sequence()
    assert village.open_waves() == 0
    assert _names(village, letter) == {_name(public)}
    village.at(HOUR)
    assert _names(village, letter) == {_name(public)}
    assert village.open_waves() == 1
    assert village.states(letter) == [OPEN, REACHED, FROZEN, RELEASED]
    assert _names(village, letter) == {_name(each) for each in (*villagers, public)}
    for villager in villagers:
        assert village.row(villager).opened
        assert not village.has_seal(villager)
        assert villager.name is not None
        assert reading.get_document(village.site, villager.name) == villager.blob
    assert village.has_seal(waiting)
    assert not village.row(waiting).opened
    stage = reading.get_page(village.site, village.letters, letter.slug).stage
    assert (stage.reached_at, stage.released_at) == (START, START + HOUR)
    assert verified(village)[1] == []


def test_a_letter_without_seals_is_released_at_once(village: Village, letter: Letter) -> None:
    """There is nothing to open."""
    villagers = village.members(letter, 3, Mode.PUBLIC)
    village.sequence()
    village.at(HOUR)
    assert village.states(letter) == [OPEN, REACHED, FROZEN, RELEASED]
    assert all(village.row(each).fixed for each in villagers)
    assert _files(village, letter) == []
    assert verified(village)[1] == []


def test_whoever_comes_after_the_freezing_is_in_no_first_wave(
    village: Village, letter: Letter
) -> None:
    """Names are taken while others are opened, and wait for the next wave."""
    village.members(letter, 3)
    _frozen(village, letter)
    late = village.member(letter)
    village.later(1).open_waves()
    assert village.state(letter) is RELEASED
    assert not village.row(late).opened
    assert village.has_seal(late)
    assert _name(late) not in _names(village, letter)


def test_conditions_that_were_met_are_met_for_good(village: Village, letter: Letter) -> None:
    """Others may leave a released letter: whoever stood then stands, whoever did not has a condition."""
    three = [village.member(letter, Mode.SEALED, 4) for _ in range(3)]
    free = village.members(letter, 2)
    later = village.member(letter, Mode.ANONYMOUS, 6)
    _frozen(village, letter)
    village.open_waves()
    assert figures(village, letter)["m"] == 5
    for villager in free:
        village.withdraw(villager)
    village.later(1)
    assert figures(village, letter)["m"] == 3
    assert [village.row(each).fixed for each in (*three, later)] == [True, True, True, False]
    assert village.state(letter) is RELEASED
    assert figures(village, letter)["waiting"] == 1
    assert verified(village)[1] == []


# --- leaving while a wave waits


def test_whoever_withdraws_before_the_opening_is_not_opened(
    village: Village, letter: Letter
) -> None:
    """The seal is destroyed, the key is nowhere, and the others are opened if the rule still holds."""
    villagers = village.members(letter, 4)
    _frozen(village, letter)
    village.withdraw(villagers[0])
    village.later(1).open_waves()
    assert village.state(letter) is RELEASED
    assert not village.has_seal(villagers[0])
    assert _name(villagers[0]) not in _names(village, letter)
    (file,) = _files(village, letter)
    assert village.row(villagers[0]).leaf_index not in {each.index for each in file.leaves}
    assert verified(village)[1] == []


def test_the_rule_is_asked_again_when_names_are_opened(village: Village, letter: Letter) -> None:
    """Two of three leave: nobody is exposed, and the letter is open again."""
    villagers = village.members(letter, 3)
    _frozen(village, letter)
    for villager in villagers[:2]:
        village.withdraw(villager)
    village.later(1).open_waves()
    assert village.states(letter) == [OPEN, REACHED, FROZEN, OPEN]
    (file,) = _files(village, letter)
    assert file.leaves == ()
    assert _names(village, letter) == set()
    assert village.has_seal(villagers[2])
    assert verified(village)[1] == []


@on_both_engines
def test_a_withdrawal_that_was_promised_comes_before_the_opening(
    village: Village, letter: Letter
) -> None:
    """Even one that came after the opening was made: it is then made again."""
    villagers = village.members(letter, 4)
    _frozen(village, letter)
    prepared = _prepared(village, letter)
    assert len(prepared.file.leaves) == 4
    village.withdraw(villagers[0])
    assert not submit_opening(village.site, village.view(letter), prepared)
    assert village.state(letter) is FROZEN
    assert village.row(villagers[0]).status == "withdrawn"
    assert village.open_waves() == 1
    assert _name(villagers[0]) not in _names(village, letter)
    assert verified(village)[1] == []


def test_a_withdrawal_that_was_sequenced_makes_an_opening_stale(
    village: Village, letter: Letter
) -> None:
    """Whoever wrote it into the log."""
    villagers = village.members(letter, 4)
    _frozen(village, letter)
    prepared = _prepared(village, letter)
    village.withdraw(villagers[0])
    village.later(1)
    assert not submit_opening(village.site, village.view(letter), prepared)
    assert _names(village, letter) == set()
    assert village.open_waves() == 1


def test_an_opening_is_submitted_once(village: Village, letter: Letter) -> None:
    """The same one again changes nothing."""
    village.members(letter, 3)
    _frozen(village, letter)
    prepared = _prepared(village, letter)
    assert submit_opening(village.site, village.view(letter), prepared)
    entries = village.entries()
    assert not submit_opening(village.site, village.view(letter), prepared)
    assert village.entries() == entries


@on_both_engines
def test_a_crash_while_an_opening_is_written_leaves_the_wave_waiting(
    village: Village, letter: Letter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No name is out; then the opening is made again, and is the same."""
    village.members(letter, 3)
    _frozen(village, letter)
    entries, first = village.entries(), _prepared(village, letter)

    def crash(_: object) -> None:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(Batch, "write", crash)
        with pytest.raises(MemoryError):
            village.open_waves()
    assert (village.entries(), _names(village, letter)) == (entries, set())
    village.restart()
    assert _prepared(village, letter) == first
    assert village.open_waves() == 1
    assert not list(village.site.folder.glob("opening-*"))


def test_a_withdrawn_name_is_struck_from_the_page(village: Village, letter: Letter) -> None:
    """An opened one as well as a public one; what was published cannot be called back."""
    villagers = village.members(letter, 4)
    _frozen(village, letter)
    village.open_waves()
    village.withdraw(villagers[0])
    village.later(1)
    assert len(_names(village, letter)) == 3
    assert verified(village)[1] == []


# --- later waves


@on_both_engines
def test_later_names_are_opened_a_day_after(village: Village, letter: Letter) -> None:
    """Together, and not one by one; those who wait for more wait on."""
    village.members(letter, 3)
    _frozen(village, letter)
    village.open_waves()
    late = village.members(letter, 2)
    public = village.member(letter, Mode.PUBLIC)
    waiting = village.member(letter, Mode.SEALED, 6)
    village.at(HOUR + DAY - 1)
    assert village.open_waves() == 0
    assert _name(public) in _names(village, letter)
    village.at(HOUR + DAY)
    assert village.open_waves() == 1
    assert all(village.row(each).opened for each in late)
    # with the two and the public one there are six
    assert village.row(waiting).opened
    assert [each.wave for each in village.outcomes(letter)] == [0, 0, 1, 1, 2]
    village.at(HOUR + 3 * DAY)
    assert village.open_waves() == 0
    assert len(village.outcomes(letter)) == 5
    assert verified(village)[1] == []


def test_a_wave_counts_from_the_one_before(village: Village, letter: Letter) -> None:
    """Whoever comes days later is opened at once with the next look, and then again a day passes."""
    village.members(letter, 3)
    _frozen(village, letter)
    village.open_waves()
    village.at(5 * DAY)
    village.member(letter)
    village.later(1).open_waves()
    assert village.stage(letter).wave == 2
    village.member(letter)
    village.later(DAY - 1)
    assert village.stage(letter).wave == 2
    village.later(1).open_waves()
    assert village.stage(letter).wave == 3
    assert verified(village)[1] == []


def test_the_last_wave_is_at_the_end(village: Village) -> None:
    """Whenever the one before was; then the letter is closed, and what was not opened is destroyed."""
    letter = village.open(closes_s=DAY)
    village.members(letter, 3)
    _frozen(village, letter)
    village.open_waves()
    village.at(DAY - 600)
    late, waiting = village.member(letter), village.member(letter, Mode.SEALED, 6)
    village.at(DAY)
    assert village.stage(letter).wave == 2
    assert village.state(letter) is RELEASED
    village.open_waves()
    assert village.state(letter) is CLOSED
    assert village.row(late).opened
    assert not village.has_seal(waiting)
    assert village.row(waiting).status == "live"
    assert verified(village)[1] == []


@pytest.mark.parametrize("late_s", [0, 3 * DAY])
def test_an_opening_may_come_after_the_end(village: Village, late_s: int) -> None:
    """Names that were frozen before it are opened, then those that came before it, then it is closed."""
    letter = village.open(closes_s=2 * HOUR, floor=3)
    village.members(letter, 3)
    _frozen(village, letter)
    late = village.member(letter)
    village.at(2 * HOUR + late_s)
    assert village.state(letter) is FROZEN
    assert village.row(late).status == "live"
    assert village.open_waves() == 1
    assert (village.state(letter), village.stage(letter).wave) == (RELEASED, 2)
    assert village.open_waves() == 1
    assert village.state(letter) is CLOSED
    assert village.row(late).opened
    assert verified(village)[1] == []


def test_a_failed_opening_after_the_end_lets_the_letter_lapse(village: Village) -> None:
    """There is no time left to reach the rule again."""
    letter = village.open(closes_s=2 * HOUR)
    villagers = village.members(letter, 3)
    _frozen(village, letter)
    village.withdraw(villagers[0])
    village.at(3 * HOUR).open_waves()
    assert village.states(letter) == [OPEN, REACHED, FROZEN, OPEN, LAPSED]
    assert not any(village.has_seal(each) for each in villagers)
    assert verified(village)[1] == []


def test_several_letters_are_opened_in_one_go(village: Village) -> None:
    """Each for itself."""
    letters = [village.open(slug) for slug in ("one", "two")]
    for letter in letters:
        village.members(letter, 3)
    village.sequence()
    village.at(HOUR)
    assert village.open_waves() == 2
    assert [village.state(letter) for letter in letters] == [RELEASED, RELEASED]
    assert verified(village)[1] == []


# --- seals in which there is no name


def _garbage_kinds(villager: Villager, other: Villager) -> dict[str, bytes]:
    good = villager.hide(Mode.SEALED) or b""
    forged = villager.document().replace(_name(villager).encode(), b"Somebody Else")
    size = len(good)
    return {
        "no name": villager.hide(Mode.SEALED, b"not a name") or b"",
        "a name of another": villager.hide(Mode.SEALED, other.document()) or b"",
        "a name that was not attested": villager.hide(Mode.SEALED, forged) or b"",
        "sealed for another": other.hide(Mode.SEALED) or b"",
        "random bytes": b"\1\1" + secrets.token_bytes(size - 2),
        "another commitment": good[:2] + bytes(32) + good[34:],
        "another ciphertext": good[:-1] + bytes([good[-1] ^ 1]),
    }


KINDS = [
    "no name",
    "a name of another",
    "a name that was not attested",
    "sealed for another",
    "random bytes",
    "another commitment",
    "another ciphertext",
]


def test_seals_without_a_name_are_struck(village: Village, letter: Letter) -> None:
    """Whatever is wrong with them; the others are opened, since the rule holds without them."""
    good = village.members(letter, 3)
    other = village.villager(letter)
    bad = []
    for kind in KINDS:
        villager = village.villager(letter)
        blob = _garbage_kinds(villager, other)[kind]
        village.take(villager.sign_request(Mode.SEALED, None, blob))
        bad.append(villager)
    _frozen(village, letter)
    assert village.outcomes(letter)[-1].m == 3 + len(KINDS)
    village.open_waves()
    assert village.state(letter) is RELEASED
    assert [village.row(each).status for each in bad] == ["unopenable"] * len(KINDS)
    assert _names(village, letter) == {_name(each) for each in good}
    (file,) = _files(village, letter)
    struck = {each.index for each in file.leaves if isinstance(each, BadLeaf)}
    assert struck == {village.row(each).leaf_index for each in bad}
    assert figures(village, letter)["invalidated"] == len(KINDS)
    assert verified(village)[1] == []


def test_nobody_is_exposed_when_garbage_made_up_the_number(
    village: Village, letter: Letter
) -> None:
    """The letter is open again; with real names it is reached and opened later."""
    good, bad = village.members(letter, 2), village.garbage(letter)
    _frozen(village, letter)
    village.open_waves()
    assert village.states(letter) == [OPEN, REACHED, FROZEN, OPEN]
    assert village.row(bad).status == "unopenable"
    assert _names(village, letter) == set()
    assert all(village.has_seal(each) for each in good)
    (file,) = _files(village, letter)
    assert [type(each) for each in file.leaves] == [BadLeaf]
    third = village.member(letter)
    village.later(1)
    assert village.state(letter) is REACHED
    village.later(HOUR).open_waves()
    assert village.states(letter)[-3:] == [REACHED, FROZEN, RELEASED]
    assert village.outcomes(letter)[-1].wave == 2
    assert _names(village, letter) == {_name(each) for each in (*good, third)}
    assert verified(village)[1] == []


def test_whoever_waited_for_garbage_is_not_opened(village: Village, letter: Letter) -> None:
    """With the bad ones the condition is not met; who asked for none is opened."""
    free = village.members(letter, 3)
    careful = village.member(letter, Mode.SEALED, 6)
    for _ in range(2):
        village.garbage(letter)
    _frozen(village, letter)
    assert village.outcomes(letter)[-1].m == 6
    village.open_waves()
    assert village.state(letter) is RELEASED
    assert _names(village, letter) == {_name(each) for each in free}
    assert village.has_seal(careful)
    assert not village.row(careful).fixed
    (file,) = _files(village, letter)
    assert sum(isinstance(each, OpenedLeaf) for each in file.leaves) == 3
    assert verified(village)[1] == []


def test_garbage_in_a_later_wave_is_struck(village: Village, letter: Letter) -> None:
    """A release is final."""
    village.members(letter, 3)
    _frozen(village, letter)
    village.open_waves()
    bad = village.garbage(letter)
    village.at(HOUR + DAY).open_waves()
    assert village.row(bad).status == "unopenable"
    assert village.state(letter) is RELEASED
    assert not village.has_seal(bad)
    assert verified(village)[1] == []


def test_whoever_was_struck_can_do_nothing_more(village: Village, letter: Letter) -> None:
    """Their token was used."""
    village.members(letter, 3)
    bad = village.garbage(letter)
    _frozen(village, letter)
    village.open_waves()
    for request in (bad.withdraw_request(), bad.amend_request(Mode.SEALED)):
        with pytest.raises(AlreadyWithdrawn):
            village.take(request)
    with pytest.raises(TokenSpent):
        village.take(bad.sign_request(Mode.SEALED))


# --- the trustee's own eyes


def test_a_seal_that_the_site_lost_opens_nothing(village: Village, letter: Letter) -> None:
    """It is the site's fault, not the signer's: nobody is struck, and no name is out."""
    villagers = village.members(letter, 4)
    _frozen(village, letter)
    entries = village.entries()
    with village.site.collector.write() as connection:
        pending_store.delete_blob(connection, villagers[1].name or b"")
    with pytest.raises(VerificationError, match="missing or was changed"):
        village.open_waves()
    assert village.entries() == entries
    with village.site.collector.write() as connection:
        pending_store.put_blob(connection, villagers[1].name or b"", villagers[1].blob or b"")
    assert village.open_waves() == 1


def test_another_key_opens_nothing(village: Village, letter: Letter, tmp_path: Path) -> None:
    """Whoever is not the trustee of a letter finds out before opening."""
    village.members(letter, 3)
    _frozen(village, letter)
    (tmp_path / "log").mkdir()
    export_log(village.site, tmp_path / "log")
    wave, size = find_due_wave(tmp_path / "log", letter.letter_id)
    blobs = {each.name: each.blob for each in village.members(letter, 1)}
    with pytest.raises(VerificationError, match="not the one"):
        open_own_shares(SealedNames(wave, size, blobs.get), TrusteeKey.generate(), 1)


def test_what_is_not_due_is_not_opened(village: Village, letter: Letter, tmp_path: Path) -> None:
    """Before the freezing, after the opening, and for a letter that nobody knows."""
    village.members(letter, 3)
    village.sequence()
    for number in range(2):
        folder = tmp_path / f"log-{number}"
        folder.mkdir()
        export_log(village.site, folder)
        with pytest.raises(VerificationError, match="due"):
            find_due_wave(folder, letter.letter_id)
        with pytest.raises(VerificationError, match="not in the log"):
            find_due_wave(folder, type(letter.letter_id)(bytes(32)))
        village.at(HOUR).open_waves()


def test_a_trustee_believes_no_log_that_lies(
    village: Village, letter: Letter, tmp_path: Path
) -> None:
    """A tile, an entry or the checkpoint that was changed: nothing is opened on its word."""
    village.members(letter, 3)
    _frozen(village, letter)
    for number, name in enumerate(
        ("log/tile/0/000.p/11", "log/tile/entries/000.p/11", "log/checkpoint")
    ):
        folder = tmp_path / f"log-{number}"
        folder.mkdir()
        export_log(village.site, folder)
        (path,) = folder.glob(name.replace("11", "*"))
        data = path.read_bytes()
        path.write_bytes(data[:40] + bytes([data[40] ^ 1]) + data[41:])
        with pytest.raises(VerificationError):
            find_due_wave(folder, letter.letter_id)


# --- what is exported


def test_no_seal_is_exported_before_it_is_opened(
    village: Village, letter: Letter, tmp_path: Path
) -> None:
    """Nor a name, a code, or a key: only what anyone may fetch."""
    villagers = village.members(letter, 3)
    village.sequence()
    (tmp_path / "log").mkdir()
    assert export_log(village.site, tmp_path / "log") == len(village.entries())
    documents = {path.name for path in (tmp_path / "log" / "documents").iterdir()}
    assert documents == {text.hash.hex() for text in letter.texts}
    files = [path for path in (tmp_path / "log").rglob("*") if path.is_file()]
    content = b"".join(path.read_bytes() for path in files)
    for villager in villagers:
        assert _name(villager).encode() not in content
        assert villager.blob is not None
        assert villager.blob not in content


def test_a_folder_that_cannot_be_written_is_an_error_of_the_store(
    village: Village, tmp_path: Path
) -> None:
    """Also one that is not empty."""
    with pytest.raises(StoreError, match="cannot be written"):
        export_log(village.site, tmp_path / "nowhere")
    (tmp_path / "documents").mkdir()
    with pytest.raises(StoreError, match="cannot be written"):
        export_log(village.site, tmp_path)
    assert village.clock.now() == START
