"""Who vouches for an entry or a name has verified it: an altered one, or one out of place, has no word."""

import dataclasses
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.simulator import HOST, SimulatedSite

from undersigned.domain.letter import Mode
from undersigned.domain.record import (
    AmendRecord,
    IssuedRecord,
    LetterRecord,
    SignRecord,
    WithdrawRecord,
    parse_record,
)
from undersigned.tlog.merkle import leaf_hash
from undersigned.verify.names import NamePlace, vouch_names
from undersigned.verify.vouching import (
    HELD,
    ISSUED,
    SIGNED,
    UNKNOWN,
    bundle_path,
    find_letters,
    look_at,
    look_at_bundles,
    verifier_of,
)

OF_MANY = (SignRecord, IssuedRecord, AmendRecord, WithdrawRecord)


def _site() -> SimulatedSite:
    site = SimulatedSite()
    letter = site.open()
    first, second, _ = (
        letter.sign(Mode.PUBLIC),
        letter.sign(Mode.SEALED),
        letter.sign(Mode.ANONYMOUS),
    )
    letter.sign(Mode.SEALED, 4)
    letter.epoch()
    letter.amend(second, Mode.PUBLIC)
    letter.withdraw(first)
    letter.epoch()
    return site


SITE = _site()
ENTRIES = SITE.draft().entries
LETTERS = [each for each in ENTRIES if isinstance(parse_record(each), LetterRecord)]
GOOD = [each for each in ENTRIES if isinstance(parse_record(each), OF_MANY)]
VERIFIERS = {name: verifier_of(entry, HOST) for name, entry in find_letters(LETTERS, HOST).items()}


def test_what_holds_is_vouched_for() -> None:
    """Every record of which there are many, and no other; none of an unknown letter, or of another log."""
    seen = look_at(ENTRIES, VERIFIERS)
    assert [kind != UNKNOWN for kind in seen.kinds] == [each in GOOD for each in ENTRIES]
    assert {type(parse_record(each)) for each in GOOD} == set(OF_MANY)
    assert not any(look_at(ENTRIES, {}).kinds)
    elsewhere = {
        name: verifier_of(entry, "other.example")
        for name, entry in find_letters(LETTERS, HOST).items()
    }
    signed = [isinstance(parse_record(each), SignRecord) for each in GOOD]
    kinds = look_at(GOOD, elsewhere).kinds
    assert [kind == UNKNOWN for kind in kinds] == signed


def test_what_is_handed_on_is_what_was_signed() -> None:
    """The members of each common record, in order; the others as they are; and the hashes of all."""
    seen = look_at(ENTRIES, VERIFIERS)
    rows, others = seen.read_rows(), iter(seen.others)
    for entry, kind in zip(ENTRIES, seen.kinds, strict=True):
        match parse_record(entry):
            case SignRecord() as record:
                assert kind == SIGNED
                wanted = (record.letter_id, record.pk, record.mode, record.condition, record.name)
                assert rows.next_signed() == wanted
            case IssuedRecord() as record:
                assert kind == ISSUED
                assert rows.next_issued() == (record.letter_id, record.blinded, record.member)
            case record:
                assert kind == (HELD if isinstance(record, OF_MANY) else UNKNOWN)
                assert next(others) == entry
    assert next(others, None) is None
    assert seen.hashes == b"".join(map(leaf_hash, ENTRIES))


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(GOOD), st.data())
def test_no_altered_entry_is_vouched_for(entry: bytes, data: st.DataObject) -> None:
    """Whatever bit is flipped."""
    bit = data.draw(st.integers(0, 8 * len(entry) - 1))
    altered = bytearray(entry)
    altered[bit // 8] ^= 1 << bit % 8
    assert look_at([bytes(altered)], VERIFIERS).kinds == bytes([UNKNOWN])


def test_bundles_are_looked_at_where_they_lie(tmp_path: Path) -> None:
    """As if their entries had been handed over; nothing is said of one that is missing or is none."""
    mirror = SITE.draft().write(tmp_path / "mirror")
    file = mirror / bundle_path(0, len(ENTRIES))
    letters = find_letters(LETTERS, HOST)
    asked = (str(mirror), HOST, letters, 0, [len(ENTRIES), 256])
    assert look_at_bundles(*asked) == [look_at(ENTRIES, VERIFIERS), None]
    file.write_bytes(file.read_bytes()[:-1])
    assert look_at_bundles(*asked) == [None, None]


def test_names_are_vouched_for_where_they_belong(tmp_path: Path) -> None:
    """The words of each; none of a name that is missing, changed, of another key, or not there at all."""
    draft = SITE.draft()
    mirror = draft.write(tmp_path / "mirror")
    named = [
        record
        for record in map(parse_record, ENTRIES)
        if isinstance(record, SignRecord | AmendRecord) and record.mode is Mode.PUBLIC
    ]
    places = [NamePlace(each.pk, each.name) for each in named]
    words = vouch_names(str(mirror), LETTERS[0], places)
    assert None not in words
    assert len(set(words)) == len(named) == 2
    crossed = [
        dataclasses.replace(named[0], pk=named[1].pk),
        dataclasses.replace(named[0], name=None),
    ]
    wrong = [NamePlace(each.pk, each.name) for each in crossed] + [NamePlace(bytes(32), b"x" * 32)]
    (mirror / "documents" / (places[1].digest or b"").hex()).write_bytes(b"{}")
    assert vouch_names(str(mirror), LETTERS[0], [*wrong, places[1]]) == [None] * 4
    assert vouch_names(str(mirror), LETTERS[0], places[:1]) == words[:1]
