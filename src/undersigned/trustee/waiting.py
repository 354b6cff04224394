"""Which wave of a letter waits for its trustees, according to a log that was verified first."""

from dataclasses import dataclass
from pathlib import Path

from undersigned.domain.letter import LetterId
from undersigned.errors import VerificationError
from undersigned.tlog.policy import Policy
from undersigned.verify.context import Context
from undersigned.verify.folder import Folder
from undersigned.verify.letter import LetterReplay
from undersigned.verify.log import Head, LogReader, read_head
from undersigned.verify.replay import Replay
from undersigned.verify.report import Findings, Status
from undersigned.verify.state import State
from undersigned.verify.vouching import Here
from undersigned.verify.wave import Wave
from undersigned.verify.witnesses import check_witnesses


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What a trustee knows from elsewhere, all of it optional.

    `pinned_vkey` is the log's key, `policy` which witnesses have to cosign, `state` the tree that was seen
    last, `now` its own time (UTC seconds): nothing in the log may be later, or the time to reconsider could
    be made to seem over.
    """

    pinned_vkey: str | None = None
    policy: Policy | None = None
    state: State | None = None
    now: int | None = None


NOTHING_KNOWN = Knowledge()


@dataclass(frozen=True, slots=True)
class VerifiedLog:
    """A log in which nothing is false: its head, and every letter as replayed."""

    head: Head
    replay: Replay

    @property
    def size(self) -> int:
        """How many entries it has."""
        return self.head.checkpoint.size

    @property
    def state(self) -> State:
        """What is to be remembered of it."""
        checkpoint = self.head.checkpoint
        return State(self.head.origin, self.head.vkey or "", checkpoint.size, checkpoint.root)

    def letter(self, letter_id: LetterId) -> LetterReplay:
        """Return a letter of the log. Raises VerificationError if there is none of that id."""
        letter = self.replay.letters.get(letter_id)
        if letter is None:
            raise VerificationError("the letter is not in the log")
        return letter

    def find_due_wave(self, letter_id: LetterId) -> Wave | None:
        """Return the wave of a letter that waits for its opening, if one does."""
        letter = self.letter(letter_id)
        if letter.stage is None or not letter.stage.opening_due:
            return None
        return letter.openings.wave


def verify_log(folder: Path, known: Knowledge = NOTHING_KNOWN) -> VerifiedLog:
    """Verify the log in a mirrored folder, offline.

    Raises VerificationError if anything in it is false or missing: a trustee opens nothing on the word
    of a site that told a lie.
    """
    findings = Findings()
    files = Folder(folder)
    head = read_head(files, findings, known.pinned_vkey, known.policy)
    if head is None:
        raise VerificationError("the log has no checkpoint that can be verified")
    check_witnesses(findings, head.note, known.policy, known.now)
    replay = Replay(Context(files, findings, head.origin, known.now), {}, {})
    here = Here(replay.context.host)
    reader = LogReader(files, head, findings, known.state, None)
    for start, seen in reader.bundles(here.look_at):
        replay.read_bundle(start, seen)
    replay.close(head.checkpoint.size)
    require_no_fault(findings)
    return VerifiedLog(head, replay)


def require_no_fault(findings: Findings) -> None:
    """Raise VerificationError with the first thing that is false or could not be checked."""
    for check in findings.close():
        if check.status in (Status.FALSE, Status.UNCHECKED):
            raise VerificationError(f"check {check.number}: {check.evidence[0]}")


def find_due_wave(folder: Path, letter_id: LetterId) -> tuple[Wave, int]:
    """Verify the log in a folder; return the wave of a letter to open, and the size of the log.

    Raises VerificationError if anything in the log is false or missing, or no opening is due.
    """
    log = verify_log(folder)
    wave = log.find_due_wave(letter_id)
    if wave is None:
        raise VerificationError("no names of this letter are due to be opened")
    return wave, log.size
