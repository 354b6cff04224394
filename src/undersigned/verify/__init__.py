"""The independent verifier: a mirrored folder in, a report out, offline; `docs/formats.md` §11.

It is written from the formats and believes nothing of what it reads: every file may be missing, cut or
made to mislead. What is wrong becomes a sentence under one of twelve numbered checks, never an
exception, and one sentence does not hide the next. Nothing of the server is imported.
"""

from undersigned.verify.crew import Crew
from undersigned.verify.report import Check, LetterFigures, Report, Status, format_report
from undersigned.verify.run import verify_mirror
from undersigned.verify.state import State, load_state, save_state

__all__ = [
    "Check",
    "Crew",
    "LetterFigures",
    "Report",
    "State",
    "Status",
    "format_report",
    "load_state",
    "save_state",
    "verify_mirror",
]
