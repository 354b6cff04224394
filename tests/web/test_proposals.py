"""Proposals over HTTP: what trustees read, what they send, and the page in both languages."""

from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.live import LiveSite, make_proposal
from tests.web.markup import check_soundness, texts_of

from undersigned.app.draft import Draft
from undersigned.app.drafting import open_letter
from undersigned.crypto.keys import TrusteeKey
from undersigned.domain.proposal import Proposal, parse_proposal
from undersigned.encoding import format_base64url
from undersigned.signer.letter_view import get_letter
from undersigned.trustee.acking import make_ack
from undersigned.web.static_files import find_bundle

ANN = TrusteeKey.generate()
BEN = TrusteeKey.generate()


@pytest.fixture(scope="module")
def proposed(
    live_site: LiveSite, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Draft, Proposal]:
    """A letter that waits for two of its three trustees."""
    folder: Path = tmp_path_factory.mktemp("proposed") / "letter"
    return make_proposal(live_site.site, folder, "waiting", (ANN, None, BEN), 2)


@pytest.fixture(scope="module")
def address(proposed: tuple[Draft, Proposal]) -> str:
    """Where the API tells of it."""
    return f"/api/v1/proposals/{proposed[1].letter_id.hex()}"


def ack_of(proposal: Proposal, key: TrusteeKey) -> dict[str, Any]:
    """Return what a trustee sends."""
    number, sig = make_ack(proposal, key)
    return {"by": number, "sig": format_base64url(sig), "roll": None}


def test_everything_of_a_proposal_is_told(
    client: httpx2.Client, proposed: tuple[Draft, Proposal], address: str
) -> None:
    """Whoever was given its address can check all of it; no cache keeps it."""
    answer = client.get(address)
    assert answer.headers["cache-control"] == "no-store"
    assert parse_proposal(answer.content) == proposed[1]
    assert answer.json()["awaited"] == [1, 3]
    assert (answer.json()["slug"], answer.json()["edition"]) == ("waiting", 1)


def test_a_proposal_is_in_no_list(client: httpx2.Client) -> None:
    """It is no letter yet: nobody comes upon it, and nobody can sign it."""
    listed = [line["slug"] for line in client.get("/api/v1/letters").json()["letters"]]
    assert "waiting" not in listed
    assert client.get("/api/v1/letters/waiting").status_code == 404


@pytest.mark.parametrize(
    ("tag", "words"),
    [
        ("en", ("Proposed letter, not open yet", "Trustee 1, Trustee 1 &amp; partners: awaited")),
        ("id", ("Usulan surat, belum dibuka", "Wali 1, Trustee 1 &amp; partners: ditunggu")),
    ],
)
def test_the_page_shows_what_will_be_fixed(
    client: httpx2.Client, proposed: tuple[Draft, Proposal], tag: str, words: tuple[str, ...]
) -> None:
    """Text, demands, terms, id, who is awaited, and the command that acknowledges."""
    letter_id = proposed[1].letter_id.hex()
    answer = client.get(f"/proposals/{letter_id}?lang={tag}")
    assert answer.status_code == 200
    check_soundness(answer.text)
    text = texts_of(answer.text)
    for part in (*words, letter_id, f"undersigned trustee ack {client.base_url}/proposals/"):
        assert str(part).rstrip("/") in text, part
    assert "<script" not in answer.text
    # The other text can be looked at from here.
    other = client.get(f"/proposals/{letter_id}?lang={tag}&text=id")
    assert "Biarkan dapur malam tetap buka" in other.text


def test_acks_are_taken_until_the_letter_can_be_opened(
    client: httpx2.Client, live_site: LiveSite, proposed: tuple[Draft, Proposal], address: str
) -> None:
    """201, the same again 200; then the page says so, the letter opens, and signers' software agrees."""
    draft, proposal = proposed
    first = client.post(f"{address}/acks", json=ack_of(proposal, BEN))
    assert (first.status_code, first.json()) == (201, {"awaited": [1]})
    again = client.post(f"{address}/acks", json=ack_of(proposal, BEN))
    assert (again.status_code, again.json()) == (200, {"awaited": [1]})
    last = client.post(f"{address}/acks", json=ack_of(proposal, ANN))
    assert last.json() == {"awaited": []}
    page = client.get(f"/proposals/{proposal.letter_id.hex()}?lang=en").text
    assert "The organiser can open the letter now." in page
    open_letter(live_site.running.site, draft, find_bundle())
    page = client.get(f"/proposals/{proposal.letter_id.hex()}?lang=en").text
    assert '<a href="/letters/waiting@1?lang=en">waiting@1</a>' in page
    assert client.get(address).json()["opened"] is True
    view = get_letter(client, "waiting")
    assert [ack.by for ack in view.record.acks] == ["issuer", 1, 2, 3]


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"by": 3}, 403, "ack-refused"),
        ({"by": 9}, 403, "ack-refused"),
        ({"by": "issuer"}, 403, "ack-refused"),
        ({"sig": "A" * 86}, 403, "ack-refused"),
        ({"by": 0}, 400, "format-error"),
        ({"by": 17}, 400, "format-error"),
        ({"by": True}, 400, "format-error"),
        ({"by": "organiser"}, 400, "format-error"),
        ({"sig": "AAAA"}, 400, "format-error"),
        ({"roll": {"v": 1}}, 400, "format-error"),
        ({"roll": []}, 400, "format-error"),
        ({"more": 1}, 400, "format-error"),
    ],
)
def test_a_wrong_ack_is_refused(
    client: httpx2.Client,
    proposed: tuple[Draft, Proposal],
    address: str,
    change: dict[str, Any],
    status: int,
    code: str,
) -> None:
    """Another's signature is 403, another form 400."""
    answer = client.post(f"{address}/acks", json=ack_of(proposed[1], ANN) | change)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize("path", ["/api/v1/proposals/", "/proposals/"])
def test_an_unknown_proposal_is_not_found(client: httpx2.Client, path: str) -> None:
    """By an id that nobody has, and by one that is none."""
    assert client.get(path + "0" * 64).status_code == 404
    assert client.get(path + "A" * 64).status_code == 400
    sent = client.post(
        "/api/v1/proposals/" + "0" * 64 + "/acks", json={"by": 1, "sig": "A" * 86, "roll": None}
    )
    assert (sent.status_code, sent.json()["code"]) == (404, "unknown-proposal")
