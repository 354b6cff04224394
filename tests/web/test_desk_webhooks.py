"""The desk's page of a letter's webhooks."""

import datetime as dt
import re
from dataclasses import replace

import pytest
from tests.app.village import DAY, Village
from tests.desk import DeskClient
from tests.web import inside
from tests.web.inside import new_slug
from tests.web.markup import check_soundness, texts_of

from undersigned.app.activity import get_activity
from undersigned.app.webhooks import WebhookState, list_webhooks
from undersigned.store import webhooks as webhook_store
from undersigned.store.purged import purge_addresses
from undersigned.store.webhooks import CallRow
from undersigned.webhook.call import Problem

village, organiser = inside.village, inside.organiser
ADDRESS = "https://hooks.example/a?key=1"


@pytest.fixture
def slug(village: Village) -> str:
    """A new letter."""
    return village.open(new_slug()).slug


def path_of(slug: str, part: str = "") -> str:
    """Return an address of the page."""
    return f"/desk/letters/{slug}/webhooks{part}"


def page(organiser: DeskClient, slug: str, **query: str) -> str:
    """Return what the page says."""
    answer = organiser.get(path_of(slug), params=query)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    check_soundness(answer.text)
    return " ".join(texts_of(answer.text).split())


def id_of(village: Village, slug: str) -> str:
    """Return the id of a letter's first webhook, as forms send it."""
    return list_webhooks(village.site, village.letters, slug)[0].row.webhook.hex()


def acts(organiser: DeskClient, slug: str) -> list[tuple[str, str]]:
    """Return what the trail says of a letter, the oldest first."""
    rows = [row for row, _ in get_activity(organiser.desk, 1).acts if row.letter == slug]
    return [(row.act, row.state) for row in reversed(rows)]


def test_a_webhook_is_added_tested_changed_and_removed(
    village: Village, organiser: DeskClient, slug: str
) -> None:
    """Its secret is shown once, and another one once; the trail has each act, and no address."""
    assert "There is none." in page(organiser, slug)
    answer = organiser.post(path_of(slug), {"address": f" {ADDRESS} "})
    assert answer.status_code == 200
    check_soundness(answer.text)
    (secret,) = re.findall(r"whsec_[A-Za-z0-9+/]{43}=", answer.text)
    shown = page(organiser, slug)
    assert ADDRESS in shown
    assert "whsec_" not in shown
    form = {"webhook": id_of(village, slug)}
    tested = organiser.post(path_of(slug, "/test"), form)
    assert tested.headers["Location"] == f"{path_of(slug)}?done=tested"
    assert organiser.post(path_of(slug, "/test"), form).headers["Location"].endswith("waits")
    assert "a test, " in page(organiser, slug, done="tested")
    changed = organiser.post(path_of(slug, "/secret"), form | {"number": "1"})
    (other,) = re.findall(r"whsec_[A-Za-z0-9+/]{43}=", changed.text)
    assert other != secret
    assert organiser.post(path_of(slug, "/remove"), form).headers["Location"].endswith("unsure")
    removed = organiser.post(path_of(slug, "/remove"), form | {"sure": "yes"})
    assert removed.headers["Location"] == f"{path_of(slug)}?done=removed"
    assert "hooks.example" not in page(organiser, slug, done="removed")
    assert acts(organiser, slug) == [
        ("add-webhook", "done"),
        ("test-webhook", "done"),
        ("test-webhook", "done"),
        ("change-webhook-secret", "done"),
        ("remove-webhook", "done"),
    ]
    assert "hooks.example" not in organiser.get("/desk/activity").text


def test_a_secret_is_changed_once(village: Village, organiser: DeskClient, slug: str) -> None:
    """A page that is loaded again makes none, on that day or later; the page says until when two are good."""
    organiser.post(path_of(slug), {"address": ADDRESS})
    form = {"webhook": id_of(village, slug), "number": "1"}
    first = organiser.post(path_of(slug, "/secret"), form)
    assert "whsec_" in first.text
    (hook,) = list_webhooks(village.site, village.letters, slug)
    assert hook.overlap_until == village.clock.now() + DAY
    until = f'datetime="{dt.datetime.fromtimestamp(hook.overlap_until, dt.UTC):%Y-%m-%dT%H:%M:%SZ}"'
    for number in ("1", "2", "0", "²", "9" * 5_000, ""):
        again = organiser.post(path_of(slug, "/secret"), form | {"number": number})
        check_soundness(again.text)
        assert (again.status_code, "whsec_" in again.text) == (409, False)
        assert "The secret was changed already" in again.text
        assert again.text.count(until) == first.text.count(until) + 1
        assert 'name="number"' not in again.text
    # As after that day, but that the session goes on.
    with village.site.collector.write() as connection:
        over = replace(hook.row, overlap_until=village.clock.now())
        webhook_store.put_webhook(connection, over)
    later = organiser.post(path_of(slug, "/secret"), form)
    assert (later.status_code, "whsec_" in later.text) == (409, False)
    assert "Another secret was made since this page was opened." in texts_of(later.text)
    assert 'name="number" value="2"' in later.text
    assert "whsec_" in organiser.post(path_of(slug, "/secret"), form | {"number": "2"}).text
    refused = [state for act, state in acts(organiser, slug) if act == "change-webhook-secret"]
    assert refused == ["done", *["refused"] * 7, "done"]


def test_what_is_typed_wrongly_is_there_again(organiser: DeskClient, slug: str) -> None:
    """With a sentence that says what an address has to be; also the sixth, or one twice."""
    for typed in (
        "http://hooks.example/<b>",
        "https://127.0.0.1/",
        "https://hooks.example:80/",
        "",
    ):
        answer = organiser.post(path_of(slug), {"address": typed})
        assert answer.status_code == 422
        check_soundness(answer.text)
        assert "That is no address that can be called" in answer.text
    assert (
        'value="http://hooks.example/&lt;b&gt;"'
        in organiser.post(path_of(slug), {"address": "http://hooks.example/<b>"}).text
    )
    for number in range(5):
        organiser.post(path_of(slug), {"address": f"{ADDRESS}{number}"})
    again = organiser.post(path_of(slug), {"address": f"{ADDRESS}1"})
    assert (again.status_code, "already" in again.text) == (409, True)
    many = organiser.post(path_of(slug), {"address": ADDRESS})
    assert (many.status_code, "as many webhooks" in many.text) == (409, True)
    assert "at most 5 webhooks" in page(organiser, slug)


def test_a_webhook_is_one_of_its_letter(village: Village, organiser: DeskClient, slug: str) -> None:
    """Whatever is posted about another's, or about none, changes nothing."""
    other = village.open(new_slug()).slug
    organiser.post(path_of(other), {"address": ADDRESS})
    for webhook in (id_of(village, other), "0" * 32, "x", ""):
        for part in ("/test", "/secret", "/resume", "/remove"):
            form = {"webhook": webhook, "sure": "yes"}
            assert organiser.post(path_of(slug, part), form).status_code == 404
    assert len(list_webhooks(village.site, village.letters, other)) == 1
    assert organiser.get(path_of("weir")).status_code == 404


@pytest.mark.parametrize("lang", ["en", "id"])
def test_the_page_tells_what_became_of_calls(
    village: Village, organiser: DeskClient, slug: str, lang: str
) -> None:
    """Each way in which one can end has a sentence; a webhook that has stopped is called again on request."""
    organiser.post(path_of(slug), {"address": ADDRESS})
    ((hook),) = list_webhooks(village.site, village.letters, slug)
    now, id_ = village.clock.now(), hook.row.webhook
    codes = [*Problem, "301", "500", "410"]
    with village.site.collector.write() as connection:
        for number, code in enumerate(codes):
            waits = number < 2
            state = "waiting" if waits else "given-up"
            call = CallRow(
                f"msg_{lang}{number}", id_, "letter.open", 1, b"", now, state, 3, code, now, None
            )
            webhook_store.add_call(connection, replace(call, next_at=now + 60 if waits else None))
        gone = replace(hook.row, state=WebhookState.GONE.value)
        webhook_store.put_webhook(connection, gone)
    text = page(organiser, slug, lang=lang)
    if lang == "en":
        for sentence in (
            "The name of the host is not known.",
            "Such addresses are never called.",
            "There was no connection.",
            "nobody vouches for it.",
            "within ten seconds.",
            "no answer of a web server.",
            "Answered with 301, a redirection.",
            "Answered with 500.",
            "Answered with 410: it wants no more calls.",
            "stopped",
            "Tries so far: 3. The next try:",
        ):
            assert sentence in text
    form = {"webhook": id_.hex()}
    resumed = organiser.post(path_of(slug, "/resume"), form)
    assert resumed.headers["Location"] == f"{path_of(slug)}?done=resumed"
    ((hook),) = list_webhooks(village.site, village.letters, slug)
    assert hook.row.state == "on"
    with village.site.collector.write() as connection:
        webhook_store.delete_webhook(connection, id_)


def test_a_letter_of_the_past_takes_none(
    village: Village, organiser: DeskClient, slug: str
) -> None:
    """Once its personal data was deleted the form is gone."""
    with village.site.collector.write() as connection:
        letter_id = village.letters.get_row(connection, slug).letter_id
        purge_addresses(connection, letter_id, village.clock.now())
    assert "removed on schedule" in page(organiser, slug)
    assert organiser.post(path_of(slug), {"address": ADDRESS}).status_code == 409
