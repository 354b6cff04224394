"""Names and documents: what the log names is there, unchanged, and says what it should (6 and 11).

Formats §6 and §7: a name document belongs to a signature when the issuer attested it for this letter
and its commitment is that of the signature's key; a sealed one is read with the published key.
"""

from dataclasses import dataclass

from undersigned.crypto.ed25519 import verify_ed25519
from undersigned.crypto.seal import Blob, combine_key, open_blob, parse_blob, verify_share
from undersigned.domain.letter import Letter, Mode
from undersigned.domain.name import (
    NameDocument,
    attestation_signed_bytes,
    check_binding,
    parse_name,
)
from undersigned.domain.opening import refusals_needed
from undersigned.domain.text import TextDocument, parse_text
from undersigned.errors import FormatError, NameNotAttested, UndersignedError, VerificationError
from undersigned.verify.context import Context
from undersigned.verify.letter import LetterReplay
from undersigned.verify.openings import Opened, Struck
from undersigned.verify.signatures import Signature

Names = dict[tuple[int, bytes], NameDocument]
"""Every name that could be read: leaf of the signature and hash of the document or blob."""


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


@dataclass(frozen=True, slots=True)
class NameReader:
    """Reads the names of one letter and keeps those that hold."""

    context: Context
    replay: LetterReplay
    names: Names

    def read_all(self) -> None:
        """Check every public name, every opened one, and every one that was struck (check 11)."""
        for signature in self.replay.signatures.by_leaf.values():
            if signature.mode is Mode.PUBLIC and signature.name is not None:
                is_due = signature.end is None and signature.erased_at is None
                self._read_public(signature, signature.name, is_due=is_due)
        for opened in self.replay.openings.opened:
            self._read_opened(opened)
        for struck in self.replay.openings.struck:
            self._check_struck(struck)
        if erased := self.replay.signatures.erased:
            names = "1 name" if erased == 1 else f"{erased} names"
            self.context.findings.note(11, f"{self.replay.label.capitalize()}: {names} erased.")

    def find_earlier(self, leaf: int, digest: bytes) -> NameDocument | None:
        """Return a name that was public for a while and need not be there any more."""
        found = self.names.get((leaf, digest))
        signature = self.replay.signatures.by_leaf.get(leaf)
        if found is None and signature is not None:
            self._read_public(signature, digest, is_due=False)
            found = self.names.get((leaf, digest))
        return found

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
            self._keep(signature, digest, data)

    def _read_opened(self, opened: Opened) -> None:
        signature, letter = opened.signature, self.replay.letter
        is_due = signature.end is None and signature.erased_at is None
        data = self._find(signature, opened.blob, is_due=is_due)
        if data is None:
            return
        try:
            blob = parse_blob(data)
            document = open_blob(blob, opened.key, letter.letter_id, signature.pk)
        except (FormatError, VerificationError) as error:
            self._false(signature, f"its sealed name was opened with a wrong key: {error.detail}")
            return
        self._keep(signature, opened.blob, document)

    def _keep(self, signature: Signature, digest: bytes, data: bytes) -> None:
        try:
            self.names[signature.leaf, digest] = read_name(data, self.replay.letter, signature.pk)
        except UndersignedError as error:
            self._false(signature, f"its name does not belong to it: {error.detail}")

    def _check_struck(self, struck: Struck) -> None:
        """Check that a struck name is bad, as far as its blob and the shares show."""
        signature, letter = struck.signature, self.replay.letter
        data = self.context.find_document(struck.blob, 11, self._what(signature))
        if data is None:
            self.context.findings.note(
                11,
                f"{self._what(signature)}: struck as unopenable by the trustees; its blob is not"
                " published, so only they know.",
            )
            return
        name, is_shown_bad = _try_open(struck, data, letter)
        if name is not None:
            self.names[signature.leaf, struck.blob] = name
            self._false(signature, "it was struck as unopenable, and its shares open it")
        elif not is_shown_bad and struck.refused < refusals_needed(letter):
            self._false(
                signature,
                "it was struck as unopenable, and neither its shares nor enough trustees say so",
            )


def read_name(data: bytes, letter: Letter, pk: bytes) -> NameDocument:
    """Read a name document and verify that it belongs to the signature by `pk`.

    Raises FormatError, VerificationError, NameNotAttested.
    """
    document = parse_name(data)
    attestation = document.attestation
    verify_ed25519(letter.attestation_key, attestation_signed_bytes(attestation), attestation.sig)
    check_binding(document, letter.letter_id, pk)
    return document


def _try_open(struck: Struck, data: bytes, letter: Letter) -> tuple[NameDocument | None, bool]:
    """Return the name that the shares of a struck blob give, else None and whether that shows it bad."""
    pk = struck.signature.pk
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
