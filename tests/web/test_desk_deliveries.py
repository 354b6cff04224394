"""The desk's page of a letter's delivery, and the PDF that readers get."""

import hashlib
import io
from collections.abc import Iterator

import httpx2
import pypdf
import pytest
from tests.app.village import HOUR, Village
from tests.desk import DeskClient
from tests.web import inside
from tests.web.inside import client_of, new_slug
from tests.web.markup import check_soundness, texts_of

from undersigned.app.activity import get_activity
from undersigned.app.deliveries import list_deliveries, note_bounce, note_try
from undersigned.app.delivering import deliver_mails
from undersigned.app.releasing import Releasing
from undersigned.domain.letter import State
from undersigned.errors import MailDeferred, MailRefused, StoreError
from undersigned.mail import Mail

village, organiser = inside.village, inside.organiser


class Server:
    """A mail server that answers as it is told to."""

    def __init__(self, says: StoreError | None = None) -> None:
        self.says = says
        self.mails: list[Mail] = []

    def send(self, mail: Mail) -> None:
        """Take a mail, or not."""
        if self.says is not None:
            raise self.says
        self.mails.append(mail)


@pytest.fixture
def slug(village: Village) -> str:
    """A new letter to two addressees, of whom the first has an address."""
    slug = new_slug()
    village.write_file(slug)
    text = village.letter_file.read_text()
    text = text.replace('["The miller"]', '["The miller", "The baker"]')
    village.letter_file.write_text(f'addressees_mail = ["miller@mill.example"]\n{text}')
    village.open_draft(village.draft())
    return slug


@pytest.fixture
def released(village: Village, organiser: DeskClient, slug: str) -> str:
    """The letter, released, its PDF made, its mail waiting."""
    with village.site.collector.read() as connection:
        row = village.letters.get_row(connection, slug)
        letter = village.letters.view(row).letter
    village.members(letter, 3)
    village.sequence()
    village.later(HOUR)
    village.later(1)
    village.open_waves()
    village.later(1)
    assert village.state(letter) is State.RELEASED
    assert Releasing(village.site, village.letters, organiser.desk.url).step(0.0) == 1
    # An hour has passed, after which nobody is signed in any more.
    again = DeskClient(organiser.desk, organiser.account, organiser.http)
    organiser.cookie, organiser.session, organiser.csrf = again.cookie, again.session, again.csrf
    return slug


def _try(village: Village, says: StoreError | None = None) -> Server:
    server = Server(says)
    deliver_mails(village.site.collector, village.clock, server, note_try)
    return server


def _page(organiser: DeskClient, slug: str, lang: str = "en") -> str:
    page = organiser.get(f"/desk/letters/{slug}/delivery", params={"lang": lang})
    assert page.status_code == 200
    assert page.headers["Cache-Control"] == "no-store"
    check_soundness(page.text)
    return " ".join(texts_of(page.text).split())


def _acts(organiser: DeskClient, slug: str) -> list[tuple[str, str, str | None]]:
    rows = [row for row, _ in get_activity(organiser.desk, 1).acts if row.letter == slug]
    return [(row.act, row.state, row.detail) for row in rows]


def _states(village: Village, slug: str) -> list[str | None]:
    rows = list_deliveries(village.site, village.letters, slug)
    return [None if each.row is None else each.row.state for each in rows]


@pytest.mark.parametrize("lang", ["en", "id"])
def test_the_page_is_sound_before_the_release(organiser: DeskClient, slug: str, lang: str) -> None:
    """It says where the letter will go, and offers nothing."""
    text = _page(organiser, slug, lang)
    assert "The miller" in text
    assert "miller@mill.example" in text
    html = organiser.get(f"/desk/letters/{slug}/delivery").text
    assert 'action="/desk/letters' not in html
    assert organiser.get("/desk/letters/weir/delivery").status_code == 404


def test_the_page_follows_a_delivery(
    village: Village, organiser: DeskClient, released: str
) -> None:
    """On its way, put off, sent, come back: each with what the mail server said."""
    assert "The miller on its way" in _page(organiser, released)
    _try(village, MailDeferred("451 4.7.1"))
    text = _page(organiser, released)
    assert "put off by the mail server" in text
    assert "Tries so far: 1. What a mail server said: 451 4.7.1. The next try:" in text
    village.later(5)
    (mail,) = _try(village).mails
    assert "The miller sent" in _page(organiser, released)
    note_bounce(village.site, bytes.fromhex(mail.id), "5.1.1")
    assert "What a mail server said: 5.1.1." in _page(organiser, released)
    assert "kembali" in _page(organiser, released, "id")


def test_it_is_sent_again_when_it_is_asked_for(
    village: Village, organiser: DeskClient, released: str
) -> None:
    """To the address that was typed; twice only if it is asked for twice; the trail has it."""
    _try(village, MailRefused("550 5.1.1"))
    assert "refused by the mail server" in _page(organiser, released)
    path = f"/desk/letters/{released}/delivery"
    form = {"addressee": "1", "address": " Office@mill.example ", "sure": "yes"}
    answer = organiser.post(path, form)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{path}?done=sent")
    assert "The mail is written" in organiser.get(answer.headers["Location"]).text
    again = organiser.post(path, form)
    assert again.status_code == 409
    assert "is on its way already" in again.text
    (mail,) = _try(village).mails
    assert mail.recipient == "office@mill.example"
    assert _acts(organiser, released) == [
        ("send-again", "refused", "1"),
        ("send-again", "done", "1"),
    ]
    assert "office@mill.example" in organiser.get(path).text


def test_nothing_is_sent_by_mistake(village: Village, organiser: DeskClient, released: str) -> None:
    """Without the tick, to what is no address, or to nobody; what was typed is there again."""
    path = f"/desk/letters/{released}/delivery"
    unsure = organiser.post(path, {"addressee": "2", "address": "baker@bread.example"})
    assert unsure.status_code == 422
    assert "Please tick" in unsure.text
    assert 'value="baker@bread.example"' in unsure.text
    wrong = organiser.post(path, {"addressee": "2", "address": "<baker>", "sure": "yes"})
    assert wrong.status_code == 422
    check_soundness(wrong.text)
    assert 'value="&lt;baker&gt;"' in wrong.text
    for number in ("3", "0", "x", "-1", "1.5", ""):
        answer = organiser.post(
            path, {"addressee": number, "address": "a@b.example", "sure": "yes"}
        )
        assert answer.status_code == 404
    assert _states(village, released) == ["waiting", None]


def test_a_letter_handed_over_otherwise_is_recorded(
    village: Village, organiser: DeskClient, released: str
) -> None:
    """By a button; not while a mail is on its way."""
    path = f"/desk/letters/{released}/delivery"
    assert organiser.post(f"{path}/by-hand", {"addressee": "1"}).status_code == 409
    answer = organiser.post(f"{path}/by-hand", {"addressee": "2"})
    assert answer.headers["Location"] == f"{path}?done=recorded"
    assert "The baker handed over otherwise" in _page(organiser, released)
    assert _acts(organiser, released)[0] == ("record-delivery", "done", "2")


def test_an_open_letter_cannot_be_sent(organiser: DeskClient, slug: str) -> None:
    """Whatever is posted."""
    path = f"/desk/letters/{slug}/delivery"
    form = {"addressee": "1", "address": "a@b.example", "sure": "yes"}
    for answer in (organiser.post(path, form), organiser.post(f"{path}/by-hand", form)):
        assert answer.status_code == 409
        assert "The letter is not released" in answer.text


# --- the PDF


@pytest.fixture(scope="module")
def reader(village: Village) -> Iterator[httpx2.Client]:
    """A reader of the site."""
    with client_of(village) as client:
        yield client


def test_the_pdf_is_the_document_of_the_log(reader: httpx2.Client, released: str) -> None:
    """It is shown by its name and by its hash, and linked from the letter's page."""
    answer = reader.get(f"/letters/{released}/letter.pdf")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/pdf"
    digest = hashlib.sha256(answer.content).hexdigest()
    assert answer.headers["ETag"] == f'"{digest}"'
    document = reader.get(f"/documents/{digest}")
    assert document.content == answer.content
    assert document.headers["Content-Type"] == "application/pdf"
    for each in (answer, document):
        assert "immutable" not in each.headers["Cache-Control"]
    assert pypdf.PdfReader(io.BytesIO(answer.content)).metadata
    page = reader.get(f"/letters/{released}").text
    assert f'href="/letters/{released}@1/letter.pdf"' in page


def test_a_letter_that_is_not_released_has_no_pdf(reader: httpx2.Client, slug: str) -> None:
    """Nor has one that there is none of; the page does not speak of it."""
    assert reader.get(f"/letters/{slug}/letter.pdf").status_code == 409
    assert reader.get("/letters/weir/letter.pdf").status_code == 404
    assert "letter.pdf" not in reader.get(f"/letters/{slug}").text
