"""What serves: the mailer that the settings ask for, or a sentence that says what is wrong with them."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic import SecretStr

from undersigned.cli.adapters import mailer_of
from undersigned.config import Settings
from undersigned.errors import FormatError
from undersigned.mail import Mail


@pytest.fixture(scope="module")
def pem() -> SecretStr:
    """A key of an operator."""
    key = rsa.generate_private_key(65537, 2048)
    data = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    return SecretStr(data.decode())


def test_mails_are_signed_for_the_senders_domain(tmp_path: Path, pem: SecretStr) -> None:
    """Also where they only become files."""
    (tmp_path / "outbox").mkdir()
    settings = Settings(dkim_selector="s2026", dkim_key=pem, mail_sender="letters@mail.example")
    mailer_of(settings, "letters.example", tmp_path).send(Mail("a1", "a@b.example", "S", "B\n"))
    data = (tmp_path / "outbox" / "a1.eml").read_bytes()
    assert data.startswith(b"DKIM-Signature:")
    assert b"d=mail.example" in data
    assert b"s=s2026" in data


def test_half_a_dkim_key_is_refused(tmp_path: Path, pem: SecretStr) -> None:
    """And one that cannot sign: when the site starts, without a word of the key."""
    for settings in (
        Settings(dkim_selector="s2026"),
        Settings(dkim_key=pem),
        Settings(dkim_selector="s2026", dkim_key=SecretStr("hunter2")),
    ):
        with pytest.raises(FormatError) as caught:
            mailer_of(settings, "letters.example", tmp_path)
        assert "hunter2" not in str(caught.value)
