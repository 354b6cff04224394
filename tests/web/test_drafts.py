"""Drafts on the desk: the pages that save them, two versions, the checklist, proposing and opening."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest
from tests.app.drafts import KEYS, MILL, lines_of
from tests.desk import DeskClient, signed_in
from tests.live import ROLL, LiveSite
from tests.web.markup import outline
from tests.web.members import assert_problem

from undersigned.app import desk_drafts
from undersigned.app.desk_drafts import get_draft, list_drafts, make_draft
from undersigned.app.draft_fields import LONGEST_FIELD, Fields, names_of
from undersigned.app.proposing import add_ack, get_proposal
from undersigned.app.rolls import import_roll
from undersigned.store import letters as letter_store
from undersigned.trustee.acking import make_ack

WHOLE: Fields = MILL | {"closes_day": "2098-03-01", "slug": "whole"}
AUTOSAVE = {"Undersigned-Autosave": "1", "Accept": "*/*"}


@pytest.fixture
def other(live_site: LiveSite) -> Iterator[DeskClient]:
    """A second organiser, at another machine."""
    with signed_in(live_site.running.desk, "organiser", "Second one") as http:
        yield http


def new_draft(owner: DeskClient, fields: Fields | None = None) -> str:
    """Make a draft; return its address."""
    return f"/desk/drafts/{make_draft(owner.desk, owner.account, fields).hex()}"


def fields_at(owner: DeskClient, base: str) -> Fields:
    """Return what is saved of a draft."""
    return get_draft(owner.desk, bytes.fromhex(base.rpartition("/")[2])).fields


def seen_on(page: httpx2.Response) -> str:
    """Return which version a page shows."""
    found = re.search(r'name="seen" value="([^"]+)"', page.text)
    assert found is not None, page.text
    return found[1]


def form_of(owner: DeskClient, base: str, section: str) -> dict[str, str]:
    """Return what the form of a page would send, untouched."""
    fields = fields_at(owner, base)
    typed = {name: fields.get(name, "") for name in names_of(fields, section)}
    boxes = re.compile(r"(mode|method)\..*|.*\.(operator|bound)")
    sent = {name: text for name, text in typed.items() if text or not boxes.fullmatch(name)}
    return sent | {"seen": seen_on(owner.get(f"{base}/{section}"))}


def save(owner: DeskClient, base: str, section: str, **changes: str) -> httpx2.Response:
    """Open a page, type, and press a button (`do`)."""
    typed = form_of(owner, base, section)
    return owner.post(f"{base}/{section}", typed | _named(changes))


def _named(changes: dict[str, str]) -> dict[str, str]:
    return {name.replace("__", ".").replace("_1", "-1"): text for name, text in changes.items()}


SECTIONS = ("text", "dates", "count", "trustees", "members")


@pytest.mark.parametrize("lang", ["en", "id"])
def test_every_page_is_there_in_both_languages(owner: DeskClient, lang: str) -> None:
    """Of an empty draft and of a whole one, with every kind of field."""
    full = WHOLE | {"texts": "t1 t2", "trustees": "k1 k2", "k1.operator": "on", "k2.keys": "no"}
    for fields in (None, full):
        base = new_draft(owner, fields)
        paths = ["", "/preview", "/review", "/delete", *(f"/{name}" for name in SECTIONS)]
        for path in paths + (["/translation-t2"] if fields else []):
            page = owner.get(base + path, params={"lang": lang, "missing": "yes"})
            assert page.status_code == 200, (path, page.text)
            assert page.headers["cache-control"] == "no-store"
            assert f'<html lang="{lang}"' in page.text
            outline(page.text)
    assert owner.get("/desk/letters", params={"lang": lang}).status_code == 200


def test_a_letter_is_written_page_by_page(owner: DeskClient) -> None:
    """From the first button to a checklist that is empty but for the roll."""
    made = owner.post("/desk/drafts")
    assert made.status_code == 303
    base = made.headers["location"].removesuffix("/text")
    steps = {
        "text": {
            "t1.lang": "en",
            "t1.title": "Mend the mill, now!",
            "t1.text": "It stands *still*.",
            "t1.addressee.a1": "The miller",
            "a1.mail": "miller@mill.example",
            "t1.demand.demand-1": "The wheel turns.",
        },
        "dates": {"closes_day": "2098-03-01", "zone": "Asia/Jakarta"},
        "count": {"headcount": "1 200", "headcount_day": "2026-01-01", "rule": "50 %"},
        "trustees": {},
        "members": {},
    }
    for section, typed in steps.items():
        answer = owner.post(
            f"{base}/{section}", form_of(owner, base, section) | typed | {"do": "next"}
        )
        assert answer.status_code == 303, answer.text
        following = [*SECTIONS[1:], ""][SECTIONS.index(section)]
        assert answer.headers["location"] == (f"{base}/{following}" if following else base)
    page = owner.get(base)
    assert "Mend the mill, now!" in page.text
    assert "/desk/rolls/mend-the-mill-now" in page.text
    assert "The roll is still empty" in page.text
    assert fields_at(owner, base)["slug"] == "mend-the-mill-now"
    count = owner.get(f"{base}/count").text
    assert "600 of 1,200 people, 50%" in count
    dates = owner.get(f"{base}/dates").text
    assert "Asia/Jakarta" in dates
    assert "05:00 UTC" in dates


def test_what_is_wrong_is_kept_and_told_next_to_its_field(owner: DeskClient) -> None:
    """422, saved all the same, with a sentence at the top that leads to the field."""
    base = new_draft(owner, WHOLE)
    answer = save(owner, base, "count", rule="most", do="next")
    assert answer.status_code == 422
    assert 'href="#rule"' in answer.text
    assert re.search(r'id="rule-error">Write whole numbers', answer.text)
    assert re.search(r'id="rule"[^>]*aria-invalid="true"[^>]*value="most"', answer.text)
    assert fields_at(owner, base)["rule"] == "most"
    assert "Write whole numbers" in owner.get(base).text


def test_what_is_missing_is_marked_only_when_it_is_asked_for(owner: DeskClient) -> None:
    """Nobody is told off for what they have not come to yet."""
    base = new_draft(owner)
    assert "aria-invalid" not in owner.get(f"{base}/text").text
    assert 'aria-invalid="true"' in owner.get(f"{base}/text?missing=yes").text
    assert save(owner, base, "text", do="save").status_code == 303


def test_too_much_is_shown_again_and_not_saved(owner: DeskClient) -> None:
    """What is longer than a field can hold comes back as it was typed."""
    base = new_draft(owner, WHOLE)
    typed = form_of(owner, base, "text") | {"t1.text": "y" * (LONGEST_FIELD + 1), "do": "save"}
    answer = owner.post(f"{base}/text", typed)
    assert answer.status_code == 422
    assert "y" * (LONGEST_FIELD + 1) in answer.text
    assert "This is not saved" in answer.text
    assert fields_at(owner, base)["t1.text"] == WHOLE["t1.text"]
    huge = owner.post(f"{base}/text", typed | {"t1.text": "y" * 3_000_000})
    assert huge.status_code == 413


def test_markdown_is_shown_safely(owner: DeskClient) -> None:
    """In the preview of the page, of the whole letter, and of what is typed just now."""
    hostile = (
        "*fair* <script>alert(1)</script> [x](javascript:alert(1)) ![p](https://e.example/p.png)"
    )
    base = new_draft(owner, WHOLE | {"t1.text": hostile})
    answers = [owner.get(f"{base}/text"), owner.get(f"{base}/preview")]
    typed = form_of(owner, base, "text") | {"t1.text": hostile + " more"}
    answers.append(owner.post(f"{base}/text", typed, headers=AUTOSAVE))
    for answer in answers:
        assert answer.status_code == 200
        assert "<em>fair</em>" in answer.text
        assert "<script>alert" not in answer.text
        assert 'href="javascript' not in answer.text
        assert "<img" not in answer.text


def test_a_page_saves_itself(owner: DeskClient) -> None:
    """The answer says which version it is now, how fields were understood, and what is wrong."""
    base = new_draft(owner, WHOLE)
    typed = form_of(owner, base, "count") | {"rule": "25 %", "conditions": "x"}
    echo = owner.post(f"{base}/count", typed, headers=AUTOSAVE)
    assert echo.status_code == 200
    assert 'data-problem="conditions"' in echo.text
    assert "50 of 200 people" in echo.text
    assert fields_at(owner, base)["rule"] == "25 %"
    # The same again, as after an answer that was lost, is no conflict.
    again = owner.post(f"{base}/count", typed, headers=AUTOSAVE)
    assert again.status_code == 200
    seen = re.search(r'data-seen="([^"]+)"', again.text)
    assert seen is not None
    later = owner.post(f"{base}/count", typed | {"seen": seen[1], "rule": "30 %"}, headers=AUTOSAVE)
    assert later.status_code == 200


def test_two_pages_of_one_draft_do_not_meet(owner: DeskClient, other: DeskClient) -> None:
    """Each is saved for itself."""
    base = new_draft(owner, WHOLE)
    mine, theirs = form_of(owner, base, "count"), form_of(other, base, "text")
    assert owner.post(f"{base}/count", mine | {"rule": "50"}, headers=AUTOSAVE).status_code == 200
    saved = other.post(f"{base}/text", theirs | {"t1.title": "Theirs"}, headers=AUTOSAVE)
    assert saved.status_code == 200
    fields = fields_at(owner, base)
    assert (fields["rule"], fields["t1.title"]) == ("50", "Theirs")


def test_the_later_one_sees_both_versions_and_chooses(owner: DeskClient, other: DeskClient) -> None:
    """Nothing is overwritten before that; what is chosen is saved, field by field."""
    base = new_draft(owner, WHOLE)
    mine, theirs = form_of(owner, base, "text"), form_of(other, base, "text")
    other.post(f"{base}/text", theirs | {"t1.title": "Theirs", "t1.consequence": "They wait."})
    typed = mine | {"t1.title": "Mine", "t1.text": "My text."}
    refused = owner.post(f"{base}/text", typed, headers=AUTOSAVE)
    assert_problem(refused, 409, "draft-changed")
    page = owner.post(f"{base}/text", typed | {"do": "next"})
    assert page.status_code == 409
    for words in ("Theirs", "Mine", "My text.", "They wait.", "Second one"):
        assert words in page.text
    assert fields_at(owner, base)["t1.title"] == "Theirs"
    kept = typed | {"seen": seen_on(page), "do": "choose", "choose.t1.title": "mine"}
    half = owner.post(f"{base}/text", kept)
    assert half.status_code == 409
    assert "Choose one of the two everywhere" in half.text
    kept |= {"choose.t1.text": "mine", "choose.t1.consequence": "theirs"}
    assert owner.post(f"{base}/text", kept).status_code == 303
    fields = fields_at(owner, base)
    assert (fields["t1.title"], fields["t1.text"]) == ("Mine", "My text.")
    assert fields["t1.consequence"] == "They wait."


def test_lists_are_chosen_whole(owner: DeskClient, other: DeskClient) -> None:
    """With the items that the other version does not have."""
    base = new_draft(owner, WHOLE)
    mine = form_of(owner, base, "text") | {"demands": "demand-1", "addressees": "a1"}
    save(other, base, "text", do="add.demands")
    save(other, base, "text", **{"t1.demand.demand-2": "Theirs as well."})
    typed = mine | {"t1.demand.demand-1": "Only mine."}
    page = owner.post(f"{base}/text", typed)
    assert page.status_code == 409
    assert "Theirs as well." in page.text
    kept = typed | {"seen": seen_on(page), "do": "choose"}
    owner.post(f"{base}/text", kept | {"choose.demands": "theirs"})
    assert fields_at(owner, base)["demands"] == "demand-1 demand-2"
    owner.post(f"{base}/text", kept | {"choose.demands": "mine"})
    fields = fields_at(owner, base)
    assert (fields["demands"], fields["t1.demand.demand-1"]) == ("demand-1", "Only mine.")


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("en", ("Public", "Every signature", "The operator of this site", "days")),
        ("id", ("Terbuka", "Setiap tanda tangan", "Pengelola situs ini", "hari")),
    ],
)
def test_what_was_chosen_is_told_in_the_language_of_the_page(
    owner: DeskClient, other: DeskClient, lang: str, words: tuple[str, ...]
) -> None:
    """Boxes, choices and units of two versions have the words of the form, not those of its fields."""
    base = new_draft(owner, WHOLE | {"trustees": "k1", "k1.operator": "on", "quorum": "1"})
    changes: dict[str, dict[str, str]] = {
        "count": {"basis": "all", "mode.anonymous": ""},
        "trustees": {"k1.name": "Bea"},
        "dates": {"cooling_off": "2", "cooling_off_unit": "days"},
    }
    shown = ""
    for section, typed in changes.items():
        mine = form_of(owner, base, section)
        save(other, base, section, **typed)
        page = owner.post(
            f"{base}/{section}?lang={lang}", mine | {"rule": "77", "quorum": "2", "floor": "9"}
        )
        assert page.status_code == 409
        shown += page.text
    for word in words:
        assert re.search(rf"(>|<br>){word}(<br>|</span>)", shown), word
    assert not re.search(r"(>|<br>)(public|all|operator|named)(<br>|</span>)", shown)


def test_words_for_a_demand_that_is_gone_are_shown(owner: DeskClient, other: DeskClient) -> None:
    """Saved by hand or by itself, beside other changes or alone; then it goes on without them."""
    base = new_draft(owner, WHOLE | {"texts": "t1 t2", "demands": "demand-1 dam", "t2.lang": "id"})
    mine = form_of(owner, base, "translation-t2") | {"t2.demand.dam": "Bendungan <itu>"}
    save(other, base, "text", do="remove.demands.dam")
    refused = owner.post(f"{base}/translation-t2", mine, headers=AUTOSAVE)
    assert_problem(refused, 409, "draft-changed")
    page = owner.post(f"{base}/translation-t2", mine)
    assert page.status_code == 409
    assert "Words without a place" in page.text
    assert "Bendungan &lt;itu&gt;</blockquote>" in page.text
    assert "Go on without them" in page.text
    kept = mine | {"seen": seen_on(page), "do": "choose"}
    assert owner.post(f"{base}/translation-t2", kept).status_code == 303
    both = owner.post(f"{base}/translation-t2", mine | {"t2.title": "Kincir"})
    assert "Bendungan &lt;itu&gt;" in both.text
    assert "Kincir" in both.text
    half = owner.post(f"{base}/translation-t2", mine | {"t2.title": "Kincir", "do": "choose"})
    assert "Choose one of the two everywhere" in half.text
    assert "Bendungan &lt;itu&gt;" in half.text
    assert "dam" not in fields_at(owner, base)["demands"]


def test_words_for_an_item_of_the_page_that_is_gone_are_shown(
    owner: DeskClient, other: DeskClient
) -> None:
    """Both lists are there to choose from, also when a button was pressed; twice away is away."""
    base = new_draft(owner, WHOLE | {"demands": "demand-1 dam", "t1.demand.dam": "The dam."})
    mine = form_of(owner, base, "text")
    away = {"do": "remove.demands.dam"}
    assert other.post(f"{base}/text", mine | away).status_code == 303
    assert other.post(f"{base}/text", mine | away).status_code == 303
    for do in ("save", "add.demands"):
        page = owner.post(f"{base}/text", mine | {"t1.demand.dam": "The dam, too.", "do": do})
        assert page.status_code == 409
        assert "The dam, too." in page.text
    chosen = mine | {"seen": seen_on(page), "do": "choose", "choose.demands": "mine"}
    assert owner.post(f"{base}/text", chosen).status_code == 303
    assert fields_at(owner, base)["t1.demand.dam"] == "The dam."


def test_of_many_at_once_one_is_saved(owner: DeskClient) -> None:
    """Whoever is not the first is told; nothing is half of one and half of another."""
    base = new_draft(owner, WHOLE)
    typed = form_of(owner, base, "text")

    def write(number: int) -> int:
        words = {"t1.title": f"Title {number}", "t1.text": f"Text {number}"}
        return owner.post(f"{base}/text", typed | words, headers=AUTOSAVE).status_code

    with ThreadPoolExecutor(8) as threads:
        statuses = list(threads.map(write, range(8)))
    assert sorted(statuses) == [200] + [409] * 7
    fields = fields_at(owner, base)
    assert fields["t1.title"] == f"Title {statuses.index(200)}"
    assert fields["t1.text"] == f"Text {statuses.index(200)}"


def test_demands_are_added_moved_and_removed(owner: DeskClient) -> None:
    """By buttons, each of which saves what was typed as well; translations keep theirs."""
    base = new_draft(owner, WHOLE | {"texts": "t1 t2", "t2.demand.demand-1": "Roda."})
    answer = save(owner, base, "text", **{"t1.title": "New", "do": "add.demands"})
    assert answer.headers["location"] == f"{base}/text#item-demand-2"
    save(owner, base, "text", **{"t1.demand.demand-2": "Pay.", "do": "up.demands.demand-2"})
    fields = fields_at(owner, base)
    assert (fields["demands"], fields["t1.title"]) == ("demand-2 demand-1", "New")
    save(owner, base, "text", do="remove.demands.demand-2")
    fields = fields_at(owner, base)
    assert fields["demands"] == "demand-1"
    assert "t1.demand.demand-2" not in fields
    assert fields["t2.demand.demand-1"] == "Roda."
    for _ in range(25):
        answer = save(owner, base, "text", do="add.demands")
    assert answer.status_code == 422
    assert "There can be no more of these" in answer.text


def test_a_button_that_is_pressed_twice_acts_once(owner: DeskClient) -> None:
    """The second time it says what it saw, which is no longer so."""
    base = new_draft(owner, WHOLE)
    typed = form_of(owner, base, "text") | {"do": "add.demands"}
    for _ in range(2):
        assert owner.post(f"{base}/text", typed).status_code == 303
    assert fields_at(owner, base)["demands"] == "demand-1 demand-2"


def test_languages_are_added_and_removed_when_it_is_meant(owner: DeskClient) -> None:
    """A translation goes only with a tick; the one that counts can be another."""
    base = new_draft(owner, WHOLE)

    def change(do: str, **more: str) -> str:
        seen = seen_on(owner.get(base))
        sent = {"seen": seen, "do": do} | more
        return owner.post(f"{base}/languages", sent).headers["location"]

    assert change("add.texts") == f"{base}/translation-t2"
    assert change("remove.texts.t2").endswith("done=unconfirmed")
    assert fields_at(owner, base)["texts"] == "t1 t2"
    change("first.texts.t2")
    assert fields_at(owner, base)["texts"] == "t2 t1"
    change("remove.texts.t1", sure="on")
    fields = fields_at(owner, base)
    assert fields["texts"] == "t2"
    assert "t1.title" not in fields
    stale = owner.post(f"{base}/languages", {"seen": "x", "do": "add.texts"})
    assert fields_at(owner, base)["texts"] == "t2"
    assert stale.status_code == 303


def test_numbers_are_suggested(owner: DeskClient) -> None:
    """From the headcount and the rule; without a headcount nothing happens."""
    base = new_draft(owner, WHOLE | {"conditions": "", "headcount": ""})
    save(owner, base, "count", do="suggest")
    assert fields_at(owner, base)["conditions"] == ""
    save(owner, base, "count", headcount="400", rule="200", do="suggest")
    assert fields_at(owner, base)["conditions"] == "20, 45, 70, 95, 120, 150, 170, 200"


def test_drafts_are_listed_copied_and_deleted(owner: DeskClient) -> None:
    """Deleting asks; what is gone is not there."""
    base = new_draft(owner, WHOLE | {"t1.title": "Only this <one>"})
    assert "Only this &lt;one&gt;" in owner.get("/desk/letters").text
    copied = owner.post(f"{base}/copy").headers["location"]
    copy = copied.partition("?")[0]
    assert copy != base
    assert fields_at(owner, copy) == fields_at(owner, base)
    assert "Delete this draft?" in owner.get(f"{base}/delete").text
    gone = owner.post(f"{base}/delete")
    assert gone.headers["location"] == "/desk/letters?done=draft-deleted"
    assert owner.get(base).status_code == 404
    assert owner.post(f"{base}/delete").status_code == 404
    assert owner.get(copy).status_code == 200


@pytest.mark.parametrize("path", ["", "/text", "/review", "/preview", "/delete", "/nothing"])
def test_what_is_no_draft_is_not_there(owner: DeskClient, path: str) -> None:
    """Whatever stands in its place; nor is a page that no draft has."""
    for id_ in ("0" * 32, "x", "%2e%2e"):
        assert owner.get(f"/desk/drafts/{id_}{path}").status_code == 404
    base = new_draft(owner)
    assert owner.get(f"{base}/translation-t9").status_code == 404
    assert owner.post(f"{base}/translation-t9", {"seen": ""}).status_code == 404
    assert owner.post(f"{base}/translation-t9", {"do": "choose"}).status_code == 404


def test_there_are_not_any_number_of_drafts(
    owner: DeskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At some number the desk says that it is enough."""
    base = new_draft(owner)
    monkeypatch.setattr(desk_drafts, "MOST_DRAFTS", len(list_drafts(owner.desk)))
    assert owner.post("/desk/drafts").headers["location"].endswith("done=too-many-drafts")
    assert owner.post(f"{base}/copy").headers["location"].endswith("done=too-many-drafts")
    assert (
        "as many drafts as this desk keeps" in owner.get("/desk/letters?done=too-many-drafts").text
    )
    owner.post(f"{base}/delete")
    assert owner.post("/desk/drafts").headers["location"].endswith("/text")


# --- opening


def with_roll(live_site: LiveSite, slug: str, **changes: str) -> Fields:
    """Import a roll; return the fields of a whole letter that it belongs to."""
    import_roll(live_site.site.issuer, slug, ROLL.encode())
    return WHOLE | {"slug": slug} | _named(changes)


def shown_on(page: httpx2.Response) -> str:
    """Return the id of the letter that a page asks to open."""
    found = re.search(r'name="letter_id" value="([0-9a-f]{64})"', page.text)
    assert found is not None, page.text
    return found[1]


def test_opening_asks_twice_and_opens_what_was_shown(
    live_site: LiveSite, owner: DeskClient
) -> None:
    """First the record is fixed and read, then its address is typed; then it is there for everyone."""
    base = new_draft(owner, with_roll(live_site, "opened-here"))
    assert "Fix the letter and show the record" in owner.get(f"{base}/review").text
    assert owner.post(f"{base}/propose").headers["location"] == f"{base}/review"
    page = owner.get(f"{base}/review")
    letter_id = shown_on(page)
    proposal = get_proposal(live_site.site, bytes.fromhex(letter_id))
    assert "&#34;slug&#34;:&#34;opened-here&#34;" in page.text
    assert letter_id in page.text
    wrong = owner.post(f"{base}/open", {"letter_id": letter_id, "slug": "opened"})
    assert wrong.status_code == 422
    assert "type the address of the letter" in wrong.text
    done = owner.post(f"{base}/open", {"letter_id": letter_id, "slug": "opened-here"})
    assert done.status_code == 303
    assert done.headers["location"] == "/desk/letters/opened-here?done=letter-opened"
    with live_site.site.collector.read() as connection:
        assert letter_store.find_letter(connection, proposal.letter_id) is not None
    assert "The letter is open" in owner.get(done.headers["location"]).text
    for path in ("", "/text", "/review"):
        assert owner.get(base + path).headers["location"] == "/desk/letters/opened-here"
    again = owner.post(f"{base}/open", {"letter_id": letter_id, "slug": "opened-here"})
    assert again.headers["location"] == "/desk/letters/opened-here"
    assert base not in owner.get("/desk/letters").text
    assert_problem(
        owner.post(f"{base}/text", form_of_opened(owner), headers=AUTOSAVE), 409, "draft-opened"
    )
    assert_problem(owner.send(f"{base}/delete", {}), 409, "draft-opened")


def form_of_opened(owner: DeskClient) -> dict[str, str]:
    """Return what a page would send that was open before the letter was."""
    return {"seen": "x", "t1.title": "Too late"}


def test_pressed_many_times_at_once_it_opens_once(live_site: LiveSite, owner: DeskClient) -> None:
    """Everybody is led to the same letter; the log has one record of it."""
    base = new_draft(owner, with_roll(live_site, "pressed-often"))
    owner.post(f"{base}/propose")
    sent = {"letter_id": shown_on(owner.get(f"{base}/review")), "slug": "pressed-often"}
    with ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(lambda _: owner.post(f"{base}/open", sent), range(6)))
    assert {answer.status_code for answer in answers} == {303}
    assert {answer.headers["location"].partition("?")[0] for answer in answers} == {
        "/desk/letters/pressed-often"
    }
    with live_site.site.collector.read() as connection:
        row = letter_store.find_edition(connection, "pressed-often")
    assert row is not None
    assert row.letter_id.hex() == sent["letter_id"]


def test_what_was_changed_since_is_not_opened(live_site: LiveSite, owner: DeskClient) -> None:
    """Whoever opens it has read what is opened."""
    base = new_draft(owner, with_roll(live_site, "changed-since"))
    owner.post(f"{base}/propose")
    sent = {"letter_id": shown_on(owner.get(f"{base}/review")), "slug": "changed-since"}
    save(owner, base, "text", **{"t1.title": "Another title"})
    refused = owner.post(f"{base}/open", sent)
    assert refused.status_code == 409
    assert "changed after it was shown" in refused.text
    assert "Fix the letter and show the record" in refused.text
    owner.post(f"{base}/propose")
    # The address of the older proposal opens nothing either.
    assert owner.post(f"{base}/open", sent).status_code == 409
    assert owner.post(f"{base}/open", sent | {"letter_id": "x"}).status_code == 409
    with live_site.site.collector.read() as connection:
        assert letter_store.find_edition(connection, "changed-since") is None


def test_a_crash_after_the_opening_is_made_good(live_site: LiveSite, owner: DeskClient) -> None:
    """The letter is open and the draft does not know: its pages lead there, and change nothing."""
    from undersigned.app.desk_draft import read_fields
    from undersigned.app.desk_opening import open_shown
    from undersigned.web.static_files import find_bundle

    fields = with_roll(live_site, "crashed")
    base = new_draft(owner, fields)
    owner.post(f"{base}/propose")
    shown = shown_on(owner.get(f"{base}/review"))
    draft = read_fields(fields).draft
    assert draft is not None
    open_shown(live_site.site, draft, bytes.fromhex(shown), find_bundle())
    before = get_draft(owner.desk, bytes.fromhex(base.rpartition("/")[2]))
    assert owner.get(f"{base}/review").headers["location"] == "/desk/letters/crashed"
    assert owner.get(base).headers["location"] == "/desk/letters/crashed"
    assert get_draft(owner.desk, before.id) == before
    again = owner.post(f"{base}/open", {"letter_id": shown, "slug": "crashed"})
    assert again.headers["location"].startswith("/desk/letters/crashed")
    assert get_draft(owner.desk, before.id).letter_id == bytes.fromhex(shown)


def test_a_letter_that_waits_for_trustees_says_for_whom(
    live_site: LiveSite, owner: DeskClient
) -> None:
    """It opens once they have acknowledged; changing it asks them again."""
    more = {"trustees": "k1", "quorum": "1", "k1__keys": lines_of(KEYS[0], "Ann & partners")}
    base = new_draft(owner, with_roll(live_site, "with-trustee", **more))
    owner.post(f"{base}/propose")
    page = owner.get(f"{base}/review")
    assert "Ann &amp; partners: <strong>awaited</strong>" in page.text
    assert 'name="letter_id"' not in page.text
    found = re.search(r"/proposals/([0-9a-f]{64})", page.text)
    assert found is not None
    proposal = get_proposal(live_site.site, bytes.fromhex(found[1]))
    early = owner.post(f"{base}/open", {"letter_id": found[1], "slug": "with-trustee"})
    assert early.status_code == 409
    assert "has not acknowledged it yet" in early.text
    number, sig = make_ack(proposal, KEYS[0])
    add_ack(live_site.site, proposal.letter_id, number, sig, None)
    sent = {"letter_id": shown_on(owner.get(f"{base}/review")), "slug": "with-trustee"}
    save(owner, base, "dates", cooling_off="48")
    assert "have to acknowledge the new one again" in owner.get(f"{base}/review").text
    save(owner, base, "dates", cooling_off="24")
    assert owner.post(f"{base}/open", sent).status_code == 303


def test_a_new_edition_begins_with_the_newest(live_site: LiveSite, owner: DeskClient) -> None:
    """Its address is fixed; where it is being written already, there is no second draft of it."""
    letter = owner.get(f"/desk/letters/{live_site.slug}").text
    assert f'name="edition_of" value="{live_site.slug}"' in letter
    made = owner.post("/desk/drafts", {"edition_of": live_site.slug})
    base = made.headers["location"]
    fields = fields_at(owner, base)
    assert (fields["slug"], fields["edition"]) == (live_site.slug, "2")
    assert fields["t1.title"] == "Keep the <night> kitchen open"
    assert fields["t2.lang"] == "id"
    page = owner.get(base)
    assert "Draft of edition 2" in page.text
    save(owner, base, "text", slug="another")
    assert fields_at(owner, base)["slug"] == live_site.slug
    assert owner.post("/desk/drafts", {"edition_of": live_site.slug}).headers["location"] == base
    assert owner.post("/desk/drafts", {"edition_of": "nothing-like-it"}).status_code == 404
    owner.post(f"{base}/delete")


def test_a_taken_address_and_a_time_that_has_passed_are_told(
    live_site: LiveSite, owner: DeskClient
) -> None:
    """What only this site knows stands in the same list."""
    base = new_draft(owner, WHOLE | {"slug": live_site.slug, "closes_day": "2020-01-01"})
    page = owner.get(base).text
    assert "was opened here already" in page
    assert "has passed already" in page
    assert owner.post(f"{base}/propose").status_code == 422


def test_a_copied_draft_of_what_is_open_is_not_opened_again(
    live_site: LiveSite, owner: DeskClient
) -> None:
    """Two drafts of one letter: the second is told that its address is taken."""
    fields = with_roll(live_site, "twice")
    first, second = new_draft(owner, fields), new_draft(owner, fields | {"t1.title": "Other"})
    owner.post(f"{first}/propose")
    owner.post(
        f"{first}/open", {"letter_id": shown_on(owner.get(f"{first}/review")), "slug": "twice"}
    )
    assert owner.post(f"{second}/propose").status_code == 422
    sent = {"letter_id": "0" * 64, "slug": "twice"}
    assert owner.post(f"{second}/open", sent).status_code == 409


def test_the_trail_names_acts_and_sittings(owner: DeskClient, other: DeskClient) -> None:
    """Who made, changed and deleted a draft; not every key that was pressed."""
    base = new_draft(owner, WHOLE | {"slug": "in-the-trail"})
    for number in range(3):
        save(other, base, "count", rule=str(50 + number))
    owner.post(f"{base}/delete")
    text = owner.get("/desk/activity").text
    assert text.count("worked on a draft") >= 1
    rows = re.findall(r"<tr>.*?</tr>", text, re.DOTALL)
    mine = [row for row in rows if "in-the-trail" in row]
    assert ["deleted a draft" in mine[0], "worked on" in mine[1], "made a draft" in mine[2]] == [
        True
    ] * 3
    assert len(mine) == 3
