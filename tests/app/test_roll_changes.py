"""Changes of an open letter's roll: each is in the log, and nobody gets a token that it does not count."""

import threading
from dataclasses import replace

import pytest
from tests.app.inspecting import verified
from tests.app.village import DAY, Village

from undersigned.app.invites import make_invites
from undersigned.app.issuing import RollCollector
from undersigned.app.own_collector import OwnRolls
from undersigned.app.roll_changes import (
    add_entries,
    block_address,
    finish_change,
    finish_changes,
)
from undersigned.app.rolls import import_roll, make_entry, takes_address
from undersigned.app.stating import is_stated
from undersigned.domain.letter import Letter, Mode
from undersigned.domain.record import RollReason, RollRecord, signed_bytes
from undersigned.domain.roll import roll_hash
from undersigned.domain.roll_file import RollEntry
from undersigned.errors import (
    Busy,
    LetterNotOpen,
    NotOnRoll,
    ProofRejected,
    RollExceeded,
    RollNotEmpty,
    VerificationError,
)
from undersigned.store import members as member_store
from undersigned.store import rolls as roll_store

NEW = [RollEntry("new@staff.example", "Nia", None), RollEntry("mill0@staff.example", "Again", None)]


class Away:
    """A site that does not answer, or answers only after it took the record."""

    def __init__(self, real: RollCollector, *, takes: bool) -> None:
        self._real, self._takes = real, takes

    def check_takes(self, letter: Letter) -> None:
        """Ask the real one."""
        self._real.check_takes(letter)

    def state_roll(self, letter: Letter, record: RollRecord) -> None:
        """Lose the answer."""
        if self._takes:
            self._real.state_roll(letter, record)
        raise Busy


def rolls(village: Village) -> list[RollRecord]:
    """Return the roll records of the log."""
    return [record for record in village.records() if isinstance(record, RollRecord)]


def own(village: Village) -> "OwnRolls":
    """Return what takes the changes."""
    return OwnRolls(village.site)


def add(village: Village, entries: list[RollEntry] = NEW, slug: str = "mill") -> int | None:
    """Add members; return what the log says then."""
    taker = own(village)
    return add_entries(village.site.issuer, lambda _: taker, slug, entries).n


def block(village: Village, address: str) -> int | None:
    """Block somebody; return what the log says then."""
    taker = own(village)
    return block_address(village.site.issuer, lambda _: taker, "mill", address).n


def takes(village: Village, letter: Letter, address: str) -> bool:
    """Say whether an address would get a code."""
    with village.site.issuer.database.read() as connection:
        return takes_address(connection, letter, address)


def test_a_member_is_added(village: Village) -> None:
    """The log states the whole roll anew; who was on it stays as they were, and the new one can sign."""
    letter = village.open(members=3)
    assert add(village) == 4
    record = rolls(village)[-1]
    assert (record.reason, record.n) == (RollReason.ADDED, 4)
    with village.site.issuer.database.read() as connection:
        commits = member_store.list_commits(connection, "mill")
    assert record.hash == roll_hash(commits)
    assert takes(village, letter, "new@staff.example")
    village.members(letter, 3)
    village.later(60)
    assert verified(village)[1] == []


def test_a_member_is_blocked(village: Village) -> None:
    """Who has no token gets none, and the roll has one less."""
    letter = village.open(members=4)
    assert block(village, "mill1@staff.example") == 3
    assert (rolls(village)[-1].reason, rolls(village)[-1].n) == (RollReason.BLOCKED, 3)
    assert not takes(village, letter, "mill1@staff.example")
    assert block(village, "mill1@staff.example") is None
    assert len(rolls(village)) == 2
    assert verified(village)[1] == []


def test_a_token_that_is_out_stays_good(village: Village) -> None:
    """Nothing is stated anew of who has one: they are counted, and their signature stands."""
    letter = village.open(members=4)
    signer = village.member(letter, Mode.PUBLIC)
    assert signer.row.address is not None
    assert block(village, signer.row.address) is None
    assert len(rolls(village)) == 1
    others = [f"mill{i}@staff.example" for i in range(4)]
    others.remove(signer.row.address)
    assert [block(village, address) for address in others] == [3, 2, 1]
    village.later(60)
    assert verified(village)[1] == []


def test_a_blocked_member_is_refused_between_proof_and_token(village: Village) -> None:
    """The entry is looked at again in the transaction that would issue."""
    letter = village.open(members=2)
    row = village.idle(letter)
    assert row.address is not None
    block(village, row.address)
    village._idle[letter.letter_id] = iter([row])
    with pytest.raises(ProofRejected):
        village.villager(letter)


def test_who_was_blocked_without_a_token_comes_back(village: Village) -> None:
    """As a new entry; who has a token stays blocked."""
    letter = village.open(members=3)
    signer = village.member(letter)
    assert signer.row.address is not None
    for address in ("mill0@staff.example", "mill1@staff.example", "mill2@staff.example"):
        block(village, address)
    with village.site.issuer.database.read() as connection:
        assert len(roll_store.list_stated(connection, "mill", letter.letter_id)) == 1
    back = [RollEntry(f"mill{i}@staff.example", "Back", None) for i in range(3)]
    assert add(village, back) == 3
    assert not takes(village, letter, signer.row.address)
    assert len({record.hash for record in rolls(village)}) == 4


def make_older(village: Village, *addresses: str) -> None:
    """Put members on the roll of "mill" under the addresses themselves, as before the table of mailboxes."""
    rows = [make_entry("mill", RollEntry(address, "Old", None)) for address in addresses]
    with village.site.issuer.database.write() as connection:
        member_store.add_members(connection, rows)


def test_an_older_list_is_not_doubled(village: Village) -> None:
    """Whoever is on it under another writing of the mailbox is known; who was blocked comes back once."""
    make_older(village, "a.na@gmail.com", "b.o+x@googlemail.com", "bo@gmail.com")
    taker = own(village)
    for writing in ("ana@gmail.com", "bo@gmail.com"):
        done = add_entries(
            village.site.issuer, lambda _: taker, "mill", [RollEntry(writing, "New", None)]
        )
        assert (done.changed, done.left) == (0, 1)
    many = [RollEntry(f"n{i}@x.example", "N", None) for i in range(600)]
    done = add_entries(
        village.site.issuer, lambda _: taker, "mill", [*many, RollEntry("ana@gmail.com", "N", None)]
    )
    assert (done.changed, done.left) == (600, 1)
    block(village, "a.na@gmail.com")
    add(village, [RollEntry("ana@gmail.com", "Back", None)])
    with village.site.issuer.database.read() as connection:
        rows = member_store.list_members(connection, "mill")
    assert [row.name for row in rows if "na@gmail.com" in (row.address or "")] == ["Back"]


def test_who_is_blocked_under_one_writing_is_under_all(village: Village) -> None:
    """Of an older list with two entries of one mailbox the mailbox's own is the one that counts."""
    make_older(village, "ana@gmail.com", "a.na@gmail.com")
    letter = village.open(members=2)
    assert takes(village, letter, "a.na@gmail.com")
    block(village, "a.na@gmail.com")
    assert not takes(village, letter, "ana@gmail.com")
    assert not takes(village, letter, "a.na@gmail.com")


def test_a_roll_that_is_stated_is_found_without_writing(village: Village) -> None:
    """Also while another change of the log is being written; what nobody signed is refused at once."""
    letter = village.open(members=2)
    add(village)
    view, stated = village.view(letter), rolls(village)[-1]
    new = replace(stated, n=9, seq=2)
    new = replace(new, sig=village.site.issuer.keys(letter).attestation.sign(signed_bytes(new)))
    with village.site.collector.write():
        assert is_stated(village.site, view, stated)
        assert not is_stated(village.site, view, new)
        with pytest.raises(VerificationError):
            is_stated(village.site, view, replace(stated, n=5))


def test_before_a_letter_opens_nothing_is_stated(village: Village) -> None:
    """The roll that it opens with has all of it."""
    import_roll(village.site.issuer, "mill", b"email,name\na@x.example,Ada\nb@x.example,Bea\n")
    assert add(village) is None
    assert block(village, "a@x.example") is None
    village.open()
    assert [record.n for record in rolls(village)] == [3]


def test_who_is_not_there_is_not_blocked(village: Village) -> None:
    """And nothing is in the log."""
    village.open(members=2)
    with pytest.raises(NotOnRoll):
        block(village, "nobody@staff.example")
    assert len(rolls(village)) == 1


def test_an_ended_letter_keeps_its_roll(village: Village) -> None:
    """Nobody can sign it any more."""
    village.open(members=2)
    village.later(11 * DAY)
    with pytest.raises(LetterNotOpen):
        add(village)
    with pytest.raises(LetterNotOpen):
        block(village, "mill0@staff.example")
    assert len(rolls(village)) == 1


@pytest.mark.parametrize("takes_it", [False, True])
def test_an_answer_that_is_lost(village: Village, *, takes_it: bool) -> None:
    """Who was to be added waits; the same record is handed over again, and taken once."""
    letter = village.open(members=2)
    issuer, away = village.site.issuer, Away(own(village), takes=takes_it)
    with pytest.raises(Busy):
        add_entries(issuer, lambda _: away, "mill", NEW)
    assert not takes(village, letter, "new@staff.example")
    with pytest.raises(Busy):
        add_entries(issuer, lambda _: away, "mill", [RollEntry("n@x.example", "N", None)])
    village.restart()
    taker = own(village)
    finish_changes(village.site.issuer, lambda _: taker)
    assert takes(village, letter, "new@staff.example")
    assert not takes(village, letter, "n@x.example")
    assert [record.n for record in rolls(village)] == [2, 3]
    finish_changes(village.site.issuer, lambda _: taker)
    finish_change(village.site.issuer, letter, taker)
    assert len(rolls(village)) == 2
    assert verified(village)[1] == []


def test_a_change_that_comes_too_late_is_forgotten(village: Village) -> None:
    """The letter closed while its site did not answer: who waited is gone again."""
    village.open(members=2)
    issuer, away = village.site.issuer, Away(own(village), takes=False)
    with pytest.raises(Busy):
        add_entries(issuer, lambda _: away, "mill", NEW)
    village.later(11 * DAY)
    taker = own(village)
    finish_changes(issuer, lambda _: taker)
    with issuer.database.read() as connection:
        assert roll_store.list_changes(connection) == []
        assert roll_store.read_figures(connection, "mill").waiting == 0


def test_the_site_never_issues_beyond_its_newest_roll(village: Village) -> None:
    """An `issued` record too many is refused, and a roll that would be too small."""
    letter = village.open(members=2)
    village.villager(letter)
    view = village.view(letter)
    key = village.site.issuer.keys(letter).attestation
    small = RollRecord(letter.letter_id, 0, bytes(32), RollReason.BLOCKED, bytes(64), 1)
    small = replace(small, sig=key.sign(signed_bytes(small)))
    with pytest.raises(RollExceeded):
        own(village).state_roll(view.letter, small)
    fits = replace(small, n=1)
    fits = replace(fits, sig=key.sign(signed_bytes(fits)))
    own(village).state_roll(view.letter, fits)
    with pytest.raises(RollExceeded):
        village.villager(letter)


def test_nobody_is_added_by_name_to_codes(village: Village) -> None:
    """A roll is of one kind."""
    make_invites(village.site.issuer, "codes", 2)
    with pytest.raises(RollNotEmpty):
        add(village, NEW, "codes")


def test_changes_at_once(village: Village) -> None:
    """Members are added, blocked and issued to at once; every change is in the log, in some order."""
    letter = village.open(members=12)
    issuer, taker = village.site.issuer, own(village)
    rows = [village.idle(letter) for _ in range(12)]
    errors: list[Exception] = []

    def work(number: int) -> None:
        try:
            for i in range(3):
                for _ in range(200):
                    try:
                        if number % 2:
                            entry = RollEntry(f"n{number}-{i}@x.example", "N", None)
                            add_entries(issuer, lambda _: taker, "mill", [entry])
                        else:
                            address = rows[number * 3 // 2 + i].address or ""
                            block_address(issuer, lambda _: taker, "mill", address)
                        break
                    except Busy:
                        continue
        except Exception as error:  # noqa: BLE001 - told below
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    finish_changes(issuer, lambda _: taker)
    assert rolls(village)[-1].n == 12
    assert len(rolls(village)) == 13
    assert verified(village)[1] == []
