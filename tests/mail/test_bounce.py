"""Bounces: reports of several kinds of servers, what is no report, and garbage."""

import contextlib
import email
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from undersigned.errors import FormatError
from undersigned.mail.bounce import LONGEST_BOUNCE, Bounce, parse_bounce

ID = "0123456789abcdef0123456789abcdef"

HEAD = """\
From: MAILER-DAEMON@mx.example
To: no-reply@letters.example
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain; charset=utf-8

This is the mail system. ada@staff.example: user unknown.

"""

STATUS = """\
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example
{envelope}
Final-Recipient: rfc822; ada@staff.example
Action: {action}
{status}
Diagnostic-Code: smtp; 550 5.1.1 user unknown

"""

RETURNED = """\
--b
Content-Type: {kind}

Return-Path: <no-reply@letters.example>
From: no-reply@letters.example
To: ada@staff.example
Message-ID: <{id}@letters.example>
Subject: Open letter

{body}
--b--
"""


def _report(
    *,
    envelope: str = "",
    action: str = "failed",
    status: str = "Status: 5.1.1",
    kind: str = "text/rfc822-headers",
    returned: str = ID,
    body: str = "",
) -> bytes:
    """Write a report as servers do; the words replace those of the usual one."""
    line = f"{envelope}\n" if envelope else ""
    text = HEAD + STATUS.format(envelope=line, action=action, status=status)
    if kind:
        text += RETURNED.format(kind=kind, id=returned, body=body)
    return text.replace("\n", "\r\n").encode()


@pytest.mark.parametrize("kind", ["text/rfc822-headers", "message/rfc822"])
def test_the_mail_is_known_by_its_message_id(kind: str) -> None:
    """Whether its headers or all of it come back."""
    assert parse_bounce(_report(kind=kind)) == Bounce(bytes.fromhex(ID), "5.1.1")


def test_the_mail_is_known_by_its_envelope() -> None:
    """Where the server was asked to say it; nothing needs to come back then."""
    data = _report(envelope=f"Original-Envelope-Id: {ID}", kind="")
    assert parse_bounce(data) == Bounce(bytes.fromhex(ID), "5.1.1")


def test_line_feeds_alone_are_read_too() -> None:
    """A mail server hands a mail to a program with the line ends of its system."""
    data = _report().replace(b"\r\n", b"\n")
    assert parse_bounce(data) == Bounce(bytes.fromhex(ID), "5.1.1")


@pytest.mark.parametrize("action", ["delayed", "delivered", "relayed", "expanded", "", "fail"])
def test_what_did_not_fail_is_no_bounce(action: str) -> None:
    """A mail that is late is still on its way."""
    assert parse_bounce(_report(action=action)) is None


@pytest.mark.parametrize("status", ["Status: broken", "Status: 5.1", "", "Status: <script>"])
def test_a_status_that_is_none_is_replaced(status: str) -> None:
    """By the one that says nothing more; the report's own words are shown nowhere."""
    assert parse_bounce(_report(status=status)) == Bounce(bytes.fromhex(ID), "5.0.0")


@pytest.mark.parametrize(
    "returned", ["", "x", ID[:-1], ID + "0", ID.upper(), f"{ID}> <{ID}", "../../etc"]
)
def test_a_mail_that_is_not_ours_is_no_bounce(returned: str) -> None:
    """Its id has another form."""
    assert parse_bounce(_report(returned=returned)) is None


def test_an_id_within_the_text_is_not_believed() -> None:
    """Only that of the mail's own headers is."""
    body = f"Message-ID: <{'f' * 32}@letters.example>"
    assert parse_bounce(_report(body=body)) == Bounce(bytes.fromhex(ID), "5.1.1")
    assert parse_bounce(_report(returned="x", body=f"\nMessage-ID: <{ID}@a.example>")) is None


def test_an_answer_of_a_person_is_no_bounce() -> None:
    """Nor is an absence note."""
    data = (
        f"From: a@b.example\r\nIn-Reply-To: <{ID}@letters.example>\r\n\r\nThank you.\r\n".encode()
    )
    assert parse_bounce(data) is None


def test_what_is_no_mail_is_refused() -> None:
    """Nothing at all, and bytes without a header."""
    for data in (b"", b"\r\n", b"hello", bytes(1000)):
        with pytest.raises(FormatError):
            parse_bounce(data)


def test_a_long_mail_is_cut() -> None:
    """The report stands before what comes back, and is enough."""
    data = _report(kind="message/rfc822", body="x" * (2 * LONGEST_BOUNCE))
    assert parse_bounce(data) == Bounce(bytes.fromhex(ID), "5.1.1")


def test_parts_within_parts_end_somewhere() -> None:
    """However deep they lie."""
    data = b"".join(
        b'Content-Type: multipart/report; boundary="%d"\r\n\r\n--%d\r\n' % (i, i)
        for i in range(3_000)
    )
    with contextlib.suppress(FormatError):
        assert parse_bounce(data) is None


@given(st.binary(max_size=2_000))
def test_garbage_is_no_bounce(data: bytes) -> None:
    """It is read as no bounce, or refused; nothing else happens."""
    with contextlib.suppress(FormatError):
        assert parse_bounce(data) is None


@given(st.integers(0, len(_report()) - 1), st.binary(min_size=1, max_size=40))
def test_a_damaged_report_says_nothing_false(at: int, junk: bytes) -> None:
    """It names the mail that it named before, or one of another id, or none; its code is a code."""
    data = _report(envelope=f"Original-Envelope-Id: {ID}")
    damaged = data[:at] + junk + data[at + len(junk) :]
    try:
        bounce = parse_bounce(damaged)
    except FormatError:
        return
    if bounce is not None:
        assert len(bounce.mail) == 16
        assert bounce.code.replace(".", "").isdigit()


def test_our_own_mail_can_be_told_apart(tmp_path: Path) -> None:
    """The id that a mail is sent under is the one that a report names."""
    from undersigned.mail import Mail, OutboxMailer

    OutboxMailer(tmp_path, "no-reply@letters.example").send(Mail(ID, "a@b.example", "S", "B\n"))
    sent = email.message_from_bytes((tmp_path / f"{ID}.eml").read_bytes())
    returned = str(sent["Message-ID"]).strip("<>").partition("@")[0]
    assert parse_bounce(_report(returned=returned)) == Bounce(bytes.fromhex(ID), "5.1.1")
