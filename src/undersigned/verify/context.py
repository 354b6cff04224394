"""What every part of a verification shares: the folder, the findings, which log it is, the clock."""

from dataclasses import dataclass, field

from undersigned.crypto.timestamp import Roots
from undersigned.domain.canonical import LONGEST_DOCUMENT, hash_bytes
from undersigned.errors import FormatError
from undersigned.verify.folder import Folder
from undersigned.verify.report import Findings
from undersigned.verify.scratch import Scratch

CLOCK_SLACK_S = 300
"""How far a record's time may lie in the verifier's future: clocks differ by minutes, not by hours."""


@dataclass(frozen=True, slots=True)
class Context:
    """The mirrored folder, the findings so far, the log's origin, the verifier's time if it has one."""

    folder: Folder
    findings: Findings
    origin: str
    now: int | None
    roots: Roots = ()  # trusted for timestamps
    scratch: Scratch = field(default_factory=Scratch)

    @property
    def host(self) -> str:
        """The host of the log's origin, as tokens name it."""
        return self.origin.partition("/")[0]

    def find_document(
        self, digest: bytes, number: int, what: str, *, limit: int = LONGEST_DOCUMENT
    ) -> bytes | None:
        """Return a document of at most `limit` bytes, None if it is missing or has another hash.

        What is wrong with it is reported under check `number`; that it is missing is not.
        """
        try:
            data = self.folder.find_document(digest, limit)
        except FormatError as error:
            self.findings.false(number, f"{what}: {error.detail}.")
            return None
        if data is not None and hash_bytes(data) != digest:
            self.findings.false(
                number, f"{what}: the document {digest.hex()} has another hash, so it was changed."
            )
            return None
        return data

    def peek_document(self, digest: bytes) -> bytes | None:
        """Return a document that has the hash which names it; what is wrong with it is not reported."""
        try:
            data = self.folder.find_document(digest, LONGEST_DOCUMENT)
        except FormatError:
            return None
        return data if data is not None and hash_bytes(data) == digest else None
