"""What the site gave for a record: its promise, verified, and the note that proves it to others."""

from dataclasses import dataclass, field

from undersigned.errors import VerificationError
from undersigned.signer.letter_view import LetterHead
from undersigned.tlog.merkle import leaf_hash
from undersigned.tlog.promise import Promise, parse_promise


@dataclass(frozen=True, slots=True)
class Promised:
    """An entry for the log, the promise for it, and the promise's note. The note is evidence."""

    entry: bytes = field(repr=False)
    note: str = field(repr=False)
    promise: Promise


def verified_promise(head: LetterHead, entry: bytes, note: str) -> Promised:
    """Verify that a note is this letter's promise for this entry (§8).

    1. The letter's promise key signed it. 2. It names the entry's leaf hash. 3. Its time ends a
    window of the letter. Raises FormatError, VerificationError.
    """
    data = note.encode("utf-8", "surrogatepass")
    promise = parse_promise(data, head.site.promise_key)  # 1
    if promise.leaf_hash != leaf_hash(entry):  # 2
        raise VerificationError("The promise is one for another record.")
    if promise.by % head.letter.window_s:  # 3
        # A time of its own in each promise would mark the member who holds it.
        raise VerificationError("The time of the promise does not end one of the letter's windows.")
    return Promised(entry, note, promise)
