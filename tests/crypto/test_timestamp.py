"""Timestamps: a real authority's tokens hold, up to its root; hostile ones are found, whatever is wrong."""

import datetime as dt
import hashlib
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.stamping import (
    BORN,
    Issuer,
    Stamper,
    make_info,
    make_intermediate,
    make_response,
    make_root,
)

from undersigned.crypto.der import SEQUENCE, read_one, write_element
from undersigned.crypto.timestamp import (
    LONGEST_RESPONSE,
    LONGEST_ROOTS,
    make_request,
    parse_roots,
    read_response,
    verify_chain,
)
from undersigned.crypto.timestamp_token import LONGEST_TOKEN, parse_token, verify_token
from undersigned.errors import FormatError, UndersignedError, VerificationError

CONTENT = b"We write."
AT = 1_700_000_000


@pytest.fixture(scope="module")
def root() -> Issuer:
    """Somebody who is trusted."""
    return make_root()


@pytest.fixture(scope="module")
def stamper(tmp_path_factory: pytest.TempPathFactory, root: Issuer) -> Stamper:
    """An authority under it."""
    return Stamper(tmp_path_factory.mktemp("tsa"), root)


def _reply(stamper: Stamper, content: bytes = CONTENT) -> bytes:
    request = make_request(content)
    return read_response(stamper.reply(request.content), request)[0]


# --- honest ones


def test_an_answer_is_read_and_holds(stamper: Stamper, root: Issuer) -> None:
    """What `openssl ts` answers: of these bytes, now, by this name, up to this root."""
    request = make_request(CONTENT)
    token, stamp = read_response(stamper.reply(request.content), request)
    assert stamp.imprint == request.imprint == hashlib.sha256(CONTENT).digest()
    assert stamp.nonce == request.nonce
    assert stamp.authority == "Test Clock"
    assert abs(stamp.at - dt.datetime.now(dt.UTC).timestamp()) < 60
    verify_chain(stamp, (root.certificate,))
    assert parse_token(token) == stamp


def test_openssl_agrees(stamper: Stamper, root: Issuer, tmp_path: Path) -> None:
    """The stored token is one that other software verifies, with the bytes and the root alone."""
    (tmp_path / "token").write_bytes(_reply(stamper))
    (tmp_path / "content").write_bytes(CONTENT)
    (tmp_path / "root.pem").write_bytes(root.pem)
    command = "openssl ts -verify -token_in -in token -data content -CAfile root.pem"
    done = subprocess.run(command.split(), cwd=tmp_path, capture_output=True, text=True)
    assert "Verification: OK" in done.stdout


def test_two_requests_have_two_nonces() -> None:
    """An old answer is none to a new request."""
    assert make_request(CONTENT).nonce != make_request(CONTENT).nonce


def test_a_chain_goes_over_certificates_in_the_token(tmp_path: Path, root: Issuer) -> None:
    """The order in which an authority sends its certificates does not matter."""
    between = make_intermediate(root)
    stamper = Stamper(tmp_path, between, chain=(between, root))
    stamp = parse_token(_reply(stamper))
    verify_chain(stamp, (root.certificate,))
    alone = Stamper(tmp_path, between)
    with pytest.raises(VerificationError, match="No chain"):
        verify_chain(parse_token(_reply(alone)), (root.certificate,))


def test_an_authority_may_have_an_rsa_key(tmp_path: Path, root: Issuer) -> None:
    """As most of them have."""
    stamper = Stamper(tmp_path, root, key=rsa.generate_private_key(65537, 2048))
    stamp = parse_token(_reply(stamper))
    verify_token(stamp)
    verify_chain(stamp, (root.certificate,))


def test_a_token_of_another_time_holds(stamper: Stamper, root: Issuer) -> None:
    """Its certificates are judged as of its own time."""
    stamp = parse_token(stamper.make_token(CONTENT, AT))
    verify_token(stamp)
    verify_chain(stamp, (root.certificate,))
    assert (stamp.at, stamp.nonce) == (AT, None)


def test_a_certificate_may_have_ended_since(tmp_path: Path, root: Issuer) -> None:
    """What it said while it was valid stands."""
    dies = dt.datetime.fromtimestamp(AT + 60, dt.UTC)
    stamper = Stamper(tmp_path, root, dies=dies)
    verify_chain(parse_token(stamper.make_token(CONTENT, AT)), (root.certificate,))
    late = parse_token(stamper.make_token(CONTENT, AT + 61))
    verify_token(late)
    with pytest.raises(VerificationError, match="valid at the time"):
        verify_chain(late, (root.certificate,))


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Zeit\u0301 GmbH", "Zeit\u0301 GmbH"),
        ("Cafe\u0301", "Café"),
        ("a\x07b", "ab"),
        (None, "O=Tests & Sons"),
    ],
)
def test_an_authority_is_called_as_its_certificate(
    tmp_path: Path, root: Issuer, name: str | None, shown: str
) -> None:
    """The common name in NFC, without control characters; else the whole subject."""
    stamper = Stamper(tmp_path, root, name)
    assert parse_token(stamper.make_token(CONTENT, AT)).authority == shown


# --- answers that are none


def test_an_answer_to_another_request_is_refused(stamper: Stamper) -> None:
    """The same bytes asked twice: the nonce tells the answers apart."""
    first, second = make_request(CONTENT), make_request(CONTENT)
    with pytest.raises(VerificationError, match="nonce"):
        read_response(stamper.reply(first.content), second)


def test_an_answer_without_a_nonce_is_refused(stamper: Stamper) -> None:
    """It may be an old one."""
    request = make_request(CONTENT)
    response = make_response(stamper.make_token(CONTENT, AT))
    with pytest.raises(VerificationError, match="nonce"):
        read_response(response, request)


def test_an_answer_of_other_bytes_is_refused(stamper: Stamper) -> None:
    """Whoever stamps something else has not stamped this."""
    request, other = make_request(CONTENT), make_request(b"We praise.")
    with pytest.raises(VerificationError, match="something else"):
        read_response(stamper.reply(other.content), request)


@pytest.mark.parametrize("status", [2, 3, 4, 5])
def test_what_was_not_granted_is_refused(status: int) -> None:
    """The authority says no, or not yet."""
    with pytest.raises(VerificationError, match=f"status {status}"):
        read_response(make_response(None, status), make_request(CONTENT))


def test_what_was_granted_without_a_token_is_refused() -> None:
    """A yes alone is worth nothing."""
    with pytest.raises(FormatError):
        read_response(make_response(None, 0), make_request(CONTENT))


@pytest.mark.parametrize("data", [b"", b"<html>busy</html>", bytes(LONGEST_RESPONSE + 1)])
def test_garbage_is_refused(data: bytes) -> None:
    """Nothing, another protocol, and too much."""
    with pytest.raises(FormatError):
        read_response(data, make_request(CONTENT))


# --- tokens that lie


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"usages": (ExtendedKeyUsageOID.CODE_SIGNING,)}, "for timestamps alone"),
        ({"usages": ()}, "not one for timestamps"),
        ({"is_critical": False}, "for timestamps alone"),
        (
            {"usages": (ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.SERVER_AUTH)},
            "for timestamps alone",
        ),
    ],
)
def test_a_certificate_for_other_purposes_is_refused(
    tmp_path: Path, root: Issuer, changed: dict[str, Any], sentence: str
) -> None:
    """Whoever may sign code, or serve pages, may not say what time it is."""
    stamper = Stamper(tmp_path, root, **changed)
    with pytest.raises(VerificationError, match=sentence):
        verify_token(parse_token(stamper.make_token(CONTENT, AT)))


def test_a_token_that_names_no_certificate_is_refused(stamper: Stamper) -> None:
    """Otherwise another certificate with the same key could stand in its place."""
    with pytest.raises(VerificationError, match="does not name"):
        verify_token(parse_token(stamper.make_token(CONTENT, AT, is_named=False)))


def test_a_token_of_another_content_is_refused(stamper: Stamper) -> None:
    """Signed data that is no timestamp."""
    with pytest.raises(FormatError, match="no timestamp"):
        parse_token(stamper.sign(make_info(bytes(32), AT), kind="pkcs7-data"))


def test_another_certificate_of_the_same_name_is_refused(
    tmp_path: Path, stamper: Stamper, root: Issuer
) -> None:
    """The certificate is exchanged for one of another key: the token names the first."""
    token = stamper.make_token(CONTENT, AT)
    mine = stamper.certificate.public_bytes(Encoding.DER)
    forged = mine[:-1] + bytes([mine[-1] ^ 1])
    with pytest.raises(VerificationError, match="another certificate"):
        verify_token(parse_token(token.replace(mine, forged)))


def test_another_root_is_refused(stamper: Stamper) -> None:
    """A root of the same name is another one."""
    stamp = parse_token(_reply(stamper))
    with pytest.raises(VerificationError, match="No chain"):
        verify_chain(stamp, (make_root().certificate,))


def test_a_time_that_was_changed_is_found(stamper: Stamper) -> None:
    """Three days earlier: the digest that was signed is another."""
    token = stamper.make_token(CONTENT, AT)
    earlier = token.replace(b"20231114", b"20231111")
    assert earlier != token
    with pytest.raises(VerificationError, match="changed after"):
        verify_token(parse_token(earlier))


@pytest.mark.parametrize(
    "time", [b"20231314000000Z", b"20231114221320", b"19691231235959Z", b"now"]
)
def test_a_time_that_is_none_is_refused(stamper: Stamper, time: bytes) -> None:
    """Months have their number, and there is a zone."""
    info = make_info(hashlib.sha256(CONTENT).digest(), AT)
    old = b"\x18\x0f20231114221320Z"
    changed = read_one(info, SEQUENCE).value.replace(old, write_element(0x18, time))
    with pytest.raises(FormatError, match="time"):
        parse_token(stamper.sign(write_element(SEQUENCE, changed)))


def test_a_fraction_of_a_second_is_left_out(stamper: Stamper) -> None:
    """Times are whole seconds here."""
    info = make_info(hashlib.sha256(CONTENT).digest(), AT)
    old = b"\x18\x0f20231114221320Z"
    changed = read_one(info, SEQUENCE).value.replace(
        old, write_element(0x18, b"20231114221320.75Z")
    )
    assert parse_token(stamper.sign(write_element(SEQUENCE, changed))).at == AT


def test_another_hash_is_refused(stamper: Stamper) -> None:
    """SHA-512 is as good, and is not what formats §3.3 says."""
    info = make_info(bytes(32), AT).replace(
        bytes.fromhex("608648016503040201"), bytes.fromhex("608648016503040203")
    )
    with pytest.raises(FormatError, match="SHA-256"):
        parse_token(stamper.sign(info))


def test_a_token_is_not_endless() -> None:
    """Before anything of it is read."""
    with pytest.raises(FormatError, match="longer than"):
        parse_token(bytes(LONGEST_TOKEN + 1))


@pytest.fixture(scope="module")
def token(stamper: Stamper) -> bytes:
    """An honest token, to be changed."""
    return stamper.make_token(CONTENT, AT)


@settings(max_examples=300, deadline=None)
@given(draw=st.data())
def test_a_changed_token_says_the_same_or_is_refused(
    token: bytes, root: Issuer, draw: st.DataObject
) -> None:
    """Bits that are not signed may differ; whatever holds says what was signed."""
    changed = bytearray(token)
    for _ in range(draw.draw(st.integers(1, 3))):
        changed[draw.draw(st.integers(0, len(token) - 1))] ^= draw.draw(st.integers(1, 255))
    try:
        stamp = parse_token(bytes(changed))
        verify_token(stamp)
        verify_chain(stamp, (root.certificate,))
    except (FormatError, VerificationError):
        return
    assert (stamp.imprint, stamp.at) == (hashlib.sha256(CONTENT).digest(), AT)


@settings(max_examples=200, deadline=None)
@given(data=st.binary(max_size=400))
def test_any_answer_is_read_or_refused(data: bytes) -> None:
    """Whatever an authority sends, it is an answer or one of our errors."""
    with pytest.raises(UndersignedError):
        read_response(data, make_request(CONTENT))


# --- roots


def test_roots_are_read_once_each(root: Issuer) -> None:
    """One file may hold many, and one of them twice."""
    other = make_root("Another")
    roots = parse_roots(root.pem + other.pem + root.pem)
    assert roots == (root.certificate, other.certificate)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not PEM",
        bytes(LONGEST_ROOTS + 1),
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    ],
)
def test_roots_that_cannot_be_read(data: bytes) -> None:
    """Nothing, something else, too much, and what only looks like one."""
    with pytest.raises(FormatError):
        parse_roots(data)


def test_born_too_late(tmp_path: Path, root: Issuer) -> None:
    """A certificate cannot speak for the time before it was made."""
    stamper = Stamper(tmp_path, root, born=BORN + dt.timedelta(days=3_000))
    stamp = parse_token(stamper.make_token(CONTENT, AT))
    with pytest.raises(VerificationError, match="valid at the time"):
        verify_chain(stamp, (root.certificate,))
