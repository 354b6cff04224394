"""Five lies that a site could tell, each made in a copy of a mirror and signed with the log's real key.

They are what an operator with every key of the server could do; signatures and the log's own
consistency are made as good as those keys allow. The verifier has to catch each by the check that it
names.
"""

import hashlib
import secrets
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import msgspec

from undersigned.crypto.keys import NoteSigner, RecordSigner, TrusteeKey
from undersigned.crypto.seal import combine_key, parse_blob
from undersigned.crypto.token import (
    MODULUS_SIZE,
    Token,
    TokenChallenge,
    format_token,
    nonce_of,
    token_key_id,
)
from undersigned.domain.letter import LetterId, Mode
from undersigned.domain.opening import OpenedLeaf, OpeningFile, format_opening
from undersigned.domain.record import (
    EpochRecord,
    IssuedRecord,
    OpeningRecord,
    OutcomeRecord,
    SignRecord,
    format_record,
    parse_record,
    signed_bytes,
)
from undersigned.errors import StoreError
from undersigned.tlog.checkpoint import Checkpoint, format_checkpoint_body, parse_checkpoint_body
from undersigned.tlog.merkle import EMPTY_ROOT, Frontier, leaf_hash
from undersigned.tlog.note import parse_note
from undersigned.tlog.tile import (
    ENTRIES,
    FULL_WIDTH,
    TilePath,
    format_entry_bundle,
    format_hash_tile,
    format_tile_path,
    parse_entry_bundle,
    tiles_of,
)
from undersigned.verify.context import Context
from undersigned.verify.folder import Folder
from undersigned.verify.letter import LetterReplay
from undersigned.verify.replay import Replay
from undersigned.verify.report import Findings
from undersigned.verify.signatures import Signature

BEYOND: Final = 12
"""How many signatures the lying page adds."""


@dataclass(frozen=True, slots=True)
class Lie:
    """A lie: what it is called, which check must catch it, and how it is told.

    `tell` changes the mirror in its first folder, with the keys of the site in the second. It raises
    StoreError if that site's log does not allow the lie.
    """

    name: str
    title: str
    check: int
    tell: Callable[[Path, Path], None]


# --- reading and writing the log of a mirror


def read_entries(mirror: Path) -> list[bytes]:
    """Return the entries of a mirrored log, of which everything has been verified before."""
    note = parse_note((mirror / "log" / "checkpoint").read_bytes())
    size = parse_checkpoint_body(note.text).size
    entries: list[bytes] = []
    for start in range(0, size, FULL_WIDTH):
        width = min(FULL_WIDTH, size - start)
        path = TilePath(ENTRIES, start // FULL_WIDTH, width)
        data = (mirror / "log" / format_tile_path(path)).read_bytes()
        entries += parse_entry_bundle(data, width)
    return entries


def write_log(mirror: Path, entries: list[bytes], signer: NoteSigner) -> None:
    """Write the log of these entries in the place of the one there: bundles, tiles, checkpoint."""
    shutil.rmtree(mirror / "log", ignore_errors=True)
    frontier = Frontier.empty()
    rows: dict[int, list[bytes]] = {}
    for entry in entries:
        for level, _, digest in frontier.append(leaf_hash(entry)):
            if level % 8 == 0:
                rows.setdefault(level // 8, []).append(digest)
    for path in tiles_of(len(entries)):
        first = path.index * FULL_WIDTH
        if path.level == ENTRIES:
            data = format_entry_bundle(entries[first : first + path.width])
        else:
            data = format_hash_tile(rows[path.level][first : first + path.width])
        file = mirror / "log" / format_tile_path(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    root = frontier.root() if entries else EMPTY_ROOT
    body = format_checkpoint_body(Checkpoint(signer.verifier.name, len(entries), root))
    note = f"{body}\n".encode() + signer.sign(body.encode())
    (mirror / "log").mkdir(parents=True, exist_ok=True)
    (mirror / "log" / "checkpoint").write_bytes(note)


def _replay(mirror: Path, entries: list[bytes]) -> list[LetterReplay]:
    origin = parse_checkpoint_body(
        parse_note((mirror / "log" / "checkpoint").read_bytes()).text
    ).origin
    replay = Replay(Context(Folder(mirror), Findings(), origin, None), {}, {})
    for index, entry in enumerate(entries):
        replay.read(index, entry)
    return list(replay.letters.values())


def _first_letter(mirror: Path, entries: list[bytes]) -> LetterReplay:
    letters = _replay(mirror, entries)
    if not letters:
        raise StoreError("there is no letter to lie about")
    return letters[0]


def _log_key(site: Path) -> NoteSigner:
    return NoteSigner.load(site / "keys" / "log.key")


# --- the lies


def rewrite_history(mirror: Path, site: Path) -> None:
    """Exchange two records that nobody has asked about; everything else in the log still holds."""
    entries = read_entries(mirror)
    records = [parse_record(entry) for entry in entries]
    for index, (left, right) in enumerate(pairwise(records)):
        if isinstance(left, IssuedRecord) and isinstance(right, IssuedRecord):
            entries[index], entries[index + 1] = entries[index + 1], entries[index]
            return write_log(mirror, entries, _log_key(site))
    raise StoreError("the log is too short to be rewritten")


def forge_token(mirror: Path, site: Path) -> None:
    """Append a signature by somebody who made a token instead of receiving one."""
    entries = read_entries(mirror)
    letter = _first_letter(mirror, entries)
    terms, host = letter.letter, letter.context.host
    key = RecordSigner.generate()
    challenge = TokenChallenge(host, terms.letter_id, host)
    token = Token(
        nonce_of(key.public_key),
        challenge.digest,
        token_key_id(terms.token_key),
        b"\x00" + secrets.token_bytes(MODULUS_SIZE - 1),
    )
    mode = Mode.ANONYMOUS if Mode.ANONYMOUS in terms.modes else terms.modes[0]
    record = SignRecord(
        letter_id=terms.letter_id,
        token=format_token(token),
        pk=key.public_key,
        mode=mode,
        condition=None,
        name=None if mode is Mode.ANONYMOUS else secrets.token_bytes(32),
        sig=bytes(64),
    )
    signed = replace(record, sig=key.sign(signed_bytes(record)))
    epoch = EpochRecord(terms.letter_id, letter.epochs.n + 1, letter.last_at + 1)
    write_log(mirror, [*entries, format_record(epoch), format_record(signed)], _log_key(site))


def state_wrong_outcome(mirror: Path, site: Path) -> None:
    """State one more in the last outcome than the records give."""
    entries = read_entries(mirror)
    for index in reversed(range(len(entries))):
        record = parse_record(entries[index])
        if isinstance(record, OutcomeRecord):
            wrong = replace(record, m=record.m + 1, standing=record.standing + 1)
            entries[index] = format_record(wrong)
            return write_log(mirror, entries, _log_key(site))
    raise StoreError("the log states no outcome")


def open_out_of_turn(mirror: Path, site: Path) -> None:
    """Open a name whose turn has not come; if all have been opened, the first wave, too early."""
    entries = read_entries(mirror)
    trustee = TrusteeKey.load(site / "keys" / "trustee.key")
    for letter in _replay(mirror, entries):
        for signature in letter.signatures.live():
            opening = _open_one(letter, signature, trustee, len(entries), mirror, site)
            if opening is not None:
                return write_log(mirror, [*entries, opening], _log_key(site))
    return _open_early(mirror, site, entries)


def _open_one(
    letter: LetterReplay,
    signature: Signature,
    trustee: TrusteeKey,
    size: int,
    mirror: Path,
    site: Path,
) -> bytes | None:
    """Return an opening of one sealed name that is the operator's to read, None if it is not."""
    terms = letter.letter
    keys = [each.sign_key for each in terms.trustees]
    is_sealed = signature.mode is Mode.SEALED and not signature.is_opened
    if terms.quorum != 1 or trustee.sign_key not in keys or not is_sealed:
        return None
    blob = None if signature.name is None else _find_blob(site, signature.name)
    if signature.name is None or blob is None:
        return None
    number = keys.index(trustee.sign_key) + 1
    wave = 1 if letter.stage is None else letter.stage.wave + 1
    parts = parse_blob(blob)
    share = trustee.open_share(parts, number, terms.letter_id, signature.pk)
    leaf = OpenedLeaf(signature.leaf, combine_key(parts, {number: share}, 1))
    _put_document(mirror, blob)
    return _format_opening(mirror, terms.letter_id, wave, size, leaf, trustee, number)


def _format_opening(
    mirror: Path,
    letter_id: LetterId,
    wave: int,
    size: int,
    leaf: OpenedLeaf,
    trustee: TrusteeKey,
    number: int,
) -> bytes:
    digest = _put_document(mirror, format_opening(OpeningFile(letter_id, wave, size, (leaf,))))
    record = OpeningRecord(letter_id, wave, digest, 1, 0, number, bytes(64))
    return format_record(replace(record, sig=trustee.sign(signed_bytes(record))))


def _put_document(mirror: Path, content: bytes) -> bytes:
    digest = hashlib.sha256(content).digest()
    (mirror / "documents").mkdir(exist_ok=True)
    (mirror / "documents" / digest.hex()).write_bytes(content)
    return digest


def _find_blob(site: Path, digest: bytes) -> bytes | None:
    """Return a sealed blob as the operator has it, from the site's own database."""
    from undersigned.app.folder import has_database, open_database
    from undersigned.cli.site_folder import database_address
    from undersigned.store import pending

    if not has_database(site, "collector", database_address()):
        return None
    database = open_database(site, "collector", database_address())
    try:
        with database.read() as connection:
            return pending.find_blob(connection, digest)
    finally:
        database.close()


def _open_early(mirror: Path, site: Path, entries: list[bytes]) -> None:
    """Move the first opening before the record that freezes its wave."""
    records = [parse_record(entry) for entry in entries]
    opening = next((i for i, each in enumerate(records) if isinstance(each, OpeningRecord)), None)
    if opening is None:
        raise StoreError("the log has no sealed name that the operator could open")
    wave = next(
        i
        for i, each in enumerate(records)
        if isinstance(each, OutcomeRecord)
        and each.letter_id == records[opening].letter_id
        and each.wave > 0
    )
    entries.insert(wave, entries.pop(opening))
    write_log(mirror, entries, _log_key(site))


def show_other_numbers(mirror: Path, site: Path) -> None:
    """Show more signatures on the page than the log has; the log itself stays as it is."""
    pages = sorted((mirror / "site" / "letters").glob("*/counts.json"))
    if not pages:
        raise StoreError("the mirror holds no page to lie on")
    counts: dict[str, Any] = msgspec.json.decode(pages[0].read_bytes())
    counts |= {name: counts[name] + BEYOND for name in ("m", "standing")}
    pages[0].write_bytes(msgspec.json.encode(counts))
    write_log(mirror, read_entries(mirror), _log_key(site))


LIES: Final = (
    Lie("history", "a history rewritten since it was verified", 4, rewrite_history),
    Lie("token", "a signature with a forged token", 7, forge_token),
    Lie("outcome", "an outcome with one too many", 10, state_wrong_outcome),
    Lie("opening", "a name opened out of turn", 11, open_out_of_turn),
    Lie("numbers", f"{BEYOND} more on the page than in the log", 12, show_other_numbers),
)
