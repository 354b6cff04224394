"""The names under a letter: pages, search, and one name with its proof."""

import html
import json
import re
from collections.abc import Iterator
from urllib.parse import quote

import httpx2
import pytest
import sqlalchemy as sa
from tests.live import LiveSite
from tests.web.markup import check_soundness, texts_of
from tests.web.members import enrolled, signed, wait_for_proof

from undersigned.app.names import fold
from undersigned.domain.letter import Mode
from undersigned.signer.amending import withdraw
from undersigned.signer.letter_view import get_letter
from undersigned.signer.signing import sign
from undersigned.signer.signing import wait_for_proof as wait
from undersigned.store.collector_schema import signature
from undersigned.store.signatures import (
    ShownName,
    SignatureRow,
    add_shown_names,
    add_signatures,
    change_signature,
    delete_shown_name,
    find_signature,
)
from undersigned.store.tallies import Kind, add_to_tallies
from undersigned.tlog.merkle import leaf_hash
from undersigned.tlog.proof import parse_proof, verify_proof

PATH = "/letters/small-letter/names"
HTML = {"Accept": "text/html"}
STATEMENT = '<script>alert(2)</script>\nSecond line & "more"'
LONG_STATEMENT = "𝔘<&" * 333
FIRST = 100_000
"""Leaf index of the first made-up name: far above what the log holds."""

NEVER = 10**6
"""A condition that is not met."""

Places = dict[str, int]


@pytest.fixture(scope="module", autouse=True)
def places(live_site: LiveSite) -> Places:
    """One signature of each kind; where each stands in the log."""
    with httpx2.Client(base_url=live_site.url, timeout=60) as client:

        def place(code: int, mode: Mode, condition: int | None = None, said: str = "") -> int:
            digest = signed(
                client, live_site.slug, live_site.invites[code], mode, condition, said or None
            )
            return parse_proof(wait_for_proof(client, digest).content).index

        return {
            "public": place(0, Mode.PUBLIC, said=STATEMENT),
            "plain": place(1, Mode.PUBLIC),
            "sealed": place(2, Mode.SEALED),
            "waiting": place(3, Mode.SEALED, 6),
            "anonymous": place(4, Mode.ANONYMOUS),
        }


@pytest.fixture
def crowd(live_site: LiveSite) -> Iterator[None]:
    """Many names that are shown, hostile ones among them, of signatures that wait for ever and no log has."""
    letter_id = live_site.letter.letter_id
    rows = [
        ShownName(
            FIRST + i,
            letter_id,
            f"Person {i}",
            "<b>Öffentliche</b> Straße" if i % 50 == 0 else None,
            "self-declared" if i % 2 else "email",
            LONG_STATEMENT if i % 10 == 0 else None,
        )
        for i in range(250)
    ]
    database = live_site.running.site.collector
    with database.write() as connection:
        add_signatures(
            connection,
            [
                SignatureRow(
                    row.leaf_index, letter_id, bytes(32), "sealed", NEVER, None, opened=True
                )
                for row in rows
            ],
        )
        add_shown_names(connection, rows)
    yield
    with database.write() as connection:
        for row in rows:
            delete_shown_name(connection, row.leaf_index)
        connection.execute(sa.delete(signature).where(signature.c.leaf_index >= FIRST))
        kind = Kind(letter_id, "sealed", NEVER, "live", opened=1, erased=0)
        add_to_tallies(connection, {kind: -len(rows)})


def names_in(page: str) -> list[str]:
    """Return the names that a page lists."""
    listed = page.partition('<ul class="names">')[2].partition("</ul>")[0]
    return [
        html.unescape(name)
        for name in re.findall(r'<a href="[^"]*" dir="auto">([^<]*)</a>', listed)
    ]


@pytest.mark.usefixtures("crowd")
@pytest.mark.parametrize("lang", ["en", "id"])
def test_names_are_paged(client: httpx2.Client, lang: str) -> None:
    """A hundred names on a page in the log's order, links onward and back, none twice; language kept."""
    path, pages = f"{PATH}?lang={lang}", []
    while True:
        answer = client.get(path)
        check_soundness(answer.text)
        assert f'<html lang="{lang}"' in answer.text
        assert '<meta name="robots" content="noindex">' in answer.text
        pages.append(names_in(answer.text))
        link = re.search(r'rel="next" href="([^"]*)"', answer.text)
        if link is None:
            break
        path = html.unescape(link[1])
    assert [len(page) for page in pages] == [100, 100, 52]
    assert [name for page in pages for name in page] == [
        "Alva Quillstone", "Bosse Tarnwick", *(f"Person {i}" for i in range(250)),
    ]  # fmt: skip
    assert 'rel="prev"' in answer.text
    assert names_in(client.get(f"{PATH}?page=999").text) == pages[-1]


@pytest.mark.usefixtures("crowd")
def test_letter_page_shows_the_first_names(client: httpx2.Client) -> None:
    """The letter's own page has the first hundred, says how many there are, and stays small."""
    page = client.get("/letters/small-letter")
    check_soundness(page.text)
    assert len(names_in(page.text)) == 100
    assert "Names that are public: 252." in texts_of(page.text)
    assert f'rel="next" href="{PATH.replace("letter/names", "letter@1/names")}?page=2"' in page.text
    assert len(page.content) <= 60_000


@pytest.mark.usefixtures("crowd")
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("alva", ["Alva Quillstone"]),
        ("  QUILLSTONE   alva ", ["Alva Quillstone"]),
        ("cook", ["Alva Quillstone"]),
        ("person 24", ["Person 24", "Person 124", "Person 224", *(f"Person {i}" for i in range(240, 250))]),
        ("strasse offentliche", [f"Person {i}" for i in range(0, 250, 50)]),
        ("ÖFFENTLICHE", [f"Person {i}" for i in range(0, 250, 50)]),
        ("%", []),
        ("_", []),
        ("' OR 1=1 --", []),
        ("Cilka", []),
        ("Dorrin Haleby", []),
        ("\x00", []),
    ],
)  # fmt: skip
def test_search(client: httpx2.Client, query: str, found: list[str]) -> None:
    """Every word must match, in name or role, without case and accents; sealed names are never found."""
    page = client.get(PATH, params={"q": query}).text
    check_soundness(page)
    assert names_in(page) == found
    if not found:
        assert "That does not mean that someone has not signed" in page
    assert "<b>" not in page


def test_what_was_searched_for_is_text(client: httpx2.Client) -> None:
    """The words of a search are shown, not obeyed, and a field keeps them."""
    page = client.get(PATH, params={"q": '"><script>alert(1)</script>'}).text
    check_soundness(page)
    assert 'value="&#34;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"' in page
    assert "“&#34;&gt;&lt;script&gt;" in page


@pytest.mark.usefixtures("crowd")
def test_search_is_paged_too(client: httpx2.Client) -> None:
    """The second page of a search is one of that search."""
    page = client.get(PATH, params={"q": "person", "lang": "id"}).text
    link = re.search(r'rel="next" href="([^"]*)"', page)
    assert link is not None
    assert html.unescape(link[1]) == "/letters/small-letter@1/names?q=person&page=2&lang=id"
    assert names_in(client.get(html.unescape(link[1])).text)[0] == "Person 100"
    assert '<input type="hidden" name="lang" value="id">' in page


@pytest.mark.parametrize(
    ("text", "folded"),
    [("Huamán", "huaman"), ("ŞÜKRÜ", "sukru"), ("Straße", "strasse"), ("Ａ", "a"), ("Ab", "ab")],
)
def test_fold(text: str, folded: str) -> None:
    """Case, accents and width make no difference."""
    assert fold(text) == folded


@pytest.mark.parametrize("query", [f"q={'x' * 201}", "page=0", "page=-1", "page=01", "page=1e3"])
def test_odd_queries_are_refused(client: httpx2.Client, query: str) -> None:
    """What no form of ours sends is answered with 400."""
    assert client.get(f"{PATH}?{query}", headers=HTML).status_code == 400


def test_a_name_has_a_page_with_its_proof(
    client: httpx2.Client, live_site: LiveSite, places: Places
) -> None:
    """Name, role, statement, how it was verified, since when; and a proof that holds."""
    answer = client.get(f"{PATH}/{places['public']}")
    check_soundness(answer.text)
    assert '<meta name="robots" content="noindex">' in answer.text
    text = texts_of(answer.text)
    for part in (
        "Alva Quillstone Cook",
        "has signed this letter and stands under it.",
        "on the roll, proved by invite code",
        "in public",
        f"Place in the log{places['public']}",
        "One member of the group has signed exactly this letter, and signed it once.",
        "That the roll is right.",
        "undersigned verify mirror",
    ):
        assert part in text, part
    assert html.escape(STATEMENT, quote=False).replace('"', "&#34;") in answer.text
    proof, record = (
        html.unescape(found)
        for found in re.findall(r'class="proof"><code>(.*?)</code>', answer.text, re.DOTALL)
    )
    entry = record.encode()
    assert json.loads(entry)["mode"] == "public"
    parsed = parse_proof(proof.encode())
    verify_proof(parsed, leaf_hash(entry), live_site.running.site.keys.log.verifier)
    download = re.search(r'href="(/api/v1/proofs/[0-9a-f]{64})" download="([^"]*)"', answer.text)
    assert download is not None
    assert client.get(download[1]).text == proof
    assert download[2] == f"small-letter-{places['public']}.tlog-proof"
    document = re.search(r'href="(/documents/[0-9a-f]{64})"', answer.text)
    assert document is not None
    assert client.get(document[1]).json()["attestation"]["name"] == "Alva Quillstone"


@pytest.mark.parametrize(
    ("kind", "title", "state"),
    [
        ("sealed", "A sealed signature", "stands"),
        ("waiting", "A sealed signature", "does not stand"),
        ("anonymous", "An anonymous signature", "stands"),
    ],
)
@pytest.mark.parametrize("lang", ["en", "id"])
def test_signatures_without_a_name(
    client: httpx2.Client, places: Places, kind: str, title: str, state: str, lang: str
) -> None:
    """What is sealed or anonymous can be looked up by its place, and no name is on the page."""
    answer = client.get(f"{PATH}/{places[kind]}", params={"lang": lang})
    assert answer.status_code == 200
    check_soundness(answer.text)
    for name in ("Cilka", "Dorrin", "Edda", "Haleby"):
        assert name not in answer.text
    if lang == "en":
        assert title in texts_of(answer.text)
        assert f"State{state} In the log since" in texts_of(answer.text)
        assert "Who signed." in answer.text


@pytest.mark.parametrize("leaf", ["99999", "0", "9007199254740991"])
def test_unknown_places_are_404(client: httpx2.Client, leaf: str) -> None:
    """A place that the log does not have, or that holds no signature of this letter."""
    answer = client.get(f"{PATH}/{leaf}", headers=HTML)
    assert answer.status_code == 404
    assert "There is no such page" in answer.text


@pytest.mark.parametrize("leaf", ["-1", "01", "x", "1.0", quote("1 2"), "9" * 17])
def test_what_is_no_place_is_refused(client: httpx2.Client, leaf: str) -> None:
    """Places are written in one way only."""
    assert client.get(f"{PATH}/{leaf}", headers=HTML).status_code == 400


@pytest.mark.parametrize(
    ("status", "title"),
    [
        ("invalidated", "Struck out by the organisers"),
        ("unopenable", "Struck out: no name was in the seal"),
        ("withdrawn", "Struck out by its signer"),
    ],
)
@pytest.mark.parametrize("lang", ["en", "id"])
def test_ended_signatures_show_no_name(
    client: httpx2.Client, live_site: LiveSite, places: Places, status: str, title: str, lang: str
) -> None:
    """Whatever ended it, the page says so and names nobody, even if a name were still kept."""
    database = live_site.running.site.collector
    with database.write() as connection:
        change_signature(connection, places["plain"], status=status)
    try:
        answer = client.get(f"{PATH}/{places['plain']}?lang={lang}")
    finally:
        with database.write() as connection:
            change_signature(connection, places["plain"], status="live")
    assert answer.status_code == 410
    check_soundness(answer.text)
    assert "Bosse" not in answer.text
    assert "/documents/" not in answer.text
    assert (title in answer.text) == (lang == "en")


def test_erased_names_are_said_to_be(
    client: httpx2.Client, live_site: LiveSite, places: Places
) -> None:
    """The signature still counts; its name is gone."""
    database = live_site.running.site.collector
    with database.write() as connection:
        change_signature(connection, places["sealed"], erased=1)
    try:
        text = texts_of(client.get(f"{PATH}/{places['sealed']}").text)
    finally:
        with database.write() as connection:
            change_signature(connection, places["sealed"], erased=0)
    assert "A signature whose name was erased" in text
    assert "The signature still counts." in text


def test_a_member_withdraws(client: httpx2.Client, live_site: LiveSite) -> None:
    """From the moment that the withdrawal is in the log, the name is on no page any more."""
    head = get_letter(client, live_site.slug)
    attempt = enrolled(client, live_site.slug, live_site.invites[5])
    attempt.choose(Mode.PUBLIC)
    receipt = wait(client, sign(client, attempt), 15)
    assert receipt.proof is not None
    leaf = parse_proof(receipt.proof.encode()).index
    assert "Fjor Underlea" in client.get(f"{PATH}/{leaf}").text
    promised = withdraw(client, head, receipt.words)
    wait_for_proof(client, leaf_hash(promised.entry))
    page = client.get(f"{PATH}/{leaf}")
    assert page.status_code == 410
    assert "Struck out by its signer" in page.text
    for path in (f"{PATH}/{leaf}", PATH, f"{PATH}?q=fjor", "/letters/small-letter"):
        assert "Fjor Underlea" not in client.get(path).text


def test_names_of_another_letter_are_not_shown(
    client: httpx2.Client, live_site: LiveSite, places: Places
) -> None:
    """A place belongs to one letter."""
    with live_site.running.site.collector.write() as connection:
        row = find_signature(connection, places["plain"])
        assert row is not None
        change_signature(connection, places["plain"], letter_id=bytes(32))
    try:
        assert client.get(f"{PATH}/{places['plain']}").status_code == 404
    finally:
        with live_site.running.site.collector.write() as connection:
            change_signature(connection, places["plain"], letter_id=row.letter_id)
