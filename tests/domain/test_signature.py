"""What a letter says about a signature."""

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.strategies import amend_records, letters, sign_records

from undersigned.domain.letter import Letter, Mode
from undersigned.domain.record import AmendRecord, SignRecord
from undersigned.domain.signature import check_signature
from undersigned.errors import ConditionNotOffered, FormatError, ModeNotOffered


@settings(max_examples=100, deadline=None)
@given(letters(), sign_records | amend_records, st.data())
def test_mode_condition_and_name(
    letter: Letter, record: SignRecord | AmendRecord, data: st.DataObject
) -> None:
    """Refused exactly when one of the three rules of §7 is broken."""
    offered = st.sampled_from(letter.conditions or (None,))
    record = dataclasses.replace(record, condition=data.draw(st.just(record.condition) | offered))
    no_condition = record.condition is None
    is_offered = record.mode is not Mode.PUBLIC and record.condition in letter.conditions
    if record.mode not in letter.modes:
        with pytest.raises(ModeNotOffered):
            check_signature(letter, record)
    elif not (no_condition or is_offered):
        with pytest.raises(ConditionNotOffered):
            check_signature(letter, record)
    elif (record.name is None) != (record.mode is Mode.ANONYMOUS):
        with pytest.raises(FormatError):
            check_signature(letter, record)
    else:
        check_signature(letter, record)
