"""Events: pure functions of a letter's records and of what its epochs left."""

import json

import pytest
from tests.app.histories import history_of
from tests.app.village import Village

from undersigned.app.webhook_events import (
    Event,
    Source,
    call_id,
    events_of,
    find_milestone,
    format_event,
    parse_stretch,
)
from undersigned.domain.letter import Mode


@pytest.mark.parametrize(
    ("numbers", "milestone"),
    [
        ([1], None),
        ([2], None),
        ([3], "quarter"),
        ([3, 4], None),
        ([3, 1, 3], None),
        ([1, 5], "half"),
        ([2, 8], "three-quarters"),
        ([5, 7], None),
        ([5, 8], "three-quarters"),
        ([2, 10], None),
        ([2, 12], None),
        ([12, 1, 5], None),
    ],
)
def test_a_part_of_the_rule_is_told_once(numbers: list[int], milestone: str | None) -> None:
    """In the first epoch that has it; the greatest of several; not what the outcome tells."""
    assert find_milestone(10, history_of((1, m, 0) for m in numbers), len(numbers)) == milestone


def test_a_call_has_one_id() -> None:
    """For one webhook, event and leaf; another for any other."""
    event = Event("letter.reached", 7, 1, {})
    others = [Event("letter.frozen", 7, 1, {}), Event("letter.reached", 8, 1, {})]
    ids = {call_id(bytes(16), each) for each in (event, *others)} | {call_id(b"a" * 16, event)}
    assert len(ids) == 4
    assert call_id(bytes(16), event) == call_id(bytes(16), Event("letter.reached", 7, 2, {"a": 1}))
    assert all(id_.startswith("msg_") and len(id_) == 26 for id_ in ids)


def test_only_what_is_told_of_a_letter_is_read(village: Village) -> None:
    """Neither signatures nor other letters."""
    mill, weir = village.open("mill"), village.open("weir")
    for letter in (mill, weir):
        village.members(letter, 3, Mode.PUBLIC)
    village.later(1)
    entries = village.entries()
    records = parse_stretch(mill, 0, entries)
    assert all(record.letter_id == mill.letter_id for _, record in records)
    events = events_of(mill, records, history_of([(1, 3, 0)]))
    assert [event.kind for event in events] == ["letter.open", "letter.reached"]
    (leaf,) = (event.leaf for event in events[1:])
    assert b'"state":"reached"' in entries[leaf]


def test_the_body_is_that_of_the_formats(village: Village) -> None:
    """To the byte."""
    letter = village.open()
    source = Source(letter, "letters.example/log", "https://letters.example")
    body = format_event(source, Event("letter.open", 9, 1_800_000_000, {"wave": 0}))
    id_ = letter.letter_id.hex()
    assert body.decode() == (
        '{"type":"letter.open","timestamp":"2027-01-15T08:00:00Z","data":{"letter":"mill@1",'
        f'"letter_id":"{id_}","log":"letters.example/log","size":10,'
        '"url":"https://letters.example/letters/mill@1",'
        '"as_of":"https://letters.example/letters/mill@1/at/10","wave":0}}'
    )
    assert json.loads(body)["data"]["size"] == 10
