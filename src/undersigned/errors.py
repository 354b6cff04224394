"""Every exception of Undersigned.

    UndersignedError
    ├── FormatError            outside bytes are not in their format
    ├── VerificationError      a signature, proof or hash does not hold
    ├── Refused                a rule of the letter, or of the site, says no
    │   └── ...                one class for each rule (below)
    └── StoreError             the data folder or its database cannot do what it must
        └── ...

The docstring of a class is the sentence that people read when nothing more precise is known; `detail`
replaces it. Neither ever holds an address, a name, a code, a token or a key. Facts are attributes.
One table maps classes to HTTP statuses (`web.problems`), one to exit codes (`cli.output`).
"""

from typing import NamedTuple

from undersigned.outage import Outage


class UndersignedError(Exception):
    """Something went wrong."""

    def __init__(self, detail: str | None = None) -> None:
        self.detail = detail or (type(self).__doc__ or "").split("\n", 1)[0]
        super().__init__(self.detail)


class FormatError(UndersignedError):
    """The bytes are not in the format that they should be in."""


class FieldUnread(FormatError):
    """What was typed into a field cannot be read."""


class ListFull(FormatError):
    """There can be no more of these."""


class VerificationError(UndersignedError):
    """The signature, proof or hash does not hold."""


class Refused(UndersignedError):
    """A rule says no."""


class UnknownLetter(Refused):
    """There is no letter of that name here."""


class UnknownDocument(Refused):
    """There is no document with that hash here."""


class UnknownLeaf(Refused):
    """No record with that hash was ever taken here."""


class UnknownSignature(Refused):
    """That key has not signed this letter."""


class UnknownMoment(Refused):
    """There are no numbers of this letter at that size or time."""


class LetterNotOpen(Refused):
    """The letter no longer takes signatures."""


class UnknownDraft(Refused):
    """There is no draft of that id at this desk, or no such page of it."""


class DraftChanged(Refused):
    """Somebody else has saved another version of this page since; both are there to choose from."""


class DraftOpened(Refused):
    """This draft was opened: what it says is fixed, and a change of it is a new edition."""


class TooManyDrafts(Refused):
    """There are as many drafts as this desk keeps; delete some that nobody needs."""


class ProposalChanged(Refused):
    """What would be opened is not what was shown any more; read it again before it is opened."""


class UnknownProposal(Refused):
    """There is no letter of that id that waits to be opened here."""


class AckRefused(Refused):
    """The signature is not that of the one who is to acknowledge this letter."""


class NotProposed(Refused):
    """A letter with trustees or an issuer elsewhere is proposed to them first."""


class AcksAwaited(Refused):
    """The letter waits until its issuer and every trustee have acknowledged it."""


class NoTrustee(Refused):
    """The request is not signed by a trustee of this letter, or not within five minutes."""


class WaveNotDue(Refused):
    """No names of that wave are waiting to be opened."""


class WaveOpened(Refused):
    """The names of this wave have been opened already."""


class OpeningOutdated(Refused):
    """Signatures were withdrawn, or names erased, since the log that the opening was made from."""


class LetterExists(Refused):
    """A letter of that name has been opened already; a change of its text is a new edition."""


class PredecessorNotOpen(Refused):
    """A new edition opens only while the edition before it is open and has not been reached."""


class ConditionNotOffered(Refused):
    """The letter does not offer that condition."""


class ModeNotOffered(Refused):
    """The letter does not offer that way of signing."""


class TokenSpent(Refused):
    """This member has signed already: the token was used for another record."""


class TokenInvalid(Refused):
    """The token is not one that this letter's issuer signed."""


class AlreadyWithdrawn(Refused):
    """This signature was withdrawn; a withdrawal is final."""


class AmendmentOutOfTurn(Refused):
    """The amendment does not follow the last one that was taken, or the eight allowed are used up."""


class NotReleased(Refused):
    """The letter has not been released, or its PDF is still being made."""


class UnknownAddressee(Refused):
    """The letter has no addressee of that number."""


class DeliveryWaits(Refused):
    """A mail to this addressee is on its way already."""


class UnknownWebhook(Refused):
    """The letter has no such webhook any more."""


class WebhookKnown(Refused):
    """This address is a webhook of the letter already."""


class TooManyWebhooks(Refused):
    """The letter has as many webhooks as it may have."""


class SecretsOverlap(Refused):
    """The secret was changed within a day, and the one before is good until that day is over."""


class SecretChanged(Refused):
    """Another secret was made since this page was opened."""


class NothingToInvalidate(Refused):
    """No public or opened signature fits that has not ended already."""


class NothingToErase(Refused):
    """This signature has no name here that could be erased."""


class NothingToHide(Refused):
    """This signature shows no statement here."""


class UnknownLink(Refused):
    """This link is not one of ours, or was replaced or taken back, or is too old."""


class AnsweredBefore(Refused):
    """This demand was answered with this link before; the organisers can send a new one."""


class GuaranteeDecided(Refused):
    """This guarantee was given, declined or withdrawn before."""


class GuaranteeExists(Refused):
    """The same guarantee is given already; withdraw it first."""


class UnknownGuarantee(Refused):
    """There is no such guarantee under this letter."""


class NotAskedYet(Refused):
    """Signers are asked once the letter is released and its deadline is over."""


class SaidBefore(Refused):
    """This signer has said it before; each is counted once."""


class AlreadyIssued(Refused):
    """This entry of the roll has received its token; a member signs once."""


class ProofRejected(Refused):
    """The code is wrong, used up or too old."""


class LoginRejected(ProofRejected):
    """The sign-on proves nothing: it was used before, is too old, or is not for this site."""


class AddressUnverified(ProofRejected):
    """The sign-on provider does not say that it has verified the mail address of this account."""


class NoMember(ProofRejected):
    """The mail address of the account that was signed on with is not on the roll of this letter."""


class WorkRejected(Refused):
    """The challenge that goes with this request is not solved, too old, or was used before."""


class NameNotAttested(Refused):
    """The name document is not the one that the issuer attested for this key."""


class RollFixed(Refused):
    """The letter is open: its roll can no longer be imported."""


class RollNotEmpty(Refused):
    """There is a roll for this letter already."""


class RollMissing(Refused):
    """The letter has no roll yet: nobody could sign it."""


class RollExceeded(Refused):
    """The roll has no more members than have received tokens already."""


class NotOnRoll(Refused):
    """Nobody on this roll has that address."""


class RollRefused(Refused):
    """The roll has rows that cannot be taken; nothing was imported."""

    class Row(NamedTuple):
        """One bad row: its line in the file (from 1, the header is 1) and what is wrong with it."""

        line: int
        reason: str

    def __init__(self, rows: "list[RollRefused.Row]") -> None:
        super().__init__()
        self.rows = rows


class LetterRefused(Refused):
    """The letter cannot be opened as it is written."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class NotSignedIn(Refused):
    """You are not signed in, or no longer: sign in and try again."""


class ForOwners(Refused):
    """Only an owner of the desk may do that."""


class ForeignRequest(Refused):
    """The request does not come from a page of this desk: open the page anew and try again."""


class DeskElsewhere(Refused):
    """The desk is reached at another address of this server."""


class UnknownAccount(Refused):
    """There is no account of that name here."""


class UnknownPasskey(Refused):
    """There is no such passkey in this account."""


class PasskeyRefused(Refused):
    """The passkey was not accepted."""


class LastPasskey(Refused):
    """This is the only passkey of the account: add another one before."""


class LastOwner(Refused):
    """This is the only owner of the desk: make another account an owner before."""


class NameTaken(Refused):
    """There is an account of that name already."""


class StoreError(UndersignedError):
    """The data folder cannot be read or written."""

    outage: Outage | None = None


class DatabaseLost(StoreError):
    """The connection to the database broke; it is not known whether it kept what it was given."""


class Busy(StoreError):
    """The site has more to do than it can take in; try again in a few seconds."""

    retry_after_s = 2


class TooManyListeners(Busy):
    """As many pages as can be are told of new numbers; ask for them every now and then instead."""

    retry_after_s = 60


class MailDeferred(StoreError):
    """The mail server does not take this mail now; it is tried again later."""

    def __init__(self, code: str | None = None) -> None:
        super().__init__(code and f"the mail server did not take a mail for now: {code}")
        self.code = code


class MailRefused(StoreError):
    """The mail server will never take this mail."""

    def __init__(self, code: str | None = None, detail: str | None = None) -> None:
        super().__init__(detail or (code and f"the mail server refused a mail for good: {code}"))
        self.code = code


class SiteExists(StoreError):
    """The folder holds a site already."""


class NoSite(StoreError):
    """The folder holds no site."""


class RolledBack(StoreError):
    """The database is older than the log that was already published from it."""


class WitnessAhead(StoreError):
    """A witness has cosigned more of this log than the database holds: the database is an older one."""


class LogForked(StoreError):
    """A witness has cosigned another history under this log's key: two servers have used it."""


class StaleCheckpoint(StoreError):
    """Another process has extended the log in the meantime."""


class LeadLost(StoreError):
    """Another process leads in the meantime, and does this."""


class Unreachable(UndersignedError):
    """The site does not answer; it is not known whether it took what was sent."""


class ProofPending(UndersignedError):
    """The record is not in the published log yet; its promise holds until the time it names."""
