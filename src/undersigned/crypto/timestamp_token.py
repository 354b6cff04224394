"""Timestamp tokens (RFC 3161 §2.4.2, RFC 5652): what one says, and that its certificate has signed it.

1. The token's content is a TSTInfo over SHA-256.
2. One signer, whose certificate is in the token and is for timestamps alone.
3. The signed attributes name that certificate, and the digest of the content.
4. The signature over them holds under the certificate's key.

Whose certificate it is, `timestamp` says, by a chain to a trusted root. The rules are those of formats
§3.3. A token may be made by anybody: nothing but FormatError and VerificationError leaves this module.
"""

import datetime as dt
import hashlib
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from undersigned.crypto import der
from undersigned.crypto.der import Element, Fields
from undersigned.errors import FormatError, VerificationError

LONGEST_TOKEN: Final = 32_768
"""Bytes: four certificates with keys of 4096 bits are 8 kB."""
LONGEST_AUTHORITY: Final = 200
MOST_CERTIFICATES: Final = 10

_SIGNED_DATA: Final = bytes.fromhex("2a864886f70d010702")
_TST_INFO: Final = bytes.fromhex("2a864886f70d0109100104")
_CONTENT_TYPE: Final = bytes.fromhex("2a864886f70d010903")
_MESSAGE_DIGEST: Final = bytes.fromhex("2a864886f70d010904")
_SIGNING_CERTIFICATE: Final = bytes.fromhex("2a864886f70d010910020c")
_SIGNING_CERTIFICATE_V2: Final = bytes.fromhex("2a864886f70d010910022f")
_SHA256: Final = bytes.fromhex("608648016503040201")
_DIGESTS: Final[dict[bytes, hashes.HashAlgorithm]] = {
    _SHA256: hashes.SHA256(),
    bytes.fromhex("608648016503040202"): hashes.SHA384(),
    bytes.fromhex("608648016503040203"): hashes.SHA512(),
}
_RSA: Final = bytes.fromhex("2a864886f70d010101")  # the digest is that of the attributes
_SIGNATURES: Final[dict[bytes, hashes.HashAlgorithm]] = {
    bytes.fromhex("2a864886f70d01010b"): hashes.SHA256(),  # with RSA
    bytes.fromhex("2a864886f70d01010c"): hashes.SHA384(),
    bytes.fromhex("2a864886f70d01010d"): hashes.SHA512(),
    bytes.fromhex("2a8648ce3d040302"): hashes.SHA256(),  # ECDSA
    bytes.fromhex("2a8648ce3d040303"): hashes.SHA384(),
    bytes.fromhex("2a8648ce3d040304"): hashes.SHA512(),
}
_TIME: Final = re.compile(rb"([0-9]{14})(?:\.[0-9]{1,9})?Z")

S = TypeVar("S")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a token says: SHA-256 of what was stamped, when (UTC seconds), by whom, for which nonce."""

    imprint: bytes
    at: int
    authority: str
    nonce: int | None
    info: bytes
    signer: "Signer"
    certificate: x509.Certificate
    token: Element


@dataclass(frozen=True, slots=True)
class Signer:
    """What the one SignerInfo of a token says."""

    issuer: bytes
    serial: int
    digest: hashes.HashAlgorithm
    attributes: Element
    algorithm: bytes
    signature: bytes


def parse_token(data: bytes) -> Stamp:
    """Read a TimeStampToken (DER); nothing of it is verified. Raises FormatError."""
    if len(data) > LONGEST_TOKEN:
        raise FormatError(f"the token is longer than {LONGEST_TOKEN} bytes")
    token = der.read_one(data, der.SEQUENCE)
    content = Fields(token)
    _expect(content.take(der.OID), _SIGNED_DATA, "no signed data")
    signed = Fields(der.read_one(content.take(der.CONTEXT_0).value, der.SEQUENCE))
    content.end()
    signed.take(der.INTEGER)
    signed.take(der.SET)  # digest algorithms: the signer's own is what counts
    info = _read_content(signed.take(der.SEQUENCE))
    certificates = _read_certificates(signed.find(der.CONTEXT_0))
    signed.find(der.CONTEXT_1)  # revocation lists
    signers = der.read_elements(signed.take(der.SET).value)
    signed.end()
    if len(signers) != 1:
        raise FormatError("the token must have one signer")
    signer = _read_signer(signers[0])
    certificate = _find_certificate(signer, certificates)
    imprint, at, nonce = _read_info(info)
    return Stamp(imprint, at, _name_of(certificate), nonce, info, signer, certificate, token)


def _expect(element: Element, value: bytes, problem: str) -> None:
    if element.value != value:
        raise FormatError(f"the token: {problem}")


def _read_content(sequence: Element) -> bytes:
    fields = Fields(sequence)
    _expect(fields.take(der.OID), _TST_INFO, "no timestamp in it")
    content = der.read_one(fields.take(der.CONTEXT_0).value, der.OCTETS).value
    fields.end()
    return content


def _read_info(content: bytes) -> tuple[bytes, int, int | None]:
    """Read a TSTInfo (RFC 3161 §2.4.2): imprint, time, nonce."""
    fields = Fields(der.read_one(content, der.SEQUENCE))
    if der.read_integer(fields.take(der.INTEGER)) != 1:
        raise FormatError("the token: of another version")
    fields.take(der.OID)  # the authority's policy
    imprint = Fields(fields.take(der.SEQUENCE))
    algorithm = Fields(imprint.take(der.SEQUENCE)).take(der.OID)
    _expect(algorithm, _SHA256, "of another hash than SHA-256")
    digest = imprint.take(der.OCTETS).value
    imprint.end()
    if len(digest) != hashlib.sha256().digest_size:
        raise FormatError("the token: its hash is not 32 bytes")
    fields.take(der.INTEGER)  # serial number
    at = _read_time(fields.take(der.TIME).value)
    fields.find(der.SEQUENCE)  # accuracy
    fields.find(der.BOOLEAN)  # ordering
    nonce = fields.find(der.INTEGER)
    fields.find(der.CONTEXT_0)  # a name that the authority gives itself
    fields.find(der.CONTEXT_1)  # extensions
    fields.end()
    return digest, at, None if nonce is None else der.read_integer(nonce)


def _read_time(value: bytes) -> int:
    found = _TIME.fullmatch(value)
    if found is None:
        raise FormatError("the token: its time is not one of RFC 3161")
    try:
        moment = dt.datetime.strptime(found[1].decode(), "%Y%m%d%H%M%S").replace(tzinfo=dt.UTC)
    except ValueError:
        raise FormatError("the token: its time is none") from None
    if moment.year < 1970:
        raise FormatError("the token: its time lies before 1970")
    return int(moment.timestamp())


def _read_certificates(element: Element | None) -> tuple[x509.Certificate, ...]:
    found = () if element is None else der.read_elements(element.value)
    if not 1 <= len(found) <= MOST_CERTIFICATES:
        raise FormatError(f"the token must hold from 1 to {MOST_CERTIFICATES} certificates")
    return tuple(_guard(x509.load_der_x509_certificate, each.whole) for each in found)


def _read_signer(element: Element) -> Signer:
    """Read a SignerInfo (RFC 5652 §5.3) that names its certificate by issuer and serial number."""
    if element.tag != der.SEQUENCE:
        raise FormatError("the token: its signer cannot be read")
    fields = Fields(element)
    fields.take(der.INTEGER)
    name = Fields(fields.take(der.SEQUENCE))
    issuer = name.take(der.SEQUENCE).whole
    serial = der.read_integer(name.take(der.INTEGER))
    name.end()
    digest = _DIGESTS.get(Fields(fields.take(der.SEQUENCE)).take(der.OID).value)
    if digest is None:
        raise FormatError("the token: its signer uses a digest that is not read here")
    attributes = fields.take(der.CONTEXT_0)
    algorithm = Fields(fields.take(der.SEQUENCE)).take(der.OID).value
    signature = fields.take(der.OCTETS).value
    fields.find(der.CONTEXT_1)  # unsigned attributes
    fields.end()
    return Signer(issuer, serial, digest, attributes, algorithm, signature)


def _find_certificate(signer: Signer, certificates: Sequence[x509.Certificate]) -> x509.Certificate:
    for certificate in certificates:
        if _guard(_label_of, certificate) == (signer.issuer, signer.serial):
            return certificate
    raise FormatError("the token does not hold its signer's certificate")


def _label_of(certificate: x509.Certificate) -> tuple[bytes, int]:
    return certificate.issuer.public_bytes(), certificate.serial_number


def _name_of(certificate: x509.Certificate) -> str:
    """Return how an authority is called: the common name of its certificate."""
    text = unicodedata.normalize("NFC", _guard(_read_name, certificate))
    shown = "".join(sign for sign in text if unicodedata.category(sign) not in {"Cc", "Cs"})
    if not shown:
        raise FormatError("the token: its signer has no name")
    return shown[:LONGEST_AUTHORITY]


def _read_name(certificate: x509.Certificate) -> str:
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else certificate.subject.rfc4514_string()


def _guard(read: Callable[[S], T], of: S) -> T:
    """Read a part of a certificate with a library that has many ways to fail. Raises FormatError."""
    try:
        return read(of)
    except Exception:  # noqa: BLE001 - ValueError, TypeError, KeyError, its own, and warnings
        raise FormatError("the token: a certificate in it cannot be read") from None


# --- verifying


def verify_token(stamp: Stamp) -> None:
    """Verify that the certificate in a token signed it, for the purpose of timestamps (2 to 4).

    Raises VerificationError, FormatError. Whose certificate it is, only `verify_chain` can say.
    """
    _verify_purpose(stamp.certificate)
    attributes = _read_attributes(stamp.signer.attributes)
    if _single(attributes, _CONTENT_TYPE, der.OID) != _TST_INFO:
        raise VerificationError("The signature is over something else than a timestamp.")
    if _single(attributes, _MESSAGE_DIGEST, der.OCTETS) != _digest(stamp.signer.digest, stamp.info):
        raise VerificationError("The timestamp was changed after it was signed.")
    _verify_named(attributes, stamp.certificate)
    _verify_signature(stamp.signer, stamp.certificate)


def _verify_purpose(certificate: x509.Certificate) -> None:
    """Check the extended key usage (RFC 3161 §2.3)."""
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except x509.ExtensionNotFound:
        raise VerificationError("The signer's certificate is not one for timestamps.") from None
    except Exception:  # noqa: BLE001 - see _guard
        raise FormatError("the token: a certificate in it cannot be read") from None
    if not usage.critical or list(usage.value) != [ExtendedKeyUsageOID.TIME_STAMPING]:
        raise VerificationError("The signer's certificate is not one for timestamps alone.")


def _read_attributes(element: Element) -> dict[bytes, Element]:
    attributes: dict[bytes, Element] = {}
    for each in der.read_elements(element.value):
        if each.tag != der.SEQUENCE:
            raise FormatError("the token: its attributes cannot be read")
        fields = Fields(each)
        kind = fields.take(der.OID).value
        if kind in attributes:
            raise FormatError("the token: the same attribute twice")
        attributes[kind] = fields.take(der.SET)
        fields.end()
    return attributes


def _single(attributes: dict[bytes, Element], kind: bytes, tag: int) -> bytes | None:
    values = attributes.get(kind)
    return None if values is None else der.read_one(values.value, tag).value


def _digest(algorithm: hashes.HashAlgorithm, data: bytes) -> bytes:
    return hashlib.new(algorithm.name, data).digest()


def _verify_named(attributes: dict[bytes, Element], certificate: x509.Certificate) -> None:
    """Check that what is signed names the certificate (RFC 5035): another with its key would do else."""
    content = certificate.public_bytes(Encoding.DER)
    if (value := _single(attributes, _SIGNING_CERTIFICATE_V2, der.SEQUENCE)) is not None:
        first = Fields(_first_certificate(value))
        named = first.find(der.SEQUENCE)
        kind = _SHA256 if named is None else Fields(named).take(der.OID).value
        if kind not in _DIGESTS:
            raise FormatError(
                "the token: its certificate is named by a digest that is not read here"
            )
        wanted = _digest(_DIGESTS[kind], content)
    elif (value := _single(attributes, _SIGNING_CERTIFICATE, der.SEQUENCE)) is not None:
        first = Fields(_first_certificate(value))
        wanted = hashlib.sha1(content, usedforsecurity=False).digest()
    else:
        raise VerificationError("The timestamp does not name the certificate that signs it.")
    if first.take(der.OCTETS).value != wanted:
        raise VerificationError("The timestamp names another certificate than the one in it.")


def _first_certificate(value: bytes) -> Element:
    certificates = der.read_elements(value)
    named = der.read_elements(certificates[0].value) if certificates else ()
    if not named or named[0].tag != der.SEQUENCE:
        raise FormatError("the token: its signing certificate cannot be read")
    return named[0]


def _verify_signature(signer: Signer, certificate: x509.Certificate) -> None:
    signed = der.write_element(der.SET, signer.attributes.value)
    key = _guard(x509.Certificate.public_key, certificate)
    algorithm = signer.digest if signer.algorithm == _RSA else _SIGNATURES.get(signer.algorithm)
    if algorithm is None:
        raise FormatError("the token: its signature is of a kind that is not read here")
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signer.signature, signed, padding.PKCS1v15(), algorithm)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signer.signature, signed, ec.ECDSA(algorithm))
        else:
            raise FormatError("the token: its signer's key is of a kind that is not read here")
    except InvalidSignature:
        raise VerificationError("The timestamp's signature does not hold.") from None
