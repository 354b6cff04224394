"""A mirror of a long log in which everything holds, made fast: for measuring who verifies it.

Half of the signatures are public, with their names as documents, half are sealed; nobody has opened those, so
that no mirror holds what is behind their hashes. Every signature and token is one that verifies. Tokens are
made under a key whose modulus has sixteen factors and not two: it is worth nothing, is made use of twenty
times as fast, and verifies as every RSA-2048 key does.
"""

import functools
import hashlib
import json
import secrets
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Final, NamedTuple

import gmpy2  # type: ignore[import-untyped]
from tests.simulator import ATTESTATION, HOST, LOG, VKEY, SimulatedSite

from bench.crowd import NO_SIGNATURE, Signed
from undersigned.crypto.blind_rsa import SALT_SIZE, RsaPublicKey, encode_pss
from undersigned.crypto.keys import SignerKey, generate_code
from undersigned.crypto.token import (
    MODULUS_SIZE,
    PUBLIC_EXPONENT,
    Token,
    TokenChallenge,
    format_spki,
    format_token,
    nonce_of,
    token_input,
    token_key_id,
)
from undersigned.domain.letter import Letter, LetterId, Mode
from undersigned.domain.name import (
    Attestation,
    NameDocument,
    Verified,
    attestation_signed_bytes,
    commitment,
    format_name,
    parse_name,
)
from undersigned.domain.record import (
    EpochRecord,
    IssuedRecord,
    SignRecord,
    format_record,
    parse_record,
    signed_bytes,
)
from undersigned.tlog.checkpoint import Checkpoint, format_checkpoint_body
from undersigned.tlog.merkle import Frontier, leaf_hash
from undersigned.tlog.tile import (
    ENTRIES,
    FULL_WIDTH,
    TilePath,
    format_entry_bundle,
    format_tile_path,
    parse_entry_bundle,
    tiles_of,
)

PER_EPOCH: Final = 500
FEW_EPOCHS: Final = 4
"""Starting processes takes longer than to make fewer than these."""

_FACTORS: Final = 16
_FACTOR_BITS: Final = 8 * MODULUS_SIZE // _FACTORS


class LongMirror(NamedTuple):
    """A mirror on disk, its letter, and how many entries its log has."""

    folder: Path
    letter: Letter
    size: int

    def first_signed(self, count: int) -> tuple[list[Signed], list[IssuedRecord]]:
        """Return the first signatures of the log, and the issuer's records of as many tokens."""
        signed: list[Signed] = []
        issued: list[IssuedRecord] = []
        for entry in _read_entries(self.folder, self.size):
            record = parse_record(entry)
            if isinstance(record, IssuedRecord) and len(issued) < count:
                issued.append(record)
            elif isinstance(record, SignRecord):
                signed.append(Signed(record, None, self._attestation_of(record)))
                if len(signed) == count:
                    break
        return signed, issued

    def _attestation_of(self, record: SignRecord) -> Attestation | None:
        if record.mode is not Mode.PUBLIC or record.name is None:
            return None
        return parse_name((self.folder / "documents" / record.name.hex()).read_bytes()).attestation


def _read_entries(folder: Path, size: int) -> Iterator[bytes]:
    for path in tiles_of(size):
        if path.level == ENTRIES:
            yield from parse_entry_bundle(_tile_file(folder, path).read_bytes(), path.width)


def write_mirror(folder: Path, signatures: int) -> LongMirror:
    """Write the mirror of a letter that so many have signed."""
    key = _TokenKey.generate()
    site = SimulatedSite()
    many = 10 * signatures
    opened = site.open(headcount=many, rule=many, token_key=key.spki)
    opened.change_roll(signatures)
    (folder / "documents").mkdir(parents=True)
    log = _LogWriter(folder)
    for entry in site.entries:
        log.append(entry)
    names = folder / "names"
    sizes = [min(PER_EPOCH, signatures - done) for done in range(0, signatures, PER_EPOCH)]
    work = functools.partial(_make_epoch, folder, opened.letter, key)
    with ExitStack() as stack:
        rows = stack.enter_context(names.open("w"))
        separator = ""
        for number, made in enumerate(_map(work, sizes, stack), 1):
            at = site.now = site.now + 60
            log.append(format_record(EpochRecord(opened.letter.letter_id, number, at)))
            for entry in made.issued:
                log.append(entry)
            for entry, name in zip(made.signed, made.names, strict=True):
                if name is not None:
                    row = {"leaf": log.size, "name": name, "role": None}
                    shown = row | {"verified": "email", "statement": None}
                    rows.write(separator + json.dumps(shown))
                    separator = ","
                log.append(entry)
            counts = _counts(min(number * PER_EPOCH, signatures))
            opened.history.append({"n": number, "at": at, "size": log.size} | counts)
    opened.at = site.now
    _write_pages(folder, site, _counts(signatures) | {"headcount": many, "size": log.size}, names)
    log.close()
    return LongMirror(folder, opened.letter, log.size)


def _map(
    work: Callable[[int], "_Epoch"], sizes: Sequence[int], stack: ExitStack
) -> Iterator["_Epoch"]:
    """Make all epochs in their order, many of them by two processes."""
    if len(sizes) < FEW_EPOCHS:
        return map(work, sizes)
    return stack.enter_context(ProcessPoolExecutor(2, get_context("spawn"))).map(work, sizes)


def _counts(standing: int) -> dict[str, int]:
    others = ("waiting", "anonymous", "withdrawn", "invalidated", "erased")
    return {"m": standing, "standing": standing} | dict.fromkeys(others, 0)


def _write_pages(folder: Path, site: SimulatedSite, counts: dict[str, int], names: Path) -> None:
    (opened,) = site.letters
    draft = site.draft()
    shown = counts | {"at": opened.at}
    draft.page("letter")["counts"] = shown
    draft.page("letter")["roll_n"] = opened.roll_n
    draft.page("counts").update(shown)
    for path, content in draft.pages.items():
        _write(folder / path, json.dumps(content).encode())
    for digest, document in draft.documents.items():
        _write(folder / "documents" / digest.hex(), document)
    _write(folder / "log.vkey", f"{VKEY}\n".encode())
    page = folder / "site" / "letters" / opened.letter.letter_id.hex() / "names.json"
    with page.open("w") as file, names.open() as rows:
        file.write('{"names":[')
        while part := rows.read(1 << 20):
            file.write(part)
        file.write('],"next":null}')
    names.unlink()


# --- one epoch, in any process


class _Epoch(NamedTuple):
    """The entries of an epoch, and the name that each signature shows, if it does."""

    issued: list[bytes]
    signed: list[bytes]
    names: list[str | None]


@dataclass(frozen=True, slots=True)
class _TokenKey:
    """An RSA key of many small factors, for tokens that nobody needs."""

    n: int
    factors: tuple[tuple[int, int, int], ...]
    """Of each the factor, the exponent for it, and what is 1 for it and 0 for all others."""

    @classmethod
    def generate(cls) -> "_TokenKey":
        factors: set[int] = set()
        while len(factors) < _FACTORS:
            # With six bits set in front the product of all has 2048 bits.
            start = secrets.randbits(_FACTOR_BITS - 6) | 63 << (_FACTOR_BITS - 6)
            factor = int(gmpy2.next_prime(start))
            if factor.bit_length() == _FACTOR_BITS and (factor - 1) % PUBLIC_EXPONENT:
                factors.add(factor)
        n = functools.reduce(int.__mul__, factors)
        parts = (
            (p, int(gmpy2.invert(PUBLIC_EXPONENT, p - 1)), n // p * int(gmpy2.invert(n // p, p)))
            for p in sorted(factors)
        )
        return cls(n, tuple(parts))

    @property
    def spki(self) -> bytes:
        return format_spki(RsaPublicKey(self.n, PUBLIC_EXPONENT))

    def sign(self, message: bytes) -> bytes:
        encoded = encode_pss(message, self.n.bit_length() - 1, secrets.token_bytes(SALT_SIZE))
        value = gmpy2.mpz(int.from_bytes(encoded, "big"))
        signed = sum(gmpy2.powmod(value, d, p) * whole for p, d, whole in self.factors) % self.n
        return int(signed).to_bytes(MODULUS_SIZE, "big")


def _make_epoch(folder: Path, letter: Letter, key: _TokenKey, size: int) -> _Epoch:
    made = _Epoch([], [], [])
    for number in range(size):
        made.issued.append(_issue(letter.letter_id))
        entry, name = _sign(folder, letter, key, Mode.PUBLIC if number % 2 else Mode.SEALED)
        made.signed.append(entry)
        made.names.append(name)
    return made


def _issue(letter_id: LetterId) -> bytes:
    blinded, member = secrets.token_bytes(32), secrets.token_bytes(32)
    record = IssuedRecord(letter_id, blinded, member, NO_SIGNATURE)
    return format_record(replace(record, sig=ATTESTATION.sign(signed_bytes(record))))


def _sign(folder: Path, letter: Letter, key: _TokenKey, mode: Mode) -> tuple[bytes, str | None]:
    signer = SignerKey(generate_code(), letter.letter_id)
    pk, name, digest = signer.public_key, None, secrets.token_bytes(32)
    if mode is Mode.PUBLIC:
        name = f"Member {secrets.token_hex(8)}"
        content = _attest(letter, signer, name)
        digest = hashlib.sha256(content).digest()
        (folder / "documents" / digest.hex()).write_bytes(content)
    challenge = TokenChallenge(HOST, bytes(letter.letter_id), HOST)
    parts = nonce_of(pk), challenge.digest, token_key_id(letter.token_key)
    token = format_token(Token(*parts, key.sign(token_input(*parts))))
    record = SignRecord(letter.letter_id, token, pk, mode, None, digest, NO_SIGNATURE)
    return format_record(replace(record, sig=signer.sign(signed_bytes(record)))), name


def _attest(letter: Letter, signer: SignerKey, name: str) -> bytes:
    c = commitment(signer.public_key, signer.r)
    said = Attestation(letter.letter_id, name, None, Verified.EMAIL, c, NO_SIGNATURE)
    sig = ATTESTATION.sign(attestation_signed_bytes(said))
    return format_name(NameDocument(replace(said, sig=sig), signer.r, None))


# --- the log


class _LogWriter:
    """Writes entries as bundles, tiles and a checkpoint, with the memory of a few tiles."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._frontier = Frontier.empty()
        self._entries: list[bytes] = []
        self._rows: dict[int, list[bytes]] = {}
        self._numbers: dict[int, int] = {}

    @property
    def size(self) -> int:
        """How many entries there are."""
        return self._frontier.size

    def append(self, entry: bytes) -> None:
        """Add an entry."""
        self._entries.append(entry)
        for level, _, digest in self._frontier.append(leaf_hash(entry)):
            if level % 8 == 0:
                row = self._rows.setdefault(level // 8, [])
                row.append(digest)
                if len(row) == FULL_WIDTH:
                    self._write_tile(level // 8, row)
        if len(self._entries) == FULL_WIDTH:
            self._write_bundle()

    def close(self) -> None:
        """Write what is not full, and the checkpoint."""
        if self._entries:
            self._write_bundle()
        for level, row in self._rows.items():
            if row:
                self._write_tile(level, row)
        checkpoint = Checkpoint(LOG.verifier.name, self.size, self._frontier.root())
        body = format_checkpoint_body(checkpoint).encode()
        (self._folder / "log" / "checkpoint").write_bytes(body + b"\n" + LOG.sign(body))

    def _write_bundle(self) -> None:
        number = (self.size - 1) // FULL_WIDTH
        path = TilePath(ENTRIES, number, len(self._entries))
        _write(_tile_file(self._folder, path), format_entry_bundle(self._entries))
        self._entries.clear()

    def _write_tile(self, level: int, row: list[bytes]) -> None:
        number = self._numbers.get(level, 0)
        _write(_tile_file(self._folder, TilePath(level, number, len(row))), b"".join(row))
        self._numbers[level] = number + 1
        row.clear()


def _tile_file(folder: Path, path: TilePath) -> Path:
    return folder / "log" / format_tile_path(path)


def _write(file: Path, data: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
