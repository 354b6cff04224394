"""The addressee's page, and what the letter's page and the API show of answers."""

import re
from pathlib import Path

import httpx2
import pytest
import structlog
from tests.app.answered import MET, PARTLY, link_of, open_three, tell_all
from tests.app.village import DAY, Village, village_in
from tests.web import inside
from tests.web.inside import client_of, new_slug
from tests.web.markup import check_soundness, texts_of

from undersigned.app.answering import record_answer, revoke_answer_link
from undersigned.app.answers import get_answers

FORM = {"state-wheel": "met", "text-wheel": " It turns.\r\nSince\tMay. ", "lang": "en"}


village, client = inside.village, inside.client


@pytest.fixture
def slug(village: Village) -> str:
    """A new letter of three demands, to be answered within three days."""
    slug = new_slug()
    open_three(village, slug, deadline_s=3 * DAY)
    return slug


@pytest.fixture
def path(village: Village, slug: str) -> str:
    """The address of the miller's link."""
    return f"/answer/{link_of(village, slug=slug)}"


def _answered(village: Village, slug: str) -> list[str | None]:
    answers = get_answers(village.site, village.letters, slug)
    return [None if each.newest is None else each.newest.state.value for each in answers.demands]


@pytest.mark.parametrize("lang", ["en", "id"])
def test_the_page_says_what_an_answer_is(
    client: httpx2.Client, path: str, village: Village, slug: str, lang: str
) -> None:
    """For whom, at which domain, that it is public and for good; it is sound, and kept nowhere."""
    before = village.records()
    answer = client.get(path, params={"lang": lang})
    assert answer.status_code == 200
    check_soundness(answer.text)
    text = texts_of(answer.text)
    for part in ("The miller", "mill.example", "The wheel turns again.", "The dam is mended."):
        assert part in text, part
    if lang == "en":
        assert "It cannot be changed or taken back." in text
        assert "Opening this page has told nobody anything." in text
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert '<meta name="robots" content="noindex">' in answer.text
    assert "Miller@" not in answer.text
    assert village.records() == before


def test_an_answer_is_looked_at_before_it_is_sent(
    client: httpx2.Client, path: str, village: Village, slug: str
) -> None:
    """Review writes nothing and shows exactly what would be public; back to the form nothing is lost."""
    review = client.post(path, data=FORM | {"step": "review"})
    assert review.status_code == 200
    check_soundness(review.text)
    assert "Is this your answer?" in texts_of(review.text)
    assert "It turns.\nSince May." in review.text
    assert _answered(village, slug) == [None, None, None]
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', review.text))
    assert hidden["text-wheel"] == "It turns.\nSince May."
    edited = client.post(path, data=hidden | {"step": "edit"})
    assert edited.status_code == 200
    assert re.search(r'value="met" checked', edited.text)
    assert "It turns.\nSince May.</textarea>" in edited.text
    given = client.post(path, data=hidden | {"step": "give"})
    assert given.status_code == 303
    assert _answered(village, slug) == ["met", None, None]
    done = client.get(path, params={"done": "1"})
    assert "Your answer is public now" in texts_of(done.text)
    assert 'id="answer-wheel"' not in done.text
    assert 'id="answer-dam"' in done.text


def test_a_demand_is_answered_once(
    client: httpx2.Client, path: str, village: Village, slug: str
) -> None:
    """Pressed twice, or by whoever finds the mail: the page says so, and what is left."""
    sent = FORM | {"step": "give"}
    assert client.post(path, data=sent).status_code == 303
    again = client.post(path, data=sent | {"state-wheel": "refused"})
    assert again.status_code == 409
    check_soundness(again.text)
    assert "was answered with this link before" in texts_of(again.text)
    assert _answered(village, slug) == ["met", None, None]
    rest = {"state-dam": "partly", "state-pay": "refused", "step": "give"}
    assert client.post(path, data=rest).status_code == 303
    used = client.get(path)
    check_soundness(used.text)
    assert "Every demand was answered with this link." in texts_of(used.text)
    assert "<form" not in used.text


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({}, "Please answer at least one demand."),
        ({"text-wheel": "Words alone."}, "Please choose what you answer"),
        ({"state-wheel": "perhaps"}, "Please choose what you answer"),
        ({"state-wheel": "met", "text-wheel": "x" * 2_001}, "at most 2,000 characters"),
        ({"state-wheel": "met", "text-wheel": "a\x00b"}, "characters that cannot be shown"),
    ],
)
def test_what_is_not_right_is_said_beside_it(
    client: httpx2.Client,
    path: str,
    village: Village,
    slug: str,
    sent: dict[str, str],
    sentence: str,
) -> None:
    """Nothing typed is lost, nothing is written."""
    typed = {"state-dam": "", "text-dam": "", "state-pay": "", "text-pay": ""} | sent
    for step in ("review", "give"):
        answer = client.post(path, data=typed | {"step": step})
        assert answer.status_code == 422
        check_soundness(answer.text)
        assert sentence in texts_of(answer.text)
        if len(sent.get("text-wheel", "")) > 2_000:
            assert "x" * 2_001 in answer.text
    assert _answered(village, slug) == [None, None, None]


def test_what_is_answered_is_text(client: httpx2.Client, path: str, slug: str) -> None:
    """Markup is shown, not obeyed: on the review, on the page of the link and on the letter's."""
    sent = FORM | {"text-wheel": '"><script>alert(1)</script>'}
    pages = [client.post(path, data=sent | {"step": "review"})]
    client.post(path, data=sent | {"step": "give"})
    pages += [client.get(path), client.get(f"/letters/{slug}")]
    for page in pages:
        assert "<script>alert" not in page.text
        assert "&lt;script&gt;alert(1)" in page.text


@pytest.mark.parametrize("made_up", ["x", "A" * 43, "A" * 2_000, "%00", "..%2f..", "é"])
def test_a_link_that_nobody_made(
    client: httpx2.Client, village: Village, slug: str, made_up: str
) -> None:
    """One page for all that is not known, whatever is sent there."""
    address = f"/answer/{made_up}"
    for answer in (client.get(address), client.post(address, data=FORM | {"step": "give"})):
        assert answer.status_code == 404
        if "%2f" not in made_up:
            check_soundness(answer.text)
            assert "This link is good no longer" in texts_of(answer.text)
    assert _answered(village, slug) == [None, None, None]


def test_a_link_that_was_taken_back(
    client: httpx2.Client, path: str, village: Village, slug: str
) -> None:
    """It answers as one that nobody made."""
    revoke_answer_link(village.site, village.letters, slug, 1)
    assert client.get(path).status_code == 404
    assert client.post(path, data=FORM | {"step": "give"}).status_code == 404


def test_a_body_that_is_no_form(client: httpx2.Client, path: str) -> None:
    """It is refused before anything is read of it."""
    answer = client.post(path, json=FORM, headers={"Accept": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["code"] == "format-error"
    many = client.post(path, data={f"field-{i}": "x" for i in range(2_000)})
    assert many.status_code == 400


def test_no_log_line_holds_a_link(
    client: httpx2.Client, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not when a page fails, nor when a form does: a line names the failure's class and place."""

    def die(*_: object) -> None:
        raise RuntimeError(path)

    with structlog.testing.capture_logs() as lines, monkeypatch.context() as patch:
        patch.setattr("undersigned.web.pages.answering.get_answer_link", die)
        assert client.get(path).status_code == 500
        assert client.post(path, data=FORM | {"step": "give"}).status_code == 500
    assert len(lines) == 2
    assert path.rpartition("/")[2] not in str(lines)


def test_everything_at_once_is_sound(tmp_path: Path) -> None:
    """A letter with answers, an earlier one, and guarantees that hold, were withdrawn, are asked for."""
    with village_in(tmp_path / "data") as full:
        token, asked = tell_all(full)
        with client_of(full) as http:
            for page in ("/letters/mill", f"/answer/{token}", f"/guarantee/{asked}"):
                answer = http.get(page)
                assert answer.status_code == 200
                check_soundness(answer.text)


def test_the_letter_shows_its_answers(
    client: httpx2.Client, path: str, village: Village, slug: str
) -> None:
    """Each demand with its newest answer in words and by whom, and those before it."""
    assert "not answered" not in client.get(f"/letters/{slug}").text
    client.post(path, data=FORM | {"step": "give"})
    record_answer(village.site, village.letters, slug, [PARTLY], "On the door, 3 May.", "en")
    for lang in ("en", "id"):
        check_soundness(client.get(f"/letters/{slug}?lang={lang}").text)
    text = texts_of(client.get(f"/letters/{slug}").text)
    for part in (
        "The wheel turns again. met",
        "It turns. Since May.",
        "Answered with the link that was made for The miller, for an address at mill.example.",
        "The dam is mended. met in part",
        "As the organisers tell it. Where they have it from: On the door, 3 May.",
        "The miller is paid. not answered",
    ):
        assert part in text, part
    assert "Answered:" not in text
    record_answer(village.site, village.letters, slug, [MET], "A letter.", "en")
    assert "Earlier answers: 1" in texts_of(client.get(f"/letters/{slug}").text)


def test_after_the_deadline_it_says_what_has_come(
    client: httpx2.Client, village: Village, slug: str
) -> None:
    """Whether the case has come for which the letter announces what follows."""
    over = "The deadline has passed. Demands met, by the newest answers: "
    assert over not in texts_of(client.get(f"/letters/{slug}").text)
    village.later(3 * DAY)
    text = texts_of(client.get(f"/letters/{slug}").text)
    assert f"{over}0 of 3. Not all of them are met" in text
    replies = [MET, PARTLY]
    record_answer(village.site, village.letters, slug, replies, "A letter.", "en")
    assert f"{over}1 of 3. Not all" in texts_of(client.get(f"/letters/{slug}").text)
    rest = [type(MET)(each, MET.state, None) for each in ("dam", "pay")]
    record_answer(village.site, village.letters, slug, rest, "A letter.", "en")
    text = texts_of(client.get(f"/letters/{slug}").text)
    assert "Answered: every demand has an answer." in text
    assert f"{over}3 of 3. All of them are met" in text
    check_soundness(client.get(f"/letters/{slug}?lang=id").text)


def test_the_api_tells_them(client: httpx2.Client, path: str, village: Village, slug: str) -> None:
    """As formats §3.4 has it, the newest record first."""
    empty = client.get(f"/api/v1/letters/{slug}/responses").json()
    assert empty["responses"] == []
    assert (empty["answered"], empty["met"]) == (False, False)
    client.post(path, data=FORM | {"step": "give"})
    record_answer(village.site, village.letters, slug, [PARTLY], "On the door.", "en")
    found = client.get(f"/api/v1/letters/{slug}/responses").json()
    assert found["demands"] == [
        {"id": "wheel", "state": "met"},
        {"id": "dam", "state": "partly"},
        {"id": "pay", "state": None},
    ]
    told, given = found["responses"]
    assert (told["from"], told["told_by"], told["source"]) == (None, "On the door.", "organiser")
    assert given["from"] == {"addressee": 1, "domain": "mill.example"}
    assert given["demands"] == [{"id": "wheel", "state": "met", "text": "It turns.\nSince May."}]
    assert client.get(f"/documents/{given['document']}").status_code == 200
    assert client.get("/api/v1/letters/weir/responses").status_code == 404
