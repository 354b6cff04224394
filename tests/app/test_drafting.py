"""Opening a letter: three records, keys that nobody else can read, and every refusal without a trace."""

import stat
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import replace
from pathlib import Path

import pytest
from tests.app.inspecting import verified
from tests.app.village import DAY, START, Village

from undersigned.app import drafting
from undersigned.app.drafting import open_letter
from undersigned.app.invites import make_invites
from undersigned.app.issuer import key_folder
from undersigned.app.letter_file import read_draft
from undersigned.app.log import Batch, find_published
from undersigned.app.rolls import import_roll
from undersigned.crypto.ed25519 import verify_ed25519
from undersigned.crypto.keys import RecordSigner, TokenKey
from undersigned.domain.letter import Mode, RollKind, State, ack_bytes
from undersigned.domain.outcome import outcome_hash
from undersigned.domain.record import (
    LetterRecord,
    OutcomeRecord,
    RollRecord,
    SignRecord,
    signed_bytes,
)
from undersigned.domain.roll import roll_hash
from undersigned.errors import (
    LetterExists,
    LetterRefused,
    PredecessorNotOpen,
    RollFixed,
    RollMissing,
)
from undersigned.store import letters as letter_store
from undersigned.store import members as member_store


def _key_files(village: Village) -> set[Path]:
    return {path for path in (village.site.folder / "keys").rglob("*") if path.is_file()}


def test_three_records_open_a_letter(village: Village) -> None:
    """The letter, its roll, its first outcome; then they are published."""
    letter = village.open(members=7)
    opened, roll, outcome = village.records()
    assert isinstance(opened, LetterRecord)
    assert opened.letter == letter
    with village.site.issuer.database.read() as connection:
        commits = member_store.list_commits(connection, "mill")
    assert isinstance(roll, RollRecord)
    assert (roll.n, roll.hash, roll.reason.value) == (7, roll_hash(commits), "opened")
    wanted = OutcomeRecord(letter.letter_id, State.OPEN, 0, START, 0, 0, 0, outcome_hash(()))
    assert outcome == wanted
    published = find_published(village.site)
    assert published is not None
    assert published.size == 3


def test_everybody_has_accepted_the_letter(village: Village) -> None:
    """The issuer and the trustee have signed its id, the organiser the record, the issuer the roll."""
    letter = village.open()
    opened, roll, _ = village.records()
    assert isinstance(opened, LetterRecord)
    assert isinstance(roll, RollRecord)
    issuer, trustee = opened.acks
    message = ack_bytes(letter.letter_id)
    verify_ed25519(letter.attestation_key, message, issuer.sig)
    verify_ed25519(letter.trustees[0].sign_key, message, trustee.sig)
    verify_ed25519(letter.organiser_key, signed_bytes(opened), opened.sig)
    verify_ed25519(letter.attestation_key, signed_bytes(roll), roll.sig)
    assert letter.trustees[0].operator


def test_without_sealed_names_there_is_no_trustee(village: Village) -> None:
    """Nobody accepts but the issuer."""
    letter = village.open(modes='["public"]', conditions="[]")
    opened = village.records()[0]
    assert isinstance(opened, LetterRecord)
    assert (letter.trustees, letter.quorum, len(opened.acks)) == ((), 0, 1)


def test_the_keys_of_a_letter_are_its_own(village: Village) -> None:
    """They are saved for their owner's eyes only, and are those that the letter names."""
    letter = village.open()
    folder = key_folder(village.site.folder, letter.letter_id.hex())
    assert TokenKey.load(folder / "token.key").spki == letter.token_key
    attestation = RecordSigner.load(folder / "attestation.key")
    assert attestation.public_key == letter.attestation_key
    for path in _key_files(village):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    for path in (folder, folder.parent, folder.parent.parent):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700, path
    assert village.open("other").attestation_key != letter.attestation_key


def test_a_letter_without_a_roll_is_refused(village: Village) -> None:
    """Nobody could sign it."""
    letter = village.open()
    draft = village.draft()
    with pytest.raises(RollMissing):
        open_letter(village.site, replace(draft, slug="unknown", edition=1))
    assert village.states(letter) == [State.OPEN]


def test_a_roll_of_another_kind_is_refused(village: Village) -> None:
    """Members with codes alone have no names, and members of a list none of their own choice."""
    village.open()
    make_invites(village.site.issuer, "codes", 3)
    import_roll(village.site.issuer, "people", b"email,name\na@b.example,A\n")
    draft = replace(village.draft(), edition=1)
    with pytest.raises(LetterRefused, match="is a list"):
        open_letter(village.site, replace(draft, slug="codes", roll=RollKind.LIST))
    with pytest.raises(LetterRefused, match="is invites"):
        open_letter(village.site, replace(draft, slug="people", roll=RollKind.INVITES))


def test_a_letter_that_would_be_over_is_refused(village: Village) -> None:
    """At the second of its end it is over."""
    with pytest.raises(LetterRefused, match="has passed"):
        village.open(closes_s=0)
    village.open(closes_s=1)


def test_the_same_edition_is_opened_once(village: Village) -> None:
    """A change of a letter is a new edition; the second attempt leaves neither record nor key."""
    village.open()
    keys, entries = _key_files(village), village.entries()
    with pytest.raises(LetterExists):
        village.open()
    assert (_key_files(village), village.entries()) == (keys, entries)


@pytest.mark.parametrize("edition", [2, 3])
def test_an_edition_does_not_come_without_the_one_before(village: Village, edition: int) -> None:
    """Neither the second before the first, nor the third after it."""
    if edition == 3:
        village.open()
    with pytest.raises(PredecessorNotOpen):
        village.open(edition=edition)


def test_the_next_edition_supersedes_the_one_before(village: Village) -> None:
    """What waited is sequenced, the seals are destroyed, nothing stands, and both are true."""
    first = village.open(floor=5, rule=9)
    sealed, public = village.member(first), village.member(first, Mode.PUBLIC)
    village.sequence()
    waiting = village.member(first)
    assert village.waiting(first)["crowd"] == 2
    village.later(77)
    second = village.open(edition=2)
    assert second.supersedes == first.letter_id
    assert village.states(first) == [State.OPEN, State.SUPERSEDED]
    assert village.outcomes(first)[-1].at == village.outcomes(second)[0].at == START + 77
    assert len([each for each in village.records(first) if isinstance(each, SignRecord)]) == 3
    assert village.waiting(first) == {}
    assert not village.has_seal(sealed)
    assert not village.has_seal(waiting)
    assert village.row(public).status == "live"
    assert verified(village)[1] == []


def test_members_sign_the_next_edition_anew(village: Village) -> None:
    """The roll is the same; everyone has a token for each edition."""
    first = village.open(members=1)
    village.member(first)
    village.sequence()
    second = village.open(edition=2)
    village.member(second, Mode.PUBLIC)
    village.sequence()
    assert village.outcomes(first)[-1].state is State.SUPERSEDED
    assert verified(village)[1] == []


def test_a_letter_that_was_reached_cannot_be_superseded(village: Village) -> None:
    """Its signers have been heard; a new text is a new letter."""
    first = village.open()
    village.members(first, 3, Mode.PUBLIC)
    village.sequence()
    with pytest.raises(PredecessorNotOpen):
        village.open(edition=2)
    assert village.states(first) == [State.OPEN, State.REACHED]


def test_a_letter_that_is_about_to_be_reached_cannot_be_superseded(village: Village) -> None:
    """Who waits for the floor counts: refusing leaves all as it was, and no key behind."""
    first = village.open(floor=9)
    village.members(first, 3)
    keys, entries = _key_files(village), village.entries()
    with pytest.raises(PredecessorNotOpen):
        village.open(edition=2)
    assert (_key_files(village), village.entries()) == (keys, entries)
    assert village.waiting(first) == {"crowd": 3, "issued": 3}


def test_a_letter_that_is_over_cannot_be_superseded(village: Village) -> None:
    """Between its end and its last outcome, nor after."""
    first = village.open(closes_s=DAY)
    village.clock.advance_to(START + DAY)
    for _ in range(2):
        with pytest.raises(PredecessorNotOpen):
            village.open(edition=2, closes_s=2 * DAY)
        village.sequence()
    assert village.states(first) == [State.OPEN, State.LAPSED]


def test_a_roll_does_not_change_while_its_letter_is_opened(
    village: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever adds codes at that moment waits, and is then told that it is too late."""
    village.open()
    make_invites(village.site.issuer, "codes", 2)
    draft = replace(village.draft(), slug="codes", edition=1, roll=RollKind.INVITES)
    with ThreadPoolExecutor() as pool:
        late: list[Future[object]] = []

        class Crowded(Batch):
            def write(self) -> None:
                late.append(pool.submit(make_invites, village.site.issuer, "codes", 1))
                wait(late, 0.2)
                assert not late[0].done()
                super().write()

        monkeypatch.setattr(drafting, "Batch", Crowded)
        letter = open_letter(village.site, draft)
        with pytest.raises(RollFixed):
            late[0].result(120)
    roll = village.records(letter)[1]
    assert isinstance(roll, RollRecord)
    assert roll.n == 2


def test_a_crash_before_the_commit_leaves_nothing_but_keys(
    village: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The letter can be opened afterwards; the keys that nothing names stay behind."""
    village.open()
    entries = village.entries()

    def crash(_: object) -> None:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(Batch, "write", crash)
        with pytest.raises(MemoryError):
            village.open("other")
    assert village.entries() == entries
    with village.site.collector.read() as connection:
        assert letter_store.find_edition(connection, "other") is None
    letter = village.open("other")
    village.member(letter)
    village.sequence()
    assert verified(village)[1] == []


def test_the_texts_of_a_letter_are_documents(village: Village) -> None:
    """Under the hashes that its record names."""
    letter = village.open()
    with village.site.collector.read() as connection:
        for text in letter.texts:
            assert letter_store.find_document(connection, text.hash) is not None
    assert read_draft(village.letter_file).texts[0].title == "Mend the mill"
