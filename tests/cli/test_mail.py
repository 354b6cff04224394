"""`undersigned mail bounce`: what a mail server hands over on the standard input."""

from pathlib import Path

from tests.cli.conftest import Run

from undersigned.app.site import make_site

REPORT = """\
From: MAILER-DAEMON@mx.example
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example
Original-Envelope-Id: 0123456789abcdef0123456789abcdef

Final-Recipient: rfc822; ada@staff.example
Action: failed
Status: 5.1.1

--b--
"""


def test_whatever_comes_to_the_senders_address_is_taken(script: Run, tmp_path: Path) -> None:
    """A report of another mail and a person's answer are no errors; what is no mail is one."""
    make_site(tmp_path / "site", "letters.example").close()
    for mail, said in (
        (REPORT, "no letter was sent by that mail"),
        ("From: a@b.example\n\nThank you.\n", "this is no report of a mail that came back"),
    ):
        done = script("mail", "bounce", "--data", tmp_path / "site", stdin=mail)
        assert done.code == 0, done.err
        assert said in done.out + done.err
        assert "ada" not in done.out + done.err
    assert script("mail", "bounce", "--data", tmp_path / "site", stdin="").code == 2
