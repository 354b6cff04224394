"""The body of a letter: exactly the members of §3.1, each within its bounds."""

import copy
import dataclasses
import hashlib
from typing import Any

import msgspec
import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.strategies import letters

from undersigned.domain.letter import (
    Basis,
    Letter,
    Mode,
    TrusteeTerms,
    ack_bytes,
    format_letter,
    parse_letter,
)
from undersigned.errors import FormatError


@pytest.fixture
def body() -> dict[str, Any]:
    """One body that offers everything."""
    return {
        "slug": "november-2023",
        "edition": 1,
        "supersedes": None,
        "texts": [{"lang": "en", "hash": "A" * 43}, {"lang": "id", "hash": "A" * 43}],
        "demands": [{"id": "return"}, {"id": "resign"}],
        "deadline": 1_700_600_000,
        "closes": 1_700_700_000,
        "headcount": {"n": 770, "as_of": "2023-11-17"},
        "rule": 500,
        "cooling_off_s": 0,
        "basis": "named",
        "modes": ["public", "sealed", "anonymous"],
        "conditions": [100, 385],
        "epoch": {"period_s": 60, "floor": 8, "max_wait_s": 600},
        "trustees": [
            {"name": "Trustee", "operator": True, "seal_key": "A" * 1622, "sign_key": "A" * 43}
        ],
        "quorum": 1,
        "issuer": {"url": None, "token_key": "AAAA", "attestation_key": "A" * 43},
        "roll": "list",
        "methods": ["email", "invite", "openid"],
        "organiser_key": "A" * 43,
        "promise_vkey": "example.org/log/promise+deadbeef+AfT5+/0=",
        "bundle": None,
        "retention_days": 90,
    }


WRONG: list[tuple[str, Any]] = [
    ("slug", ""),
    ("slug", "-a"),
    ("slug", "Ab"),
    ("slug", "a" * 65),
    ("slug", "a\n"),
    ("edition", 0),
    ("edition", 2),
    ("edition", True),
    ("edition", 1.0),
    ("supersedes", "A" * 43),
    ("texts", []),
    ("texts", [{"lang": "en", "hash": "A" * 43}] * 2),
    ("texts", [{"lang": "EN", "hash": "A" * 43}]),
    ("texts", [{"lang": "en", "hash": "A" * 42}]),
    ("texts", [{"lang": "en", "hash": "A" * 42 + "B"}]),
    ("texts", [{"lang": "en", "hash": "A" * 43, "title": ""}]),
    ("texts", [{"lang": "en-" + "a" * 33, "hash": "A" * 43}]),
    ("demands", []),
    ("demands", [{"id": "a"}, {"id": "a"}]),
    ("demands", [{"id": "A"}]),
    ("demands", [{"id": "a" * 33}]),
    ("demands", [{"id": str(i)} for i in range(21)]),
    ("deadline", -1),
    ("closes", 2**53),
    ("closes", None),
    ("headcount", {"n": 0, "as_of": "2023-11-17"}),
    ("headcount", {"n": 10_000_001, "as_of": "2023-11-17"}),
    ("headcount", {"n": 770, "as_of": "20231117"}),
    ("headcount", {"n": 770, "as_of": "2023-02-30"}),
    ("rule", 0),
    ("rule", 771),
    ("cooling_off_s", -1),
    ("cooling_off_s", 2_592_001),
    ("basis", "some"),
    ("modes", []),
    ("modes", ["sealed", "public"]),
    ("modes", ["public", "public"]),
    ("modes", ["public"]),
    ("modes", ["public", "anonymous"]),
    ("conditions", [1]),
    ("conditions", [771]),
    ("conditions", [100, 100]),
    ("conditions", [385, 100]),
    ("conditions", list(range(2, 19))),
    ("epoch", {"period_s": 0, "floor": 8, "max_wait_s": 600}),
    ("epoch", {"period_s": 3_601, "floor": 8, "max_wait_s": 3_601}),
    ("epoch", {"period_s": 60, "floor": 0, "max_wait_s": 600}),
    ("epoch", {"period_s": 60, "floor": 1_001, "max_wait_s": 600}),
    ("epoch", {"period_s": 60, "floor": 8, "max_wait_s": 59}),
    ("epoch", {"period_s": 60, "floor": 8, "max_wait_s": 86_401}),
    ("trustees", []),
    ("trustees", [{"name": "T", "operator": 1, "seal_key": "A" * 1622, "sign_key": "A" * 43}]),
    ("trustees", [{"name": "T", "operator": True, "seal_key": "A" * 43, "sign_key": "A" * 43}]),
    (
        "trustees",
        [{"name": "e\u0301", "operator": True, "seal_key": "A" * 1622, "sign_key": "A" * 43}],
    ),
    ("quorum", 0),
    ("quorum", 2),
    ("issuer", {"url": "", "token_key": "", "attestation_key": "A" * 43}),
    ("issuer", {"token_key": "AAAA", "attestation_key": "A" * 43}),
    ("roll", "everyone"),
    ("methods", []),
    ("methods", ["invite", "email"]),
    ("organiser_key", "A" * 44),
    ("promise_vkey", "example.org/log/promise"),
    ("promise_vkey", "a b+deadbeef+AAAA"),
    ("bundle", ""),
    ("retention_days", 3_651),
]


@pytest.mark.parametrize(("member", "value"), WRONG)
def test_refuses_a_value_out_of_bounds(body: dict[str, Any], member: str, value: Any) -> None:
    """Every bound of the table is kept, and the sentence names a member."""
    parse_letter(body)
    with pytest.raises(FormatError) as caught:
        parse_letter(body | {member: value})
    assert len(str(caught.value)) < 200


def test_refuses_a_missing_or_foreign_member(body: dict[str, Any]) -> None:
    """Members are exactly those listed, all of them."""
    for member in body:
        with pytest.raises(FormatError, match=member):
            parse_letter({name: value for name, value in body.items() if name != member})
    with pytest.raises(FormatError, match="colour"):
        parse_letter(body | {"colour": "red"})


def test_rules_between_members(body: dict[str, Any]) -> None:
    """Conditions need a mode that may have one, trustees and quorum need sealing."""
    public = body | {"modes": ["public"], "conditions": [], "trustees": [], "quorum": 0}
    assert not parse_letter(public).is_sealed
    for change in ({"conditions": [2]}, {"quorum": 1}, {"trustees": body["trustees"]}):
        with pytest.raises(FormatError):
            parse_letter(public | change)
    second = body | {"edition": 2, "supersedes": "A" * 43}
    assert parse_letter(second).supersedes == bytes(32)


@settings(max_examples=60, deadline=None)
@given(letters())
def test_format_then_parse_is_identity(letter: Letter) -> None:
    """What is written is read back, also by way of JSON, and letter_id is H(JCS(body))."""
    body = format_letter(letter)
    assert parse_letter(body) == letter
    written = rfc8785.dumps(body)
    assert parse_letter(msgspec.json.decode(written)) == letter
    assert letter.letter_id == hashlib.sha256(written).digest()
    assert ack_bytes(letter.letter_id) == b"undersigned/v1/ack\n" + letter.letter_id


@settings(max_examples=60, deadline=None)
@given(letters(), st.data())
def test_another_value_is_another_letter(letter: Letter, data: st.DataObject) -> None:
    """A changed member changes letter_id, or is refused."""
    body = copy.deepcopy(format_letter(letter))
    member = data.draw(st.sampled_from(sorted(body)))
    body[member] = data.draw(st.sampled_from([None, 0, 1, 7, "", "x", [], {}, True, "A" * 43]))
    try:
        other = parse_letter(body)
    except FormatError:
        return
    assert (other.letter_id == letter.letter_id) == (body == format_letter(letter))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_garbage_is_a_format_error(garbage: object) -> None:
    """Nothing but a FormatError comes out of garbage."""
    with pytest.raises(FormatError):
        parse_letter(garbage)


def test_the_basis_decides_what_counts(body: dict[str, Any]) -> None:
    """`named` leaves anonymous signatures out of m, `all` takes them in."""
    named = parse_letter(body)
    every = dataclasses.replace(named, basis=Basis.ALL)
    assert [named.counts(mode) for mode in Mode] == [True, True, False]
    assert all(every.counts(mode) for mode in Mode)


def test_the_window_of_a_promise(body: dict[str, Any]) -> None:
    """W is max_wait_s, but period_s where every signature is public."""
    assert parse_letter(body).window_s == 600
    public = body | {"modes": ["public"], "conditions": [], "trustees": [], "quorum": 0}
    assert parse_letter(public).window_s == 60


def test_a_letter_cannot_be_made_against_its_bounds(body: dict[str, Any]) -> None:
    """The checks run whoever constructs a letter."""
    trustee = TrusteeTerms("T", operator=False, seal_key=bytes(1216), sign_key=bytes(31))
    with pytest.raises(FormatError, match=r"trustees\.sign_key"):
        dataclasses.replace(parse_letter(body), trustees=(trustee,))
