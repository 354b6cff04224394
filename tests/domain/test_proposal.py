"""Proposals as they are sent: one letter with its own texts, and the acks in their order."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.signer.site import TEXT, make_letter, open_letter

from undersigned.domain.proposal import Proposal, format_proposal, parse_proposal, parties_of
from undersigned.errors import FormatError

LETTER = make_letter()
ACKS = open_letter(LETTER).acks
WHOLE = Proposal(LETTER, (TEXT,), ACKS)


def written(proposal: Proposal, **changed: Any) -> bytes:
    """Return a proposal as a site sends it."""
    return json.dumps(format_proposal(proposal) | changed).encode()


def test_a_proposal_comes_back() -> None:
    """With no ack, with some, with all; whoever is awaited is computed."""
    for count, awaited in ((0, ("issuer", 1, 2)), (1, (1, 2)), (3, ())):
        proposal = replace(WHOLE, acks=ACKS[:count])
        assert parse_proposal(written(proposal)) == proposal
        assert proposal.awaited == awaited
    opened = replace(WHOLE, opened=True)
    assert parse_proposal(written(opened)) == opened


def test_acks_may_come_in_any_order() -> None:
    """A trustee need not wait for the one before."""
    proposal = replace(WHOLE, acks=(ACKS[2],))
    assert parse_proposal(written(proposal)).awaited == ("issuer", 1)


def test_the_parties_are_those_of_the_record() -> None:
    """The issuer first, then every trustee, each with its key."""
    keys = [LETTER.attestation_key, *(trustee.sign_key for trustee in LETTER.trustees)]
    assert list(parties_of(LETTER).items()) == list(zip(["issuer", 1, 2], keys, strict=True))


CHANGES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "another id": lambda said: said.update(letter_id="00" * 32),
    "a changed rule": lambda said: said["body"].update(rule=49),
    "another trustee's key": lambda said: said["body"]["trustees"][0].update(sign_key="A" * 43),
    "a changed text": lambda said: said["texts"][0].update(text="Other."),
    "a text too many": lambda said: said["texts"].append(said["texts"][0]),
    "no text": lambda said: said["texts"].clear(),
    "an unknown member of the body": lambda said: said["body"].update(more=1),
    "acks in another order": lambda said: said["acks"].reverse(),
    "an ack twice": lambda said: said["acks"].append(said["acks"][-1]),
    "an ack of nobody": lambda said: said["acks"].append({"by": 3, "sig": "A" * 86}),
    "a short ack": lambda said: said["acks"][0].update(sig="A" * 43),
    "no acks": lambda said: said.pop("acks"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_is_no_single_letter_is_refused(change: Callable[[dict[str, Any]], Any]) -> None:
    """Id, body, texts and acks belong together."""
    said = format_proposal(WHOLE)
    change(said)
    with pytest.raises(FormatError):
        parse_proposal(json.dumps(said).encode())


def test_a_text_in_another_language_is_refused() -> None:
    """The document says its language, and so does the body."""
    letter = make_letter(texts=(replace(LETTER.texts[0], lang="id"),))
    with pytest.raises(FormatError, match="not in the language"):
        parse_proposal(written(Proposal(letter, (TEXT,))))


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200) | st.integers(0, len(written(WHOLE)) - 1))
def test_no_bytes_break_the_reader(data: bytes | int) -> None:
    """Noise, and a proposal that was cut anywhere: a FormatError, and nothing else."""
    with pytest.raises(FormatError):
        parse_proposal(data if isinstance(data, bytes) else written(WHOLE)[:data])


def test_deep_nesting_is_no_proposal() -> None:
    """A reader's stack is not the sender's to use up."""
    with pytest.raises(FormatError):
        parse_proposal(b'{"texts":' + b"[" * 100_000)
