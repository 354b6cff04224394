"""The pages of answers and guarantees, as a site shows them of its log (formats §3.4)."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from undersigned.domain.letter import Letter
from undersigned.domain.record import GuaranteeRecord, GuaranteeState, ResponseRecord

Documents = Mapping[bytes, bytes]


def responses_page(
    letter: Letter, records: Sequence[tuple[int, ResponseRecord]], documents: Documents
) -> dict[str, Any]:
    """Return the page of a letter's answers; `records` are those of the log, with their leaves."""
    own = [each for each in records if each[1].letter_id == letter.letter_id]
    newest = {one.id: one.state.value for _, record in own for one in record.demands}
    states = [newest.get(demand) for demand in letter.demands]
    return {
        "answered": None not in states,
        "met": set(states) == {"met"},
        "demands": [
            {"id": demand, "state": state}
            for demand, state in zip(letter.demands, states, strict=True)
        ],
        "responses": [_response(leaf, record, documents) for leaf, record in reversed(own)],
    }


def _response(leaf: int, record: ResponseRecord, documents: Documents) -> dict[str, Any]:
    document = json.loads(documents[record.document])
    said = {each["id"]: each["text"] for each in document["answers"]}
    return {
        "leaf": leaf,
        "at": record.at,
        "source": record.source.value,
        "demands": [
            {"id": one.id, "state": one.state.value, "text": said[one.id]} for one in record.demands
        ],
        "from": document["from"],
        "told_by": document["source"],
        "lang": document["lang"],
        "document": record.document.hex(),
    }


def guarantees_page(
    letter: Letter,
    records: Sequence[tuple[int, GuaranteeRecord]],
    documents: Documents,
    now: int,
) -> dict[str, Any]:
    """Return the page of the guarantees under a letter at `now` (UTC seconds)."""
    own = [each for each in records if each[1].letter_id == letter.letter_id]
    given = [each for each in own if each[1].state is GuaranteeState.GIVEN]
    return {"guarantees": [_guarantee(each, own, documents, now) for each in reversed(given)]}


def _guarantee(
    given: tuple[int, GuaranteeRecord],
    own: Sequence[tuple[int, GuaranteeRecord]],
    documents: Documents,
    now: int,
) -> dict[str, Any]:
    leaf, record = given
    document = json.loads(documents[record.document])
    ends = [end.at for at, end in own if at > leaf and end.document == record.document]
    is_over = record.expires is not None and record.expires <= now
    return {
        "leaf": leaf,
        "at": record.at,
        **{name: document[name] for name in ("guarantor", "terms", "lang", "domain")},
        "cap": record.cap,
        "expires": record.expires,
        "withdrawn_at": next(iter(ends), None),
        "holds": not ends and not is_over,
        "document": record.document.hex(),
    }
