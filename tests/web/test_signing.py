"""The part of the API that signers meet: enrolments, tokens, signatures, amendments, proofs."""

import dataclasses
import time
from typing import Any

import httpx2
import msgspec
import pytest
from tests.live import PEOPLE, LiveSite, make_invited_letter
from tests.web.members import (
    assert_problem,
    chosen,
    enrolled,
    read_code,
    wait_for_proof,
    work_for,
)
from tests.web.test_headers import check

from undersigned.crypto.keys import SignerKey
from undersigned.crypto.note_key import parse_vkey
from undersigned.domain.letter import Mode
from undersigned.domain.record import SignRecord, format_record, parse_record, signed_bytes
from undersigned.encoding import format_base64url, parse_base64url
from undersigned.errors import (
    AlreadyIssued,
    AlreadyWithdrawn,
    FormatError,
    ProofRejected,
    UnknownSignature,
)
from undersigned.signer.amending import amend, withdraw
from undersigned.signer.attempt import Attempt
from undersigned.signer.enrolment import EmailProof, InviteProof, ShownAs, ask_for_code
from undersigned.signer.letter_view import get_letter
from undersigned.signer.signing import enrol, sign, signed_request
from undersigned.signer.signing import wait_for_proof as wait
from undersigned.tlog.merkle import leaf_hash
from undersigned.tlog.proof import parse_proof, verify_proof
from undersigned.web.body_limits import MOST_BODY

ENGINES = ("sqlite", "postgresql")

PATH = "/api/v1/letters/small-letter"


# --- enrolments


def test_a_code_comes_by_mail_and_proves_membership(
    live_site: LiveSite, client: httpx2.Client
) -> None:
    """An address on the roll gets a code, the code gets a token, the token signs."""
    address = PEOPLE[0][0]
    head = get_letter(client, "small-letter")
    enrolment = ask_for_code(client, head, address.upper())
    attempt = Attempt.start(head, None)
    enrol(client, attempt, EmailProof(enrolment, read_code(live_site.outbox, address)))
    attempt.choose(Mode.SEALED)
    receipt = wait(client, sign(client, attempt), 15)
    assert receipt.proof is not None
    assert receipt.attestation.verified == "email"


def test_everyone_is_answered_alike_before_anyone_is_looked_for(
    live_site: LiveSite, client: httpx2.Client
) -> None:
    """While the roll cannot be read at all, members and strangers get the same answer."""
    answers = []
    with live_site.site.issuer.database.write():
        for address in (PEOPLE[1][0], "stranger@else.example"):
            asked = {"method": "email", "email": address, "altcha": work_for(client, PATH)}
            answers.append(client.post(f"{PATH}/enrolments", json=asked))
    shapes = []
    for answer in answers:
        assert answer.status_code == 202
        (enrolment,) = answer.json().values()
        assert len(parse_base64url(enrolment, size=16)) == 16
        headers = {k: v for k, v in answer.headers.items() if k != "date"}
        shapes.append((list(answer.json()), headers))
    assert shapes[0] == shapes[1]
    assert read_code(live_site.outbox, PEOPLE[1][0])


def test_a_full_queue_refuses_everyone_alike(live_site: LiveSite, client: httpx2.Client) -> None:
    """A flood of requests for codes meets a bound; members and strangers are told to come back."""
    work = work_for(client, PATH)
    with live_site.site.issuer.database.write():
        statuses = set()
        # While nothing can be written, nothing is used up.
        asked = {"method": "email", "email": "stranger@else.example", "altcha": work}
        for _ in range(1100):
            answer = client.post(f"{PATH}/enrolments", json=asked)
            statuses.add(answer.status_code)
            if answer.status_code == 503:
                break
        problem = assert_problem(answer, 503, "busy")
        asked |= {"email": PEOPLE[2][0]}
        assert assert_problem(client.post(f"{PATH}/enrolments", json=asked), 503, "busy") == problem
    assert statuses == {202, 503}
    end = time.monotonic() + 120
    while client.post(f"{PATH}/enrolments", json=asked).status_code == 503:
        assert time.monotonic() < end
        time.sleep(0.1)


@pytest.mark.parametrize("email", ["", "nobody", "a@b", "a b@else.example", "x" * 321, 5, None])
def test_what_is_no_address_is_refused(client: httpx2.Client, email: object) -> None:
    """The form of an address is checked, and it is not repeated."""
    asked = {"method": "email", "email": email, "altcha": work_for(client, PATH)}
    answer = client.post(f"{PATH}/enrolments", json=asked)
    problem = assert_problem(answer, 400, "format-error")
    assert not email or str(email) not in problem["detail"]


def test_letters_without_mail_say_so(live_site: LiveSite, client: httpx2.Client) -> None:
    """A letter whose members prove themselves by codes alone takes no enrolment."""
    folder = live_site.folder.with_name("invited")
    make_invited_letter(live_site.site, folder, "invited-letter", 3)
    asked = {"method": "email", "email": PEOPLE[0][0], "altcha": work_for(client, PATH)}
    answer = client.post("/api/v1/letters/invited-letter/enrolments", json=asked)
    assert_problem(answer, 422, "refused")
    answer = client.get("/api/v1/letters/invited-letter/challenge")
    assert_problem(answer, 422, "refused")


@pytest.mark.parametrize("change", [{"altcha": "bm8="}, {"altcha": ""}, {"altcha": 5}])
def test_without_work_no_code_is_asked_for(client: httpx2.Client, change: dict[str, Any]) -> None:
    """What is no work at all; and work that was done for another request is refused, too."""
    work = work_for(client, PATH)
    asked = {"method": "email", "email": "stranger@else.example", "altcha": work}
    assert_problem(client.post(f"{PATH}/enrolments", json=asked | change), 400, "format-error")
    assert client.post(f"{PATH}/enrolments", json=asked).status_code == 202
    end = time.monotonic() + 120
    while client.post(f"{PATH}/enrolments", json=asked).status_code == 202:
        assert time.monotonic() < end
        time.sleep(0.05)
    answer = client.post(f"{PATH}/enrolments", json=asked)
    assert_problem(answer, 422, "work-rejected")


def test_unknown_letters_take_nothing(client: httpx2.Client) -> None:
    """Every route that takes something is 404 for a letter that is not here."""
    base = "/api/v1/letters/no-such"
    asked: dict[str, Any] = {"method": "email", "email": PEOPLE[0][0], "altcha": "bm8="}
    assert_problem(client.get(f"{base}/challenge"), 404, "unknown-letter")
    assert_problem(client.post(f"{base}/enrolments", json=asked), 404, "unknown-letter")
    asked = token_request({"method": "invite", "code": "0" * 16})
    assert_problem(client.post(f"{base}/tokens", json=asked), 404, "unknown-letter")
    asked = {"record": "", "blob": None}
    for rest in ("signatures", "amendments"):
        assert_problem(client.post(f"{base}/{rest}", json=asked), 404, "unknown-letter")


# --- tokens


def token_request(proof: dict[str, str], **more: object) -> dict[str, Any]:
    """Return a request for a token with a blinded message that blinds nothing."""
    blinded, c = format_base64url(b"\x01" * 256), format_base64url(bytes(32))
    return {"proof": proof, "blinded": blinded, "c": c, "shown_as": None} | more


def test_a_token_is_given_once(live_site: LiveSite, client: httpx2.Client) -> None:
    """The same request again gets the same answer; another one of the same member is refused."""
    proof = {"method": "invite", "code": live_site.invites[3].lower()}
    asked = token_request(proof)
    first = client.post(f"{PATH}/tokens", json=asked)
    assert first.status_code == 200
    assert list(first.json()) == ["blind_signature", "attestation", "salt"]
    assert first.json()["attestation"]["name"] == PEOPLE[3][1]
    assert client.post(f"{PATH}/tokens", json=asked).json() == first.json()
    other = asked | {"blinded": format_base64url(b"\x02" * 256)}
    assert_problem(client.post(f"{PATH}/tokens", json=other), 409, "already-issued")


def test_wrong_proofs_are_refused_alike(client: httpx2.Client) -> None:
    """A wrong invite code, a code without an enrolment and a misshapen code get one answer."""
    enrolment = format_base64url(bytes(16))
    proofs = [
        {"method": "invite", "code": "0000-0000-0000-0000"},
        {"method": "invite", "code": "short"},
        {"method": "email", "enrolment": enrolment, "code": "0000-0000"},
        {"method": "email", "enrolment": enrolment, "code": "é"},
    ]
    for proof in proofs:
        answer = client.post(f"{PATH}/tokens", json=token_request(proof))
        problem = assert_problem(answer, 403, "proof-rejected")
        assert problem["detail"] == ProofRejected().detail


def test_members_choose_how_they_are_shown(live_site: LiveSite, client: httpx2.Client) -> None:
    """On a list: full name, or initials, with or without the role; never another name."""
    code = live_site.invites[4]
    head = get_letter(client, "small-letter")
    with pytest.raises(FormatError, match="initials"):
        enrol(client, Attempt.start(head, None), InviteProof(code), ShownAs("Somebody Else", None))
    attempt = enrolled(client, "small-letter", code, ShownAs("E. M.", None))
    attempt.choose(Mode.PUBLIC)
    receipt = sign(client, attempt)
    assert (receipt.attestation.name, receipt.attestation.role) == ("E. M.", None)


def test_members_without_a_list_use_their_own_words(
    live_site: LiveSite, client: httpx2.Client
) -> None:
    """On a roll of codes the words are the member's own, are asked for, and say so."""
    folder = live_site.folder.with_name("own-words")
    _, codes = make_invited_letter(live_site.site, folder, "own-words", 1)
    head = get_letter(client, "own-words")
    with pytest.raises(FormatError, match="no names"):
        enrol(client, Attempt.start(head, None), InviteProof(codes[0]), None)
    attempt = enrolled(client, "own-words", codes[0], ShownAs("The night cook", None))
    attempt.choose(Mode.PUBLIC)
    assert sign(client, attempt).attestation.verified == "self-declared"
    with pytest.raises(AlreadyIssued):
        enrolled(client, "own-words", codes[0], ShownAs("The day cook", None))


INVITE = {"method": "invite", "code": "0" * 16}


@pytest.mark.parametrize(
    "asked",
    [
        token_request(INVITE, more=1),
        token_request(INVITE | {"more": "1"}),
        token_request({"method": "invite"}),
        token_request({"method": "fax", "code": "x"}),
        token_request({"method": "openid", "code": "x"}),
        token_request({"code": "x"}),
        token_request({"method": "invite", "code": "0" * 65}),
        token_request({"method": "email", "code": "x", "enrolment": "short"}),
        token_request(INVITE, blinded="A" * 341),
        token_request(INVITE, blinded="A" * 341 + "B"),
        token_request(INVITE, blinded="=" * 342),
        token_request(INVITE, c=5),
        token_request(INVITE, shown_as="me"),
        token_request(INVITE, shown_as={"name": "x"}),
        token_request(INVITE, shown_as={"name": "x", "role": None, "more": 1}),
        token_request(INVITE, shown_as={"name": "x" * 101, "role": None}),
        {"proof": INVITE},
        [],
        "text",
    ],
)
def test_misshapen_token_requests(client: httpx2.Client, asked: object) -> None:
    """Unknown, missing, longer and other members are refused, without repeating them."""
    problem = assert_problem(client.post(f"{PATH}/tokens", json=asked), 400, "format-error")
    assert "more" not in problem["detail"].split()
    assert "fax" not in problem["detail"]


# --- signatures


def test_a_signature_is_answered_with_a_promise_and_a_proof(
    live_site: LiveSite, client: httpx2.Client
) -> None:
    """201 the first time, 200 and the same bytes afterwards; then the proof holds."""
    entry, asked = chosen(client, "small-letter", live_site.invites[5], Mode.SEALED, condition=3)
    first = client.post(f"{PATH}@1/signatures", json=asked)
    again = client.post(f"{PATH}/signatures", json=asked)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert list(first.json()) == ["promise"]
    assert first.json()["promise"].startswith("undersigned/promise/v1\n")
    proof = wait_for_proof(client, leaf_hash(entry))
    assert proof.headers["content-type"] == "text/plain; charset=utf-8"
    log_key = parse_vkey(client.get("/api/v1/site").json()["log_vkey"])
    verify_proof(parse_proof(proof.content), leaf_hash(entry), log_key)


def test_a_record_waits_for_its_epoch(live_site: LiveSite, client: httpx2.Client) -> None:
    """Until it is in the published log, the proof of a taken record is 202, not 404."""
    entry, asked = chosen(client, "small-letter", live_site.invites[6], Mode.ANONYMOUS)
    with live_site.running.site.collector.read():
        assert client.post(f"{PATH}/signatures", json=asked).status_code == 201
        answer = client.get(f"/api/v1/proofs/{leaf_hash(entry).hex()}")
    if answer.status_code != 200:
        assert answer.status_code == 202
        assert answer.json() == {"pending": True}
    wait_for_proof(client, leaf_hash(entry))


def test_proofs_of_nothing(client: httpx2.Client) -> None:
    """A record that was never taken is 404, what is no hash is 400."""
    assert_problem(client.get(f"/api/v1/proofs/{'0' * 64}"), 404, "unknown-leaf")
    assert_problem(client.get("/api/v1/proofs/x"), 400, "format-error")


def test_a_token_signs_one_record(live_site: LiveSite, client: httpx2.Client) -> None:
    """A second record with the same token is refused."""
    attempt = enrolled(client, "small-letter", live_site.invites[7])
    attempt.choose(Mode.ANONYMOUS)
    key, entry = attempt, attempt.entry
    assert client.post(f"{PATH}/signatures", json=signed_request(entry, None)).status_code == 201
    other = resigned(key, condition=2)
    answer = client.post(f"{PATH}/signatures", json=signed_request(other, None))
    assert_problem(answer, 409, "token-spent")


def resigned(attempt: Attempt, **changes: Any) -> bytes:
    """Return the attempt's record with some members changed and signed anew."""
    record = parse_record(attempt.entry)
    assert isinstance(record, SignRecord)
    key = SignerKey.from_words(attempt.words, attempt.head.letter.letter_id)
    record = dataclasses.replace(record, **changes)
    return format_record(dataclasses.replace(record, sig=key.sign(signed_bytes(record))))


def test_bad_signatures(live_site: LiveSite, client: httpx2.Client) -> None:
    """A false signature, token, condition or blob is refused, each with its own code."""
    attempt = enrolled(client, "small-letter", live_site.invites[8])
    attempt.choose(Mode.ANONYMOUS)
    entry = attempt.entry
    record = parse_record(entry)
    assert isinstance(record, SignRecord)
    token = record.token[:-1] + bytes([record.token[-1] ^ 1])
    unsigned = format_record(dataclasses.replace(record, sig=bytes(64)))
    cases = [
        (resigned(attempt, condition=4), None, 422, "condition-not-offered"),
        (resigned(attempt, token=token), None, 422, "token-invalid"),
        (resigned(attempt, token=bytes(354)), None, 400, "format-error"),
        (unsigned, None, 422, "verification-error"),
        (resigned(attempt, pk=bytes(32)), None, 422, "token-invalid"),
        (entry, b"blob", 400, "format-error"),
        (entry[:-1], None, 400, "format-error"),
        (b"", None, 400, "format-error"),
    ]
    for sent, blob, status, code in cases:
        answer = client.post(f"{PATH}/signatures", json=signed_request(sent, blob))
        assert_problem(answer, status, code)


def test_the_address_names_the_records_letter(live_site: LiveSite, client: httpx2.Client) -> None:
    """A record that is sent to another letter's address is refused."""
    folder = live_site.folder.with_name("another")
    make_invited_letter(live_site.site, folder, "another-letter", 1)
    attempt = enrolled(client, "small-letter", live_site.invites[9])
    attempt.choose(Mode.ANONYMOUS)
    answer = client.post(
        "/api/v1/letters/another-letter/signatures", json=signed_request(attempt.entry, None)
    )
    problem = assert_problem(answer, 400, "format-error")
    assert problem["detail"] == "the record is for another letter"


@pytest.mark.parametrize("route", ["signatures", "amendments"])
@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"\xff", b"[" * 100_000, b'{"record":""}', b'{"record":"","blob":5}',
        b'{"record":"","blob":null,"more":1}', b'{"record":"=","blob":null}',
        b'{"record":"eyJ9","blob":null}',
    ],
)  # fmt: skip
def test_misshapen_bodies(client: httpx2.Client, route: str, body: bytes) -> None:
    """Whatever is no record in its envelope is 400, in the one shape."""
    assert_problem(client.post(f"{PATH}/{route}", content=body), 400, "format-error")


@pytest.mark.parametrize("route", ["signatures", "amendments", "issuer-records"])
@pytest.mark.parametrize("announced", [True, False])
def test_a_body_that_is_too_long(client: httpx2.Client, route: str, announced: bool) -> None:
    """It is refused, whether it says its length or comes in parts."""
    parts = [b" " * 1000] * (MOST_BODY // 1000 + 1)
    content = b"".join(parts) if announced else iter(parts)
    answer = client.post(f"{PATH}/{route}", content=content)
    assert_problem(answer, 413, "too-large")
    check(answer)


def test_a_body_in_parts(live_site: LiveSite, client: httpx2.Client) -> None:
    """What comes in parts is put together."""
    _, asked = chosen(client, "small-letter", live_site.invites[2], Mode.SEALED)
    body = msgspec.json.encode(asked)
    parts = (body[start : start + 700] for start in range(0, len(body), 700))
    answer = client.post(f"{PATH}/signatures", content=parts)
    assert answer.status_code == 201
    check(answer)
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"] == "application/json"


def test_other_methods_of_the_addresses(client: httpx2.Client) -> None:
    """They are told which one is taken."""
    for route in ("signatures", "amendments", "issuer-records"):
        answer = client.get(f"{PATH}/{route}")
        assert_problem(answer, 405, "method-not-allowed")
        assert answer.headers["allow"] == "POST"


def test_a_full_queue_says_when_to_come_back(live_site: LiveSite, client: httpx2.Client) -> None:
    """While nothing more is taken in, signers are told to come back, and nothing is lost."""
    entry, asked = chosen(client, "small-letter", live_site.invites[10], Mode.ANONYMOUS)
    intake = live_site.running.intake
    intake._closed = True
    try:
        path = f"{PATH}/signatures"
        unread = client.post(path, json=asked)
        # Of who says that nothing else comes, the body is read to its end before the answer.
        read = client.post(path, json=asked, headers={"Connection": "close"})
        for answer in (unread, read):
            assert_problem(answer, 503, "busy")
            assert answer.headers["retry-after"] == "2"
            check(answer)
        assert unread.content == read.content
        own = (b"date", b"connection")
        assert [
            [pair for pair in answer.headers.raw if pair[0] not in own] for answer in (unread, read)
        ] == [unread.headers.raw[1:]] * 2
        assert client.get(f"{PATH}/counts").status_code == 200
    finally:
        intake._closed = False
    assert client.post(f"{PATH}/signatures", json=asked).status_code == 201
    wait_for_proof(client, leaf_hash(entry))


# --- amendments


def test_amend_and_withdraw(live_site: LiveSite, client: httpx2.Client) -> None:
    """A signature is amended and withdrawn with its words; each change is taken once."""
    head = get_letter(client, "small-letter")
    attempt = enrolled(client, "small-letter", live_site.invites[11])
    attempt.choose(Mode.PUBLIC)
    receipt = sign(client, attempt)
    amend(client, head, receipt, mode=Mode.ANONYMOUS, seq=1)
    first = withdraw(client, head, receipt.words)
    assert withdraw(client, head, receipt.words) == first
    answer = client.post(f"{PATH}/amendments", json=signed_request(attempt_entry(receipt), None))
    assert_problem(answer, 400, "format-error")


def attempt_entry(receipt: Any) -> bytes:
    """Return the `sign` record of a receipt, which is no amendment."""
    return format_record(receipt.record)


def test_changes_of_signatures_that_are_not_here(
    live_site: LiveSite, client: httpx2.Client
) -> None:
    """Nobody can change what nobody signed; nobody changes what is withdrawn."""
    head = get_letter(client, "small-letter")
    unused = Attempt.start(head, None)
    with pytest.raises(UnknownSignature):
        withdraw(client, head, unused.words)
    attempt = enrolled(client, "small-letter", live_site.invites[1])
    attempt.choose(Mode.ANONYMOUS)
    receipt = sign(client, attempt)
    withdraw(client, head, receipt.words)
    with pytest.raises(AlreadyWithdrawn):
        amend(client, head, receipt.words, mode=Mode.ANONYMOUS, seq=1)
