"""Links in mails: scanners open them all before anybody reads the mail, and nothing must come of it."""

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx2
import pytest
from tests.app.answered import PLACES
from tests.app.village import HOUR, Village, village_in
from tests.web.inside import one_token_key, serving

from undersigned.app import mailing
from undersigned.app.answering import new_answer_link
from undersigned.app.guaranteeing import ask_guarantee, give_guarantee
from undersigned.app.mailing import MailKind
from undersigned.app.news import LetterNews
from undersigned.app.releasing import Releasing
from undersigned.app.telling_members import subscribe, tell_members
from undersigned.domain.letter import Mode, State
from undersigned.store.outbox import MailRow, list_due_mails

TEMPLATES = Path(mailing.__file__).parent / "mails"
LINKED = {
    kind
    for kind in MailKind
    if re.search(r"{{ \w*(link|letter|url) }}", (TEMPLATES / f"{kind}.txt").read_text())
}
"""Kinds of mails whose template has an address in it."""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Village, str]]:
    """A site, and its address: mails of every kind that has a link wait in its outboxes."""
    with one_token_key(), village_in(tmp_path_factory.mktemp("links") / "data") as village:
        village.write_file()
        text = f'addressees_mail = ["Miller@mill.example"]\n{village.letter_file.read_text()}'
        text = text.replace('["The miller"]', '["The miller", "The baker"]')
        village.letter_file.write_text(text)
        letter = village.open_draft(village.draft())
        subscribe(village.site.issuer, letter, village.idle(letter), "en")
        village.members(letter, 3, Mode.PUBLIC)
        village.later(2)
        village.later(HOUR)
        village.later(1)
        assert village.state(letter) is State.RELEASED
        with serving(village) as running:
            url, site, letters = running.desk.url, village.site, village.letters
            assert Releasing(site, letters, url).step(0.0) == 1
            ask_guarantee(site, letters, "mill", PLACES, mail_from=url)
            token = ask_guarantee(site, letters, "mill", PLACES)
            give_guarantee(site, letters, token, mail_from=url)
            new_answer_link(site, letters, "mill", 2, "baker@mill.example", mail_from=url)
            reached = LetterNews(State.REACHED, 3, 1, None, None)
            assert tell_members(site.issuer, url, letter, reached) == 1
            yield village, url


def _mails(village: Village) -> list[MailRow]:
    found = []
    for database in (village.site.collector, village.site.issuer.database):
        with database.read() as connection:
            found += list_due_mails(connection, village.clock.now(), 1_000, database.role)
    return found


def _links(mail: MailRow, url: str) -> set[str]:
    """Return the links of a mail to the site: of its text, of its HTML, and of its headers."""
    said = "\n".join([mail.body, *json.loads(mail.headers).values()])
    in_text = set(re.findall(rf"{re.escape(url)}[^\s<>]*", said))
    in_html = set(re.findall(r'href="([^"]+)"', mail.html))
    assert in_html <= in_text, "a program that shows the HTML shows no other links"
    return in_text


def _rows(folder: Path) -> list[str]:
    """Return every row of every database, as it is on the disk now."""
    rows = []
    for file in sorted(folder.glob("*.db")):
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
            rows += list(database.iterdump())
    return rows


@pytest.mark.parametrize("kind", MailKind)
def test_to_open_a_link_changes_nothing(served: tuple[Village, str], kind: MailKind) -> None:
    """GET and HEAD, with and without a language, twice: no row is another one. Others have no link."""
    village, url = served
    links = {
        link for mail in _mails(village) if mail.kind == kind.value for link in _links(mail, url)
    }
    assert bool(links) == (kind in LINKED)
    before = _rows(village.site.folder)
    log = village.records()
    with httpx2.Client(timeout=60) as client:
        for link in sorted(links):
            for method in ("GET", "HEAD", "GET"):
                assert client.request(method, link).status_code == 200, link
                assert client.request(method, link, params={"lang": "id"}).status_code == 200, link
    assert _rows(village.site.folder) == before
    assert village.records() == log


def test_codes_and_turns_have_no_link() -> None:
    """They say nothing of the letter; each other kind has one, and is looked at above."""
    assert set(MailKind) - LINKED == {MailKind.CODE, MailKind.TURN}
