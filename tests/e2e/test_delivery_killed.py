"""The server is killed before a letter is released, and while its mail is sent: it arrives all the same.

Then it comes back: `undersigned mail bounce` takes what a mail server would hand over.
"""

import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from email import message_from_bytes, policy
from pathlib import Path

import httpx2
from tests.e2e.community import Member, open_for_members
from tests.e2e.served import mail_sink
from tests.e2e.server import Server
from tests.live import HOST

from undersigned.app.site import make_site
from undersigned.domain.letter import Mode
from undersigned.signer.attempt import Attempt
from undersigned.signer.enrolment import InviteProof
from undersigned.signer.letter_view import get_letter
from undersigned.signer.signing import enrol, sign
from undersigned.store import addressees as addressee_store

SLUG = "killed"
ADDRESSEE = "council@city.example"
PATIENCE_S = 60

REPORT = """\
From: MAILER-DAEMON@mx.example
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; council@city.example
Action: failed
Status: 5.1.1

--b
Content-Type: text/rfc822-headers

Message-ID: {message}

--b--
"""


def wait_for(what: Callable[[], bool]) -> None:
    """Wait until something is so."""
    end = time.monotonic() + PATIENCE_S
    while not what():
        assert time.monotonic() < end
        time.sleep(0.02)


def find(folder: Path, query: str) -> list[tuple[object, ...]]:
    """Ask the collector's database, as it is on the disk now."""
    with closing(sqlite3.connect(f"file:{folder / 'collector.db'}?mode=ro", uri=True)) as database:
        return database.execute(query).fetchall()


def sign_all(url: str, members: list[Member]) -> None:
    """Let everybody sign with their name."""
    with httpx2.Client(base_url=url, timeout=PATIENCE_S) as client:
        view = get_letter(client, SLUG)
        for member in members:
            attempt = Attempt.start(view, None)
            enrol(client, attempt, InviteProof(member.invite))
            attempt.choose(Mode.PUBLIC, None, None)
            sign(client, attempt)


def hand_over(folder: Path, report: str) -> str:
    """Do what a mail server does with a report; return what the program says."""
    command = [sys.executable, "-m", "undersigned", "mail", "bounce", "--data", str(folder)]
    done = subprocess.run(command, input=report, capture_output=True, text=True, timeout=PATIENCE_S)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_a_letter_arrives_once_and_may_come_back(tmp_path: Path) -> None:
    """One delivery, one PDF in the log and one mail, whenever the process dies; and a bounce is noted."""
    folder = tmp_path / "data"
    site = make_site(folder, HOST)
    letter, members = open_for_members(site, tmp_path / "letter", SLUG, 2, rule=2)
    with site.collector.write() as connection:
        addressee_store.put_addressee_addresses(connection, letter.letter_id, {1: ADDRESSEE})
    site.close()
    with mail_sink() as sink:
        smtp = {"UNDERSIGNED_SMTP_URL": f"smtp://127.0.0.1:{sink.port}"}
        with Server(folder, settings=smtp) as server:
            sign_all(server.url, members)
            server.kill()
            assert find(folder, "SELECT * FROM delivery") == []

            # All of the mail is on its way, and nobody will know what the mail server says.
            sink.before_taking, sink.refused = server.kill, {ADDRESSEE}
            server.launch()
            wait_for(lambda: not server.is_alive)
            assert sink.mails == {}
            assert find(folder, "SELECT state, tries FROM delivery") == [("waiting", 0)]

            sink.before_taking, sink.refused = None, set()
            server.start()
            wait_for(lambda: find(folder, "SELECT state FROM delivery") == [("sent",)])
            assert server.stop() == 0
    (message,) = [message_from_bytes(data, policy=policy.default) for data in sink.mails.values()]
    assert message["To"] == ADDRESSEE
    assert find(folder, "SELECT count(*) FROM notice WHERE kind = 'pdf'") == [(1,)]
    assert find(folder, "SELECT tries FROM delivery") == [(1,)]

    report = REPORT.format(message=message["Message-ID"])
    assert "a letter came back from its addressee: 5.1.1" in hand_over(folder, report)
    assert find(folder, "SELECT state, code FROM delivery") == [("bounced", "5.1.1")]
