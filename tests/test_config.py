"""Settings: what the environment says, what it must not say, and what the documentation says of both."""

import os
import re
from pathlib import Path

import pytest

from undersigned.config import PREFIX, Settings, read_settings, variable_names
from undersigned.errors import FormatError

DOCUMENT = Path(__file__).parents[1] / "docs" / "settings.md"
URL = "smtps://user:hunter2@mail.example:465"


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start without a setting."""
    for name in os.environ:
        if name.startswith(PREFIX):
            monkeypatch.delenv(name)


def test_documentation_is_the_class() -> None:
    """Every variable is documented with its default and its sentence, and no other is."""
    text = DOCUMENT.read_text()
    rows = re.findall(r"^\| (`UNDERSIGNED_.*?) \| (.*?) \| (.*) \|$", text, re.MULTILINE)
    documented = {name for names, _, _ in rows for name in re.findall(r"`(\w+)`", names)}
    assert documented == variable_names()
    by_name = {re.findall(r"`(\w+)`", names)[0]: rest for names, *rest in rows}
    for name, field in Settings.model_fields.items():
        default = "-" if field.default is None else f"`{field.default}`"
        assert by_name[PREFIX + name.upper()] == [default, field.description]


def test_defaults_are_safe() -> None:
    """Without any setting the site listens on this machine only and sends no mail."""
    settings = read_settings()
    assert settings.host == "127.0.0.1"
    assert settings.smtp_url is None
    assert settings.timestamp_urls is None


def test_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every variable sets its member."""
    for name, value in {
        "DATA": "/srv/site", "HOST": "::", "PORT": "80", "SMTP_URL": URL, "MAIL_SENDER": "a@b.example",
        "TIMESTAMP_URLS": f"{URL} {URL}",
    }.items():  # fmt: skip
        monkeypatch.setenv(PREFIX + name, value)
    settings = read_settings()
    assert settings.data == Path("/srv/site")
    assert (settings.host, settings.port, settings.mail_sender) == ("::", 80, "a@b.example")
    assert settings.smtp_url is not None
    assert settings.smtp_url.get_secret_value() == URL
    assert settings.timestamp_urls is not None
    assert settings.timestamp_urls.get_secret_value() == f"{URL} {URL}"
    assert "hunter2" not in repr(settings) + str(settings)


def test_secrets_come_from_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`_FILE` names a file whose last line feed is no part of the secret."""
    file = tmp_path / "smtp"
    file.write_text(URL + "\n")
    monkeypatch.setenv("UNDERSIGNED_SMTP_URL_FILE", str(file))
    secret = read_settings().smtp_url
    assert secret is not None
    assert secret.get_secret_value() == URL
    monkeypatch.setenv("UNDERSIGNED_SMTP_URL", URL)
    with pytest.raises(FormatError, match="both set"):
        read_settings()


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff", b"x" * 5000])
def test_odd_files_are_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes
) -> None:
    """A file that is empty, too long or no text is no secret; so is one that is not there."""
    file = tmp_path / "smtp"
    monkeypatch.setenv("UNDERSIGNED_SMTP_URL_FILE", str(file))
    with pytest.raises(FormatError):
        read_settings()
    file.write_bytes(content)
    with pytest.raises(FormatError) as caught:
        read_settings()
    assert str(file) not in caught.value.detail


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "0"), ("PORT", "65536"), ("PORT", "http"), ("HOST", ""),
        ("MAIL_SENDER", "nobody"), ("MAIL_SENDER", "a b@c.example"), ("MAIL_SENDER", "a@c.example\n"),
        ("OPERATOR", " x"), ("OPERATOR", "The House\n"), ("PROT", "80"), ("PORT_FILE", "x"),
    ],
)  # fmt: skip
def test_wrong_settings_are_named_without_their_value(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """A wrong or misspelt variable is named; its value is not told."""
    monkeypatch.setenv(PREFIX + name, value)
    with pytest.raises(FormatError) as caught:
        read_settings()
    assert PREFIX + name in caught.value.detail
    assert not value or value in "0x" or value not in caught.value.detail


@pytest.mark.parametrize("name", ["CONTACT", "SECURITY_CONTACT"])
def test_contacts_are_addresses(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Up to four of the three kinds that RFC 9116 has; nothing that could begin a line of its own."""
    good = "mailto:a@b.example https://b.example/report tel:+62-21-555"
    for value in ("mailto:a@b.example", good):
        monkeypatch.setenv(PREFIX + name, value)
        assert getattr(read_settings(), name.lower()) == value
    for value in (
        "", "a@b.example", "http://b.example", "mailto:a", "javascript:alert(1)", "mailto:a@b.example ",
        "mailto:a@b.example\n",
        "mailto:a@b.example\nContact: mailto:evil@c.example", " ".join(["tel:+1-555"] * 5), "tel:555",
        "https://b.example/<a>",
    ):  # fmt: skip
        monkeypatch.setenv(PREFIX + name, value)
        with pytest.raises(FormatError, match=PREFIX + name):
            read_settings()
