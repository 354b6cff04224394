"""The desk's page of invite cards: a PDF that comes once, a new card for one, codes that are void."""

import re
import threading
import time
from collections.abc import Hashable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from typing import Any

import httpx2
import pytest
from tests.apart import SLUG as SLUG_APART
from tests.apart import Apart, apart_in
from tests.app.test_cards import codes_in, modules_of, pages_of
from tests.desk import DeskClient, signed_in
from tests.live import LiveSite
from tests.web.members import enrolled, read_code

from undersigned.app.activity import get_activity
from undersigned.app.cards import MOST_CARDS, make_cards
from undersigned.app.invites import list_cards, mark_of_code
from undersigned.app.issuer import Issuer
from undersigned.app.rolls import import_roll
from undersigned.errors import AlreadyIssued
from undersigned.signer.attempt import Attempt
from undersigned.signer.enrolment import EmailProof, ask_for_code
from undersigned.signer.letter_view import get_letter
from undersigned.signer.signing import enrol
from undersigned.web.desk import invites
from undersigned.web.desk.guard import CSRF_FIELD, CSRF_HEADER

NUMBERS = count()
PATIENCE_S = 60

ROLL = b"email,name\nana@staff.example,Ana\nbudi@staff.example,Budi\n"


@pytest.fixture
def slug() -> str:
    """A letter that nobody has a roll for."""
    return f"cards-{next(NUMBERS)}"


@pytest.fixture
def issuer(live_site: LiveSite) -> Issuer:
    """The issuer of the live site."""
    assert live_site.running.issuer is not None
    return live_site.running.issuer.issuer


def at(slug: str, act: str = "") -> str:
    """Return the address of the page, or of one of its forms."""
    return f"/desk/rolls/{slug}/invites{act}"


def make(owner: DeskClient, slug: str, **fields: str) -> httpx2.Response:
    """Press the button that makes cards, on the page as it is now."""
    had = re.search(r'name="had" value="(\d+)"', owner.get(at(slug)).text)
    assert had
    return owner.post(at(slug), {"had": had[1]} | fields)


def pdf_of(answer: httpx2.Response) -> bytes:
    """Return the PDF that an answer is; nothing keeps it, and no page shows it."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-disposition"].startswith("attachment; filename=")
    return answer.content


@contextmanager
def two_at_once() -> Iterator[Executor]:
    """Give threads for two who press at one moment: no cards are made before both are here."""
    key_of, sent = invites.Table.key, threading.Semaphore(0)

    def key_and_tell(table: invites.Table, act: str) -> Hashable:
        sent.release()
        return key_of(table, act)

    def make_once_both_are_here(*args: Any) -> bytes | None:
        assert all(sent.acquire(timeout=PATIENCE_S) for _ in range(2))
        return make_cards(*args)

    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(2) as threads:
        patch.setattr(invites.Table, "key", key_and_tell)
        patch.setattr(invites, "make_cards", make_once_both_are_here)
        yield threads


def test_cards_for_everybody_on_a_list(owner: DeskClient, issuer: Issuer, slug: str) -> None:
    """One each, with names; then nobody is left, and only hashes are."""
    import_roll(issuer, slug, ROLL)
    page = owner.get(at(slug)).text
    assert "The codes are shown this once." in page
    pdf = pdf_of(make(owner, slug))
    [text] = pages_of(pdf)
    codes = codes_in(pdf)
    assert len(codes) == len(modules_of(pdf)) == 2
    assert "Ana" in text
    assert "Budi" in text
    assert f"{owner.desk.netloc}/letters/{slug}/sign" in text.replace(" ", "")
    page = owner.get(at(slug)).text
    assert "Everybody on this roll has a code." in page
    assert not any(code in page for code in codes)
    again = owner.post(at(slug), {"had": "2"})
    assert again.status_code == 422
    assert "There is nobody without a code." in again.text
    assert {card.mark for card in list_cards(issuer, slug)} == {mark_of_code(c) for c in codes}
    trail = owner.get("/desk/activity").text
    assert "made invite cards, so many" in trail
    assert not any(code in trail or mark_of_code(code) in trail for code in codes)


def test_cards_of_codes_alone(owner: DeskClient, issuer: Issuer, slug: str) -> None:
    """As many as were asked for; whoever presses twice has them once, and later is told of them."""
    for wrong in ("", "0", "-1", "many", "1.5", str(MOST_CARDS + 1), "9" * 9, "²"):
        answer = make(owner, slug, count=wrong)
        assert answer.status_code == 422, wrong
        assert f"Write a number from 1 to {MOST_CARDS}." in answer.text
        assert f'value="{wrong}"' in answer.text
    form = {"had": "0", "count": " 3 ", "lang": "id"}
    with two_at_once() as threads:
        answers = list(threads.map(lambda _: owner.post(at(slug), form), range(2)))
    pdf, again = [pdf_of(answer) for answer in answers]
    assert pdf == again
    later = owner.post(at(slug), form)
    assert later.status_code == 422
    assert "Codes were made since this page was opened" in later.text
    assert len(codes_in(pdf)) == len(list_cards(issuer, slug)) == 3
    [text] = pages_of(pdf)
    assert "Scan" not in text
    assert "Pindai" in text
    assert len(codes_in(pdf_of(make(owner, slug, count="2")))) == 2
    assert len(list_cards(issuer, slug)) == 5


def test_a_list_is_given_each_file_once(
    owner: DeskClient, issuer: Issuer, slug: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever presses twice gets one file twice: browsers drop the first answer. Later there is none."""
    monkeypatch.setattr("undersigned.app.cards.MOST_CARDS", 1)
    import_roll(issuer, slug, ROLL)
    with two_at_once() as threads:
        answers = list(threads.map(lambda _: owner.post(at(slug), {"had": "0"}), range(2)))
    pdf, again = [pdf_of(answer) for answer in answers]
    assert pdf == again
    later = owner.post(at(slug), {"had": "0"})
    assert later.status_code == 422
    assert "Codes were made since this page was opened" in later.text
    [card] = list_cards(issuer, slug)
    assert [card.mark] == [mark_of_code(code) for code in codes_in(pdf)]
    assert codes_in(pdf_of(make(owner, slug))) != codes_in(pdf)
    assert len(list_cards(issuer, slug)) == 2


def test_nobody_is_given_the_cards_of_another(
    owner: DeskClient, organiser: DeskClient, issuer: Issuer, slug: str
) -> None:
    """Two who press at one moment, with forms that are the same: one has the cards, one is told of them."""

    def press(client: DeskClient) -> httpx2.Response:
        # As a script of the desk says whose form it is: not in a field.
        form = {CSRF_FIELD: "", "had": "0", "count": "2"}
        return client.post(at(slug), form, headers={CSRF_HEADER: client.csrf})

    with two_at_once() as threads:
        answers = list(threads.map(press, (owner, organiser)))
    made, told = sorted(answers, key=lambda answer: answer.status_code)
    assert told.status_code == 422
    assert "Codes were made since this page was opened" in told.text
    assert len(codes_in(pdf_of(made))) == len(list_cards(issuer, slug)) == 2


def test_a_code_is_void(owner: DeskClient, issuer: Issuer, slug: str) -> None:
    """By what is on the card or by its mark; what was typed wrong stays in the field."""
    first, second, _ = codes_in(pdf_of(make(owner, slug, count="3")))
    for typed in ("", "0" * 7, "abc", "<b>", "0" * 16, "x" * 64):
        answer = owner.post(at(slug, "/void"), {"card": typed})
        assert answer.status_code == 422, typed
        assert "No card of this roll has that code or mark." in answer.text
        assert "<b>" not in answer.text
    for typed in (first.lower().replace("-", " "), mark_of_code(second)):
        for done in ("voided", "void-already"):
            answer = owner.post(at(slug, "/void"), {"card": typed})
            assert answer.headers["location"] == f"{at(slug)}?done={done}"
    assert "The code is void" in owner.get(f"{at(slug)}?done=voided").text
    assert [card.is_void for card in list_cards(issuer, slug)].count(True) == 2
    assert re.search(r"Have a code</dt><dd>1<", owner.get(at(slug)).text)


def test_a_new_card_for_one(owner: DeskClient, issuer: Issuer, slug: str) -> None:
    """It is looked up first; pressed twice, the newer card stays good."""
    import_roll(issuer, slug, ROLL)
    found = owner.post(at(slug, "/search"), {"address": " ANA@Staff.example"})
    assert "Has no code." in found.text
    form = {"address": "ana@staff.example", "mark": ""}
    pdf = pdf_of(owner.post(at(slug, "/replace"), form))
    [old] = codes_in(pdf)
    twice = owner.post(at(slug, "/replace"), form)
    assert twice.status_code == 422
    assert "This member has another card meanwhile" in twice.text
    [card] = list_cards(issuer, slug)
    found = owner.post(at(slug, "/search"), {"address": "ana@staff.example"})
    assert card.mark in found.text
    [new] = codes_in(pdf_of(owner.post(at(slug, "/replace"), form | {"mark": card.mark})))
    assert owner.post(at(slug, "/void"), {"card": old}).status_code == 422
    assert owner.post(at(slug, "/void"), {"card": new}).status_code == 303
    for act in ("/search", "/replace"):
        for address, said in (
            ("nobody@staff.example", "Nobody on this roll"),
            ("ana", "not a mail"),
        ):
            answer = owner.post(at(slug, act), {"address": address, "mark": ""})
            assert answer.status_code == 422
            assert said in answer.text
    owner.post(f"/desk/rolls/{slug}/block", {"address": "ana@staff.example"})
    answer = owner.post(at(slug, "/replace"), form)
    assert answer.status_code == 422
    assert "can have no card" in answer.text


def test_a_card_of_an_open_letter_signs(owner: DeskClient, live_site: LiveSite) -> None:
    """Somebody who was added has a card, and it proves that they belong."""
    address = f"card{time.time_ns()}@staff.example"
    at_roll = f"/desk/rolls/{live_site.slug}/members"
    assert owner.post(at_roll, {"email": address, "name": "Nia", "role": ""}).status_code == 303
    [code] = codes_in(pdf_of(make(owner, live_site.slug)))
    found = owner.post(at(live_site.slug, "/search"), {"address": address})
    assert mark_of_code(code) in found.text
    assert (
        f"/desk/rolls/{live_site.slug}/invites" in owner.get(f"/desk/rolls/{live_site.slug}").text
    )


def test_whoever_prints_a_card_can_sign_in_that_place(
    owner: DeskClient, live_site: LiveSite, client: httpx2.Client
) -> None:
    """Once, and the member is told so who comes later; the trail says who made the card, and not whose."""
    slug, address = live_site.slug, f"idle{time.time_ns()}@staff.example"
    member = {"email": address, "name": "Nia", "role": ""}
    assert owner.post(f"/desk/rolls/{slug}/members", member).status_code == 303
    printed = owner.post(at(slug, "/replace"), {"address": address, "mark": ""})
    [code] = codes_in(pdf_of(printed))
    enrolled(client, slug, code)
    asked = owner.post(f"/desk/rolls/{slug}/search", {"address": address})
    assert "After blocking this member gets no token any more." in asked.text
    head = get_letter(client, slug)
    proof = EmailProof(ask_for_code(client, head, address), read_code(live_site.outbox, address))
    with pytest.raises(AlreadyIssued):
        enrol(client, Attempt.start(head, None), proof)
    acts = [row for row, _ in get_activity(owner.desk, 1).acts][:4]
    assert [row.act for row in acts] == ["find-member", "replace-card", "find-member", "add-member"]
    assert {(row.account, row.letter, row.detail) for row in acts} == {
        (owner.account.id, slug, None)
    }


def test_the_page_is_in_both_languages(owner: DeskClient, slug: str) -> None:
    """Without a script, and nothing keeps it."""
    page = owner.get(at(slug), params={"lang": "id"})
    assert "Kode hanya ditampilkan kali ini." in page.text
    assert page.headers["cache-control"] == "no-store"
    assert "form-action 'self'" in page.headers["content-security-policy"]
    assert not re.search(r"<script", page.text)
    assert owner.get(at("UPPER")).status_code == 404


# --- an issuer apart


@pytest.fixture(scope="module")
def apart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Apart]:
    """A site and its issuer, with a letter."""
    with apart_in(tmp_path_factory.mktemp("apart")) as both:
        yield both


def test_cards_at_an_issuer_apart(apart: Apart) -> None:
    """They lead to the site; before a letter names it, whoever makes them does."""
    with signed_in(apart.running_issuer.desk) as keeper:
        for site in ("", "letters.example", "https://letters.example/x", "http://letters.example"):
            answer = make(keeper, "later", count="1", site=site)
            assert answer.status_code == 422, site
            assert "Write the address of the site" in answer.text
        pdf = pdf_of(make(keeper, "later", count="1", site="https://letters.example/"))
        assert "letters.example/letters/later/sign" in pages_of(pdf)[0].replace(" ", "")
        assert keeper.desk.netloc not in pages_of(pdf)[0]
        member = {"email": f"new{time.time_ns()}@staff.example", "name": "Nia", "role": ""}
        assert keeper.post(f"/desk/rolls/{SLUG_APART}/members", member).status_code == 303
        assert 'name="site"' not in keeper.get(at(SLUG_APART)).text
        pdf = pdf_of(make(keeper, SLUG_APART))
        shown = f"{apart.url.partition('://')[2]}/letters/{SLUG_APART}/sign"
        assert shown in pages_of(pdf)[0].replace(" ", "")
