"""A letter as a member reads it: fetched from its site, and checked before anybody signs it.

`docs/formats.md` §3.1. What is checked is what the letter's own keys bear out. That the organiser's
key is the organiser's, and that the log is the one that others see, is for pinned keys and the
verifier to say.
"""

import re
from dataclasses import dataclass
from typing import Final

import httpx2
import msgspec

from undersigned.crypto.ed25519 import verify_ed25519
from undersigned.crypto.note_key import ED25519, NoteKey, parse_vkey
from undersigned.crypto.token import TokenChallenge, parse_spki
from undersigned.domain.canonical import decode_json, hash_bytes
from undersigned.domain.letter import Letter, TextDocument, ack_bytes, parse_text
from undersigned.domain.record import LetterRecord, signed_bytes
from undersigned.domain.terms import TextRef
from undersigned.errors import FormatError, VerificationError
from undersigned.signer.exchange import PATIENT, Patience, fetch
from undersigned.signer.plain import canonical_of, letter_record_of

API: Final = "/api/v1"
LONGEST_URL: Final = 2_048
"""Characters: a host, a prefix and a slug of at most 64; longer ones are not addresses of letters."""

_SLUG: Final = re.compile(r"([a-z0-9][a-z0-9-]{0,63})(?:@([1-9][0-9]{0,14}))?")


@dataclass(frozen=True, slots=True)
class Site:
    """A site's log: its origin, and the vkeys that sign its checkpoints and its promises."""

    origin: str
    log_vkey: str
    promise_vkey: str

    @property
    def log_key(self) -> NoteKey:
        """The key of the log. Raises FormatError, or VerificationError if it is another log's."""
        return _named_key(self.log_vkey, self.origin)

    @property
    def promise_key(self) -> NoteKey:
        """The key of the promises. Raises FormatError, or VerificationError if it is another's."""
        return _named_key(self.promise_vkey, f"{self.origin}/promise")


@dataclass(frozen=True, slots=True)
class LetterHead:
    """A letter without its texts: the address of the API, the site's keys, and the letter's record."""

    base: str
    site: Site
    record: LetterRecord

    @property
    def letter(self) -> Letter:
        """The letter that the record opens."""
        return self.record.letter

    @property
    def address(self) -> str:
        """Where this edition takes signatures: the base of its URLs at the site."""
        return f"{self.base}/letters/{self.letter.slug}@{self.letter.edition}"

    @property
    def issuer_address(self) -> str:
        """Where this edition gives tokens: the same at the issuer, which may be another site."""
        if self.letter.issuer_url is None:
            return self.address
        base = self.letter.issuer_url.rstrip("/") + API
        return f"{base}/letters/{self.letter.slug}@{self.letter.edition}"

    @property
    def challenge(self) -> TokenChallenge:
        """What this letter's tokens are for (§5). Raises FormatError for an odd origin."""
        host = self.site.origin.partition("/")[0]
        return TokenChallenge(host, self.letter.letter_id, host)


@dataclass(frozen=True, slots=True)
class LetterView(LetterHead):
    """A letter with its texts, in the order of the record; the first is authoritative."""

    texts: tuple[TextDocument, ...]


class _SiteAnswer(msgspec.Struct):
    """A site may come to say more of itself than a signer needs; the rest is not read."""

    origin: str
    log_vkey: str
    promise_vkey: str


class _LetterAnswer(msgspec.Struct):
    letter_id: str
    record: msgspec.Raw
    texts: list[msgspec.Raw]


_SITE: Final = msgspec.json.Decoder(_SiteAnswer)
_LETTER: Final = msgspec.json.Decoder(_LetterAnswer)


def get_letter(
    client: httpx2.Client,
    url_or_slug: str,
    *,
    pinned_vkey: str | None = None,
    patience: Patience = PATIENT,
) -> LetterView:
    """Fetch a letter and verify all that it says of itself.

    `url_or_slug` is the address of a letter's page, or `slug` or `slug@edition` at the client's
    `base_url`. `pinned_vkey` is the log's key as the member had it from elsewhere. Raises
    UnknownLetter, FormatError, and VerificationError for a letter that does not hold.
    """
    base, slug, edition = _locate(client, url_or_slug)
    said = decode_json(_SITE, fetch(client, f"{base}/site", patience).body, "site")
    name = slug if edition is None else f"{slug}@{edition}"
    answer = fetch(client, f"{base}/letters/{name}", patience)
    wire = decode_json(_LETTER, answer.body, "letter")
    record = letter_record_of(wire.record)
    head = LetterHead(base, Site(said.origin, said.log_vkey, said.promise_vkey), record)
    verify_head(head, pinned_vkey=pinned_vkey)
    _verify_identity(record.letter, wire.letter_id, slug, edition)
    texts = _verified_texts(record.letter, [canonical_of(text, "text") for text in wire.texts])
    return LetterView(head.base, head.site, record, texts)


def verify_head(head: LetterHead, *, pinned_vkey: str | None = None) -> None:
    """Verify a letter's record against its own keys, and its site's names.

    1. The log's key is the pinned one, if one is given, and bears the origin's name. 2. The promise
    key bears its name and is the letter's. 3. The organiser signed the record. 4. The issuer and
    every trustee accepted their part. Raises VerificationError, FormatError for a misshapen key.
    """
    if pinned_vkey is not None and head.site.log_vkey != pinned_vkey:  # 1
        raise VerificationError("The site's log is not the one whose key was pinned.")
    _ = head.site.log_key
    _ = head.site.promise_key  # 2
    if head.letter.promise_vkey != head.site.promise_vkey:
        raise VerificationError("The letter was opened under another promise key than the site's.")
    parse_spki(head.letter.token_key)
    verify_letter_record(head.record)  # 3, 4


def verify_letter_record(record: LetterRecord) -> None:
    """Verify the organiser's signature over a `letter` record, and every ack (§3, §3.1).

    A letter without one of its trustees' acks might be sealed to a key that nobody holds. Raises
    VerificationError.
    """
    letter = record.letter
    _verify(letter.organiser_key, signed_bytes(record), record.sig, "The organiser's signature")
    message = ack_bytes(letter.letter_id)
    keys = [letter.attestation_key, *(trustee.sign_key for trustee in letter.trustees)]
    for ack, key in zip(record.acks, keys, strict=True):
        _verify(key, message, ack.sig, f"The acceptance by {_title(ack.by)}")


def _title(by: int | str) -> str:
    return "the issuer" if by == "issuer" else f"trustee {by}"


def _verify(key: bytes, message: bytes, signature: bytes, what: str) -> None:
    try:
        verify_ed25519(key, message, signature)
    except VerificationError:
        raise VerificationError(f"{what} does not hold.") from None


def _verify_identity(letter: Letter, letter_id: str, slug: str, edition: int | None) -> None:
    if letter_id != letter.letter_id.hex():
        raise VerificationError("The letter is not the one that its ID names.")
    if letter.slug != slug or edition not in (None, letter.edition):
        raise VerificationError("The site answered with another letter than the one asked for.")


def _verified_texts(letter: Letter, documents: list[bytes]) -> tuple[TextDocument, ...]:
    if len(documents) != len(letter.texts):
        raise VerificationError("The site does not show every text of the letter.")
    pairs = zip(letter.texts, documents, strict=True)
    return tuple(_verified_text(letter, ref, document) for ref, document in pairs)


def _verified_text(letter: Letter, ref: TextRef, document: bytes) -> TextDocument:
    if hash_bytes(document) != ref.hash:
        raise VerificationError("A text is not the one that the letter was opened with.")
    text = parse_text(document)
    if text.lang != ref.lang or tuple(demand.id for demand in text.demands) != letter.demands:
        raise VerificationError("A text does not have the language or the demands of its letter.")
    return text


def _named_key(vkey: str, name: str) -> NoteKey:
    key = parse_vkey(vkey)
    if key.name != name or key.kind != ED25519:
        raise VerificationError("A key of the site does not bear the name of its log.")
    return key


def _locate(client: httpx2.Client, url_or_slug: str) -> tuple[str, str, int | None]:
    """Return the base of the API, the slug and the edition."""
    if len(url_or_slug) > LONGEST_URL:
        raise FormatError("The address is too long to be a letter's.")
    if "://" in url_or_slug:
        return _locate_url(url_or_slug)
    root = str(client.base_url).rstrip("/")
    if not root:
        raise FormatError("A letter's name alone does not say at which site it is.")
    return root + API, *_parse_name(url_or_slug)


def _locate_url(url: str) -> tuple[str, str, int | None]:
    try:
        parsed = httpx2.URL(url)
    except httpx2.InvalidURL:
        raise FormatError("That is not the address of a letter.") from None
    prefix, found, rest = parsed.path.partition("/letters/")
    if parsed.scheme not in ("https", "http") or not parsed.host or parsed.userinfo or not found:
        raise FormatError("That is not the address of a letter.")
    root = f"{parsed.scheme}://{parsed.netloc.decode('ascii')}{prefix.removesuffix(API)}"
    return root + API, *_parse_name(rest.split("/")[0])


def _parse_name(name: str) -> tuple[str, int | None]:
    match = _SLUG.fullmatch(name)
    if match is None:
        raise FormatError("That is not the name of a letter: slug, or slug@edition.")
    return match[1], int(match[2]) if match[2] else None
