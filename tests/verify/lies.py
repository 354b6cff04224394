"""Lies, each told in an honest draft, which is then signed with the log's real key.

A lie changes as little as it can: where a record has to be signed and the site has the key, it is.
"""

import datetime as dt
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from cryptography.x509.oid import ExtendedKeyUsageOID
from tests.simulator import (
    ATTESTATION,
    DAY,
    ORGANISER,
    TRUSTEES,
    Draft,
    SimulatedSite,
    attest,
    digest_of,
    make_opening,
    make_token,
    open_letter,
    sign_record,
    tree_note,
)
from tests.stamping import Issuer, Stamper, make_info, make_root, the_clock
from tests.verify import stories

from undersigned.crypto.keys import RecordSigner, SignerKey
from undersigned.crypto.seal import combine_key, parse_blob, seal
from undersigned.domain.canonical import LetterId, hash_bytes
from undersigned.domain.letter import State
from undersigned.domain.opening import (
    BadLeaf,
    Leaf,
    OpenedLeaf,
    OpeningFile,
    format_opening,
    parse_opening,
)
from undersigned.domain.record import (
    AmendRecord,
    DemandAnswer,
    DemandState,
    EpochRecord,
    GuaranteeRecord,
    InvalidateReason,
    InvalidateRecord,
    IssuedRecord,
    LetterRecord,
    NoticeKind,
    NoticeRecord,
    OpeningRecord,
    OutcomeRecord,
    ResponseRecord,
    RollReason,
    RollRecord,
    SignRecord,
    WithdrawRecord,
    format_record,
)
from undersigned.domain.response import Answerer, DemandReply, Response, format_response
from undersigned.domain.timestamp import Timestamp, format_timestamp, parse_timestamp


@dataclass(frozen=True, slots=True)
class LieCase:
    """A lie: the story it is told in, and the number of the check that has to catch it."""

    check: int
    story: Callable[[], SimulatedSite]
    tell: Callable[[Draft, SimulatedSite], None]
    is_of_time: bool = False  # told in the certificates and tokens of a timestamp, or its document

    @property
    def name(self) -> str:
        """What the lie is called in the list of tests."""
        return self.tell.__name__


LIES: Final[list[LieCase]] = []

Told = Callable[[Draft, SimulatedSite], None]


def lie(check: int, story: Callable[[], SimulatedSite] = stories.sealed) -> Callable[[Told], Told]:
    """Put a lie on the list."""

    def register(tell: Told) -> Told:
        LIES.append(LieCase(check, story, tell, is_of_time=story is stories.stamped))
        return tell

    return register


def key_of(site: SimulatedSite, pk: bytes) -> SignerKey:
    """Return the signer's own key: some lies need a member's help."""
    members = (member for letter in site.letters for member in letter.members)
    return next(each.key for each in members if each.key.public_key == pk)


def change_outcome(draft: Draft, entered: State, **changed: Any) -> None:
    """Change the last outcome that entered a state."""
    index, record = [each for each in draft.records(OutcomeRecord) if each[1].state is entered][-1]
    draft.put(index, replace(record, **changed))


def change_opening(
    draft: Draft, change: Callable[[tuple[Leaf, ...]], tuple[Leaf, ...]], number: int = 0
) -> None:
    """Change the leaves of an opening file; file and record are made anew, and signed."""
    index, record = draft.records(OpeningRecord)[number]
    file = parse_opening(draft.documents[record.file])
    changed = replace(file, leaves=change(file.leaves))
    content = format_opening(changed)
    draft.documents[hash_bytes(content)] = content
    draft.put(index, make_opening(hash_bytes(content), changed))


def key_for(site: SimulatedSite, leaf: int) -> OpenedLeaf:
    """Return what opens a sealed name that the operator holds."""
    letter = site.letters[0]
    member = next(each for each in letter.members if each.leaf == leaf)
    assert member.digest is not None
    blob = parse_blob(site.blobs[member.digest])
    share = TRUSTEES[0].open_share(blob, 1, letter.letter.letter_id, member.key.public_key)
    return OpenedLeaf(leaf, combine_key(blob, {1: share}, 1))


# --- 5: records


@lie(5)
def issued_with_a_bad_signature(draft: Draft, _: SimulatedSite) -> None:
    """The issuer did not sign this."""
    index, record = draft.records(IssuedRecord)[0]
    draft.put(index, replace(record, member=digest_of("somebody else")))


@lie(5)
def not_canonical(draft: Draft, _: SimulatedSite) -> None:
    """An entry with a space in it says the same and is another entry."""
    index = draft.records(NoticeRecord)[0][0]
    draft.entries[index] = draft.entries[index].replace(b",", b", ", 1)


@lie(5)
def unknown_kind(draft: Draft, _: SimulatedSite) -> None:
    """A kind of record that the formats do not have."""
    draft.entries.append(b'{"t":"remark","v":1}')


@lie(5)
def changed_condition(draft: Draft, _: SimulatedSite) -> None:
    """The site lowers a member's condition so that the signature stands sooner."""
    index, record = next(each for each in draft.records(SignRecord) if each[1].condition == 12)
    draft.put(index, replace(record, condition=4))


@lie(5, stories.superseded)
def moved_signature(draft: Draft, _: SimulatedSite) -> None:
    """A signature under one letter is put under another."""
    first, second = (record for _, record in draft.records(LetterRecord)[:2])
    index, record = next(
        each for each in draft.records(SignRecord) if each[1].letter_id == first.letter_id
    )
    draft.put(index, replace(record, letter_id=second.letter_id))


@lie(5)
def letter_of_another_organiser(draft: Draft, _: SimulatedSite) -> None:
    """The letter's own signature is not the organiser's."""
    index, record = draft.records(LetterRecord)[0]
    draft.put(index, sign_record(record, RecordSigner(bytes(32))))


@lie(5, stories.quorum)
def opening_by_no_trustee(draft: Draft, _: SimulatedSite) -> None:
    """An opening in the name of a trustee that the letter does not have."""
    index, record = draft.records(OpeningRecord)[0]
    draft.put(index, replace(record, by=9))


# --- 6: the letter before its signatures


@lie(6)
def sign_before_letter(draft: Draft, _: SimulatedSite) -> None:
    """A signature stands before the letter that it is under."""
    index = draft.records(SignRecord)[0][0]
    draft.entries.insert(0, draft.entries.pop(index))


@lie(6)
def wrong_ack(draft: Draft, _: SimulatedSite) -> None:
    """The trustee never accepted this letter."""
    index, record = draft.records(LetterRecord)[0]
    acks = (record.acks[0], replace(record.acks[1], sig=record.acks[0].sig))
    draft.put(index, sign_record(replace(record, acks=acks), ORGANISER))


@lie(6)
def swapped_trustee_key(draft: Draft, _: SimulatedSite) -> None:
    """Names are sealed to somebody else's key, under the acks of the trustee."""
    index, record = draft.records(LetterRecord)[0]
    trustee = replace(record.letter.trustees[0], sign_key=TRUSTEES[2].sign_key)
    letter = replace(record.letter, trustees=(trustee,))
    draft.put(index, sign_record(replace(record, letter=letter), ORGANISER))


@lie(6)
def changed_text(draft: Draft, _: SimulatedSite) -> None:
    """The text that is shown is not the one that was signed."""
    digest = draft.records(LetterRecord)[0][1].letter.texts[0].hash
    draft.documents[digest] = draft.documents[digest].replace(b"We write", b"We shout")


@lie(6)
def changed_translation(draft: Draft, _: SimulatedSite) -> None:
    """The translation says something else than it said."""
    digest = draft.records(LetterRecord)[0][1].letter.texts[1].hash
    draft.documents[digest] = draft.documents[digest].replace(b"You read", b"You pay")


@lie(6)
def letter_without_its_roll(draft: Draft, _: SimulatedSite) -> None:
    """A notice stands where the roll should."""
    index = draft.records(NoticeRecord)[0][0]
    draft.entries.insert(1, draft.entries.pop(index))


@lie(6)
def letter_opened_twice(draft: Draft, site: SimulatedSite) -> None:
    """Another letter under the same name and edition."""
    letter = replace(site.letters[0].letter, rule=1)
    draft.entries.append(format_record(open_letter(letter)))


@lie(6, stories.unsealed)
def explanation_that_is_none(draft: Draft, _: SimulatedSite) -> None:
    """What an invalidation gives as its explanation moves the cursor of whoever reads it."""
    index, record = draft.records(SignRecord)[-1]
    said = b"Because\x1b[2J."
    text = hash_bytes(said)
    draft.documents[text] = said
    fake = InvalidateRecord(record.letter_id, index, InvalidateReason.OTHER, text, bytes(64))
    draft.entries.append(format_record(sign_record(fake, ORGANISER)))


# --- 7: tokens


@lie(7)
def forged_token(draft: Draft, site: SimulatedSite) -> None:
    """A token that nobody issued; even the member helps."""
    index, record = draft.records(SignRecord)[0]
    forged = record.token[:-256] + bytes(1) + digest_of("forged") * 7 + bytes(31)
    draft.put(index, sign_record(replace(record, token=forged), key_of(site, record.pk)))


@lie(7)
def token_of_another_letter(draft: Draft, site: SimulatedSite) -> None:
    """A token that was issued for another letter."""
    index, record = draft.records(SignRecord)[0]
    token = make_token(LetterId(digest_of("another letter")), record.pk)
    draft.put(index, sign_record(replace(record, token=token), key_of(site, record.pk)))


@lie(7)
def copied_nonce(draft: Draft, site: SimulatedSite) -> None:
    """A signer uses the token that was made for another's key."""
    first = draft.records(SignRecord)[0][1]
    index, record = draft.records(SignRecord)[1]
    copied = replace(record, token=first.token)
    draft.put(index, sign_record(copied, key_of(site, record.pk)))


@lie(7)
def token_used_twice(draft: Draft, _: SimulatedSite) -> None:
    """The same signature is logged once more."""
    draft.entries.append(draft.entries[draft.records(EpochRecord)[-1][0]])
    draft.entries.append(draft.entries[draft.records(SignRecord)[0][0]])


# --- 8: epochs, tokens, members


@lie(8)
def roll_too_small(draft: Draft, site: SimulatedSite) -> None:
    """More tokens than there are members on the roll."""
    index = draft.records(RollRecord)[0][0]
    draft.put(index, site.letters[0].roll(3, RollReason.OPENED))


def _change_roll(draft: Draft, reason: RollReason, more: int) -> None:
    """Append a roll that says of the newest one that it changed."""
    last = draft.records(RollRecord)[-1][1]
    seq = None if reason is RollReason.OPENED else (last.seq or 0) + 1
    changed = replace(last, n=last.n + more, reason=reason, hash=digest_of("another"), seq=seq)
    draft.entries.append(format_record(sign_record(changed, ATTESTATION)))


@lie(8, stories.regrown)
def blocked_below_the_issued(draft: Draft, _: SimulatedSite) -> None:
    """Members who have tokens are taken off the roll, as if they had never been counted."""
    _change_roll(draft, RollReason.BLOCKED, -draft.records(RollRecord)[-1][1].n)


@lie(8, stories.regrown)
def issued_beyond_the_blocked(draft: Draft, _: SimulatedSite) -> None:
    """The record that lets a new member in is left out, and the member's token is there."""
    del draft.entries[draft.records(RollRecord)[2][0]]


@lie(8, stories.regrown)
def roll_grows_by_blocking(draft: Draft, _: SimulatedSite) -> None:
    """New members come in under the word for those who are put out."""
    _change_roll(draft, RollReason.BLOCKED, +4)


@lie(8, stories.regrown)
def roll_shrinks_by_adding(draft: Draft, _: SimulatedSite) -> None:
    """Members are put out under the word for those who come in."""
    _change_roll(draft, RollReason.ADDED, -1)


@lie(8, stories.regrown)
def roll_opened_again(draft: Draft, _: SimulatedSite) -> None:
    """Another roll is stated as if the letter had opened with it."""
    _change_roll(draft, RollReason.OPENED, +1)


@lie(8, stories.regrown)
def change_of_a_roll_repeated(draft: Draft, _: SimulatedSite) -> None:
    """Who holds an old record of the issuer appends it once more."""
    old = draft.records(RollRecord)[1][0]
    draft.entries.append(draft.entries[old])


@lie(8, stories.fallen)
def roll_of_an_ended_letter(draft: Draft, _: SimulatedSite) -> None:
    """The roll of a letter grows that nobody can sign any more."""
    _change_roll(draft, RollReason.ADDED, +1)


@lie(5, stories.regrown)
def roll_by_another_key(draft: Draft, _: SimulatedSite) -> None:
    """The site, and not the issuer, changes the roll."""
    index, record = draft.records(RollRecord)[-1]
    draft.put(index, sign_record(replace(record, n=record.n + 5), ORGANISER))


@lie(8, stories.domain)
def domain_roll_changes(draft: Draft, _: SimulatedSite) -> None:
    """Somebody is said to have been put out of a roll that nobody has listed."""
    record = draft.records(RollRecord)[0][1]
    changed = replace(record, reason=RollReason.BLOCKED, seq=1)
    draft.entries.append(format_record(sign_record(changed, ATTESTATION)))


@lie(8, stories.domain)
def domain_roll_of_another_size(draft: Draft, _: SimulatedSite) -> None:
    """The roll of a domain is not the headcount that the letter states."""
    index, record = draft.records(RollRecord)[0]
    draft.put(index, sign_record(replace(record, n=record.n + 1), ATTESTATION))


@lie(8)
def more_signed_than_issued(draft: Draft, _: SimulatedSite) -> None:
    """A token is not on record as issued."""
    index = draft.records(IssuedRecord)[0][0]
    del draft.entries[index]


@lie(8)
def duplicate_member(draft: Draft, _: SimulatedSite) -> None:
    """One member is given two tokens."""
    first = draft.records(IssuedRecord)[0][1]
    index, record = draft.records(IssuedRecord)[1]
    draft.put(index, sign_record(replace(record, member=first.member), ATTESTATION))


@lie(8)
def epoch_number_gap(draft: Draft, _: SimulatedSite) -> None:
    """An epoch is missing."""
    index, record = draft.records(EpochRecord)[1]
    draft.put(index, replace(record, n=record.n + 1))


@lie(8)
def signature_outside_an_epoch(draft: Draft, _: SimulatedSite) -> None:
    """A signature that belongs to no epoch, and so has no time."""
    index = draft.records(SignRecord)[-1][0]
    notice = draft.records(NoticeRecord)[0][0]
    draft.entries.insert(notice + 1, draft.entries.pop(index))


# --- 9: changes


@lie(9)
def amendment_out_of_turn(draft: Draft, site: SimulatedSite) -> None:
    """An amendment before this one is hidden."""
    index, record = draft.records(AmendRecord)[0]
    draft.put(index, sign_record(replace(record, seq=2), key_of(site, record.pk)))


@lie(9)
def invalidated_without_reason(draft: Draft, _: SimulatedSite) -> None:
    """A sealed signature is invalidated: nobody can know that it is a fake."""
    index, record = next(each for each in draft.records(SignRecord) if each[1].condition == 12)
    text = hash_bytes(b"Because.")
    draft.documents[text] = b"Because."
    fake = InvalidateRecord(record.letter_id, index, InvalidateReason.OTHER, text, bytes(64))
    draft.entries.append(format_record(sign_record(fake, ORGANISER)))


@lie(9)
def invalidated_no_signature(draft: Draft, _: SimulatedSite) -> None:
    """A leaf is invalidated that is no signature."""
    record = draft.records(SignRecord)[0][1]
    text = hash_bytes(b"Because.")
    draft.documents[text] = b"Because."
    fake = InvalidateRecord(record.letter_id, 0, InvalidateReason.OTHER, text, bytes(64))
    draft.entries.append(format_record(sign_record(fake, ORGANISER)))


@lie(9)
def withdrawn_twice(draft: Draft, site: SimulatedSite) -> None:
    """A withdrawal is counted twice."""
    record = draft.records(WithdrawRecord)[0][1]
    epoch = draft.records(EpochRecord)[-1][1]
    draft.entries.append(format_record(replace(epoch, n=epoch.n + 1, at=epoch.at + 1)))
    draft.entries.append(format_record(record))


@lie(9)
def condition_not_offered(draft: Draft, site: SimulatedSite) -> None:
    """A member asks for a number that singles them out."""
    index, record = next(each for each in draft.records(SignRecord) if each[1].condition == 12)
    draft.put(index, sign_record(replace(record, condition=13), key_of(site, record.pk)))


@lie(9, stories.unsealed)
def signed_after_closing(draft: Draft, site: SimulatedSite) -> None:
    """Somebody signs a letter that has closed."""
    epoch = draft.records(EpochRecord)[-1][1]
    index = draft.records(SignRecord)[-1][0]
    at = site.letters[0].letter.closes + DAY
    draft.entries.append(format_record(replace(epoch, n=epoch.n + 1, at=at)))
    draft.entries.append(draft.entries.pop(index))


# --- 10: outcomes


@lie(10)
def wrong_m(draft: Draft, _: SimulatedSite) -> None:
    """One more than the records give."""
    change_outcome(draft, State.REACHED, m=7, standing=8)


@lie(10)
def wrong_hash(draft: Draft, _: SimulatedSite) -> None:
    """The right numbers, of other people."""
    change_outcome(draft, State.FROZEN, hash=digest_of("others"))


@lie(10)
def illegal_move(draft: Draft, _: SimulatedSite) -> None:
    """From reached to released, past the cooling-off and the freezing."""
    change_outcome(draft, State.FROZEN, state=State.RELEASED)


@lie(10)
def frozen_before_cooling_off(draft: Draft, _: SimulatedSite) -> None:
    """The names are frozen an hour too early."""
    records = [record for _, record in draft.records(OutcomeRecord)]
    reached = next(record for record in records if record.state is State.REACHED)
    change_outcome(draft, State.FROZEN, at=reached.at + 60)


@lie(10, stories.frozen)
def released_without_opening(draft: Draft, _: SimulatedSite) -> None:
    """Released, and no trustee has opened anything."""
    record = draft.records(OutcomeRecord)[-1][1]
    released = replace(record, state=State.RELEASED, at=record.at + 60)
    draft.entries.append(format_record(released))


@lie(10)
def epoch_time_backwards(draft: Draft, _: SimulatedSite) -> None:
    """An epoch before the one before it."""
    index, record = draft.records(EpochRecord)[1]
    draft.put(index, replace(record, at=record.at - 3_600))


@lie(10, stories.reached)
def overdue_by_the_clock(draft: Draft, _: SimulatedSite) -> None:
    """The cooling-off is long over, and the letter is kept from being frozen."""
    draft.pages["site/site.json"]["time"] += 2 * DAY


@lie(10, stories.reached)
def overdue_by_epochs(draft: Draft, site: SimulatedSite) -> None:
    """Epochs go on after the cooling-off, and nothing is decided."""
    letter = site.letters[0]
    for i in (1, 2):
        at = (letter.reached_at or 0) + letter.letter.cooling_off_s + 60 * i
        draft.entries.append(
            format_record(EpochRecord(letter.letter.letter_id, len(letter.history) + i, at))
        )


@lie(10, stories.reached)
def reached_is_not_stated(draft: Draft, site: SimulatedSite) -> None:
    """The rule is met, and the site goes on as if it were not."""
    letter = site.letters[0]
    index, record = draft.records(OutcomeRecord)[-1]
    draft.put(index, EpochRecord(record.letter_id, len(letter.history) + 1, record.at + 60))


@lie(10)
def second_wave_too_soon(draft: Draft, _: SimulatedSite) -> None:
    """A second wave within an hour: names would appear one by one."""
    records = [record for _, record in draft.records(OutcomeRecord)]
    first = next(record for record in records if record.state is State.RELEASED)
    change_outcome(draft, State.RELEASED, at=first.at + 3_600)


@lie(10, stories.superseded)
def superseded_by_nothing(draft: Draft, _: SimulatedSite) -> None:
    """A letter is ended for a next edition that does not follow it."""
    index, record = draft.records(LetterRecord)[2]
    other = replace(record.letter, edition=1, supersedes=None, slug="elsewhere")
    draft.put(index, open_letter(other))


# --- 11: names


@lie(11)
def opened_out_of_turn(draft: Draft, site: SimulatedSite) -> None:
    """A name whose number has not been reached is opened with the others."""
    index = next(i for i, record in draft.records(SignRecord) if record.condition == 12)
    member = next(each for each in site.letters[0].members if each.leaf == index)
    assert member.digest is not None
    draft.documents[member.digest] = site.blobs[member.digest]
    opened = key_for(site, index)
    change_opening(draft, lambda leaves: tuple(sorted((*leaves, opened), key=lambda x: x.index)))


@lie(11)
def opening_that_omits_a_name(draft: Draft, _: SimulatedSite) -> None:
    """One name stays sealed while all others are read."""
    change_opening(draft, lambda leaves: leaves[1:])


@lie(11)
def wrong_key(draft: Draft, _: SimulatedSite) -> None:
    """A key that opens nothing."""
    change_opening(draft, lambda leaves: (OpenedLeaf(leaves[0].index, bytes(32)), *leaves[1:]))


@lie(11, stories.quorum)
def withdrawn_name_opened(draft: Draft, _: SimulatedSite) -> None:
    """A member who withdrew in time is opened all the same."""
    withdrawn = draft.records(WithdrawRecord)[0][1]
    index = next(i for i, record in draft.records(SignRecord) if record.pk == withdrawn.pk)
    change_opening(draft, lambda leaves: (OpenedLeaf(index, bytes(32)), *leaves))


@lie(11, stories.quorum)
def good_seal_struck(draft: Draft, site: SimulatedSite) -> None:
    """A colleague's name is struck as unopenable, and it was not."""
    letter = site.letters[0]

    def strike(leaves: tuple[Leaf, ...]) -> tuple[Leaf, ...]:
        member = next(each for each in letter.members if each.leaf == leaves[0].index)
        assert member.digest is not None
        blob, pk = parse_blob(site.documents[member.digest]), member.key.public_key
        shares = tuple(
            key.open_share(blob, i, letter.letter.letter_id, pk)
            for i, key in enumerate(TRUSTEES, 1)
        )
        return (BadLeaf(leaves[0].index, shares), *leaves[1:])

    change_opening(draft, strike)


@lie(11)
def opening_without_a_wave(draft: Draft, site: SimulatedSite) -> None:
    """A single name is opened on a day when nobody's turn is."""
    index = next(i for i, record in draft.records(SignRecord) if record.condition == 12)
    letter_id = site.letters[0].letter.letter_id
    file = OpeningFile(letter_id, 3, len(draft.entries), (key_for(site, index),))
    content = format_opening(file)
    draft.documents[hash_bytes(content)] = content
    draft.entries.append(format_record(make_opening(hash_bytes(content), file)))


@lie(11, stories.unsealed)
def attested_by_another_key(draft: Draft, site: SimulatedSite) -> None:
    """A name that the issuer never attested."""
    index, record = draft.records(SignRecord)[0]
    letter, key = site.letters[0].letter, key_of(site, record.pk)
    content = attest(letter, key, "Somebody Famous", by=RecordSigner(bytes(32)))
    draft.documents[hash_bytes(content)] = content
    draft.put(index, sign_record(replace(record, name=hash_bytes(content)), key))


@lie(11, stories.unsealed)
def name_of_another_signer(draft: Draft, site: SimulatedSite) -> None:
    """The attested name of one member under the signature of another."""
    first = draft.records(SignRecord)[0][1]
    index, record = draft.records(SignRecord)[1]
    changed = replace(record, name=first.name)
    draft.put(index, sign_record(changed, key_of(site, record.pk)))


@lie(11)
def name_removed(draft: Draft, _: SimulatedSite) -> None:
    """A published name disappears, and the log gives no reason."""
    index = draft.records(OpeningRecord)[0][0]
    opened = parse_opening(draft.documents[draft.records(OpeningRecord)[0][1].file]).leaves
    ended = {record.pk for _, record in draft.records(WithdrawRecord)}
    signed = dict(draft.records(SignRecord))
    leaf = next(each.index for each in opened if signed[each.index].pk not in ended)
    name = signed[leaf].name
    assert name is not None
    assert index > leaf
    del draft.documents[name]


@lie(11)
def opening_file_removed(draft: Draft, _: SimulatedSite) -> None:
    """Nobody can see any more whose names were opened."""
    del draft.documents[draft.records(OpeningRecord)[0][1].file]


@lie(11, stories.unsealed)
def changed_name(draft: Draft, _: SimulatedSite) -> None:
    """A name document with other words under the old hash."""
    name = draft.records(SignRecord)[0][1].name
    assert name is not None
    draft.documents[name] = draft.documents[name].replace(b"Member 0", b"Member X")


@lie(11)
def blob_of_another_name(draft: Draft, site: SimulatedSite) -> None:
    """The seal holds another name than the one attested for its signer, and is opened."""
    opened = parse_opening(draft.documents[draft.records(OpeningRecord)[0][1].file]).leaves[0]
    letter = site.letters[0].letter
    record = dict(draft.records(SignRecord))[opened.index]
    key, other = key_of(site, record.pk), SignerKey(bytes(16), letter.letter_id)
    content = attest(letter, other, "Somebody Else")
    blob = seal(content, letter.letter_id, record.pk, [TRUSTEES[0].seal_key], 1)
    draft.documents[hash_bytes(blob)] = blob
    draft.put(opened.index, sign_record(replace(record, name=hash_bytes(blob)), key))
    parts = parse_blob(blob)
    share = TRUSTEES[0].open_share(parts, 1, letter.letter_id, record.pk)
    leaf = OpenedLeaf(opened.index, combine_key(parts, {1: share}, 1))
    change_opening(draft, lambda leaves: (leaf, *leaves[1:]))


# --- 5 and 6: answers and guarantees


def change_response(draft: Draft, number: int, response: Response) -> None:
    """Put other words behind an answer; the record is signed anew."""
    index, record = draft.records(ResponseRecord)[number]
    content = format_response(response)
    draft.documents[hash_bytes(content)] = content
    draft.put(index, sign_record(replace(record, document=hash_bytes(content)), ORGANISER))


@lie(5, stories.answered)
def answer_to_no_demand(draft: Draft, _: SimulatedSite) -> None:
    """An answer to a demand that the letter does not make."""
    index, record = draft.records(ResponseRecord)[0]
    content = format_response(
        Response("en", (DemandReply("money", "Here it is."),), None, "Hearsay")
    )
    draft.documents[hash_bytes(content)] = content
    answered = (DemandAnswer("money", DemandState.MET),)
    changed = replace(record, demands=answered, document=hash_bytes(content))
    draft.put(index, sign_record(changed, ORGANISER))


@lie(5, stories.answered)
def answer_with_another_state(draft: Draft, _: SimulatedSite) -> None:
    """What was refused is met, and nobody has signed that."""
    index, record = draft.records(ResponseRecord)[0]
    answered = (DemandAnswer("reply", DemandState.MET),)
    draft.put(index, replace(record, demands=answered))


@lie(6, stories.answered)
def answer_of_other_demands(draft: Draft, _: SimulatedSite) -> None:
    """The document behind an answer is one to something else."""
    change_response(draft, 0, Response("en", (DemandReply("money", "No."),), None, "Hearsay"))


@lie(6, stories.answered)
def answer_without_its_source(draft: Draft, _: SimulatedSite) -> None:
    """The organiser's report of an answer is passed off as the addressee's own words."""
    answerer = Answerer(1, "board.example")
    change_response(draft, 0, Response("en", (DemandReply("reply", "No."),), answerer, None))


@lie(6, stories.answered)
def answer_that_is_none(draft: Draft, _: SimulatedSite) -> None:
    """The document behind an answer has words that say nothing."""
    index, record = draft.records(ResponseRecord)[1]
    content = draft.documents[record.document].replace(b"We shall see.", b" ")
    draft.documents[hash_bytes(content)] = content
    draft.put(index, sign_record(replace(record, document=hash_bytes(content)), ORGANISER))


@lie(6, stories.answered)
def changed_answer(draft: Draft, _: SimulatedSite) -> None:
    """The words that are shown are not those that were recorded."""
    record = draft.records(ResponseRecord)[1][1]
    content = draft.documents[record.document]
    draft.documents[record.document] = content.replace(b"We shall see.", b"It is done...")


@lie(5, stories.answered)
def withdrawal_of_no_guarantee(draft: Draft, _: SimulatedSite) -> None:
    """A guarantee is withdrawn that nobody gave."""
    index, record = draft.records(GuaranteeRecord)[1]
    changed = replace(record, document=draft.records(ResponseRecord)[0][1].document)
    draft.put(index, sign_record(changed, ORGANISER))


@lie(5, stories.answered)
def guarantee_given_twice(draft: Draft, _: SimulatedSite) -> None:
    """The same guarantee is given while it holds, so that it looks like two."""
    draft.entries.append(format_record(draft.records(GuaranteeRecord)[-1][1]))


@lie(5, stories.answered)
def guarantee_with_another_cap(draft: Draft, _: SimulatedSite) -> None:
    """What is withdrawn is smaller than what was given."""
    index, record = draft.records(GuaranteeRecord)[1]
    draft.put(index, sign_record(replace(record, cap=3), ORGANISER))


@lie(5, stories.answered)
def guarantee_that_never_held(draft: Draft, _: SimulatedSite) -> None:
    """A guarantee expires before it is given."""
    index, record = draft.records(GuaranteeRecord)[-1]
    draft.put(index, sign_record(replace(record, expires=record.at), ORGANISER))


@lie(6, stories.answered)
def guarantee_without_terms(draft: Draft, _: SimulatedSite) -> None:
    """The document behind a guarantee is not one."""
    index, record = draft.records(GuaranteeRecord)[-1]
    document = draft.records(ResponseRecord)[0][1].document
    draft.put(index, sign_record(replace(record, document=document), ORGANISER))


# --- timestamps


def change_stamp(
    draft: Draft, number: int, change: Callable[[Timestamp], Timestamp], **changed: Any
) -> None:
    """Change the document of a timestamp, and perhaps its record; the record is signed anew."""
    stamps = [each for each in draft.records(NoticeRecord) if each[1].kind is NoticeKind.TIMESTAMP]
    index, record = stamps[number]
    content = format_timestamp(change(parse_timestamp(draft.documents[record.document])))
    draft.documents[hash_bytes(content)] = content
    draft.put(
        index, sign_record(replace(record, document=hash_bytes(content), **changed), ORGANISER)
    )


def stamped_at(draft: Draft, number: int) -> tuple[Timestamp, int]:
    """Return the document of a timestamp, and its time."""
    records = [each for _, each in draft.records(NoticeRecord) if each.kind is NoticeKind.TIMESTAMP]
    return parse_timestamp(draft.documents[records[number].document]), records[number].at


def stamp_by(draft: Draft, root: Issuer, **certificate: Any) -> None:
    """Let somebody who is called like the authority stamp the first letter."""
    stamp, at = stamped_at(draft, 0)
    with tempfile.TemporaryDirectory() as folder:
        somebody = Stamper(Path(folder), root, "The Clock", **certificate)
        token = somebody.sign(make_info(stamp.imprint, at))
    change_stamp(draft, 0, lambda old: replace(old, token=token))


@lie(6, stories.stamped)
def stamp_of_another_record(draft: Draft, _: SimulatedSite) -> None:
    """The authority has stamped the other letter."""
    other, at = stamped_at(draft, 2)
    change_stamp(draft, 0, lambda _: other, at=at)


@lie(6, stories.stamped)
def stamp_over_something_else(draft: Draft, _: SimulatedSite) -> None:
    """The document says that the record was stamped; the token is over other bytes."""
    at = stamped_at(draft, 0)[1]
    token = the_clock()[0].make_token(b"Nothing.", at)
    change_stamp(draft, 0, lambda old: replace(old, token=token))


@lie(6, stories.stamped)
def stamp_said_to_be_earlier(draft: Draft, _: SimulatedSite) -> None:
    """The text is said to have existed three days before the authority saw it."""
    at = stamped_at(draft, 0)[1]
    change_stamp(draft, 0, lambda stamp: stamp, at=at - 3 * DAY)


@lie(6, stories.stamped)
def stamp_with_a_changed_time(draft: Draft, _: SimulatedSite) -> None:
    """The time in the token is another than the one that was signed."""
    at = stamped_at(draft, 0)[1]

    def earlier(stamp: Timestamp) -> Timestamp:
        token = stamp.token.replace(b"20231114221320Z", b"20231111221320Z")
        assert token != stamp.token
        return replace(stamp, token=token)

    change_stamp(draft, 0, earlier, at=at - 3 * DAY)


@lie(6, stories.stamped)
def stamp_with_a_broken_signature(draft: Draft, _: SimulatedSite) -> None:
    """The last byte of a token is one of its signature."""

    def broken(stamp: Timestamp) -> Timestamp:
        return replace(stamp, token=stamp.token[:-1] + bytes([stamp.token[-1] ^ 1]))

    change_stamp(draft, 0, broken)


@lie(6, stories.stamped)
def stamp_by_somebody_who_may_not(draft: Draft, _: SimulatedSite) -> None:
    """The same root has made the certificate, to sign code with."""
    stamp_by(draft, the_clock()[1], usages=(ExtendedKeyUsageOID.CODE_SIGNING,))


@lie(6, stories.stamped)
def stamp_by_a_false_root(draft: Draft, _: SimulatedSite) -> None:
    """Somebody has made a certificate of the authority's name, and a root of its root's."""
    stamp_by(draft, make_root("The root of clocks"))


@lie(6, stories.stamped)
def stamp_by_an_expired_authority(draft: Draft, _: SimulatedSite) -> None:
    """Its certificate had ended when it stamped."""
    at = stamped_at(draft, 0)[1]
    stamp_by(draft, the_clock()[1], dies=dt.datetime.fromtimestamp(at - 1, dt.UTC))


@lie(6, stories.stamped)
def stamp_by_a_greater_name(draft: Draft, _: SimulatedSite) -> None:
    """The document calls the authority what it is not."""
    change_stamp(draft, 0, lambda old: replace(old, authority="The Observatory"))


@lie(6, stories.stamped)
def stamp_that_is_none(draft: Draft, _: SimulatedSite) -> None:
    """A token that is not even one."""
    change_stamp(draft, 0, lambda old: replace(old, token=b"token"))


@lie(6, stories.stamped)
def stamp_of_the_future(draft: Draft, site: SimulatedSite) -> None:
    """A record cannot have been stamped a year from now."""
    stamp, _ = stamped_at(draft, 0)
    at = site.now + 365 * DAY
    token = the_clock()[0].sign(make_info(stamp.imprint, at))
    change_stamp(draft, 0, lambda old: replace(old, token=token), at=at)


@lie(6, stories.stamped)
def stamp_of_another_log(draft: Draft, _: SimulatedSite) -> None:
    """A checkpoint that was stamped is one of somebody else's log."""
    stamp, at = stamped_at(draft, 1)
    note = (stamp.note or "").replace("letters", "elsewhere")
    token = the_clock()[0].make_token(note.encode(), at)
    change_stamp(draft, 1, lambda old: replace(old, note=note, token=token))


@lie(6, stories.stamped)
def stamp_of_a_later_tree(draft: Draft, _: SimulatedSite) -> None:
    """The tree that is said to have been stamped holds the notice that says so."""
    at = stamped_at(draft, 1)[1]
    note = tree_note(draft.entries)
    token = the_clock()[0].make_token(note.encode(), at)
    change_stamp(draft, 1, lambda old: replace(old, note=note, token=token))


@lie(4, stories.stamped)
def stamp_of_a_tree_that_was_replaced(draft: Draft, _: SimulatedSite) -> None:
    """The authority has seen other entries than the log has now."""
    stamp, at = stamped_at(draft, 3)
    size = int((stamp.note or "").split("\n")[1])
    note = tree_note([*draft.entries[: size - 1], b"something else"])
    token = the_clock()[0].make_token(note.encode(), at)
    change_stamp(draft, 3, lambda old: replace(old, note=note, token=token))


@lie(10, stories.stamped)
def times_after_the_stamp(draft: Draft, _: SimulatedSite) -> None:
    """The log had records of an evening that the authority saw at noon: its clock was put forward."""
    stamp, at = stamped_at(draft, 3)
    at -= DAY // 2
    token = the_clock()[0].sign(make_info(stamp.imprint, at))
    change_stamp(draft, 3, lambda old: replace(old, token=token), at=at)


# --- 12: pages


@lie(12)
def page_counts_differ(draft: Draft, _: SimulatedSite) -> None:
    """The page shows more than the log has."""
    draft.page("counts")["m"] += 1


@lie(12)
def withdrawal_not_shown(draft: Draft, _: SimulatedSite) -> None:
    """The log has a withdrawal, and the page goes on counting."""
    page = draft.page("counts")
    page |= {"withdrawn": 0, "m": page["m"] + 2, "standing": page["standing"] + 2}


@lie(12)
def history_row_differs(draft: Draft, _: SimulatedSite) -> None:
    """The curve of the past is prettier than it was."""
    draft.page("history")["history"][1]["standing"] += 5


@lie(12)
def history_row_removed(draft: Draft, _: SimulatedSite) -> None:
    """An epoch is left out of the curve."""
    del draft.page("history")["history"][1]


@lie(12)
def names_add_one(draft: Draft, _: SimulatedSite) -> None:
    """A famous name on the page that nobody signed."""
    names = draft.page("names")["names"]
    names.append(names[-1] | {"leaf": names[-1]["leaf"] + 1, "name": "Somebody Famous"})


@lie(12)
def names_omit_one(draft: Draft, _: SimulatedSite) -> None:
    """A name that was opened is kept off the page."""
    del draft.page("names")["names"][0]


@lie(12)
def name_changed_on_the_page(draft: Draft, _: SimulatedSite) -> None:
    """Words are put into a signer's mouth."""
    draft.page("names")["names"][0]["statement"] = "I have changed my mind."


@lie(12)
def page_state_differs(draft: Draft, _: SimulatedSite) -> None:
    """The page says that the letter is still open."""
    draft.page("letter")["state"] = "open"


@lie(12)
def page_text_differs(draft: Draft, _: SimulatedSite) -> None:
    """The page shows other words than those that were signed."""
    draft.page("letter")["texts"][0]["text"] = "We praise."


@lie(12)
def page_size_in_the_future(draft: Draft, _: SimulatedSite) -> None:
    """The page claims a tree that nobody can see."""
    draft.page("counts")["size"] += 1_000


@lie(12)
def headcount_differs(draft: Draft, _: SimulatedSite) -> None:
    """A smaller headcount makes a greater share."""
    draft.page("counts")["headcount"] -= 10


@lie(12, stories.recounted)
def new_headcount_not_shown(draft: Draft, _: SimulatedSite) -> None:
    """The log has another headcount by now, and the page goes on with the old one."""
    draft.page("counts")["headcount"] = 40


@lie(12)
def letter_not_in_the_log(draft: Draft, _: SimulatedSite) -> None:
    """A letter is shown that the log does not have."""
    draft.pages |= {
        f"site/letters/{'0' * 64}/{path.rpartition('/')[2]}": page
        for path, page in list(draft.pages.items())
        if path.startswith("site/letters/")
    }


@lie(12)
def seals_called_trustees(draft: Draft, _: SimulatedSite) -> None:
    """Names that the operator can read are said to be sealed to trustees."""
    draft.page("letter")["seals"] = "trustees"


# --- 12: the pages of answers and guarantees


@lie(12, stories.answered)
def refusal_shown_as_met(draft: Draft, _: SimulatedSite) -> None:
    """What was refused is said to be met."""
    draft.page("responses")["responses"][1]["demands"][0]["state"] = "met"


@lie(12, stories.answered)
def answer_kept_off_the_page(draft: Draft, _: SimulatedSite) -> None:
    """Only the answer that pleases is shown."""
    del draft.page("responses")["responses"][1]


@lie(12, stories.answered)
def newest_answer_kept_off_the_page(draft: Draft, _: SimulatedSite) -> None:
    """The page goes on as if the demand had been refused for good."""
    page = draft.page("responses")
    del page["responses"][0]
    page |= {"met": False, "demands": [{"id": "reply", "state": "refused"}]}


@lie(12, stories.answered)
def answer_on_the_page_alone(draft: Draft, _: SimulatedSite) -> None:
    """An answer that nobody has signed."""
    responses = draft.page("responses")["responses"]
    responses.insert(0, responses[0] | {"leaf": responses[0]["leaf"] + 1})


@lie(12, stories.answered)
def answer_in_other_words(draft: Draft, _: SimulatedSite) -> None:
    """Words are put into the addressee's mouth, and the document is as it was."""
    draft.page("responses")["responses"][0]["demands"][0]["text"] = "We were wrong."


@lie(12, stories.answered)
def answer_of_another_domain(draft: Draft, _: SimulatedSite) -> None:
    """The link is said to have gone to somebody greater."""
    draft.page("responses")["responses"][0]["from"]["domain"] = "ministry.example"


@lie(12, stories.answered)
def report_shown_as_the_addressees(draft: Draft, _: SimulatedSite) -> None:
    """On the page an organiser's report is the addressee's own answer."""
    shown = draft.page("responses")["responses"][1]
    shown |= {
        "source": "addressee",
        "told_by": None,
        "from": {"addressee": 1, "domain": "b.example"},
    }


@lie(12, stories.answered)
def demands_said_to_be_unmet(draft: Draft, _: SimulatedSite) -> None:
    """The page says of the whole what none of its answers says."""
    draft.page("responses")["met"] = False


@lie(12, stories.answered)
def demand_with_an_older_state(draft: Draft, _: SimulatedSite) -> None:
    """An older answer is called the one that counts."""
    draft.page("responses")["demands"][0]["state"] = "refused"


@lie(12, stories.answered)
def guarantee_kept_off_the_page(draft: Draft, _: SimulatedSite) -> None:
    """One that was withdrawn is not shown at all."""
    del draft.page("guarantees")["guarantees"][1]


@lie(12, stories.answered)
def withdrawal_kept_off_the_page(draft: Draft, _: SimulatedSite) -> None:
    """A guarantee that was withdrawn is shown as if it held."""
    draft.page("guarantees")["guarantees"][1] |= {"withdrawn_at": None, "holds": True}


@lie(12, stories.answered)
def withdrawal_on_the_page_alone(draft: Draft, site: SimulatedSite) -> None:
    """A guarantee that holds is said to be withdrawn."""
    draft.page("guarantees")["guarantees"][0] |= {"withdrawn_at": site.now, "holds": False}


@lie(12, stories.answered)
def guarantee_for_more(draft: Draft, _: SimulatedSite) -> None:
    """It is said to cover everybody."""
    draft.page("guarantees")["guarantees"][0]["cap"] = None


@lie(12, stories.answered)
def guarantee_in_other_words(draft: Draft, _: SimulatedSite) -> None:
    """It is said to promise more than its document does."""
    draft.page("guarantees")["guarantees"][0]["terms"] = "A house for every signer."


@lie(12, stories.answered)
def guarantee_that_is_over(draft: Draft, _: SimulatedSite) -> None:
    """The site's own clock is past its expiry, and it is said to hold."""
    draft.pages["site/site.json"]["time"] += 2 * DAY


@lie(12, stories.answered)
def guarantee_said_not_to_hold(draft: Draft, _: SimulatedSite) -> None:
    """Nobody has withdrawn it, and its time is not over."""
    draft.page("guarantees")["guarantees"][0]["holds"] = False
