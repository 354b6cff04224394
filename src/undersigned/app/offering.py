"""An issuer apart, before a letter opens: it offers keys, and acknowledges the letter that names them.

1. `offer_keys` makes the two keys of a slug and edition; the organiser puts them into the letter file.
2. `acknowledge` checks the proposed letter, remembers it, and from then on its roll is fixed.
3. The ack and the signed roll go to the site, which opens the letter with them.

A crash after 2 leaves a letter that the site does not know of as acknowledged: the same command says the
same again, to the byte. Nobody gets a token before the site says that the letter is open.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace

from undersigned.app.draft import NO_PROVIDER
from undersigned.app.issuer import Issuer, IssuerKeys, add_letter, key_folder
from undersigned.app.letter_name import parse_letter_name
from undersigned.app.rolls import get_commits
from undersigned.crypto.keys import RecordSigner
from undersigned.domain.letter import Letter, Method, RollKind, ack_bytes
from undersigned.domain.reasons import RollReason
from undersigned.domain.record import RollRecord, signed_bytes
from undersigned.domain.roll import roll_hash
from undersigned.errors import FormatError, LetterExists, LetterRefused, UnknownLetter
from undersigned.store import acknowledged as letter_store
from undersigned.store import issuances

NO_SIGNATURE = bytes(64)


@dataclass(frozen=True, slots=True)
class Offer:
    """What the organiser puts into `[issuer]`: the address and the public keys (SPKI; 32 bytes)."""

    url: str
    token_key: bytes
    attestation_key: bytes


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """What goes to the site: the signature of the ack (64 bytes), and the roll that the letter opens with."""

    sig: bytes
    roll: RollRecord


def offer_keys(issuer: Issuer, slug: str, edition: int) -> Offer:
    """Make the keys of a letter that is to come; the same again if they are there.

    Raises FormatError for what is no slug or edition, StoreError.
    """
    if issuer.url is None:
        raise FormatError("this issuer is part of a site, and offers nothing to others")
    try:
        parse_letter_name(f"{slug}@{edition}")
    except UnknownLetter:
        raise FormatError("a letter is named by 1 to 64 of a-z, 0-9 and hyphen") from None
    folder = key_folder(issuer.folder, f"{slug}@{edition}")
    # Written last: with it both keys are there. What a crash left before was shown to nobody.
    if not (folder / "attestation.key").exists():
        shutil.rmtree(folder, ignore_errors=True)
        IssuerKeys.generate().save(folder)
    keys = IssuerKeys.load(folder)
    return Offer(issuer.url, keys.token.spki, keys.attestation.public_key)


def acknowledge(
    issuer: Issuer, letter: Letter, site: str, *, signs_on: bool = False
) -> Acknowledgement:
    """Acknowledge a proposed letter; `site` is the address of who collects its signatures.

    `signs_on` says that this issuer has a sign-on provider.

    1. The letter names this issuer and the keys that it offered, and no way of proof that is not here.
    2. Its roll is here, and of its kind. 3. No other letter of this slug and edition was acknowledged, or
    nobody has asked for a token of that one. Raises LetterRefused, RollMissing, LetterExists, StoreError.
    """
    keys = check_offered(issuer, letter)  # 1
    if Method.OPENID in letter.methods and not signs_on:
        raise LetterRefused([f"`methods` has openid, and {NO_PROVIDER}"])
    with issuer.database.write() as connection:
        commits = get_commits(connection, letter.slug, letter.roll)  # 2
        known = letter_store.find_acknowledged(connection, letter.slug, letter.edition)
        if known is not None and known.letter_id != letter.letter_id:
            if issuances.has_issuances(connection, known.letter_id):  # 3
                raise LetterExists
            letter_store.delete_acknowledged(connection, known.letter_id)
        add_letter(connection, letter, site)
    sig = keys.attestation.sign(ack_bytes(letter.letter_id))
    return Acknowledgement(sig, make_roll(letter, keys.attestation, commits))


def make_roll(letter: Letter, attestation: RecordSigner, commits: Sequence[bytes]) -> RollRecord:
    """Return the signed roll that a letter opens with."""
    is_domain = letter.roll is RollKind.DOMAIN
    record = RollRecord(
        letter.letter_id,
        letter.headcount if is_domain else len(commits),
        None if is_domain else roll_hash(commits),
        RollReason.OPENED,
        NO_SIGNATURE,
    )
    return replace(record, sig=attestation.sign(signed_bytes(record)))


def check_offered(issuer: Issuer, letter: Letter) -> IssuerKeys:
    """Return the offered keys that a letter names. Raises LetterRefused."""
    if letter.issuer_url != issuer.url:
        raise LetterRefused([f"the letter names another issuer than {issuer.url}"])
    folder = key_folder(issuer.folder, f"{letter.slug}@{letter.edition}")
    if not folder.exists():
        raise LetterRefused(
            [f"no keys were offered for {letter.slug}, edition {letter.edition}, from this folder"]
        )
    keys = IssuerKeys.load(folder)
    if not keys.belong_to(letter):
        raise LetterRefused(["the letter names other keys than were offered for it"])
    return keys
