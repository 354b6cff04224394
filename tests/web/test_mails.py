"""Mails to members, from the tick on the sign page to the link that ends them; mail servers and scanners."""

import re
import time
from email import message_from_bytes, policy
from pathlib import Path

import httpx2
import pytest
import sqlalchemy as sa
from tests.e2e.served import mail_sink
from tests.live import HOST, PEOPLE, LiveSite, live_site_in
from tests.web.markup import check_soundness, texts_of
from tests.web.members import assert_problem, signed

from undersigned.mail import SmtpMailer
from undersigned.signer.attempt import Attempt
from undersigned.signer.enrolment import InviteProof
from undersigned.signer.letter_view import get_letter
from undersigned.store.issuer_schema import subscription

TOKENS = "/api/v1/letters/small-letter/tokens"


def wishes(live: LiveSite) -> int:
    """Count the wishes for mail."""
    with live.site.issuer.database.read() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(subscription)).scalar_one()


def wish(client: httpx2.Client, live: LiveSite, number: int, notify: object) -> httpx2.Response:
    """Ask for a token, as the sign page does, with a tick in the box."""
    attempt = Attempt.start(get_letter(client, live.slug), None)
    request = attempt.ask(InviteProof(live.invites[number]), None)
    return client.post(TOKENS, json=request | {"notify": notify})


@pytest.mark.parametrize("notify", ["", "english", "EN", "e", 1, True, ["en"], "en\n", "<b>"])
def test_wishes_that_are_none(live_site: LiveSite, client: httpx2.Client, notify: object) -> None:
    """A language is its tag; anything else is refused, and no token is given out."""
    assert_problem(wish(client, live_site, 11, notify), 400, "format-error")
    assert wishes(live_site) == 0


def test_from_the_tick_to_the_end(tmp_path: Path) -> None:
    """A member ticks the box, gets a mail by SMTP, and ends the mails by its link."""
    with (
        live_site_in(tmp_path / "data") as live,
        httpx2.Client(base_url=live.url, timeout=60) as client,
        mail_sink() as sink,
    ):
        own = live.running.issuer
        assert own is not None
        own._mailer = SmtpMailer(f"smtp://127.0.0.1:{sink.port}", f"no-reply@{HOST}")
        for number, notify in ((8, None), (9, "id"), (10, "en")):
            assert wish(client, live, number, notify).status_code == 200
        again = wish(client, live, 9, "id")
        assert again.status_code == 409, "another attempt, so another blinded message"
        assert wishes(live) == 2
        for number in (0, 1):
            signed(client, live.slug, live.invites[number])
        end = time.monotonic() + 120
        while len(sink.mails) < 2:
            assert time.monotonic() < end, "the mails did not come"
            time.sleep(0.05)
        got = {
            to: message_from_bytes(data, policy=policy.default) for to, data in sink.mails.items()
        }
        assert set(got) == {PEOPLE[9][0], PEOPLE[10][0]}
        assert got[PEOPLE[9][0]]["Subject"] == "Kabar yang Anda minta"
        mail = got[PEOPLE[10][0]]
        assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        address = str(mail["List-Unsubscribe"]).strip("<>")
        assert address.startswith(f"{own.desk.url}/mails/")
        _end_by(client, live, address.removeprefix(own.desk.url))


def _end_by(client: httpx2.Client, live: LiveSite, path: str) -> None:
    """GET changes nothing, however often; one click of a mail program ends them, in either form."""
    for lang, words in (("en", "Send me no more of them"), ("id", "Jangan kirimi saya lagi")):
        page = client.get(path, params={"lang": lang})
        assert words in page.text
        check_soundness(page.text)
        assert "kitchen" not in page.text
        assert page.headers["referrer-policy"] == "no-referrer"
    assert client.head(path).status_code == 200
    assert wishes(live) == 2
    unknown = client.post(re.sub(r"[^/]+$", "A" * 22, path))
    assert wishes(live) == 2
    body = {"List-Unsubscribe": "One-Click"}
    ended = client.post(path, data=body)
    assert ended.status_code == 200
    assert "You get no more of these mails." in texts_of(ended.text)
    assert wishes(live) == 1
    assert client.post(path, files={"List-Unsubscribe": (None, "One-Click")}).text == ended.text
    same = ended.text.replace(path.rpartition("/")[2], "")
    assert unknown.text.replace("A" * 22, "") == same
