"""What the letter has to say about a signature, before anybody looks at its keys; §3.1, §7."""

from undersigned.domain.kinds import AmendRecord, SignRecord
from undersigned.domain.letter import Letter, Mode
from undersigned.errors import ConditionNotOffered, FormatError, ModeNotOffered


def check_signature(letter: Letter, record: SignRecord | AmendRecord) -> None:
    """Check mode, condition and name of a signature, or of its amendment, against the letter.

    Raises ModeNotOffered; ConditionNotOffered, also for a public one, which is unconditional; and
    FormatError unless the name is null exactly when the mode is anonymous.
    """
    if record.mode not in letter.modes:
        raise ModeNotOffered
    if record.condition is not None and (
        record.mode is Mode.PUBLIC or record.condition not in letter.conditions
    ):
        raise ConditionNotOffered
    if (record.name is None) != (record.mode is Mode.ANONYMOUS):
        raise FormatError("name: must be null when anonymous, and only then")
