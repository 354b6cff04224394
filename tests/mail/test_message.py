"""The bytes of a mail: both parts, both languages, attachments, and no way to add a header."""

import email
from email.message import EmailMessage
from email.policy import default

import pytest
from hypothesis import given
from hypothesis import strategies as st

from undersigned.errors import FormatError
from undersigned.mail.message import Attachment, Mail, format_mail

SENDER = "no-reply@letters.example"


def _read(mail: Mail) -> EmailMessage:
    data = format_mail(mail, SENDER)
    assert data.isascii()
    assert max(map(len, data.split(b"\r\n"))) <= 998
    message = email.message_from_bytes(data, policy=default)
    assert isinstance(message, EmailMessage)
    return message


def test_text_and_html_stand_side_by_side() -> None:
    """A reader shows the one that it can; the text comes first."""
    mail = Mail(
        "a1", "a@b.example", "S", "Teks Ł\n", html="<p>Teks Ł</p>\n", lang="id", at=1_700_000_000
    )
    message = _read(mail)
    assert message.get_content_type() == "multipart/alternative"
    parts = list(message.iter_parts())
    assert [part.get_content_type() for part in parts] == ["text/plain", "text/html"]
    contents = [
        part.get_content().replace("\r\n", "\n") for part in parts if isinstance(part, EmailMessage)
    ]
    assert contents == [mail.body, mail.html]
    assert message["Content-Language"] == "id"
    assert message["Date"] == "Tue, 14 Nov 2023 22:13:20 +0000"


def test_an_attachment_comes_whole() -> None:
    """With its name and its type, beside text and HTML."""
    content = bytes(range(256)) * 50
    mail = Mail(
        "a1", "a@b.example", "S", "B\n", html="<p>B</p>\n",
        attachments=(Attachment("letter.pdf", "application/pdf", content),),
    )  # fmt: skip
    (found,) = _read(mail).iter_attachments()
    assert (found.get_filename(), found.get_content_type()) == ("letter.pdf", "application/pdf")
    assert isinstance(found, EmailMessage)
    assert found.get_content() == content


def test_members_can_leave_in_one_click() -> None:
    """By the two headers of RFC 8058; no other header can be handed in."""
    headers = (
        ("List-Unsubscribe", "<https://letters.example/stop/abc>"),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
    )
    message = _read(Mail("a1", "a@b.example", "S", "B\n", headers=headers))
    assert [message[name] for name, _ in headers] == [value for _, value in headers]
    with pytest.raises(FormatError):
        format_mail(
            Mail("a1", "a@b.example", "S", "B\n", headers=(("Bcc", "x@y.example"),)), SENDER
        )


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=60))
def test_nothing_becomes_a_header(recipient: str, subject: str, value: str) -> None:
    """Whatever is in an address, a subject or a value: it is written there, or not at all."""
    mail = Mail(
        "a1", recipient + "@b.example", subject, "B\n", headers=(("List-Unsubscribe", value),)
    )
    try:
        data = format_mail(mail, SENDER)
    except FormatError:
        return
    names = {name for name, _ in email.message_from_bytes(data).items()}
    assert names <= {
        "From", "To", "Subject", "Message-ID", "Auto-Submitted", "List-Unsubscribe",
        "Content-Type", "Content-Transfer-Encoding", "MIME-Version",
    }  # fmt: skip
