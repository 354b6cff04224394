"""Telling trustees that it is their turn: a mail to each whose address the site was given.

One for each wave and trustee, written in the transaction that freezes the wave: there is no wave of which
they are not told. It names neither the letter nor the cause; `reference` is the beginning of the letter's id,
by which a trustee knows which of their keys is meant.
"""

from undersigned.app.mailing import MailKind, add_mail, compose
from undersigned.domain.letter import Letter
from undersigned.domain.stage import Move
from undersigned.store import proposals
from undersigned.store.database import Connection

REFERENCE_BYTES = 4


def tell_trustees(connection: Connection, letter: Letter, move: Move) -> None:
    """Put a mail to each trustee who has an address into the collector's outbox."""
    composed = compose(MailKind.TURN, reference=letter.letter_id[:REFERENCE_BYTES].hex())
    for address in proposals.list_addresses(connection, letter.letter_id).values():
        add_mail(connection, "collector", address, composed, at=move.at, ref=letter.letter_id)
