"""The readable part of the API: site, letters, numbers, history, names, documents."""

import hashlib
from dataclasses import replace

import httpx2
import pytest
from tests.live import PEOPLE, LiveSite
from tests.web.members import assert_problem, signed

from undersigned import __version__
from undersigned.crypto.note_key import parse_vkey
from undersigned.domain.canonical import format_canonical
from undersigned.domain.letter import Letter, Mode, TrusteeTerms
from undersigned.store.letters import put_document
from undersigned.web.api.letters import seals_of

COUNTS = [
    "m", "standing", "waiting", "anonymous", "withdrawn", "invalidated", "erased",
    "headcount", "size", "at",
]  # fmt: skip


@pytest.fixture(scope="module")
def signers(live_site: LiveSite) -> int:
    """Two public signatures, one of them with a statement, a waiting one, an anonymous one."""
    with httpx2.Client(base_url=live_site.url, timeout=60) as client:
        codes = live_site.invites
        signed(client, live_site.slug, codes[0], Mode.PUBLIC, statement="First\n<b>line</b>")
        signed(client, live_site.slug, codes[2], Mode.PUBLIC)
        signed(client, live_site.slug, codes[3], Mode.SEALED, condition=6)
        signed(client, live_site.slug, codes[4], Mode.ANONYMOUS)
    return 4


def test_site_tells_its_keys(live_site: LiveSite, client: httpx2.Client) -> None:
    """The site says which log it has, under which keys, its version and its clock."""
    said = client.get("/api/v1/site").json()
    assert " ".join(said) == "origin log_vkey promise_vkey witnesses quorum waiting version time"
    assert said["origin"] == "letters.example/log"
    assert parse_vkey(said["log_vkey"]).name == said["origin"]
    assert parse_vkey(said["promise_vkey"]).name == said["origin"] + "/promise"
    assert said["witnesses"] == []
    assert (said["quorum"], said["waiting"]) == (False, False)
    assert said["version"] == __version__
    assert abs(said["time"] - live_site.running.site.clock.now()) < 5


def test_list_has_every_letter(live_site: LiveSite, client: httpx2.Client) -> None:
    """The list has a line with the letter's name, title, state and numbers."""
    (line,) = client.get("/api/v1/letters").json()["letters"]
    assert list(line) == ["slug", "edition", "letter_id", "title", "state", "counts"]
    assert line["letter_id"] == live_site.letter.letter_id.hex()
    assert line["title"] == "Keep the <night> kitchen open"
    assert line["state"] == "open"
    assert list(line["counts"]) == COUNTS


@pytest.mark.parametrize("name", ["small-letter", "small-letter@1"])
def test_letter_is_what_its_hashes_say(
    live_site: LiveSite, client: httpx2.Client, name: str
) -> None:
    """Record and texts are those that the letter's id and hashes name, without and with the edition."""
    said = client.get(f"/api/v1/letters/{name}").json()
    assert list(said) == [
        "letter_id", "slug", "edition", "record", "texts", "state", "wave", "opened_at",
        "reached_at", "released_at", "ended_at", "purged_at", "roll_n", "seals", "notices",
        "timestamps", "opening", "counts",
    ]  # fmt: skip
    body = format_canonical(said["record"]["body"])
    assert hashlib.sha256(body).hexdigest() == said["letter_id"]
    hashes = [hashlib.sha256(format_canonical(text)).digest() for text in said["texts"]]
    assert hashes == [text.hash for text in live_site.letter.texts]
    assert (said["state"], said["wave"], said["reached_at"], said["released_at"]) == (
        "open",
        0,
        None,
        None,
    )
    assert said["roll_n"] == len(PEOPLE)
    assert said["seals"] == "operator"


@pytest.mark.usefixtures("signers")
def test_counts_are_for_polling(client: httpx2.Client) -> None:
    """Kept by caches for two seconds, tiny, and not sent again to whoever has them."""
    path = "/api/v1/letters/small-letter/counts"
    answer = client.get(path)
    assert answer.headers["cache-control"] == "public, max-age=2"
    assert len(answer.content) < 200
    again = client.get(path, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == answer.headers["etag"]
    assert again.headers["cache-control"] == "public, max-age=2"
    assert client.get(path, headers={"If-None-Match": '"other"'}).json() == answer.json()


@pytest.mark.usefixtures("signers")
def test_counts_and_history_agree(client: httpx2.Client) -> None:
    """Standing, waiting and anonymous are counted apart; the last epoch left the same numbers."""
    counts = client.get("/api/v1/letters/small-letter/counts").json()
    assert list(counts) == COUNTS
    assert (counts["m"], counts["standing"], counts["waiting"], counts["anonymous"]) == (2, 3, 1, 1)
    assert counts["headcount"] == 14
    history = client.get("/api/v1/letters/small-letter/history").json()["history"]
    assert [row["n"] for row in history] == list(range(1, len(history) + 1))
    assert list(history[-1]) == ["n", "at", "size", *COUNTS[:7]]
    assert {name: history[-1][name] for name in COUNTS[:7]} == {
        name: counts[name] for name in COUNTS[:7]
    }
    assert history[-1]["size"] == counts["size"]
    assert history[-1]["at"] == counts["at"]


@pytest.mark.usefixtures("signers")
def test_names_come_in_pages(client: httpx2.Client) -> None:
    """Public names come in the log's order, as many as asked for, and say where the rest begins."""
    path = "/api/v1/letters/small-letter/names"
    whole = client.get(path).json()
    assert whole["next"] is None
    assert [sorted(name) for name in whole["names"]] == 2 * [
        ["hidden", "leaf", "name", "role", "statement", "verified"]
    ]
    by_name = {name["name"]: name for name in whole["names"]}
    assert by_name["Alva Quillstone"]["role"] == "Cook"
    assert by_name["Alva Quillstone"]["statement"] == "First\n<b>line</b>"
    assert by_name["Alva Quillstone"]["verified"] == "invite"
    assert by_name["Cilka Fennmoor"]["role"] is None
    first = client.get(path, params={"limit": 1}).json()
    assert first["names"] == whole["names"][:1]
    rest = client.get(path, params={"limit": 2, "after": first["next"]}).json()
    assert rest == {"names": whole["names"][1:], "next": None}


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=1001", "limit=01", "limit=1_0", "after=-2", "after=%2B1", "after=x"]
)
def test_names_refuse_odd_numbers(client: httpx2.Client, query: str) -> None:
    """Numbers in a query are decimal and bounded; what was sent is not repeated."""
    problem = assert_problem(
        client.get(f"/api/v1/letters/small-letter/names?{query}"), 400, "format-error"
    )
    assert problem["detail"].startswith(f"query.{query.partition('=')[0]}: ")


@pytest.mark.parametrize("rest", ["", "/counts", "/history", "/names"])
@pytest.mark.parametrize("name", ["no-such", "small-letter@2", "small-letter@01", "UPPER", "%00"])
def test_unknown_letters(client: httpx2.Client, name: str, rest: str) -> None:
    """A letter that is not here, or a name that none can have, is 404."""
    assert_problem(client.get(f"/api/v1/letters/{name}{rest}"), 404, "unknown-letter")


@pytest.mark.usefixtures("signers")
def test_documents_are_what_their_hash_says(live_site: LiveSite, client: httpx2.Client) -> None:
    """Texts are served by hash, as JSON that nothing in a browser will run, for ever."""
    for text in live_site.letter.texts:
        answer = client.get(f"/documents/{text.hash.hex()}")
        assert hashlib.sha256(answer.content).digest() == text.hash
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "immutable" in answer.headers["cache-control"]


def test_documents_that_are_no_json_are_octets(live_site: LiveSite, client: httpx2.Client) -> None:
    """A sealed blob is served as bytes without a meaning."""
    site = live_site.running.site
    blob = b"\x01<script>alert(1)</script>"
    with site.collector.write() as connection:
        digest = put_document(connection, blob)
    answer = client.get(f"/documents/{digest.hex()}")
    assert answer.content == blob
    assert answer.headers["content-type"] == "application/octet-stream"


def test_documents_that_are_not_here(client: httpx2.Client) -> None:
    """An unknown hash is 404, what is no hash is 400."""
    assert_problem(client.get(f"/documents/{'0' * 64}"), 404, "unknown-document")
    for wrong in ("0" * 63, "A" * 64, "x"):
        assert_problem(client.get(f"/documents/{wrong}"), 400, "format-error")


def test_seals_are_the_operators_or_not(live_site: LiveSite) -> None:
    """The operator keeps the seals when the keys of the operator reach the quorum."""
    letter = live_site.letter

    def with_trustees(quorum: int, *operators: bool) -> Letter:
        trustees = tuple(TrusteeTerms("t", own, bytes(1216), bytes(32)) for own in operators)
        return replace(letter, trustees=trustees, quorum=quorum)

    assert seals_of(with_trustees(1, True)) == "operator"
    assert seals_of(with_trustees(1, True, False)) == "operator"
    assert seals_of(with_trustees(2, True, False)) == "trustees"
    assert seals_of(with_trustees(1, False)) == "trustees"
    public = replace(letter, modes=(Mode.PUBLIC,), conditions=(), trustees=(), quorum=0)
    assert seals_of(public) is None
