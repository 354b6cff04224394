"""Did you do what the letter said? Asked of those who stand, once the deadline of a released letter is over.

The site keeps tallies and, apart from them, who has answered: a keyed hash of the signer's key, so that
nobody answers twice. No row joins the two. A file keeps an order that its tables do not have, until it is
rewritten (`app.tidying`). Nothing of this is in the log: the numbers are what signers say of themselves,
and what the operator says that they said.
"""

from dataclasses import dataclass

from undersigned.app.letters import Letters, stage_of
from undersigned.app.site import Site
from undersigned.crypto.ed25519 import verify_ed25519
from undersigned.crypto.token import nonce_of
from undersigned.domain.canonical import hash_bytes
from undersigned.domain.follow_through import FollowAnswer, FollowThrough, signed_answer
from undersigned.domain.letter import Letter, State
from undersigned.errors import (
    NotAskedYet,
    SaidBefore,
    UnknownSignature,
    VerificationError,
)
from undersigned.store import follow_through as follow_store
from undersigned.store import log as log_store
from undersigned.store import pending as pending_store
from undersigned.store import signatures as signature_store
from undersigned.store.database import Connection
from undersigned.store.letters import LetterRow
from undersigned.store.signatures import SignatureRow


@dataclass(frozen=True, slots=True)
class FollowUp:
    """Whether signers are asked now, and how many have said what so far."""

    asked: bool
    yes: int
    not_yet: int
    no: int

    @property
    def total(self) -> int:
        """How many have answered."""
        return self.yes + self.not_yet + self.no


def get_follow_up(site: Site, letters: Letters, name: str) -> FollowUp:
    """Return what signers of a letter have said. Raises UnknownLetter."""
    with site.collector.read() as connection:
        row = letters.get_row(connection, name)
        tally = follow_store.read_tally(connection, row.letter_id)
        asked = _is_asked(letters.view(row).letter, row, site.clock.now())
    numbers = [tally.get(answer.value, 0) for answer in FollowAnswer]
    return FollowUp(asked, *numbers)


def take_answer(site: Site, letters: Letters, name: str, sent: FollowThrough) -> None:
    """Count what a signer says of themselves, once.

    Raises UnknownLetter; VerificationError if it is for another letter or not signed; NotAskedYet;
    UnknownSignature, for a key that does not stand; SaidBefore.
    """
    with site.collector.read() as connection:
        letter = letters.view(letters.get_row(connection, name)).letter
    if sent.letter_id != letter.letter_id:
        raise VerificationError("The answer is about another letter.")
    verify_ed25519(sent.pk, signed_answer(sent), sent.sig)
    mark = _mark(site, sent)
    with site.collector.write() as connection:
        row = letters.get_row(connection, f"{letter.slug}@{letter.edition}")
        if not _is_asked(letter, row, site.clock.now()):
            raise NotAskedYet
        signature = _find_signature(connection, sent)
        if signature is None or not _stands(connection, letters, letter, signature):
            raise UnknownSignature
        if not follow_store.add_follower(connection, sent.letter_id, mark):
            raise SaidBefore
        # A crash before the commit leaves neither: the signer answers again.
        follow_store.count_answer(connection, sent.letter_id, sent.answer.value)


def _is_asked(letter: Letter, row: LetterRow, now: int) -> bool:
    is_over = letter.deadline is not None and letter.deadline <= now
    return is_over and stage_of(row).state in (State.RELEASED, State.CLOSED)


def _mark(site: Site, sent: FollowThrough) -> bytes:
    """Return what stands for a signer among those who have answered.

    A key is in the public log, and so its hash would be no secret. An Ed25519 signature is the same each
    time (RFC 8032), and without the organiser's key nobody can compute it.
    """
    message = b"undersigned/followed\n" + sent.letter_id + sent.pk
    return hash_bytes(site.keys.organiser.sign(message))


def _find_signature(connection: Connection, sent: FollowThrough) -> SignatureRow | None:
    taken = pending_store.find_spent(connection, sent.letter_id, nonce_of(sent.pk))
    leaf = None if taken is None else log_store.find_leaf_index(connection, taken.leaf_hash)
    return None if leaf is None else signature_store.find_signature(connection, leaf)


def _stands(
    connection: Connection, letters: Letters, letter: Letter, signature: SignatureRow
) -> bool:
    if signature.status != "live":
        return False
    return bool(signature.fixed) or signature.condition <= letters.count_m(connection, letter)
