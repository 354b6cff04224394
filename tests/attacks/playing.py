"""The attacks of `docs/attacks.md`, each played: a function makes the scene that its row is about.

Every log is signed with the log's real key, and every record with the key that the liar would have.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from tests.app.five import altered
from tests.attacks.scene import Scene, receipt_of
from tests.simulator import (
    DAY,
    ORGANISER,
    START,
    TRUSTEES,
    Draft,
    SimulatedLetter,
    SimulatedSite,
    make_text,
    sign_record,
)
from tests.verify import lies, stories

from undersigned.crypto.seal import combine_key, open_blob, parse_blob
from undersigned.domain.canonical import hash_bytes
from undersigned.domain.letter import Mode, State, format_text
from undersigned.domain.name import parse_name
from undersigned.domain.record import (
    DemandState,
    IssuedRecord,
    LetterRecord,
    RollRecord,
    SignRecord,
    WithdrawRecord,
    format_record,
)
from undersigned.domain.shares import Shares

ATTACKS: Final[dict[str, Callable[[], Scene]]] = {}

LATER: Final = 30 * DAY


def attack(name: str) -> Callable[[Callable[[], Scene]], Callable[[], Scene]]:
    """Enter a play under the name that its row has."""

    def enter(play: Callable[[], Scene]) -> Callable[[], Scene]:
        ATTACKS[name] = play
        return play

    return enter


def waiting(**terms: object) -> tuple[SimulatedSite, SimulatedLetter]:
    """Return a letter of three trustees (two open) with five sealed names, before its first epoch."""
    site = SimulatedSite()
    letter = site.open(trustees=3, **terms)
    letter.sign_many(5, Mode.SEALED)
    return site, letter


def freeze(letter: SimulatedLetter) -> None:
    """Sequence what waits, and let the cooling-off end: the names are to be opened."""
    letter.epoch()
    letter.advance(3_600)


def frozen() -> tuple[SimulatedSite, SimulatedLetter]:
    """Return a letter whose names are to be opened."""
    site, letter = waiting()
    freeze(letter)
    return site, letter


def promised(now: int) -> int:
    """Return the end of the promise that is given now: of the window after this one (formats §8)."""
    return (now // 600 + 2) * 600


def before_opening(site: SimulatedSite, letter: SimulatedLetter, shown: Draft) -> Scene:
    """Return the scene in which trustees are asked to open what is shown."""
    return Scene(shown, site.now, opens=letter.letter.letter_id, blobs=site.blobs)


def told(name: str, story: Callable[[], SimulatedSite] | None = None) -> Scene:
    """Tell one of the verifier's lies; in the story of a frozen letter trustees hear it too."""
    case = next(each for each in lies.LIES if each.name == name)
    site = (story or case.story)()
    shown = site.draft()
    case.tell(shown, site)
    is_waiting = site.letters[0].stage.opening_due
    opens = site.letters[0].letter.letter_id if is_waiting else None
    now = site.now if is_waiting else site.now + LATER
    return Scene(shown, now, opens=opens, blobs=site.blobs)


# --- what a site does to records


@attack("dropped record, with a promise")
def dropped_with_promise() -> Scene:
    """The site takes a signature, promises it, and never logs it."""
    site, letter = waiting()
    member = letter.sign()
    _, record = letter._signing.pop()
    receipt = receipt_of(letter, member, record, promised(START))
    freeze(letter)
    return replace(before_opening(site, letter, site.draft()), receipt=receipt)


@attack("dropped record, without a promise")
def dropped_without_promise() -> Scene:
    """The site does not answer, and keeps nothing."""
    site, letter = waiting()
    letter.sign()
    letter._signing.pop()
    freeze(letter)
    return before_opening(site, letter, site.draft())


@attack("record removed after it was seen")
def removed_later() -> Scene:
    """The log is made anew without a record that it had shown, and signed again."""
    site, _ = frozen()
    other, anew = waiting()
    other.letters[0]._signing.pop()
    anew.members.pop()
    freeze(anew)
    anew.advance(0)
    return Scene(other.draft(), site.now, before=site.draft())


@attack("replayed record")
def replayed() -> Scene:
    """One signature stands in the log twice."""
    return told("token_used_twice")


@attack("signature moved to another letter")
def moved() -> Scene:
    """A record is made to speak of another letter."""
    return told("moved_signature")


@attack("changed condition")
def changed_condition() -> Scene:
    """A waiting member is made to stand without their number."""
    return told("changed_condition", stories.frozen)


@attack("forged token")
def forged_token() -> Scene:
    """A token that no issuer signed."""
    return told("forged_token", stories.frozen)


@attack("token of another letter")
def foreign_token() -> Scene:
    """A token that was issued for something else."""
    return told("token_of_another_letter", stories.frozen)


# --- what an issuer does


@attack("more tokens than the roll has members")
def minted_beyond() -> Scene:
    """More are issued than there are members."""
    return told("roll_too_small", stories.frozen)


@attack("signatures without tokens issued")
def unissued() -> Scene:
    """More have signed than tokens are on record."""
    return told("more_signed_than_issued", stories.frozen)


@attack("token minted for an idle member")
def minted_for_idle() -> Scene:
    """The issuer signs in the place of somebody who never asked."""
    site, letter = waiting()
    letter.sign()
    freeze(letter)
    scene = before_opening(site, letter, site.draft())
    last = scene.shown.records(IssuedRecord)[-1][1]
    return replace(scene, idle=last.member)


@attack("invite code used by whoever printed the card")
def printed_card() -> Scene:
    """An organiser signs in the place of somebody who never used the code: no log tells it apart."""
    return minted_for_idle()


@attack("padded roll")
def padded_roll() -> Scene:
    """Ten of the roll's members are inventions, and sign."""
    site = SimulatedSite()
    letter = site.open(trustees=3)
    letter.sign_many(15, Mode.SEALED)
    freeze(letter)
    return before_opening(site, letter, site.draft())


# --- what is changed after people have signed


@attack("changed text")
def changed_text() -> Scene:
    """The page and the document say something else than what was signed."""
    return _other_text(0)


@attack("changed translation")
def changed_translation() -> Scene:
    """Only the Indonesian text says something else."""
    return _other_text(1)


def _other_text(number: int) -> Scene:
    site, letter = frozen()
    shown = site.draft()
    text = make_text(("en", "id")[number])
    changed = format_text(replace(text, text="We write something else."))
    shown.documents[hash_bytes(format_text(text))] = changed
    shown.page("letter")["texts"][number]["text"] = "We write something else."
    return before_opening(site, letter, shown)


@attack("changed headcount")
def changed_headcount() -> Scene:
    """The frozen letter is given another headcount, by the organiser's own key."""

    def change(record: LetterRecord) -> LetterRecord:
        return replace(record, letter=replace(record.letter, headcount=20))

    return _other_letter(change)


@attack("swapped trustee key")
def swapped_trustee() -> Scene:
    """A trustee's keys are exchanged for some that the operator holds."""

    def change(record: LetterRecord) -> LetterRecord:
        first, *rest = record.letter.trustees
        own = replace(first, seal_key=TRUSTEES[1].seal_key, sign_key=TRUSTEES[1].sign_key)
        return replace(record, letter=replace(record.letter, trustees=(own, *rest)))

    return _other_letter(change)


def _other_letter(change: Callable[[LetterRecord], LetterRecord]) -> Scene:
    """Change the letter's record before anybody signs; issuer and trustees acknowledged another."""
    site = SimulatedSite()
    letter = site.open(trustees=3)
    shown = site.draft()
    index, record = shown.records(LetterRecord)[0]
    changed = sign_record(change(record), ORGANISER)
    shown.put(index, changed)
    shown.page("letter")["record"] = json.loads(format_record(changed))
    shown.page("letter")["letter_id"] = changed.letter.letter_id.hex()
    assert letter.letter.letter_id != changed.letter.letter_id
    return Scene(shown, site.now)


# --- what is opened, and when


@attack("early opening, published")
def early_opening() -> Scene:
    """A name is opened that no wave has frozen."""
    return told("opening_without_a_wave")


@attack("early opening, kept secret")
def secret_opening() -> Scene:
    """A quorum of trustees reads a name before its turn, and keeps it to itself."""
    site, letter = waiting()
    letter.epoch()
    member = letter.members[0]
    assert letter.stage.state is State.REACHED
    assert member.digest is not None
    blob = parse_blob(site.blobs[member.digest])
    letter_id, pk = letter.letter.letter_id, member.key.public_key
    shares = {i: TRUSTEES[i - 1].open_share(blob, i, letter_id, pk) for i in (1, 3)}
    document = parse_name(open_blob(blob, combine_key(blob, shares, 2), letter_id, pk))
    assert document.attestation.name == member.name
    return Scene(site.draft(), site.now)


@attack("opening outside the outcome")
def out_of_turn() -> Scene:
    """Somebody is opened whose number was not met."""
    return told("opened_out_of_turn")


@attack("name left out of the opening")
def left_out() -> Scene:
    """Somebody who stands is not opened."""
    return told("opening_that_omits_a_name")


@attack("good seal struck as bad")
def good_struck() -> Scene:
    """A trustee says that a seal cannot be opened, and it can."""
    return told("good_seal_struck")


@attack("swapped name")
def swapped_name() -> Scene:
    """Another's name stands beside a signature."""
    return told("name_of_another_signer")


@attack("invented name")
def invented_name() -> Scene:
    """A name that the issuer never attested."""
    return told("attested_by_another_key")


@attack("garbage sealed by an insider")
def garbage() -> Scene:
    """A member seals something that is no name, so that an opening may fall short."""
    site, letter = waiting()
    letter.sign_garbage()
    freeze(letter)
    return before_opening(site, letter, site.draft())


@attack("copied seal")
def copied_seal() -> Scene:
    """A member signs with the seal of another, to stand under that name or to see what becomes of it."""
    site, letter = waiting()
    copier = letter.sign()
    copier.digest = letter.members[0].digest
    _, record = letter._signing.pop()
    copied = sign_record(replace(record, name=copier.digest), copier.key)
    letter._signing.append((copier, copied))
    freeze(letter)
    return before_opening(site, letter, site.draft())


@attack("altered share of a trustee")
def altered_share() -> Scene:
    """One of three trustees sends shares that are not what the signers made."""

    def spoil(shares: Shares) -> Shares:
        return altered(shares, lambda share: bytes([share[0] ^ 1]) + share[1:])

    site, letter = frozen()
    return replace(before_opening(site, letter, site.draft()), spoils={2: spoil})


# --- what is counted


@attack("wrong outcome")
def wrong_outcome() -> Scene:
    """The outcome lists another set than the records give."""
    return told("wrong_hash", stories.frozen)


@attack("outcome before its time")
def hasty_outcome() -> Scene:
    """Frozen before the cooling-off is over."""
    return told("frozen_before_cooling_off", stories.frozen)


@attack("overdue outcome")
def overdue() -> Scene:
    """The time has come, and the site does not say so."""
    return told("overdue_by_the_clock")


@attack("silent decrement in the log")
def silent_decrement() -> Scene:
    """The log counts one less than the signatures in it, and no record says why."""
    return told("wrong_m", stories.frozen)


@attack("withdrawal that nobody signed")
def forged_withdrawal() -> Scene:
    """The site withdraws in a member's name."""
    site, letter = waiting()
    victim, liar = letter.members[0], letter.members[1]
    letter.sign()
    record = WithdrawRecord(letter.letter.letter_id, victim.key.public_key, bytes(64))
    letter._changing.append(sign_record(record, liar.key))
    freeze(letter)
    return before_opening(site, letter, site.draft())


@attack("page numbers that differ")
def page_numbers() -> Scene:
    """The page shows more than the log has."""
    return told("page_counts_differ")


@attack("headcount that differs on the page")
def page_headcount() -> Scene:
    """The page divides by another number than the letter states."""
    return told("headcount_differs")


# --- answers and guarantees


def answered(tell: Callable[[Draft, SimulatedSite], None]) -> Scene:
    """Tell a lie about what was answered, or guaranteed."""
    site = stories.answered()
    draft = site.draft()
    tell(draft, site)
    return Scene(draft, site.now)


@attack("answer to a demand that was never made")
def answer_to_no_demand() -> Scene:
    """The organiser has the addressee grant what nobody asked for."""
    return answered(lies.answer_to_no_demand)


@attack("answer whose words are changed")
def changed_answer() -> Scene:
    """The site shows other words than the addressee's."""
    return answered(lies.changed_answer)


@attack("report passed off as the addressee's answer")
def answer_without_its_source() -> Scene:
    """The words that an organiser reported stand there as the addressee's own."""
    return answered(lies.answer_without_its_source)


@attack("answer that the addressee never gave")
def invented_answer() -> Scene:
    """The organiser makes up an answer, document and all, in the addressee's name."""
    site = SimulatedSite()
    letter = site.open(trustees=3)
    letter.sign_many(2, Mode.SEALED)
    letter.epoch()
    letter.respond(DemandState.MET)
    return Scene(site.draft(), site.now)


@attack("answer kept off the page")
def hidden_answer() -> Scene:
    """The site shows the answer that pleases, and not the refusal before it."""
    return answered(lies.answer_kept_off_the_page)


@attack("guarantee withdrawn as a smaller one")
def smaller_guarantee() -> Scene:
    """What is withdrawn is not what was given."""
    return answered(lies.guarantee_with_another_cap)


@attack("withdrawal of a guarantee kept off the page")
def hidden_withdrawal() -> Scene:
    """The log has the end of a guarantee, and the page goes on with it."""
    return answered(lies.withdrawal_kept_off_the_page)


@attack("guarantee that nobody gave")
def invented_guarantee() -> Scene:
    """The organiser makes up a guarantee."""
    site = SimulatedSite()
    letter = site.open(trustees=3)
    letter.guarantee()
    return Scene(site.draft(), site.now)


# --- what is shown of the log


@attack("forked log")
def forked() -> Scene:
    """Two people are shown two logs, each of them sound."""
    site, letter = waiting()
    first = site.draft()
    letter.epoch()
    one = site.draft()
    other, anew = waiting()
    anew.sign(Mode.ANONYMOUS)
    anew.epoch()
    assert first.entries == other.draft().entries[: len(first.entries)]
    return Scene(other.draft(), site.now, before=one)


@attack("rolled-back log")
def rolled_back() -> Scene:
    """The site shows less than it has shown before, as if it had never been."""
    site, letter = waiting()
    letter.epoch()
    shorter = site.draft()
    letter.sign()
    letter.epoch()
    return Scene(shorter, site.now, before=site.draft())


@attack("old checkpoint, shown to one reader")
def stale() -> Scene:
    """A reader who comes for the first time is shown the log of yesterday."""
    site, letter = waiting()
    member = letter.sign(Mode.SEALED, 12)
    record = letter._signing[-1][1]
    assert isinstance(record, SignRecord)
    letter._signing.pop()
    letter.epoch()
    old = site.draft()
    receipt = receipt_of(letter, member, record, promised(site.now))
    return Scene(old, site.now + DAY, receipt=receipt)


@attack("roll that grows without a record")
def grown_roll() -> Scene:
    """Members are added after the opening, and the log's roll stays as it was."""
    site = SimulatedSite()
    letter = site.open(trustees=3)
    letter.sign_many(31, Mode.SEALED)
    assert site.draft().records(RollRecord)[-1][1].n == 30
    freeze(letter)
    return before_opening(site, letter, site.draft())


@attack("members put off the roll who have tokens")
def members_put_off() -> Scene:
    """Members with tokens are put off the roll, so that the letter seems to be nearer to all of them."""
    return told("blocked_below_the_issued")


@attack("members taken in as if they were put out")
def members_taken_in() -> Scene:
    """The roll grows under the word for those who are put out."""
    return told("roll_grows_by_blocking")


@attack("roll stated a second time as the opening's")
def roll_opened_again() -> Scene:
    """Another roll is said to be the one that the letter opened with."""
    return told("roll_opened_again")


@attack("old change of the roll, logged once more")
def change_repeated() -> Scene:
    """Who holds an old record of the issuer's appends it again."""
    return told("change_of_a_roll_repeated")


@attack("roll of a letter that has ended")
def roll_after_the_end() -> Scene:
    """The roll grows when nobody can sign any more."""
    return told("roll_of_an_ended_letter")


@attack("roll changed by the site")
def roll_by_the_site() -> Scene:
    """The site, and not the issuer, says that the roll has grown."""
    return told("roll_by_another_key")


def honest() -> Scene:
    """Return a scene in which nobody lies: everybody is asked, and nobody sees anything."""
    site, letter = waiting()
    before = site.draft()
    member, record = letter._signing[0]
    freeze(letter)
    receipt = receipt_of(letter, member, record, promised(START))
    return replace(before_opening(site, letter, site.draft()), before=before, receipt=receipt)
