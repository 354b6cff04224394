"""Names and documents: what the log names is there, unchanged, and says what it should (6 and 11).

Formats §6 and §7: a name document belongs to a signature when the issuer attested it for this letter
and its commitment is that of the signature's key; a sealed one is read with the published key.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple, NewType

import msgspec

from undersigned.crypto.ed25519 import verify_ed25519
from undersigned.crypto.seal import Blob, combine_key, open_blob, parse_blob, verify_share
from undersigned.domain.canonical import LONGEST_DOCUMENT, hash_bytes
from undersigned.domain.letter import Letter, Mode
from undersigned.domain.name import (
    NameDocument,
    attested_part,
    check_binding,
    parse_name,
)
from undersigned.domain.opening import refusals_needed
from undersigned.domain.record import LetterRecord, format_record, parse_record
from undersigned.domain.text import TextDocument, parse_text
from undersigned.errors import FormatError, NameNotAttested, UndersignedError, VerificationError
from undersigned.verify.context import Context
from undersigned.verify.crew import Crew
from undersigned.verify.folder import Folder
from undersigned.verify.letter import LetterReplay
from undersigned.verify.openings import Opened, Struck
from undersigned.verify.scratch import Table
from undersigned.verify.signatures import Signature

Words = NewType("Words", bytes)
"""What is shown of a name, as a hash of 32 bytes."""

_WORDS_SIZE: Final = 1 + 32
"""Whether there are words, and their hash."""

AT_ONCE: Final = 256
"""Names that one process looks at."""

MOST_LETTERS: Final = 64
"""Letters that a process keeps, parsed; the record of each is at most 48 KiB."""


class NamePlace(NamedTuple):
    """A public name that the log names: the signer's key, the hash of the document (None: none)."""

    pk: bytes
    digest: bytes | None


def hash_words(name: str, role: str | None, verified: str, statement: str | None) -> Words:
    """Return the hash of what is shown of a name."""
    return Words(hash_bytes(msgspec.json.encode((name, role, verified, statement))))


def words_of(document: NameDocument) -> Words:
    """Return the hash of what is shown of a name document."""
    said = document.attestation
    return hash_words(said.name, said.role, said.verified.value, document.statement)


def read_texts(context: Context, replay: LetterReplay) -> tuple[TextDocument | None, ...]:
    """Read the texts of a letter in the record's order, None where one is missing (check 6)."""
    return tuple(_read_text(context, replay, text.lang, text.hash) for text in replay.letter.texts)


def _read_text(
    context: Context, replay: LetterReplay, lang: str, digest: bytes
) -> TextDocument | None:
    what = f"{replay.label.capitalize()}, its text in {lang!r}"
    findings = context.findings
    data = context.find_document(digest, 6, what)
    if data is None:
        findings.unchecked(6, f"{what}: the mirror holds no document {digest.hex()} of that hash.")
        return None
    try:
        text = parse_text(data)
    except FormatError as error:
        findings.false(6, f"{what}: {error.detail}.")
        return None
    if text.lang != lang:
        findings.false(6, f"{what}: the document says that it is in {text.lang!r}.")
    if tuple(demand.id for demand in text.demands) != replay.letter.demands:
        findings.false(6, f"{what}: its demands are not those of the letter.")
    return text


class NameReader:
    """Reads the names of one letter and keeps what the site may show of those that hold."""

    __slots__ = ("_others", "_words", "context", "replay")

    def __init__(self, context: Context, replay: LetterReplay) -> None:
        self.context = context
        self.replay = replay
        # Of each signature the words of the name that is public, or would be, if it had not ended.
        self._words = Table(context.scratch, _WORDS_SIZE)
        self._others: dict[tuple[int, bytes], Words] = {}  # of names that were opened out of turn

    def read_all(self, crew: Crew | None = None) -> None:
        """Check every public name, every opened one, and every one that was struck (check 11)."""
        self._words.fill(len(self.replay.signatures))
        for signature, words in self._find_words(crew):
            if signature.name is None:
                continue
            if words is None:
                self._read_public(signature, signature.name, is_due=signature.is_due)
            else:
                self._keep(signature, signature.name, words)
        for opened in self.replay.openings.opened():
            self._read_opened(opened)
        for struck in self.replay.openings.struck:
            self._check_struck(struck)
        if erased := self.replay.signatures.erased:
            names = "1 name" if erased == 1 else f"{erased} names"
            self.context.findings.note(11, f"{self.replay.label.capitalize()}: {names} erased.")

    def _find_words(self, crew: Crew | None) -> Iterator[tuple[Signature, Words | None]]:
        """Yield the public signatures, each with the words of its name if somebody vouches for it."""
        chunks = self._chunks(self.replay.signatures.of_mode(Mode.PUBLIC))
        found = (
            ((chunk, vouch_names(*asked)) for chunk, asked in chunks)
            if crew is None
            else crew.map(vouch_names, chunks)
        )
        for chunk, words in found:
            yield from zip(chunk, words or [None] * len(chunk), strict=True)

    def _chunks(
        self, signatures: Iterator[Signature]
    ) -> Iterator[tuple[list[Signature], tuple[str, bytes, list[NamePlace]]]]:
        letter = format_record(self.replay.record)
        while chunk := list(islice(signatures, AT_ONCE)):
            places = [NamePlace(each.pk, each.name) for each in chunk]
            yield chunk, (self.context.folder.root, letter, places)

    def find_words(self, signature: Signature, digest: bytes) -> Words | None:
        """Return the words of a name that is public, or was for a while and need not be there any more."""
        words = self._find_kept(signature, digest)
        if words is None:
            self._read_public(signature, digest, is_due=False)
            words = self._find_kept(signature, digest)
        return words

    def _find_kept(self, signature: Signature, digest: bytes) -> Words | None:
        if digest != _main_name(signature):
            return self._others.get((signature.leaf, digest))
        row = self._words.read(signature.number)
        return Words(row[1:]) if row[0] else None

    def _keep(self, signature: Signature, digest: bytes, words: Words) -> None:
        if digest == _main_name(signature):
            self._words.replace(signature.number, b"\1" + words)
        else:
            self._others[signature.leaf, digest] = words

    def _what(self, signature: Signature) -> str:
        return f"Leaf {signature.leaf}, {self.replay.label}"

    def _false(self, signature: Signature, sentence: str) -> None:
        self.context.findings.false(11, f"{self._what(signature)}: {sentence.removesuffix('.')}.")

    def _find(self, signature: Signature, digest: bytes, *, is_due: bool) -> bytes | None:
        data = self.context.find_document(digest, 11, self._what(signature))
        if data is None and is_due:
            self._false(signature, "its name is not there, and the log gives no reason")
        return data

    def _read_public(self, signature: Signature, digest: bytes, *, is_due: bool) -> None:
        data = self._find(signature, digest, is_due=is_due)
        if data is not None:
            self._check_name(signature, digest, data)

    def _read_opened(self, opened: Opened) -> None:
        signature, letter = self.replay.signatures.get(opened.number), self.replay.letter
        data = self._find(signature, opened.blob, is_due=signature.is_due)
        if data is None:
            return
        try:
            blob = parse_blob(data)
            document = open_blob(blob, opened.key, letter.letter_id, signature.pk)
        except (FormatError, VerificationError) as error:
            self._false(signature, f"its sealed name was opened with a wrong key: {error.detail}")
            return
        self._check_name(signature, opened.blob, document)

    def _check_name(self, signature: Signature, digest: bytes, data: bytes) -> None:
        try:
            name = read_name(data, self.replay.letter, signature.pk)
        except UndersignedError as error:
            self._false(signature, f"its name does not belong to it: {error.detail}")
        else:
            self._keep(signature, digest, words_of(name))

    def _check_struck(self, struck: Struck) -> None:
        """Check that a struck name is bad, as far as its blob and the shares show."""
        signature, letter = self.replay.signatures.get(struck.number), self.replay.letter
        data = self.context.find_document(struck.blob, 11, self._what(signature))
        if data is None:
            self.context.findings.note(
                11,
                f"{self._what(signature)}: struck as unopenable by the trustees; its blob is not"
                " published, so only they know.",
            )
            return
        name, is_shown_bad = _try_open(struck, data, letter, signature.pk)
        if name is not None:
            self._false(signature, "it was struck as unopenable, and its shares open it")
        elif not is_shown_bad and struck.refused < refusals_needed(letter):
            self._false(
                signature,
                "it was struck as unopenable, and neither its shares nor enough trustees say so",
            )


def _main_name(signature: Signature) -> bytes | None:
    """Return the hash of the one name of a signature whose words are kept in a row."""
    return signature.name if signature.opened_name is None else signature.opened_name


def read_name(data: bytes, letter: Letter, pk: bytes) -> NameDocument:
    """Read a name document and verify that it belongs to the signature by `pk`.

    Raises FormatError, VerificationError, NameNotAttested.
    """
    document = parse_name(data)
    attestation = document.attestation
    verify_ed25519(letter.attestation_key, attested_part(data), attestation.sig)
    check_binding(document, letter.letter_id, pk)
    return document


def vouch_names(root: str, letter: bytes, places: Sequence[NamePlace]) -> list[Words | None]:
    """Return the words of each name that is in a mirror and belongs to its signature, else None.

    `letter` is the entry that opens the letter. What is wrong with the others is said by who reads them.
    """
    folder, body = Folder(Path(root)), _letter_of(letter)
    return [_words_at(folder, body, place) for place in places]


def _words_at(folder: Folder, letter: Letter, place: NamePlace) -> Words | None:
    if place.digest is None:
        return None
    try:
        data = folder.find_document(place.digest, LONGEST_DOCUMENT)
        if data is None or hash_bytes(data) != place.digest:
            return None
        return words_of(read_name(data, letter, place.pk))
    except UndersignedError:
        return None


@lru_cache(MOST_LETTERS)
def _letter_of(entry: bytes) -> Letter:
    record = parse_record(entry)
    if not isinstance(record, LetterRecord):
        raise FormatError("the entry opens no letter")
    return record.letter


def _try_open(
    struck: Struck, data: bytes, letter: Letter, pk: bytes
) -> tuple[NameDocument | None, bool]:
    """Return the name that the shares of a struck blob give, else None and whether that shows it bad."""
    try:
        blob = parse_blob(data)
    except FormatError:
        return None, True
    if len(blob.slots) != len(letter.trustees):
        return None, True
    shares = {
        i: share
        for i, share in enumerate(struck.shares, 1)
        if share is not None and _is_committed(blob, i, share)
    }
    if len(shares) < letter.quorum:
        return None, False
    try:
        key = combine_key(blob, shares, letter.quorum)
        return read_name(open_blob(blob, key, letter.letter_id, pk), letter, pk), True
    except (FormatError, VerificationError, NameNotAttested):
        return None, True


def _is_committed(blob: Blob, i: int, share: bytes) -> bool:
    try:
        verify_share(blob, i, share)
    except VerificationError:
        return False
    return True
