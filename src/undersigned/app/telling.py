"""Telling trustees that it is their turn: a mail to each whose address the site was given.

One for each wave and trustee, written in the transaction that freezes the wave: there is no wave of which
they are not told. It names neither the letter nor the cause; `reference` is the beginning of the letter's id,
by which a trustee knows which of their keys is meant.
"""

import secrets

from undersigned.domain.letter import Letter
from undersigned.domain.stage import Move
from undersigned.store import outbox, proposals
from undersigned.store.database import Connection

SUBJECT = "It is your turn"

BODY = """\
It is your turn, as agreed. Please use the key that you hold, with the program or on the page that you
used before. Reference: {reference}

You need not answer this mail.

--

Sekarang giliran Anda, seperti yang disepakati. Gunakanlah kunci yang Anda pegang, dengan program atau di
halaman yang Anda pakai sebelumnya. Rujukan: {reference}

Surel ini tidak perlu dibalas.
"""

REFERENCE_BYTES = 4


def tell_trustees(connection: Connection, letter: Letter, move: Move) -> None:
    """Put a mail to each trustee who has an address into the collector's outbox."""
    body = BODY.format(reference=letter.letter_id[:REFERENCE_BYTES].hex())
    for address in proposals.list_addresses(connection, letter.letter_id).values():
        row = outbox.MailRow(secrets.token_bytes(16), address, SUBJECT, body, 0, move.at)
        outbox.add_mail(connection, row, "collector")
