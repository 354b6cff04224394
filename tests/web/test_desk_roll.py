"""The desk's pages of a roll: imported after it was looked at, one more, one less; in both languages."""

import re
import time
from itertools import count

import pytest
from tests.app.test_purging import files_with
from tests.desk import DeskClient
from tests.live import LiveSite

from undersigned.app.activity import get_activity
from undersigned.domain.roll import member_of_email
from undersigned.store import members as member_store
from undersigned.store import rolls as roll_store
from undersigned.store.issuances import IssuanceRow, add_issuance
from undersigned.store.rolls import RollFigures

NUMBERS = count()

ROLL = """email,name,role
Ana@staff.example,Ana,Cook
budiwati,Budiwati,
cita@staff.example,,Clerk
ana@staff.example,Ana again,
dewi@staff.example,Dewi,
"""


@pytest.fixture
def slug() -> str:
    """A letter that nobody has a roll for."""
    return f"roll-{next(NUMBERS)}"


def figures(site: LiveSite, slug: str) -> RollFigures:
    """Count what is on a roll."""
    issuer = site.running.issuer
    assert issuer is not None
    with issuer.issuer.database.read() as connection:
        return roll_store.read_figures(connection, slug)


def begin(owner: DeskClient, slug: str, file: bytes = b"", text: str = "") -> str:
    """Send a file or a text; return the address of the import, once it has been read."""
    answer = owner.http.post(
        f"/desk/rolls/{slug}/imports",
        data={"csrf": owner.csrf, "text": text},
        files={"file": ("roll.csv", file, "text/csv")},
        headers=owner.headers | {"Origin": owner.desk.url},
    )
    assert answer.status_code == 303, answer.text
    return wait_for(owner, answer.headers["location"])


def wait_for(owner: DeskClient, address: str) -> str:
    """Wait until nothing is being done."""
    for _ in range(600):
        progress = owner.get(f"{address}/progress").json()
        if not progress["working"]:
            return address
        assert 0 <= progress["percent"] <= 100
        time.sleep(0.05)
    raise AssertionError("the import does not end")


@pytest.mark.parametrize("way", ["file", "text"])
def test_a_file_is_looked_at_before_it_is_taken(
    live_site: LiveSite, owner: DeskClient, slug: str, way: str
) -> None:
    """Bad rows and doubles are told by their lines; then the good ones are taken, once."""
    is_file = way == "file"
    address = begin(owner, slug, ROLL.encode() if is_file else b"", "" if is_file else ROLL)
    page = owner.get(address).text
    assert "the mail address must have one @" in page
    assert "the name is missing" in page
    assert "the same address as in line 2" in page
    assert "ana@staff.example" in page
    assert "budiwati" not in page.lower()
    assert figures(live_site, slug).members == 0
    for _ in range(2):
        assert owner.post(address, {"do": "take"}).headers["location"] == address
        wait_for(owner, address)
    assert "Put on the roll: 2." in owner.get(address).text
    assert figures(live_site, slug).members == 2
    trail = owner.get("/desk/activity").text
    assert "imported members, so many" in trail
    assert "staff.example" not in trail


def test_what_is_left_leaves_nothing(live_site: LiveSite, owner: DeskClient, slug: str) -> None:
    """Neither on the roll nor in memory; and of what is no roll at all nothing is taken."""
    address = begin(owner, slug, file=ROLL.encode())
    answer = owner.post(address, {"do": "leave"})
    assert answer.headers["location"] == f"/desk/rolls/{slug}?done=left"
    assert owner.get(address).status_code == 404
    for bad in (b"\xff\xfe", b"name\nAna\n", b"email,name\n"):
        address = begin(owner, slug, file=bad)
        assert "This is not the file of a roll" in owner.get(address).text
        owner.post(address, {"do": "take"})
        assert owner.post(address, {"do": "leave"}).status_code == 303
    assert figures(live_site, slug).members == 0


def test_nothing_is_sent(owner: DeskClient, slug: str) -> None:
    """The page says what to do."""
    answer = owner.http.post(
        f"/desk/rolls/{slug}/imports",
        data={"csrf": owner.csrf, "text": "  "},
        files={"file": ("", b"")},
        headers=owner.headers | {"Origin": owner.desk.url},
    )
    assert answer.status_code == 422
    assert "Choose a file, or paste rows" in answer.text


def test_one_more_and_one_less(live_site: LiveSite, owner: DeskClient, slug: str) -> None:
    """Added, found under another writing, and blocked; what was typed is not lost."""
    at = f"/desk/rolls/{slug}"
    wrong = owner.post(f"{at}/members", {"email": "ana", "name": "<Ana>", "role": ""})
    assert wrong.status_code == 422
    assert "&lt;Ana&gt;" in wrong.text
    assert "must have one @" in wrong.text
    member = {"email": "a.na+x@gmail.com", "name": "Ana", "role": "Cook"}
    assert owner.post(f"{at}/members", member).headers["location"] == f"{at}?done=added"
    assert owner.post(f"{at}/members", member).headers["location"] == f"{at}?done=known"
    found = owner.post(f"{at}/search", {"address": "ANA@googlemail.com"})
    assert "After blocking this member gets no token any more." in found.text
    assert "ana@gmail.com" in found.text
    for sought in ("nobody@staff.example", "nobody"):
        assert owner.post(f"{at}/search", {"address": sought}).status_code == 422
    blocked = owner.post(f"{at}/block", {"address": "ana@gmail.com"})
    assert blocked.headers["location"] == f"{at}?done=blocked"
    assert (figures(live_site, slug).members, figures(live_site, slug).blocked) == (0, 1)
    assert owner.post(f"{at}/block", {"address": "b@staff.example"}).status_code == 422


@pytest.mark.parametrize("page", ["", "/invites"])
def test_whoever_looks_for_somebody_is_in_the_trail(
    owner: DeskClient, slug: str, page: str
) -> None:
    """Once for each time, whoever was found; for whom, it does not say."""
    member = {"email": "ana@staff.example", "name": "Ana", "role": "Cook"}
    assert owner.post(f"/desk/rolls/{slug}/members", member).status_code == 303
    for address, status in (
        ("ana@staff.example", 200),
        ("nobody@staff.example", 422),
        ("ana", 422),
    ):
        answer = owner.post(f"/desk/rolls/{slug}{page}/search", {"address": address})
        assert answer.status_code == status
    rows = [row for row, _ in get_activity(owner.desk, 1).acts if row.letter == slug]
    assert [(row.act, row.state) for row in rows] == [
        ("find-member", "done"),
        ("find-member", "done"),
        ("add-member", "done"),
    ]
    assert all(row.account == owner.account.id and row.detail is None for row in rows)


def test_the_roll_of_an_open_letter(live_site: LiveSite, owner: DeskClient) -> None:
    """A member is added, and the letter's public number follows."""
    slug = live_site.letter.slug
    before = owner.http.get(f"/api/v1/letters/{slug}").json()["roll_n"]
    new = {"email": f"new{time.time_ns()}@staff.example", "name": "Nia", "role": ""}
    assert owner.post(f"/desk/rolls/{slug}/members", new).status_code == 303
    assert owner.http.get(f"/api/v1/letters/{slug}").json()["roll_n"] == before + 1
    assert f"/desk/rolls/{slug}" in owner.get(f"/desk/letters/{slug}").text
    page = owner.get(f"/desk/rolls/{slug}", params={"lang": "id"}).text
    assert "Sudah menerima token" in page


def test_the_pages_are_in_both_languages(owner: DeskClient, slug: str) -> None:
    """And nothing keeps them."""
    address = begin(owner, slug, file=ROLL.encode())
    page = owner.get(address, params={"lang": "id"})
    assert "alamat surel harus memiliki satu @" in page.text
    assert page.headers["cache-control"] == "no-store"
    assert not re.search(r"<script(?![^>]*src=)", page.text)


def test_a_roll_that_no_letter_has_is_deleted(
    live_site: LiveSite, owner: DeskClient, slug: str
) -> None:
    """Asked once; no file has its addresses then. The roll of a letter stays."""
    address = f"/desk/rolls/{slug}"
    person = {"email": f"gone@{slug}.example", "name": "Gone"}
    assert owner.post(f"{address}/members", person).status_code == 303
    folder, marker = live_site.running.site.folder, person["email"].encode()
    assert files_with(folder, marker)
    assert "Delete this roll" in owner.get(address).text
    refused = owner.post(f"{address}/delete", {})
    assert refused.status_code == 422
    assert "tick the box first" in refused.text
    assert figures(live_site, slug).members == 1
    done = owner.post(f"{address}/delete", {"sure": "on"})
    assert done.headers["location"] == f"{address}?done=deleted"
    page = owner.get(done.headers["location"]).text
    assert "The roll is deleted." in page
    assert "Delete this roll" not in page
    assert figures(live_site, slug).members == 0
    assert files_with(folder, marker) == []
    assert "deleted a roll" in owner.get("/desk/activity").text
    before = figures(live_site, "small-letter")
    kept = owner.post("/desk/rolls/small-letter/delete", {"sure": "on"})
    assert kept.status_code == 422
    assert "A letter has this roll." in kept.text
    assert figures(live_site, "small-letter") == before


def test_a_search_does_not_tell_who_has_a_token(live_site: LiveSite, owner: DeskClient) -> None:
    """The page of who has one is that of who has none, but for the person."""
    letter, pages = live_site.letter, set[str]()
    for number in (1, 2):
        address, name = f"looked{number}-{time.time_ns()}@staff.example", f"Looked For {number}"
        new = {"email": address, "name": name, "role": ""}
        assert owner.post(f"/desk/rolls/{letter.slug}/members", new).status_code == 303
        if number == 1:
            _give_token(live_site, address)
        found = owner.post(f"/desk/rolls/{letter.slug}/search", {"address": address}).text
        assert name in found
        pages.add(
            re.sub(
                "<dl.*?</dl>", "", found.replace(address, "-").replace(name, "-"), flags=re.DOTALL
            )
        )
    assert len(pages) == 1


def _give_token(site: LiveSite, address: str) -> None:
    issuer = site.site.issuer
    with issuer.database.write() as connection:
        member = member_store.find_member(connection, site.letter.slug, member_of_email(address))
        assert member is not None
        empty = (bytes(32), bytes(32), bytes(256), bytes(400))
        assert add_issuance(connection, IssuanceRow(site.letter.letter_id, member.commit, *empty))


@pytest.mark.parametrize("name", ["UPPER", "a@1", "-x", "x" * 65])
def test_what_is_no_name_of_a_letter(owner: DeskClient, name: str) -> None:
    """There is no roll for it."""
    assert owner.get(f"/desk/rolls/{name}").status_code == 404


def test_another_import_is_not_found(owner: DeskClient, slug: str) -> None:
    """Nor one of another roll."""
    address = begin(owner, slug, file=ROLL.encode())
    assert owner.get(address.replace(slug, "other")).status_code == 404
    assert owner.get(f"/desk/rolls/{slug}/imports/x").status_code == 404
    owner.post(address, {"do": "leave"})
