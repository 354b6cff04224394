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
from undersigned.verify.names import NamePlace, vouch_names
from undersigned.verify.vouching import vouch_entries

OF_MANY = (SignRecord, IssuedRecord, AmendRecord, WithdrawRecord)


def _site() -> SimulatedSite:
    site = SimulatedSite()
    letter = site.open()
    first, second, _ = (
        letter.sign(Mode.PUBLIC),
        letter.sign(Mode.SEALED),
        letter.sign(Mode.ANONYMOUS),
    )
    letter.epoch()
    letter.amend(second, Mode.PUBLIC)
    letter.withdraw(first)
    letter.epoch()
    return site


SITE = _site()
ENTRIES = SITE.draft().entries
LETTERS = [each for each in ENTRIES if isinstance(parse_record(each), LetterRecord)]
GOOD = [each for each in ENTRIES if isinstance(parse_record(each), OF_MANY)]


def test_what_holds_is_vouched_for() -> None:
    """Every record of which there are many, and no other; none of an unknown letter, or of another log."""
    word = vouch_entries(HOST, LETTERS, ENTRIES)
    assert list(word) == [each in GOOD for each in ENTRIES]
    assert {type(parse_record(each)) for each in GOOD} == set(OF_MANY)
    assert not any(vouch_entries(HOST, [], ENTRIES))
    elsewhere = vouch_entries("other.example", LETTERS, GOOD)
    signed = [isinstance(parse_record(each), SignRecord) for each in GOOD]
    assert list(elsewhere) == [not each for each in signed]


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(GOOD), st.data())
def test_no_altered_entry_is_vouched_for(entry: bytes, data: st.DataObject) -> None:
    """Whatever bit is flipped."""
    bit = data.draw(st.integers(0, 8 * len(entry) - 1))
    altered = bytearray(entry)
    altered[bit // 8] ^= 1 << bit % 8
    assert vouch_entries(HOST, LETTERS, [bytes(altered)]) == b"\0"


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
