"""What members do in the tests of the door: get a token, sign, wait until they stand in the log."""

import time
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import httpx2

from undersigned.domain.letter import Mode
from undersigned.signer.attempt import Attempt
from undersigned.signer.enrolment import InviteProof, ShownAs
from undersigned.signer.letter_view import get_letter
from undersigned.signer.signing import enrol, signed_request
from undersigned.signer.work import solve
from undersigned.tlog.merkle import leaf_hash

PROBLEM = "application/problem+json"


def enrolled(
    client: httpx2.Client, slug: str, code: str, shown_as: ShownAs | None = None
) -> Attempt:
    """Return an attempt that holds its token."""
    attempt = Attempt.start(get_letter(client, slug), None)
    enrol(client, attempt, InviteProof(code), shown_as)
    return attempt


def chosen(
    client: httpx2.Client,
    slug: str,
    code: str,
    mode: Mode,
    condition: int | None = None,
    statement: str | None = None,
) -> tuple[bytes, dict[str, Any]]:
    """Return the record of a member who is about to sign, and the request to be sent."""
    attempt = enrolled(client, slug, code)
    attempt.choose(mode, condition, statement)
    return attempt.entry, signed_request(attempt.entry, attempt.blob)


def signed(
    client: httpx2.Client,
    slug: str,
    code: str,
    mode: Mode = Mode.PUBLIC,
    condition: int | None = None,
    statement: str | None = None,
) -> bytes:
    """Sign; return the leaf hash of the record when it is in the log."""
    entry, request = chosen(client, slug, code, mode, condition, statement)
    answer = client.post(f"/api/v1/letters/{slug}/signatures", json=request)
    assert answer.status_code == 201, answer.text
    wait_for_proof(client, leaf_hash(entry))
    return leaf_hash(entry)


def work_for(client: httpx2.Client, path: str) -> str:
    """Return the work that has to be done before a code of a letter (the path of its API), done."""
    answer = client.get(f"{path}/challenge")
    # A letter that gives no codes asks for no work; what comes with a request then does not matter.
    return solve(answer.content) if answer.status_code == 200 else "bm8="


def wait_for_proof(client: httpx2.Client, leaf: bytes) -> httpx2.Response:
    """Return the answer with the proof of a record."""
    end = time.monotonic() + 120
    while True:
        answer = client.get(f"/api/v1/proofs/{leaf.hex()}")
        if answer.status_code == 200 or time.monotonic() > end:
            assert answer.status_code == 200, answer.text
            return answer
        time.sleep(0.05)


def read_code(outbox: Path, address: str) -> str:
    """Return the code that was mailed to an address."""
    end = time.monotonic() + 120
    while time.monotonic() < end:
        for file in outbox.glob("*.eml"):
            mail = message_from_bytes(file.read_bytes(), policy=policy.default)
            if mail["To"] == address:
                body = mail.get_body(("plain",))
                assert body is not None
                return str(body.get_content()).partition("Your code: ")[2].splitlines()[0]
        time.sleep(0.05)
    raise AssertionError("no mail came")


def assert_problem(answer: httpx2.Response, status: int, code: str) -> dict[str, Any]:
    """Check that an answer is this problem, in the one shape; return it."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == PROBLEM
    problem: dict[str, Any] = answer.json()
    assert list(problem)[:5] == ["type", "title", "status", "detail", "code"]
    assert (problem["code"], problem["status"]) == (code, status)
    assert problem["type"] == f"/problems/{code}"
    assert ("retry-after" in answer.headers) == (status == 503)
    return problem
