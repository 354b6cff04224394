"""An honest site in memory, with real keys and real cryptography, and a mirror of it to lie in.

`SimulatedSite` and `SimulatedLetter` write what a site writes, in the order of formats §7 and §8;
`Draft` is a mirror before it is on disk, in which a test changes what it likes and signs the log again.
Counting goes through `domain`, so that the verifier, which counts by itself, is held to another hand.
"""

import functools
import hashlib
import itertools
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from tests.answer_pages import guarantees_page, responses_page
from tests.stamping import the_clock

from undersigned.cli.demo_lies import write_log
from undersigned.crypto.blind_rsa import blind, finalize
from undersigned.crypto.keys import NoteSigner, RecordSigner, SignerKey, TokenKey, TrusteeKey
from undersigned.crypto.note_key import format_vkey
from undersigned.crypto.seal import combine_key, parse_blob, seal
from undersigned.crypto.token import (
    Token,
    TokenChallenge,
    format_token,
    nonce_of,
    token_input,
    token_key_id,
)
from undersigned.domain.canonical import LetterId, hash_bytes
from undersigned.domain.guarantee import Guarantee, format_guarantee
from undersigned.domain.kinds import Record, SignedRecord
from undersigned.domain.letter import (
    Basis,
    EpochTerms,
    Letter,
    Method,
    Mode,
    RollKind,
    State,
    TextDocument,
    TextRef,
    TrusteeTerms,
    ack_bytes,
    format_text,
)
from undersigned.domain.name import (
    Attestation,
    NameDocument,
    Verified,
    attestation_signed_bytes,
    commitment,
    format_name,
)
from undersigned.domain.opening import BadLeaf, Leaf, OpenedLeaf, OpeningFile, format_opening
from undersigned.domain.outcome import Candidate, Count, Outcome, find_outcome, outcome_hash
from undersigned.domain.record import (
    Ack,
    AmendRecord,
    DemandAnswer,
    DemandState,
    EpochRecord,
    EraseReason,
    EraseRecord,
    GuaranteeRecord,
    GuaranteeState,
    InvalidateReason,
    InvalidateRecord,
    IssuedRecord,
    LetterRecord,
    NoticeKind,
    NoticeRecord,
    OpeningRecord,
    OutcomeRecord,
    ResponseRecord,
    ResponseSource,
    RollReason,
    RollRecord,
    SignRecord,
    WithdrawRecord,
    format_record,
    parse_record,
    signed_bytes,
)
from undersigned.domain.response import Answerer, DemandReply, Response, format_response
from undersigned.domain.roll import roll_hash
from undersigned.domain.stage import (
    Move,
    Stage,
    move_after_epoch,
    move_at_boundary,
    stage_after_epoch,
    stage_after_opening,
    stage_after_outcome,
)
from undersigned.domain.text import DemandText
from undersigned.domain.timestamp import Timestamp, format_timestamp
from undersigned.tlog.checkpoint import Checkpoint, format_checkpoint_body
from undersigned.tlog.merkle import Frontier, leaf_hash

HOST = "letters.example"
ORIGIN = f"{HOST}/log"
START = 1_700_000_000
DAY = 86_400

LOG = NoteSigner(ORIGIN, bytes(range(32)))
PROMISE = NoteSigner(f"{ORIGIN}/promise", bytes(range(1, 33)))
ORGANISER = RecordSigner(bytes(range(2, 34)))
ATTESTATION = RecordSigner(bytes(range(3, 35)))
TRUSTEES = tuple(TrusteeKey(bytes(range(4 + i, 36 + i))) for i in range(3))
VKEY = format_vkey(LOG.verifier)

_VOID = {State.LAPSED, State.SUPERSEDED}

R = TypeVar("R", bound=Record)


@functools.cache
def token_key() -> TokenKey:
    """Return the one RSA key of a test session."""
    return TokenKey.generate()


def digest_of(*parts: object) -> bytes:
    """Return 32 bytes that are made of anything, the same each time."""
    return hashlib.sha256(repr(parts).encode()).digest()


def make_text(lang: str = "en") -> TextDocument:
    """Return the text that every simulated letter has."""
    return TextDocument(
        lang=lang,
        title=f"A letter ({lang})",
        text="We write.\n\nYou read.",
        addressees=("The committee",),
        demands=(DemandText("reply", "Reply to us."),),
        consequence="Otherwise we write again.",
        headcount_source="A count of ours",
    )


def make_letter(**changed: Any) -> Letter:
    """Return a letter that offers every mode, opened by the operator alone."""
    trustees = changed.pop("trustees", 1)
    texts = tuple(TextRef(lang, hash_bytes(format_text(make_text(lang)))) for lang in ("en", "id"))
    members: dict[str, Any] = {
        "slug": "the-letter",
        "edition": 1,
        "supersedes": None,
        "texts": texts,
        "demands": ("reply",),
        "deadline": None,
        "closes": START + 10 * DAY,
        "headcount": 40,
        "headcount_as_of": "2023-11-01",
        "rule": 5,
        "cooling_off_s": 3_600,
        "basis": Basis.NAMED,
        "modes": tuple(Mode),
        "conditions": (4, 7, 12),
        "epoch": EpochTerms(60, 1, 600),
        "trustees": tuple(
            TrusteeTerms(f"Trustee {i}", trustees == 1, key.seal_key, key.sign_key)
            for i, key in enumerate(TRUSTEES[:trustees], 1)
        ),
        "quorum": min(trustees, 2),
        "issuer_url": None,
        "token_key": token_key().spki,
        "attestation_key": ATTESTATION.public_key,
        "roll": RollKind.LIST,
        "methods": (Method.EMAIL, Method.INVITE),
        "organiser_key": ORGANISER.public_key,
        "promise_vkey": format_vkey(PROMISE.verifier),
        "bundle": None,
        "retention_days": 90,
    }
    return Letter(**(members | changed))


def sign_record(record: SignedRecord, key: RecordSigner | SignerKey | TrusteeKey) -> Any:
    """Return a record with the signature of this key."""
    return replace(record, sig=key.sign(signed_bytes(record)))


def open_letter(letter: Letter) -> LetterRecord:
    """Return the record of a letter, accepted by its issuer and trustees."""
    message = ack_bytes(letter.letter_id)
    keys = TRUSTEES[: len(letter.trustees)]
    acks = (
        Ack("issuer", ATTESTATION.sign(message)),
        *(Ack(i, key.sign(message)) for i, key in enumerate(keys, 1)),
    )
    return sign_record(LetterRecord(letter, acks, bytes(64)), ORGANISER)  # type: ignore[no-any-return]


def make_token(letter_id: LetterId, pk: bytes) -> bytes:
    """Return a token of a letter for a signer's key, through the blind signature."""
    key = token_key()
    challenge = TokenChallenge(HOST, letter_id, HOST)
    parts = nonce_of(pk), challenge.digest, token_key_id(key.spki)
    blinded = blind(key.public_key, token_input(*parts))
    authenticator = finalize(
        key.public_key, token_input(*parts), key.blind_sign(blinded.blinded), blinded.inverse
    )
    return format_token(Token(*parts, authenticator))


def attest(letter: Letter, key: SignerKey, name: str, by: RecordSigner = ATTESTATION) -> bytes:
    """Return the name document of a signer."""
    attestation = Attestation(
        letter.letter_id,
        name,
        None,
        Verified.EMAIL,
        commitment(key.public_key, key.r),
        bytes(64),
    )
    signed = replace(attestation, sig=by.sign(attestation_signed_bytes(attestation)))
    return format_name(NameDocument(signed, key.r, "I stand by it."))


def tree_note(entries: Sequence[bytes]) -> str:
    """Return the text of the checkpoint of these entries."""
    frontier = Frontier.empty()
    for entry in entries:
        for _ in frontier.append(leaf_hash(entry)):
            pass
    return format_checkpoint_body(Checkpoint(ORIGIN, frontier.size, frontier.root()))


@dataclass(slots=True)
class Member:
    """One signer: the key, what was said last, and what the log has made of it."""

    key: SignerKey
    name: str
    mode: Mode
    condition: int | None
    digest: bytes | None
    leaf: int = -1
    seq: int = 0
    status: str = "live"
    is_erased: bool = False
    is_fixed: bool = False
    is_opened: bool = False
    is_garbage: bool = False


@dataclass(slots=True)
class SimulatedSite:
    """The log of a site, its documents, and the blobs that it keeps to itself."""

    entries: list[bytes] = field(default_factory=list)
    documents: dict[bytes, bytes] = field(default_factory=dict)
    blobs: dict[bytes, bytes] = field(default_factory=dict)
    letters: list["SimulatedLetter"] = field(default_factory=list)
    now: int = START

    def add(self, record: Record) -> int:
        """Append a record; return its leaf."""
        self.entries.append(format_record(record))
        return len(self.entries) - 1

    def put(self, content: bytes) -> bytes:
        """Keep a document; return its hash."""
        digest = hash_bytes(content)
        self.documents[digest] = content
        return digest

    def open(self, **changed: Any) -> "SimulatedLetter":
        """Open a letter."""
        letter = SimulatedLetter(self, make_letter(**changed))
        letter.begin()
        self.letters.append(letter)
        return letter

    def draft(self) -> "Draft":
        """Return a mirror of this moment."""
        pages: dict[str, Any] = {
            "site/site.json": {
                "origin": ORIGIN,
                "log_vkey": VKEY,
                "promise_vkey": format_vkey(PROMISE.verifier),
                "witnesses": [],
                "version": "0",
                "time": self.now,
            }
        }
        for letter in self.letters:
            pages |= letter.pages()
        return Draft(list(self.entries), dict(self.documents), pages)


@dataclass(slots=True)
class SimulatedLetter:
    """One letter of a site, from its opening on."""

    site: SimulatedSite
    letter: Letter
    roll_n: int = 30
    changes: int = 0  # of the roll
    headcount: int = field(init=False)
    index: int = -1
    members: list[Member] = field(default_factory=list)
    history: list[dict[str, int]] = field(default_factory=list)
    stage: Stage = field(init=False)
    opened_at: int = 0
    reached_at: int | None = None
    released_at: int | None = None
    at: int = 0
    _issued: list[IssuedRecord] = field(default_factory=list)
    _signing: list[tuple[Member, SignRecord]] = field(default_factory=list)
    _changing: list[AmendRecord | WithdrawRecord] = field(default_factory=list)
    _numbers: Any = field(default_factory=itertools.count)
    _wave: list[tuple[Member, Mode, Candidate]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.headcount = self.letter.headcount

    def begin(self) -> None:
        """Write the three records that open a letter."""
        for lang in ("en", "id"):
            self.site.put(format_text(make_text(lang)))
        self.index = self.site.add(open_letter(self.letter))
        if self.letter.roll is RollKind.DOMAIN:
            self.roll_n = self.letter.headcount
        self.site.add(self.roll(self.roll_n, RollReason.OPENED))
        self.opened_at = self.site.now
        self._enter(None, Move(State.OPEN, 0, self.site.now))

    def roll(self, n: int, reason: RollReason) -> RollRecord:
        """Return a record that states the roll."""
        commits = [digest_of("member", i) for i in range(n)]
        digest = None if self.letter.roll is RollKind.DOMAIN else roll_hash(commits)
        seq = None if reason is RollReason.OPENED else self.changes
        record = RollRecord(self.letter.letter_id, n, digest, reason, bytes(64), seq)
        return sign_record(record, ATTESTATION)  # type: ignore[no-any-return]

    def change_roll(self, more: int) -> None:
        """Let so many members come onto the roll, or (a negative number) be blocked."""
        self.roll_n += more
        self.changes += 1
        self.site.add(self.roll(self.roll_n, RollReason.ADDED if more > 0 else RollReason.BLOCKED))

    # --- members

    def sign(self, mode: Mode = Mode.SEALED, condition: int | None = None) -> Member:
        """Let a member sign; the record waits for the next epoch."""
        number = next(self._numbers)
        key = SignerKey(digest_of("code", self.letter.slug, number)[:16], self.letter.letter_id)
        self.issue(number)
        member = Member(key, f"Member {number}", mode, condition, None)
        member.digest = self.hide(member, mode)
        record = SignRecord(
            self.letter.letter_id,
            make_token(self.letter.letter_id, key.public_key),
            key.public_key,
            mode,
            condition,
            member.digest,
            bytes(64),
        )
        self._signing.append((member, sign_record(record, key)))
        self.members.append(member)
        return member

    def sign_many(
        self, number: int, mode: Mode = Mode.SEALED, condition: int | None = None
    ) -> None:
        """Let several members sign in one way."""
        for _ in range(number):
            self.sign(mode, condition)

    def issue(self, number: int) -> None:
        """Hand out a token that will be on record in the next epoch."""
        record = IssuedRecord(
            self.letter.letter_id,
            digest_of("blinded", self.letter.slug, number),
            digest_of("member", number),
            bytes(64),
        )
        self._issued.append(sign_record(record, ATTESTATION))

    def hide(self, member: Member, mode: Mode) -> bytes | None:
        """Make what stands behind a signature: a document, a blob, or nothing."""
        if mode is Mode.ANONYMOUS:
            return None
        content = attest(self.letter, member.key, member.name)
        if mode is Mode.PUBLIC:
            return self.site.put(content)
        return self.put_blob(self.seal(member, content))

    def seal(self, member: Member, content: bytes) -> bytes:
        """Return the blob of a name document."""
        keys = [trustee.seal_key for trustee in self.letter.trustees]
        pk = member.key.public_key
        return seal(content, self.letter.letter_id, pk, keys, self.letter.quorum)

    def put_blob(self, blob: bytes) -> bytes:
        """Keep a blob where only the site has it; return its hash."""
        digest = hash_bytes(blob)
        self.site.blobs[digest] = blob
        return digest

    def sign_garbage(self) -> Member:
        """Let somebody sign with a seal in which there is no name."""
        member = self.sign()
        _, record = self._signing.pop()
        member.is_garbage = True
        member.digest = self.put_blob(self.seal(member, b"not a name"))
        self._signing.append((member, sign_record(replace(record, name=member.digest), member.key)))
        return member

    def amend(self, member: Member, mode: Mode, condition: int | None = None) -> None:
        """Let a member change how they stand; the record waits for the next epoch."""
        member.seq += 1
        digest = self.hide(member, mode)
        record = AmendRecord(
            self.letter.letter_id,
            member.key.public_key,
            member.seq,
            mode,
            condition,
            digest,
            bytes(64),
        )
        self._changing.append(sign_record(record, member.key))

    def withdraw(self, member: Member) -> None:
        """Let a member withdraw; the record waits for the next epoch."""
        record = WithdrawRecord(self.letter.letter_id, member.key.public_key, bytes(64))
        self._changing.append(sign_record(record, member.key))

    # --- the organiser

    def invalidate(self, member: Member) -> int:
        """Invalidate a public or opened signature."""
        member.status = "invalidated"
        text = self.site.put(b"It was proved that somebody else signed.")
        reason = InvalidateReason.IMPERSONATION
        record = InvalidateRecord(self.letter.letter_id, member.leaf, reason, text, bytes(64))
        return self.site.add(sign_record(record, ORGANISER))

    def erase(self, member: Member) -> int:
        """Erase the name of a signature."""
        member.is_erased = True
        if member.digest is not None:
            self.site.documents.pop(member.digest, None)
            self.site.blobs.pop(member.digest, None)
        record = EraseRecord(self.letter.letter_id, member.leaf, EraseReason.ASKED, bytes(64))
        return self.site.add(sign_record(record, ORGANISER))

    def notice(self, n: int | None = None) -> int:
        """Tell readers something: news, or a new headcount."""
        if n is not None:
            self.headcount = n
        kind = NoticeKind.NEWS if n is None else NoticeKind.HEADCOUNT
        return self.post(kind, self.site.now, b"News.", n)

    def post(self, kind: NoticeKind, at: int, content: bytes, n: int | None = None) -> int:
        """Append a notice with its document."""
        document = self.site.put(content)
        record = NoticeRecord(self.letter.letter_id, kind, at, n, document, bytes(64))
        return self.site.add(sign_record(record, ORGANISER))

    def respond(self, state: DemandState = DemandState.PARTLY, told_by: str | None = None) -> int:
        """Record an answer to the one demand: the addressee's, or one that the organiser tells."""
        answerer = Answerer(1, "board.example") if told_by is None else None
        content = format_response(
            Response("en", (DemandReply("reply", "We shall see."),), answerer, told_by)
        )
        source = ResponseSource.ADDRESSEE if told_by is None else ResponseSource.ORGANISER
        record = ResponseRecord(
            self.letter.letter_id,
            (DemandAnswer("reply", state),),
            self.site.now,
            self.site.put(content),
            source,
            bytes(64),
        )
        return self.site.add(sign_record(record, ORGANISER))

    def guarantee(self, state: GuaranteeState = GuaranteeState.GIVEN) -> int:
        """Record that somebody guarantees something until tomorrow, or withdraws it."""
        terms = Guarantee("en", "The works", "A place for every signer.", "works.example")
        record = GuaranteeRecord(
            self.letter.letter_id,
            state,
            self.site.now,
            10,
            self.opened_at + DAY,
            self.site.put(format_guarantee(terms)),
            bytes(64),
        )
        return self.site.add(sign_record(record, ORGANISER))

    # --- the world outside

    def stamp(self, at: int | None = None) -> int:
        """Have the record of the letter stamped, now or at another time, and say so."""
        entry = self.site.entries[self.index]
        token = self._token(entry, at)
        return self.post_stamp(Timestamp(hash_bytes(entry), None, "The Clock", token), at)

    def stamp_tree(self, at: int | None = None) -> int:
        """Have the whole log stamped, and say so."""
        note = tree_note(self.site.entries)
        token = self._token(note.encode(), at)
        return self.post_stamp(Timestamp(None, note, "The Clock", token), at)

    def post_stamp(self, timestamp: Timestamp, at: int | None = None) -> int:
        """Append a timestamp notice."""
        when = self.site.now if at is None else at
        return self.post(NoticeKind.TIMESTAMP, when, format_timestamp(timestamp))

    def _token(self, content: bytes, at: int | None) -> bytes:
        return the_clock()[0].make_token(content, self.site.now if at is None else at)

    # --- time

    def epoch(self, at: int | None = None) -> None:
        """Write an epoch with all that waits, and the outcome that it asks for."""
        self.site.now = at = self.site.now + 60 if at is None else at
        record = EpochRecord(self.letter.letter_id, len(self.history) + 1, at)
        self.site.add(record)
        self.stage = stage_after_epoch(self.stage, record)
        self.at = at
        for issued in self._issued:
            self.site.add(issued)
        for member, signed in self._signing:
            member.leaf = self.site.add(signed)
        for change in self._changing:
            self._apply(change)
        self._issued, self._signing, self._changing = [], [], []
        row = {"n": len(self.history) + 1, "at": at, "size": len(self.site.entries)}
        self.history.append(row | self.figures())
        move = move_after_epoch(self.letter, self.stage, self._count())
        if move is not None:
            self._enter(self.stage, move)

    def _apply(self, change: AmendRecord | WithdrawRecord) -> None:
        self.site.add(change)
        member = next(each for each in self.members if each.key.public_key == change.pk)
        if member.mode is Mode.SEALED and not member.is_opened and member.digest is not None:
            self.site.blobs.pop(member.digest, None)
        if isinstance(change, WithdrawRecord):
            member.status = "withdrawn"
        else:
            member.mode, member.condition = change.mode, change.condition
            member.digest = change.name

    def advance(self, seconds: int) -> None:
        """Let time pass, and make every move whose time has come; an opening is for `open_wave`."""
        self.site.now += seconds
        while (move := self._find_move()) is not None:
            self._enter(self.stage, move)

    def _find_move(self) -> Move | None:
        return move_at_boundary(
            self.letter, self.stage, self._count(), self._unopened(), self.site.now
        )

    def _enter(self, before: Stage | None, move: Move) -> None:
        if before is not None and (before.state, move.state) == (State.FROZEN, State.RELEASED):
            self._fix_wave()
        outcome = Outcome(0, (), 0) if move.state in _VOID else find_outcome(self._candidates())
        record = OutcomeRecord(
            self.letter.letter_id,
            move.state,
            move.wave,
            move.at,
            outcome.m,
            len(outcome.standing),
            outcome.waiting,
            outcome_hash(outcome.standing),
        )
        if before is not None and move.wave > before.wave:
            self._wave = [(each, each.mode, self._candidate(each)) for each in self._live()]
        self.stage = stage_after_outcome(before, record, unopened=self._unopened())
        self.site.add(record)
        self.at = max(self.at, move.at)
        if move.state is State.REACHED:
            self.reached_at = move.at
        if move.state is State.RELEASED and self.released_at is None:
            self.released_at = move.at
        if move.state in _VOID:
            self.site.blobs.clear()

    def lapse_into(self, **changed: Any) -> "SimulatedLetter":
        """Open the next edition, which supersedes this letter."""
        successor = self.site.open(
            slug=self.letter.slug,
            edition=self.letter.edition + 1,
            supersedes=self.letter.letter_id,
            **changed,
        )
        self._enter(self.stage, Move(State.SUPERSEDED, self.stage.wave, self.site.now))
        return successor

    # --- opening

    def open_wave(self) -> None:
        """Let the trustees open the wave that is due."""
        size = len(self.site.entries)
        tried = [
            (member, mode, each, self._open(member, mode)) for member, mode, each in self._wave
        ]
        good = [each for member, _, each, leaf in tried if not isinstance(leaf, BadLeaf)]
        gone = {m.leaf for m, _, _ in self._wave if m.status != "live" or m.is_erased}
        outcome = find_outcome([each for each in good if each.leaf not in gone])
        is_first = self.stage.state is State.FROZEN
        holds = not is_first or outcome.m >= self.letter.rule
        leaves: list[Leaf] = []
        for member, _, each, leaf in tried:
            if isinstance(leaf, BadLeaf):
                member.status = "unopenable"
                leaves.append(leaf)
            elif isinstance(leaf, OpenedLeaf) and holds and each.leaf in outcome.standing:
                member.is_opened = True
                leaves.append(leaf)
        self._publish_blobs(leaves)
        file = OpeningFile(self.letter.letter_id, self.stage.wave, size, tuple(leaves))
        self.stage = stage_after_opening(
            self.stage, self.put_opening(file), holds=outcome.m >= self.letter.rule
        )
        self._wave = [part for part in self._wave if part[2].leaf in outcome.standing]
        if not is_first:
            self._fix_wave()
        self.advance(0)

    def put_opening(self, file: OpeningFile, by: int = 1) -> OpeningRecord:
        """Append the record of an opening file."""
        record = make_opening(self.site.put(format_opening(file)), file, by)
        self.site.add(record)
        return record

    def _open(self, member: Member, mode: Mode) -> Leaf | None:
        if mode is not Mode.SEALED or member.is_opened or member.digest is None:
            return None
        if member.status != "live" or member.is_erased:
            return None
        blob = parse_blob(self.site.blobs[member.digest])
        shares = {
            i: key.open_share(blob, i, self.letter.letter_id, member.key.public_key)
            for i, key in enumerate(TRUSTEES[: self.letter.quorum], 1)
        }
        if member.is_garbage:
            return self._bad(member.leaf, shares)
        return OpenedLeaf(member.leaf, combine_key(blob, shares, self.letter.quorum))

    def _bad(self, leaf: int, shares: dict[int, bytes]) -> BadLeaf:
        numbers = range(1, len(self.letter.trustees) + 1)
        return BadLeaf(leaf, tuple(shares.get(i) for i in numbers))

    def _publish_blobs(self, leaves: Iterable[Leaf]) -> None:
        by_leaf = {member.leaf: member for member in self.members}
        for leaf in leaves:
            digest = by_leaf[leaf.index].digest
            assert digest is not None
            self.site.documents[digest] = self.site.blobs[digest]

    def _fix_wave(self) -> None:
        standing = find_outcome([each for _, _, each in self._wave]).standing
        for member, _, each in self._wave:
            member.is_fixed = member.is_fixed or each.leaf in standing

    # --- counting

    def _live(self) -> list[Member]:
        return [each for each in self.members if each.status == "live" and each.leaf >= 0]

    def _candidate(self, member: Member) -> Candidate:
        condition = 0 if member.is_fixed else member.condition or 0
        return Candidate(member.leaf, self.letter.counts(member.mode), condition)

    def _candidates(self) -> list[Candidate]:
        return [self._candidate(member) for member in self._live()]

    def _count(self) -> Count:
        outcome = find_outcome(self._candidates())
        return Count(outcome.m, len(outcome.standing), outcome.waiting)

    def _unopened(self) -> int:
        standing = find_outcome(self._candidates()).standing
        return sum(
            each.mode is Mode.SEALED
            and not (each.is_opened or each.is_erased)
            and each.leaf in standing
            for each in self._live()
        )

    def figures(self) -> dict[str, int]:
        """Return the numbers that the site shows now."""
        is_void = self.stage.state in _VOID
        outcome = Outcome(0, (), 0) if is_void else find_outcome(self._candidates())
        statuses = [each.status for each in self.members]
        anonymous = [each.leaf for each in self._live() if each.mode is Mode.ANONYMOUS]
        return {
            "m": outcome.m,
            "standing": len(outcome.standing),
            "waiting": outcome.waiting,
            "anonymous": len(set(anonymous) & set(outcome.standing)),
            "withdrawn": statuses.count("withdrawn"),
            "invalidated": statuses.count("invalidated") + statuses.count("unopenable"),
            "erased": sum(each.is_erased for each in self.members),
        }

    # --- what the site shows

    def pages(self) -> dict[str, Any]:
        """Return the six pages of this letter."""
        place = f"site/letters/{self.letter.letter_id.hex()}"
        counts = self.figures() | {
            "headcount": self.headcount,
            "size": len(self.site.entries),
            "at": self.at,
        }
        return {
            f"{place}/letter.json": self._page(counts),
            f"{place}/counts.json": counts,
            f"{place}/history.json": {"history": [dict(row) for row in self.history]},
            f"{place}/names.json": {"names": self._names(), "next": None},
            f"{place}/responses.json": responses_page(
                self.letter, records_of(self.site.entries, ResponseRecord), self.site.documents
            ),
            f"{place}/guarantees.json": guarantees_page(
                self.letter,
                records_of(self.site.entries, GuaranteeRecord),
                self.site.documents,
                self.site.now,
            ),
        }

    def _page(self, counts: dict[str, int]) -> dict[str, Any]:
        record = next(
            entry for entry in self.site.entries if hash_of_letter(entry) == self.letter.letter_id
        )
        return {
            "letter_id": self.letter.letter_id.hex(),
            "slug": self.letter.slug,
            "edition": self.letter.edition,
            "record": json.loads(record),
            "texts": [json.loads(format_text(make_text(lang))) for lang in ("en", "id")],
            "state": self.stage.state.value,
            "wave": self.stage.wave,
            "opened_at": self.opened_at,
            "reached_at": self.reached_at,
            "released_at": self.released_at,
            "roll_n": self.roll_n,
            "seals": _seals_of(self.letter),
            "counts": dict(counts),
        }

    def _names(self) -> list[dict[str, Any]]:
        return [
            {
                "leaf": member.leaf,
                "name": member.name,
                "role": None,
                "verified": "email",
                "statement": "I stand by it.",
            }
            for member in self._live()
            if (member.is_opened or member.mode is Mode.PUBLIC) and not member.is_erased
        ]


def records_of(entries: Sequence[bytes], kind: type[R]) -> list[tuple[int, R]]:
    """Return the records of one kind with their leaves."""
    parsed = ((index, parse_record(entry)) for index, entry in enumerate(entries))
    return [(index, record) for index, record in parsed if isinstance(record, kind)]


def hash_of_letter(entry: bytes) -> bytes | None:
    """Return the id of the letter that an entry opens."""
    record = parse_record(entry)
    return record.letter.letter_id if isinstance(record, LetterRecord) else None


def _seals_of(letter: Letter) -> str | None:
    if not letter.trustees:
        return None
    held = sum(trustee.operator for trustee in letter.trustees)
    return "operator" if held >= letter.quorum else "trustees"


def make_opening(digest: bytes, file: OpeningFile, by: int = 1) -> OpeningRecord:
    """Return the signed record of an opening file."""
    opened = sum(isinstance(leaf, OpenedLeaf) for leaf in file.leaves)
    bad = len(file.leaves) - opened
    record = OpeningRecord(file.letter_id, file.wave, digest, opened, bad, by, bytes(64))
    return sign_record(record, TRUSTEES[by - 1])  # type: ignore[no-any-return]


@dataclass(slots=True)
class Draft:
    """A mirror that can be changed: entries of the log, documents by hash, pages by path."""

    entries: list[bytes]
    documents: dict[bytes, bytes]
    pages: dict[str, Any]

    def records(self, kind: type[R]) -> list[tuple[int, R]]:
        """Return the records of one kind with their leaves."""
        return records_of(self.entries, kind)

    def put(self, index: int, record: Record) -> None:
        """Replace the record at a leaf."""
        self.entries[index] = format_record(record)

    def page(self, name: str, letter: int = 0) -> dict[str, Any]:
        """Return one page of a letter, to be changed."""
        paths = [path for path in self.pages if path.endswith(f"/{name}.json")]
        page: dict[str, Any] = self.pages[paths[letter]]
        return page

    def write(self, folder: Path) -> Path:
        """Write the mirror, signed with the log's real key."""
        (folder / "documents").mkdir(parents=True)
        for digest, content in self.documents.items():
            (folder / "documents" / digest.hex()).write_bytes(content)
        for path, page in self.pages.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(json.dumps(page), encoding="utf-8")
        (folder / "log.vkey").write_text(f"{VKEY}\n")
        write_log(folder, self.entries, LOG)
        return folder
