"""Timestamps of RFC 3161: what is asked, whether the answer holds, and whom a token leads to.

Requests, and chains of certificates up to a trusted root, are the business of `rfc3161_client`, which
needs roots to say anything at all; what can be said without them is in `timestamp_token`. It is imported
when it is first needed, which in most processes is never. Answers may
be made by anybody: nothing but FormatError and VerificationError leaves this module.
"""

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from cryptography import x509

from undersigned.crypto import der
from undersigned.crypto.der import Element, Fields
from undersigned.crypto.timestamp_token import LONGEST_TOKEN, Stamp, parse_token, verify_token
from undersigned.errors import FormatError, VerificationError

if TYPE_CHECKING:
    from rfc3161_client import TimeStampResponse

LONGEST_RESPONSE: Final = LONGEST_TOKEN + 4_096
"""A token, and the authority's status in words."""
LONGEST_ROOTS: Final = 1_048_576
"""Bytes: the roots that a whole operating system trusts are 250 kB."""
MOST_ROOTS: Final = 1_000

Roots: TypeAlias = tuple[x509.Certificate, ...]
"""Certificates that a reader trusts to name authorities."""

_GRANTED: Final = (0, 1)
_INTERRUPTED: Final = (KeyboardInterrupt, SystemExit)


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent to an authority, and the nonce that has to come back."""

    content: bytes
    imprint: bytes
    nonce: int


def make_request(content: bytes) -> Request:
    """Return the request for a timestamp of bytes: their SHA-256, a fresh nonce, and certificates."""
    import rfc3161_client as tsp

    builder = tsp.TimestampRequestBuilder().data(content)
    request = (
        builder.hash_algorithm(tsp.HashAlgorithm.SHA256).cert_request(cert_request=True).build()
    )
    if request.nonce is None:
        raise FormatError("the request for a timestamp has no nonce")
    return Request(request.as_bytes(), hashlib.sha256(content).digest(), request.nonce)


def read_response(data: bytes, request: Request) -> tuple[bytes, Stamp]:
    """Return the token (DER) of an authority's answer, and what it says, once it is verified.

    Raises FormatError; VerificationError if it was not granted, is another request's, or does not hold.
    """
    if len(data) > LONGEST_RESPONSE:
        raise FormatError(f"the answer is longer than {LONGEST_RESPONSE} bytes")
    fields = Fields(der.read_one(data, der.SEQUENCE))
    status = der.read_integer(Fields(fields.take(der.SEQUENCE)).take(der.INTEGER))
    if status not in _GRANTED:
        raise VerificationError(f"The authority did not grant a timestamp (status {status}).")
    token = fields.take(der.SEQUENCE).whole
    fields.end()
    stamp = parse_token(token)
    if stamp.imprint != request.imprint:
        raise VerificationError("The authority has stamped something else than it was sent.")
    if stamp.nonce != request.nonce:
        raise VerificationError("The answer is one to another request: its nonce differs.")
    verify_token(stamp)
    _decode(stamp)  # a token that the library cannot read could never be verified up to a root
    return token, stamp


def parse_roots(data: bytes) -> Roots:
    """Read trusted certificates (PEM, one after another). Raises FormatError."""
    if len(data) > LONGEST_ROOTS:
        raise FormatError(f"the trusted certificates are longer than {LONGEST_ROOTS} bytes")
    try:
        roots = tuple(dict.fromkeys(x509.load_pem_x509_certificates(data)))
    except Exception:  # noqa: BLE001 - see _guard
        raise FormatError("the trusted certificates are not PEM, or one cannot be read") from None
    if len(roots) > MOST_ROOTS:
        raise FormatError(f"there are more than {MOST_ROOTS} trusted certificates")
    return roots


def verify_chain(stamp: Stamp, roots: Roots) -> None:
    """Verify that a chain leads from a token's signer to a trusted root, valid at its time.

    Raises VerificationError, FormatError.
    """
    import rfc3161_client as tsp

    verifier = tsp.VerifierBuilder(roots=list(roots)).build()
    response = _decode(stamp)
    try:
        verifier.verify(response, stamp.imprint)
    except tsp.VerificationError:
        raise VerificationError(
            f"No chain of certificates, valid at the time, leads from {stamp.authority} to a trusted root."
        ) from None
    except _INTERRUPTED:
        raise
    except BaseException:  # noqa: BLE001 - a panic of the library is none of Exception
        raise FormatError("the token cannot be read for its chain") from None


def _decode(stamp: Stamp) -> "TimeStampResponse":
    """Let the library read a token, in the answer that it wants around it. Raises FormatError."""
    import rfc3161_client as tsp

    status = der.write_element(der.SEQUENCE, der.write_element(der.INTEGER, b"\0"))
    response = der.write_element(der.SEQUENCE, status + _with_sorted_certificates(stamp.token))
    try:
        return tsp.decode_timestamp_response(response)
    except _INTERRUPTED:
        raise
    except BaseException:  # noqa: BLE001 - see verify_chain
        raise FormatError("the token cannot be read for its chain") from None


def _with_sorted_certificates(token: Element) -> bytes:
    """Write a token with its certificates in the order of DER, which authorities do not keep.

    They stand outside of what is signed, so the signature holds as before.
    """
    kind, content = der.read_elements(token.value)
    parts = [
        der.write_element(
            part.tag, b"".join(sorted(each.whole for each in der.read_elements(part.value)))
        )
        if part.tag == der.CONTEXT_0
        else part.whole
        for part in der.read_elements(der.read_one(content.value, der.SEQUENCE).value)
    ]
    signed = der.write_element(der.SEQUENCE, b"".join(parts))
    return der.write_element(der.SEQUENCE, kind.whole + der.write_element(content.tag, signed))
