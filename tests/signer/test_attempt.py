"""An attempt survives a crash at any step, and then signs the same record."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import altcha
import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.signer.site import (
    CHALLENGES,
    CODE,
    NAME,
    ROLE,
    TOKEN_KEY,
    TRUSTEES,
    InMemorySite,
    attest,
    make_letter,
    open_letter,
)

from undersigned.crypto.keys import RecordSigner, SignerKey
from undersigned.crypto.seal import combine_key, open_blob, parse_blob
from undersigned.crypto.token import verify_token
from undersigned.domain.letter import Method, Mode
from undersigned.domain.name import Attestation, commitment, format_attestation, parse_name
from undersigned.domain.record import SignRecord, parse_record
from undersigned.encoding import format_base64url
from undersigned.errors import (
    AlreadyIssued,
    ConditionNotOffered,
    FormatError,
    ModeNotOffered,
    NameNotAttested,
    ProofRejected,
    Refused,
    StoreError,
    UndersignedError,
    VerificationError,
)
from undersigned.signer.attempt import Attempt
from undersigned.signer.attempt_state import Blinded, Chosen, Done, Held
from undersigned.signer.enrolment import EmailProof, InviteProof, ShownAs, ask_for_code
from undersigned.signer.exchange import Patience
from undersigned.signer.letter_view import LetterView, get_letter
from undersigned.signer.receipt import Receipt, format_receipt, parse_receipt
from undersigned.signer.signing import enrol, sign

PROOF = EmailProof(bytes(16), CODE)
WORDS = "legal winner thank year wave sausage worth useful legal winner thank yellow"


class CrashError(Exception):
    """The power fails."""


class Fuse:
    """Counts the moments at which a crash is possible, and crashes at some."""

    def __init__(self, at: set[int]) -> None:
        self.at = at
        self.moments = 0

    def burn(self) -> None:
        """CrashError if this is one of the moments."""
        self.moments += 1
        if self.moments in self.at:
            raise CrashError


@contextmanager
def fused(site: InMemorySite, fuse: Fuse) -> Iterator[httpx2.Client]:
    """CrashError around every request, and around every step by which a file reaches the disk."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        fuse.burn()
        response = site.answer(request)
        fuse.burn()
        return response

    def around(step: Callable[..., object]) -> Callable[..., object]:
        def fragile(*arguments: object, **named: object) -> object:
            fuse.burn()
            result = step(*arguments, **named)
            fuse.burn()
            return result

        return fragile

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", around(os.fsync))
        patch.setattr(Path, "replace", around(Path.replace))
        patch.setattr(Path, "unlink", around(Path.unlink))
        transport = httpx2.MockTransport(answer)
        with httpx2.Client(transport=transport, base_url="https://letters.example") as client:
            yield client


def step_through(
    client: httpx2.Client, view: LetterView, path: Path, kept: Path, mode: Mode
) -> None:
    """Do what a member's program does when it is started: go on from wherever it was."""
    attempt = Attempt.resume(path) if path.exists() else Attempt.start(view, path)
    state = attempt.state
    has_asked = isinstance(state, Blinded) and state.asked is not None
    enrol(client, attempt, None if has_asked else PROOF)
    if isinstance(attempt.state, Held):
        attempt.choose(mode, None, None if mode is Mode.ANONYMOUS else "For us all.")
    sign(client, attempt, keep=lambda receipt: _write(kept, receipt))


def _write(kept: Path, receipt: Receipt) -> None:
    data = format_receipt(receipt)
    assert not kept.exists() or kept.read_bytes() == data
    kept.write_bytes(data)


def sign_through_crashes(folder: Path, mode: Mode, crashes: set[int]) -> Fuse:
    """Sign once, however often the power fails; check that nothing was signed or asked twice."""
    site, fuse = InMemorySite(), Fuse(crashes)
    path, kept = folder / "attempt.json", folder / "receipt.json"
    with site.client() as client:
        view = get_letter(client, "the-letter")
    with fused(site, fuse) as client:
        while path.exists() or not kept.exists():
            try:
                step_through(client, view, path, kept, mode)
            except CrashError:
                continue
    assert len(site.issued) == 1
    assert len(site.taken) == 1
    assert len(site.bodies) == 1
    assert [item.name for item in folder.iterdir()] == ["receipt.json"]
    receipt = parse_receipt(kept.read_bytes())
    assert receipt.promise in site.taken.values()
    return fuse


@pytest.mark.parametrize("mode", list(Mode))
def test_a_crash_at_every_moment(tmp_path: Path, mode: Mode) -> None:
    """One crash, at each moment in turn: one token, one record, the same bytes."""
    (tmp_path / "whole").mkdir()
    moments = sign_through_crashes(tmp_path / "whole", mode, set()).moments
    assert moments > 20
    for moment in range(1, moments + 1):
        folder = tmp_path / str(moment)
        folder.mkdir()
        fuse = sign_through_crashes(folder, mode, {moment})
        assert fuse.moments >= moment


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(Mode), st.sets(st.integers(1, 60), max_size=12))
def test_any_number_of_crashes(mode: Mode, crashes: set[int]) -> None:
    """However often it crashes, in whatever pattern, it signs once."""
    with TemporaryDirectory() as folder:
        sign_through_crashes(Path(folder), mode, crashes)


# --- the steps


@pytest.fixture
def attempt(view: LetterView, tmp_path: Path) -> Attempt:
    """An attempt that has just begun."""
    return Attempt.start(view, tmp_path / "attempt.json")


@pytest.fixture
def held(client: httpx2.Client, attempt: Attempt) -> Attempt:
    """An attempt that has its token."""
    enrol(client, attempt, PROOF)
    return attempt


def test_the_file_is_for_its_owner(attempt: Attempt) -> None:
    """Mode 0600, and a file that others can read is not used."""
    assert attempt.path is not None
    assert attempt.path.stat().st_mode & 0o777 == 0o600
    attempt.path.chmod(0o644)
    with pytest.raises(StoreError):
        Attempt.resume(attempt.path)


def test_an_attempt_is_never_overwritten(attempt: Attempt, view: LetterView) -> None:
    """A second start in the same place would throw away a token."""
    with pytest.raises(StoreError, match="not finished"):
        Attempt.start(view, attempt.path)


def test_a_missing_file(tmp_path: Path) -> None:
    """There is nothing to resume."""
    with pytest.raises(StoreError):
        Attempt.resume(tmp_path / "none.json")


def test_a_state_that_cannot_be_saved_is_not_entered(
    attempt: Attempt, client: httpx2.Client
) -> None:
    """A full disk stops before the request leaves."""
    assert attempt.path is not None
    attempt.path = attempt.path.parent / "gone" / "attempt.json"
    with pytest.raises(StoreError):
        attempt.ask(PROOF, None)
    state = attempt.state
    assert isinstance(state, Blinded)
    assert state.asked is None


def test_nothing_is_written_without_a_path(view: LetterView, client: httpx2.Client) -> None:
    """A load test signs in memory."""
    attempt = Attempt.start(view, None)
    enrol(client, attempt, PROOF)
    attempt.choose(Mode.ANONYMOUS)
    sign(client, attempt)
    assert isinstance(attempt.state, Done)


def test_the_same_words_and_chance_give_the_same_request(view: LetterView) -> None:
    """The words and what is drawn at random decide everything that is blinded."""
    first = Attempt.start(view, None, words=WORDS, random=bytes)
    second = Attempt.start(view, None, words=WORDS.upper(), random=bytes)
    assert first.blinded == second.blinded
    assert first.words == WORDS
    key = SignerKey.from_words(WORDS, view.letter.letter_id)
    assert first.c == commitment(key.public_key, key.r)


def test_words_and_blinding_differ_each_time(view: LetterView) -> None:
    """Two attempts have nothing in common."""
    first, second = Attempt.start(view, None), Attempt.start(view, None)
    assert first.words != second.words
    assert first.blinded != second.blinded


def test_steps_have_an_order(attempt: Attempt, client: httpx2.Client) -> None:
    """A step in the wrong state is a mistake of the program."""
    with pytest.raises(ValueError, match="Blinded, not Held"):
        attempt.choose(Mode.PUBLIC)
    with pytest.raises(ValueError, match="Blinded, not Chosen"):
        sign(client, attempt)
    with pytest.raises(ValueError, match="a proof is needed"):
        enrol(client, attempt)
    enrol(client, attempt, PROOF)
    with pytest.raises(ValueError, match="Held, not Blinded"):
        attempt.ask(PROOF, None)


def test_a_wrong_code_can_be_typed_again(attempt: Attempt, client: httpx2.Client) -> None:
    """The next proof replaces the one that was rejected, and the blinding stays."""
    blinded = attempt.blinded
    with pytest.raises(ProofRejected):
        enrol(client, attempt, EmailProof(bytes(16), "999999"))
    assert attempt.blinded == blinded
    enrol(client, attempt, InviteProof("0123-4567-89ab-cdef"))
    assert isinstance(attempt.state, Held)


def test_a_second_attempt_is_refused(
    held: Attempt, client: httpx2.Client, view: LetterView
) -> None:
    """Another blinded message of the same member gets no token."""
    assert isinstance(held.state, Held)
    with pytest.raises(AlreadyIssued):
        enrol(client, Attempt.start(view, None), PROOF)


def test_the_token_is_of_this_letter_and_key(held: Attempt, view: LetterView) -> None:
    """It holds as the server will check it."""
    state = held.state
    assert isinstance(state, Held)
    pk = SignerKey.from_words(held.words, view.letter.letter_id).public_key
    verify_token(state.token, view.letter.token_key, view.challenge, pk)
    assert state.attestation.name == NAME
    assert len(state.salt) == 16


def test_proof_and_blinding_leave_the_file(held: Attempt) -> None:
    """Once the token is there, nothing in the file leads back to its issuance."""
    assert held.path is not None
    saved = json.loads(held.path.read_bytes())
    assert set(saved["step"]) == {"state", "token", "shown_as", "attestation", "salt"}


def _answers(site: InMemorySite, attempt: Attempt) -> dict[str, object]:
    request = attempt.ask(PROOF, None)
    answer: dict[str, object] = site.token_answer(request, attempt.blinded)
    return answer


def test_false_tokens_are_refused(site: InMemorySite, attempt: Attempt, view: LetterView) -> None:
    """Another signature, key, letter or commitment; the attempt stays as it was."""
    good = _answers(site, attempt)
    other = make_letter(slug="another")
    forged = attest(site.letter, attempt.c)
    lies: list[dict[str, object]] = [
        {"blind_signature": format_base64url(TOKEN_KEY.blind_sign(bytes(255) + b"\x07"))},
        {"attestation": _plain(attest(other, attempt.c))},
        {"attestation": _plain(attest(site.letter, bytes(32)))},
        {"attestation": _plain(forged) | {"name": "Somebody Else"}},
        {"attestation": _plain(forged) | {"sig": format_base64url(bytes(64))}},
    ]
    for lie in lies:
        with pytest.raises(VerificationError):
            attempt.take_token(json.dumps(good | lie).encode())
        assert isinstance(attempt.state, Blinded)
    damages: list[dict[str, object]] = [
        {"salt": "AAAA"},
        {"blind_signature": "AAAA"},
        {"more": 1},
        {"attestation": []},
    ]
    for damage in damages:
        with pytest.raises(FormatError):
            attempt.take_token(json.dumps(good | damage).encode())
    attempt.take_token(json.dumps(good).encode())


def _plain(attestation: Attestation) -> dict[str, object]:
    plain: dict[str, object] = json.loads(format_attestation(attestation))
    return plain


def _record(attempt: Attempt) -> SignRecord:
    record = parse_record(attempt.entry)
    assert isinstance(record, SignRecord)
    return record


def test_a_sealed_name_opens_for_the_trustees(held: Attempt, view: LetterView) -> None:
    """A quorum of trustees finds the name document that belongs to the signature."""
    held.choose(Mode.SEALED, 50, "We stay.")
    record = _record(held)
    assert held.blob is not None
    blob, letter_id = parse_blob(held.blob), view.letter.letter_id
    shares = {
        i: key.open_share(blob, i, letter_id, record.pk) for i, key in enumerate(TRUSTEES, start=1)
    }
    document = parse_name(open_blob(blob, combine_key(blob, shares, 2), letter_id, record.pk))
    assert (document.attestation.name, document.attestation.role) == (NAME, ROLE)
    assert document.statement == "We stay."
    assert commitment(record.pk, document.r) == document.attestation.c
    assert (record.mode, record.condition) == (Mode.SEALED, 50)


def test_a_public_name_is_its_document(held: Attempt) -> None:
    """The statement is composed as Unicode asks, however it was typed."""
    held.choose(Mode.PUBLIC, statement="Tous ensemble, a\u0300 jamais")
    assert held.blob is not None
    assert parse_name(held.blob).statement == "Tous ensemble, \u00e0 jamais"


def test_anonymous_says_nothing(held: Attempt) -> None:
    """Neither a name nor a statement."""
    with pytest.raises(FormatError):
        held.choose(Mode.ANONYMOUS, statement="It is me.")
    held.choose(Mode.ANONYMOUS, 10)
    assert held.blob is None
    assert _record(held).name is None


def test_what_the_letter_does_not_offer(held: Attempt) -> None:
    """Refused before it is made, and another choice is open."""
    with pytest.raises(ConditionNotOffered):
        held.choose(Mode.SEALED, 11)
    with pytest.raises(ConditionNotOffered):
        held.choose(Mode.PUBLIC, 10)
    with pytest.raises(FormatError):
        held.choose(Mode.PUBLIC, statement="x" * 1_001)
    held.choose(Mode.SEALED, 10)


def test_a_mode_that_is_not_offered(site: InMemorySite, client: httpx2.Client) -> None:
    """A letter without sealing has nobody to seal to."""
    terms = {"modes": (Mode.PUBLIC,), "conditions": (), "trustees": (), "quorum": 0}
    site.record = open_letter(make_letter(**terms))
    attempt = Attempt.start(get_letter(client, "the-letter"), None)
    enrol(client, attempt, PROOF)
    with pytest.raises(ModeNotOffered):
        attempt.choose(Mode.SEALED)


def test_nobody_is_shown_as_they_did_not_ask(site: InMemorySite, attempt: Attempt) -> None:
    """A site that attests the full name, or the role, of one who asked for less is noticed."""
    request = attempt.ask(PROOF, ShownAs("R. C.", None))
    more = site.token_answer(request | {"shown_as": None}, attempt.blinded)
    attempt.take_token(json.dumps(more).encode())
    for mode in (Mode.PUBLIC, Mode.SEALED):
        with pytest.raises(NameNotAttested):
            attempt.choose(mode)
    resumed = Attempt.resume(attempt.path) if attempt.path else attempt
    with pytest.raises(NameNotAttested):
        resumed.choose(Mode.PUBLIC)
    attempt.choose(Mode.PUBLIC, shown_as=ShownAs(None, ROLE))
    assert isinstance(attempt.state, Chosen)


def test_initials_as_asked(attempt: Attempt, client: httpx2.Client) -> None:
    """What was asked for and attested is signed."""
    enrol(client, attempt, PROOF, ShownAs("R. C.", None))
    attempt.choose(Mode.PUBLIC)
    assert attempt.blob is not None
    assert parse_name(attempt.blob).attestation.name == "R. C."


def test_nothing_shows_a_secret(held: Attempt) -> None:
    """Neither words, token, salt nor code stand in what a debugger or a log prints."""
    held.choose(Mode.SEALED)
    shown = " ".join(
        map(repr, (held, held.state, PROOF, InviteProof("0" * 16), ShownAs(NAME, ROLE)))
    )
    for secret in (CODE, "0" * 16, NAME, ROLE, *held.words.split()):
        assert f"'{secret}'" not in shown
    assert "salt" not in shown
    assert "blob" not in shown


def test_files_of_two_attempts_do_not_mix(
    site: InMemorySite, held: Attempt, view: LetterView, tmp_path: Path
) -> None:
    """A record under other words is refused when it is read."""
    held.choose(Mode.ANONYMOUS)
    assert held.path is not None
    saved = json.loads(held.path.read_bytes())
    saved["code"] = format_base64url(bytes(16))
    held.path.write_bytes(json.dumps(saved).encode())
    with pytest.raises(FormatError, match="hold together"):
        Attempt.resume(held.path)


def test_another_letters_key_in_the_file(held: Attempt) -> None:
    """A letter that somebody changed in the file is not signed."""
    assert held.path is not None
    saved = json.loads(held.path.read_bytes())
    saved["letter"]["body"]["issuer"]["attestation_key"] = format_base64url(
        RecordSigner(bytes(32)).public_key
    )
    held.path.write_bytes(json.dumps(saved).encode())
    with pytest.raises(VerificationError):
        Attempt.resume(held.path)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_damaged_file_is_refused_cleanly(data: st.DataObject) -> None:
    """A flipped bit or a cut is an error of ours, or changed nothing that is signed."""
    with TemporaryDirectory() as folder, InMemorySite().client() as client:
        path = Path(folder) / "attempt.json"
        attempt = Attempt.start(get_letter(client, "the-letter"), path)
        enrol(client, attempt, PROOF)
        body = bytearray(path.read_bytes())
        at = data.draw(st.integers(0, len(body) - 1))
        if data.draw(st.booleans()):
            body[at] ^= 1 << data.draw(st.integers(0, 7))
        else:
            del body[at:]
        path.write_bytes(bytes(body))
        try:
            assert Attempt.resume(path).head.record == attempt.head.record
        except UndersignedError:
            return


# --- asking for a code


def test_asking_for_a_code(site: InMemorySite, client: httpx2.Client, view: LetterView) -> None:
    """The address goes out in canonical form, over a connection of its own, once."""
    assert ask_for_code(client, view, "  Rina@Example.ORG ") == bytes(16)
    request = site.requests[-1]
    sent = json.loads(request.content)
    assert CHALLENGES.is_solved(altcha.Payload.from_base64(sent.pop("altcha")))
    assert sent == {"method": "email", "email": "rina@example.org"}
    # Nor does it go into a connection that was left idle while the challenge was solved.
    assert [each.headers["connection"] for each in site.requests[-2:]] == ["close", "close"]


def test_a_letter_without_mail(site: InMemorySite, client: httpx2.Client) -> None:
    """Nobody's address is sent to a letter that takes invite codes alone."""
    site.record = open_letter(make_letter(methods=(Method.INVITE,)))
    view = get_letter(client, "the-letter")
    before = len(site.requests)
    with pytest.raises(Refused):
        ask_for_code(client, view, "rina@example.org")
    assert len(site.requests) == before


def test_no_address_reaches_an_error(client: httpx2.Client, view: LetterView) -> None:
    """What is no address is refused here, without saying it again."""
    with pytest.raises(FormatError) as caught:
        ask_for_code(client, view, "rina at example")
    assert "rina" not in str(caught.value)


@pytest.mark.parametrize(
    "make",
    [
        lambda: EmailProof(bytes(15), CODE),
        lambda: EmailProof(bytes(16), ""),
        lambda: EmailProof(bytes(16), "1" * 65),
        lambda: EmailProof(bytes(16), "1\n2"),
        lambda: InviteProof("0123"),
        lambda: ShownAs("", None),
        lambda: ShownAs("x" * 101, None),
        lambda: ShownAs("A", "x\ny"),
    ],
)
def test_proofs_and_names_are_in_their_bounds(make: Callable[[], object]) -> None:
    """Nothing that the site must refuse is sent."""
    with pytest.raises(FormatError):
        make()


def test_the_token_is_asked_for_again_after_a_loss(
    site: InMemorySite, attempt: Attempt, patience: Patience
) -> None:
    """An answer that was lost is the same answer the second time."""
    lost = iter([True, False])

    def answer(request: httpx2.Request) -> httpx2.Response:
        response = site._token(request)
        if next(lost):
            raise httpx2.ReadError("cut")
        return response

    site.answers["tokens"] = answer
    with site.client() as client:
        enrol(client, attempt, PROOF, patience=patience)
    assert len(site.issued) == 1
    assert site.requests[-1].content == site.requests[-2].content
