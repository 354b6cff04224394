"""DKIM: a signature that a verifier holds good, over all that a mail shows, and keys that are refused."""

import base64
import email
from email.policy import default

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from undersigned.errors import FormatError
from undersigned.mail.message import Attachment, Mail, format_mail
from undersigned.mail.signing import DkimKey

SENDER = "no-reply@letters.example"
MAIL = Mail(
    "a1b2",
    "ada@staff.example",
    "Kepada pengurus – to the board",
    "Body\n.\nŁ\n",
    html="<p>Body Ł</p>\n",
    lang="id",
    at=1_700_000_000,
    headers=(("List-Unsubscribe", "<https://letters.example/stop>"),),
    attachments=(Attachment("letter.pdf", "application/pdf", bytes(range(256)) * 9),),
)


@pytest.fixture(scope="module")
def rsa_key() -> rsa.RSAPrivateKey:
    """A key of an operator."""
    return rsa.generate_private_key(65537, 2048)


def _pem(
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, kind: str = "TraditionalOpenSSL"
) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM,
        getattr(serialization.PrivateFormat, kind),
        serialization.NoEncryption(),
    ).decode()


def _dns(key: rsa.RSAPrivateKey):  # type: ignore[no-untyped-def]  # as dkimpy calls it
    spki = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )

    def answer(name: bytes, timeout: int = 5) -> bytes | None:
        if name != b"s2026._domainkey.letters.example.":
            return None
        return b"v=DKIM1; k=rsa; p=" + base64.b64encode(spki)

    return answer


def _verify(message: bytes, key: rsa.RSAPrivateKey) -> bool:
    return bool(dkim.verify(message, dnsfunc=_dns(key)))


@pytest.mark.parametrize("kind", ["TraditionalOpenSSL", "PKCS8"])
def test_a_signed_mail_verifies(rsa_key: rsa.RSAPrivateKey, kind: str) -> None:
    """By what the DNS says of the selector; and it is the same mail."""
    signed = DkimKey("s2026", "letters.example", _pem(rsa_key, kind)).sign(
        format_mail(MAIL, SENDER)
    )
    assert _verify(signed, rsa_key)
    message = email.message_from_bytes(signed, policy=default)
    assert message["Subject"] == MAIL.subject
    assert "d=letters.example" in message["DKIM-Signature"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"Body", b"Bodi"),
        (b"To: ada@", b"To: adi@"),
        (b"Subject: ", b"Subject: x"),
        (b"/stop>", b"/go>"),
        (b"From: no-reply@", b"From: other@letters.example\r\nFrom: no-reply@"),
    ],
)
def test_a_changed_mail_does_not_verify(rsa_key: rsa.RSAPrivateKey, old: bytes, new: bytes) -> None:
    """Not its text, its headers, or a second sender before the first."""
    signed = DkimKey("s2026", "letters.example", _pem(rsa_key)).sign(format_mail(MAIL, SENDER))
    assert old in signed
    assert not _verify(signed.replace(old, new, 1), rsa_key)


def test_another_key_does_not_verify(rsa_key: rsa.RSAPrivateKey) -> None:
    """The DNS is believed, not the mail."""
    other = rsa.generate_private_key(65537, 2048)
    signed = DkimKey("s2026", "letters.example", _pem(other)).sign(format_mail(MAIL, SENDER))
    assert not _verify(signed, rsa_key)


def test_what_cannot_sign_is_refused_at_once(rsa_key: rsa.RSAPrivateKey) -> None:
    """When the site starts; without a word of the key."""
    good = _pem(rsa_key)
    curve = _pem(ec.generate_private_key(ec.SECP256R1()))
    for selector, domain, pem in (
        ("", "letters.example", good),
        ("a b", "letters.example", good),
        ("x" * 64, "letters.example", good),
        ("s", "bücher.example", good),
        ("s", "letters.example", "no key"),
        ("s", "letters.example", good[:300]),
        ("s", "letters.example", curve),
        ("s", "letters.example", good.replace("A", "B", 9)),
    ):
        with pytest.raises(FormatError) as caught:
            DkimKey(selector, domain, pem)
        assert pem not in str(caught.value)
        assert "KEY-" not in str(caught.value)
    assert "PRIVATE" not in repr(DkimKey("s", "letters.example", good))
