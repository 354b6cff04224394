"""A scene: what a lying site shows, and how each of those who might catch it looks at it.

Whoever has no place in a scene is not asked: a witness where nobody looked before, trustees where
nothing is to be opened, a member where it is about nobody's signature.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx2
from tests.simulator import (
    LOG,
    ORIGIN,
    PROMISE,
    TRUSTEES,
    VKEY,
    Draft,
    Member,
    SimulatedLetter,
    attest,
    digest_of,
    open_letter,
)

from undersigned.crypto.keys.signer import words_of
from undersigned.domain.letter import LetterId
from undersigned.domain.name import parse_name
from undersigned.domain.record import IssuedRecord, SignRecord, format_record
from undersigned.domain.shares import Shares
from undersigned.errors import UndersignedError
from undersigned.signer.letter_view import get_letter
from undersigned.signer.receipt import Receipt
from undersigned.signer.receipt_report import verify_receipt
from undersigned.tlog.add_checkpoint import AddCheckpoint, format_add_checkpoint
from undersigned.tlog.checkpoint import Checkpoint, format_checkpoint_body
from undersigned.tlog.merkle import consistency_proof, leaf_hash, node_hash, tree_root
from undersigned.tlog.promise import Promise, format_promise_text
from undersigned.trustee.opening import combine_wave
from undersigned.trustee.sealed import SealedNames
from undersigned.trustee.sharing import open_own_shares
from undersigned.trustee.waiting import find_due_wave
from undersigned.verify import State, verify_mirror
from undersigned.witness.judging import Witness
from undersigned.witness.memory import make_witness, trust_log

SEES_NOTHING: Final = "sees nothing"
NOT_ASKED: Final = "not asked"
REFUSES: Final = "refuses"
STRIKE: Final = "strike it"


@dataclass(frozen=True, slots=True)
class Scene:
    """What the site shows at `now`, what it showed before, and who has a place in it.

    `opens` is the letter whose trustees are asked to open, `blobs` what the site has for them, and
    `spoils` what one of them (by number) makes of the shares. `receipt` is that of the member whom it is
    about; `idle` the commitment of a member who never asked for a token, and can open it with the salt.
    """

    shown: Draft
    now: int
    before: Draft | None = None
    opens: LetterId | None = None
    blobs: Mapping[bytes, bytes] = field(default_factory=dict)
    spoils: Mapping[int, Callable[[Shares], Shares]] = field(default_factory=dict)
    receipt: Receipt | None = None
    idle: bytes | None = None


def look_as_verifier(scene: Scene, folder: Path) -> str:
    """Verify a mirror with the known key, and against what was seen before."""
    before = scene.before
    state = None if before is None else _state(before.entries)
    mirror = scene.shown.write(folder / "verifier")
    report = verify_mirror(mirror, pinned_vkey=VKEY, state=state, now=scene.now)
    numbers = report.false_numbers
    return "".join(f"[{number}]" for number in numbers) if numbers else SEES_NOTHING


def look_as_trustee(scene: Scene, folder: Path) -> str:
    """Verify the log, then open the names with what all trustees send, of whom two would be enough."""
    if scene.opens is None:
        return NOT_ASKED
    try:
        wave, size = find_due_wave(scene.shown.write(folder / "trustee"), scene.opens)
    except UndersignedError:
        return REFUSES
    names, files = SealedNames(wave, size, scene.blobs.get), []
    for number, key in enumerate(TRUSTEES, 1):
        own = open_own_shares(names, key, number)
        spoil = scene.spoils.get(number)
        files.append(own if spoil is None else spoil(own))
    combined = combine_wave(names, files, TRUSTEES[0])
    assert combined.opening is not None
    assert combined.opening.holds
    if combined.altered:
        return f"name trustee {combined.altered[0].trustee}"
    return STRIKE if combined.opening.record.bad else SEES_NOTHING


def look_as_signer(scene: Scene, _: Path) -> str:
    """Fetch the letter as the signer's software does, with the key of the log that the member knows."""
    page = scene.shown.page("letter")

    def answer(request: httpx2.Request) -> httpx2.Response:
        is_site = request.url.path == "/api/v1/site"
        return httpx2.Response(200, json=scene.shown.pages["site/site.json"] if is_site else page)

    with httpx2.Client(
        transport=httpx2.MockTransport(answer), base_url="https://letters.example"
    ) as client:
        try:
            get_letter(client, page["slug"], pinned_vkey=VKEY)
        except UndersignedError:
            return REFUSES
    return SEES_NOTHING


def look_as_witness(scene: Scene, folder: Path) -> str:
    """Cosign what was shown before, then judge what is shown now, with the best proof that there is."""
    if scene.before is None:
        return NOT_ASKED
    make_witness(folder / "witness", "witness.example/w")
    trust_log(folder / "witness", VKEY)
    witness = Witness(folder / "witness", lambda: scene.now)
    old = scene.before.entries
    assert witness.add_checkpoint(_request(0, old)).status == 200
    fits = min(len(old), len(scene.shown.entries))
    answer = witness.add_checkpoint(_request(fits, scene.shown.entries))
    return SEES_NOTHING if answer.status == 200 else REFUSES


def look_as_member(scene: Scene, _: Path) -> str:
    """Hold what the site promised against the log that it shows, and the salt against what it issued."""
    if scene.idle is not None:
        issued = [record.member for _, record in scene.shown.records(IssuedRecord)]
        return "sees the token" if scene.idle in issued else SEES_NOTHING
    if scene.receipt is None:
        return NOT_ASKED
    entries = set(map(leaf_hash, scene.shown.entries))
    report = verify_receipt(scene.receipt, pinned_vkey=VKEY, now=scene.now)
    is_overdue = scene.now > report.promised_by and report.place is None
    if is_overdue and scene.receipt.leaf_hash not in entries:
        return "holds the promise"
    return SEES_NOTHING


LOOKS: Final[dict[str, Callable[[Scene, Path], str]]] = {
    "verifier": look_as_verifier,
    "trustees": look_as_trustee,
    "signer's software": look_as_signer,
    "witness": look_as_witness,
    "member": look_as_member,
}


# --- the tree of some entries


def _reader(entries: Sequence[bytes]) -> Callable[[int, int], bytes]:
    def read(level: int, index: int) -> bytes:
        if level == 0:
            return leaf_hash(entries[index])
        return node_hash(read(level - 1, 2 * index), read(level - 1, 2 * index + 1))

    return read


def _state(entries: Sequence[bytes]) -> State:
    return State(ORIGIN, VKEY, len(entries), tree_root(len(entries), _reader(entries)))


def _request(old: int, entries: Sequence[bytes]) -> bytes:
    size, read = len(entries), _reader(entries)
    body = format_checkpoint_body(Checkpoint(ORIGIN, size, tree_root(size, read))).encode()
    proof = consistency_proof(old, size, read) if 0 < old < size else ()
    return format_add_checkpoint(AddCheckpoint(old, proof, body + b"\n" + LOG.sign(body)))


# --- what a member holds


def receipt_of(letter: SimulatedLetter, member: Member, record: SignRecord, by: int) -> Receipt:
    """Return the receipt of a member whose record the site has promised for `by` (UTC seconds)."""
    text = format_promise_text(Promise(leaf_hash(format_record(record)), by))
    number = int(member.name.removeprefix("Member "))
    return Receipt(
        origin=ORIGIN,
        log_vkey=VKEY,
        letter=open_letter(letter.letter),
        words=words_of(digest_of("code", letter.letter.slug, number)[:16]),
        record=record,
        promise=f"{text}\n{PROMISE.sign(text.encode()).decode()}",
        attestation=parse_name(attest(letter.letter, member.key, member.name)).attestation,
        salt=bytes(16),
        proof=None,
    )
