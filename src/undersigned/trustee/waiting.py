"""Which wave of a letter waits for its trustees, according to a log that was verified first."""

from pathlib import Path

from undersigned.domain.letter import LetterId
from undersigned.errors import VerificationError
from undersigned.verify.context import Context
from undersigned.verify.folder import Folder
from undersigned.verify.log import LogReader, read_head
from undersigned.verify.replay import Replay
from undersigned.verify.report import Findings, Status
from undersigned.verify.wave import Wave


def find_due_wave(folder: Path, letter_id: LetterId) -> tuple[Wave, int]:
    """Verify the log in a mirrored folder; return the wave to open, and the size of the log.

    Raises VerificationError if anything in the log is false or missing, or no opening is due: a trustee
    opens nothing on the word of a site that told a lie.
    """
    findings = Findings()
    files = Folder(folder)
    head = read_head(files, findings, None)
    if head is None:
        raise VerificationError("the log has no checkpoint that can be verified")
    replay = Replay(Context(files, findings, head.origin, None), {}, {})
    for index, entry in LogReader(files, head, findings, None, None).entries():
        replay.read(index, entry)
    replay.close(head.checkpoint.size)
    for check in findings.close():
        if check.status in (Status.FALSE, Status.UNCHECKED):
            raise VerificationError(f"check {check.number}: {check.evidence[0]}")
    letter = replay.letters.get(letter_id)
    wave = None if letter is None else letter.openings.wave
    if letter is None or wave is None or letter.stage is None or not letter.stage.opening_due:
        raise VerificationError("no names of this letter are due to be opened")
    return wave, head.checkpoint.size
