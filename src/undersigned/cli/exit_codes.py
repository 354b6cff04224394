"""What an error means to whoever ran a command: the exit code, and what to do next.

0 it was done, or all holds; 1 a rule says no, or what was checked is false; 2 it could not be done or
checked; 130 it was interrupted. docs/errors.md has the same table.
"""

from collections.abc import Sequence
from typing import Final

from undersigned import errors
from undersigned.errors import UndersignedError

DONE: Final = 0
NO: Final = 1
COULD_NOT: Final = 2
INTERRUPTED: Final = 130
"""128 + SIGINT, as shells write it."""

EXIT_CODES: Final[dict[type[UndersignedError], int]] = {
    errors.UndersignedError: COULD_NOT,
    errors.FormatError: COULD_NOT,
    errors.FieldUnread: COULD_NOT,
    errors.ListFull: COULD_NOT,
    errors.VerificationError: NO,
    errors.Refused: NO,
    errors.UnknownLetter: NO,
    errors.UnknownDocument: NO,
    errors.UnknownLeaf: NO,
    errors.UnknownSignature: NO,
    errors.UnknownMoment: NO,
    errors.LetterNotOpen: NO,
    errors.UnknownDraft: NO,
    errors.DraftChanged: NO,
    errors.DraftOpened: NO,
    errors.TooManyDrafts: NO,
    errors.ProposalChanged: NO,
    errors.UnknownProposal: NO,
    errors.AckRefused: NO,
    errors.NotProposed: NO,
    errors.AcksAwaited: NO,
    errors.NoTrustee: NO,
    errors.WaveNotDue: NO,
    errors.WaveOpened: NO,
    errors.OpeningOutdated: NO,
    errors.LetterExists: NO,
    errors.PredecessorNotOpen: NO,
    errors.ConditionNotOffered: NO,
    errors.ModeNotOffered: NO,
    errors.TokenSpent: NO,
    errors.TokenInvalid: NO,
    errors.AlreadyWithdrawn: NO,
    errors.AmendmentOutOfTurn: NO,
    errors.NotReleased: NO,
    errors.UnknownAddressee: NO,
    errors.DeliveryWaits: NO,
    errors.UnknownWebhook: NO,
    errors.WebhookKnown: NO,
    errors.TooManyWebhooks: NO,
    errors.SecretsOverlap: NO,
    errors.SecretChanged: NO,
    errors.NothingToInvalidate: NO,
    errors.NothingToErase: NO,
    errors.NothingToHide: NO,
    errors.UnknownLink: NO,
    errors.AnsweredBefore: NO,
    errors.GuaranteeDecided: NO,
    errors.GuaranteeExists: NO,
    errors.UnknownGuarantee: NO,
    errors.NotAskedYet: NO,
    errors.SaidBefore: NO,
    errors.AlreadyIssued: NO,
    errors.ProofRejected: NO,
    errors.WorkRejected: NO,
    errors.LoginRejected: NO,
    errors.AddressUnverified: NO,
    errors.NoMember: NO,
    errors.NameNotAttested: NO,
    errors.RollFixed: NO,
    errors.RollNotEmpty: NO,
    errors.RollMissing: NO,
    errors.RollExceeded: NO,
    errors.NotOnRoll: NO,
    errors.RollRefused: NO,
    errors.LetterRefused: NO,
    errors.NotSignedIn: NO,
    errors.ForOwners: NO,
    errors.ForeignRequest: NO,
    errors.DeskElsewhere: NO,
    errors.UnknownAccount: NO,
    errors.UnknownPasskey: NO,
    errors.PasskeyRefused: NO,
    errors.LastPasskey: NO,
    errors.LastOwner: NO,
    errors.NameTaken: NO,
    errors.StoreError: COULD_NOT,
    errors.DatabaseLost: COULD_NOT,
    errors.Busy: COULD_NOT,
    errors.TooManyListeners: COULD_NOT,
    errors.MailDeferred: COULD_NOT,
    errors.MailRefused: COULD_NOT,
    errors.SiteExists: COULD_NOT,
    errors.NoSite: COULD_NOT,
    errors.RolledBack: COULD_NOT,
    errors.WitnessAhead: COULD_NOT,
    errors.LogForked: COULD_NOT,
    errors.StaleCheckpoint: COULD_NOT,
    errors.LeadLost: COULD_NOT,
    errors.Unreachable: COULD_NOT,
    errors.ProofPending: COULD_NOT,
}

HINTS: Final[dict[type[UndersignedError], str]] = {
    errors.VerificationError: "do not go on; show this to the site's operator, and to others",
    errors.UnknownLetter: "the site's front page lists its letters",
    errors.LetterNotOpen: "undersigned letter show says in which state it is",
    errors.UnknownProposal: "ask the organiser for the newest address: a new proposal replaces the old one",
    errors.NotProposed: "undersigned letter propose FILE",
    errors.AcksAwaited: "the proposal's page says who has acknowledged; open it again when all have",
    errors.NoTrustee: "give the key file that the letter names, and look at this machine's clock",
    errors.WaveNotDue: "you are told when it is your turn; undersigned letter show says in which state it is",
    errors.OpeningOutdated: "run the command again: the log is copied and checked anew",
    errors.LetterExists: "correct the text under `edition` one higher, or choose another `slug`",
    errors.ConditionNotOffered: "undersigned letter show lists the numbers that it offers",
    errors.ModeNotOffered: "undersigned letter show lists the ways to sign that it offers",
    errors.TokenSpent: "to change the signature use the 12 words of the first time",
    errors.AlreadyIssued: "go on with the attempt file of the first time: --attempt FILE",
    errors.ProofRejected: "ask for a new code, or look at the invite again",
    errors.RollMissing: "undersigned roll import SLUG FILE.csv, or: undersigned roll invites SLUG --count N",
    errors.RollNotEmpty: "a roll is imported once; undersigned roll invites makes codes for it",
    errors.RollRefused: "correct these rows and import the file again; nothing was imported",
    errors.LetterRefused: "correct the letter file, then: undersigned letter check FILE",
    errors.UnknownAccount: "undersigned desk accounts lists the accounts",
    errors.DatabaseLost: "run the command again: what was kept is found, and not done twice",
    errors.Busy: "nothing was taken; run the command again in a few seconds",
    errors.RolledBack: "put back the newest copy of the data folder, and do not delete its log; or: "
    "undersigned recover --from MIRROR",
    errors.WitnessAhead: "put back the newest copy of the data folder, and do not delete its log; or: "
    "undersigned recover --from MIRROR",
    errors.LogForked: "find the other server, and compare both with what the witnesses have",
    errors.StaleCheckpoint: "run the command again",
    errors.Unreachable: "check the address and the network, then run the same command again",
    errors.ProofPending: "try again after the time that the promise names",
}

FULL_HINT: Final = "make room on the disk and run the command again; what was acknowledged is kept"
FOLDER_HINT: Final = "choose a folder that you may write to"

_OCCASIONS: Final = (
    ("disk is full", FULL_HINT),
    ("No space left on device", FULL_HINT),
    ("Disk quota exceeded", FULL_HINT),
    ("cannot be written", FOLDER_HINT),
    ("cannot be created", FOLDER_HINT),
)
"""What other layers say when the operating system refuses; they know no more than the path."""


def exit_code(kind: type[BaseException]) -> int:
    """Return the exit code of a class of errors, or of the nearest one above it."""
    return next((EXIT_CODES[base] for base in kind.__mro__ if base in EXIT_CODES), COULD_NOT)


def hints_of(error: UndersignedError) -> Sequence[str]:
    """Return what to do next: the notes of the exception (PEP 678), or what stands here for its class."""
    notes: list[str] = getattr(error, "__notes__", [])
    if notes:
        return notes
    for words, occasion in _OCCASIONS:
        if words in error.detail:
            return [occasion]
    hint = next((HINTS[base] for base in type(error).__mro__ if base in HINTS), None)
    return [] if hint is None else [hint]
