"""Saying, after a letter's deadline, whether one did what it said; formats §9.2.

The twelve words suffice. It is sent once: the site counts each signer once, and cannot say afterwards which
answer it was.
"""

from dataclasses import replace

import httpx2

from undersigned.domain.follow_through import FollowAnswer, FollowThrough, signed_answer
from undersigned.encoding import format_base64url
from undersigned.signer.amending import Held, key_of
from undersigned.signer.exchange import PATIENT, Patience, submit
from undersigned.signer.letter_view import LetterHead


def say_follow_through(
    client: httpx2.Client,
    head: LetterHead,
    held: Held,
    answer: FollowAnswer,
    *,
    patience: Patience = PATIENT,
) -> None:
    """Say whether one did what the letter said.

    Raises NotAskedYet, SaidBefore, UnknownSignature, Unreachable, Busy; FormatError for words that are
    none; VerificationError.
    """
    key = key_of(head, held)
    unsigned = FollowThrough(head.letter.letter_id, key.public_key, answer, bytes(64))
    sent = replace(unsigned, sig=key.sign(signed_answer(unsigned)))
    value = {
        "v": 1,
        "t": "follow-through",
        "letter": format_base64url(sent.letter_id),
        "pk": format_base64url(sent.pk),
        "answer": sent.answer.value,
        "sig": format_base64url(sent.sig),
    }
    submit(client, f"{head.address}/follow-through", value, patience)
