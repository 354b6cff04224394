"""Letters that wait for others: proposed, acknowledged, opened; and letters that wait for nobody."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from tests.app.village import DAY, Village, table_of

from undersigned.app.draft import Draft
from undersigned.app.drafting import open_letter
from undersigned.app.issuer import key_folder
from undersigned.app.letter_file import read_draft
from undersigned.app.proposing import add_ack, get_proposal, propose_letter
from undersigned.crypto.keys import RecordSigner, TokenKey, TrusteeKey
from undersigned.domain.letter import State, ack_bytes
from undersigned.domain.proposal import Proposal
from undersigned.domain.record import LetterRecord, RollReason, RollRecord, signed_bytes
from undersigned.encoding import format_base64url
from undersigned.errors import (
    AckRefused,
    AcksAwaited,
    LetterExists,
    LetterRefused,
    NotProposed,
    PredecessorNotOpen,
    RollMissing,
    UnknownProposal,
    VerificationError,
)
from undersigned.signer.letter_view import verify_letter_record
from undersigned.store import proposals as proposal_store
from undersigned.store.addressees import list_addressee_addresses
from undersigned.trustee.acking import check_key, find_number, make_ack

ANN, BEN = TrusteeKey.generate(), TrusteeKey.generate()


def proposed(village: Village) -> tuple[Draft, Proposal]:
    """Propose a letter with three trustees, of whom two have to act."""
    draft = village.write_file(trustees=(ANN, None, BEN), quorum=2)
    return draft, propose_letter(village.site, draft)


def give(village: Village, proposal: Proposal, key: TrusteeKey) -> Proposal:
    """Let a trustee acknowledge."""
    number, sig = make_ack(proposal, key)
    return add_ack(village.site, proposal.letter_id, number, sig, None)[0]


def test_a_letter_opens_once_everybody_has_acknowledged(village: Village) -> None:
    """The site's own acks are there at once; the others' are waited for, in any order."""
    draft, proposal = proposed(village)
    assert proposal.awaited == (1, 3)
    assert village.entries() == []
    with pytest.raises(AcksAwaited, match=r"trustee 1 \(Trustee 1\), trustee 3 \(Trustee 3\)$"):
        open_letter(village.site, draft)
    assert give(village, proposal, BEN).awaited == (1,)
    with pytest.raises(AcksAwaited, match=r"of: trustee 1 \(Trustee 1\)$"):
        open_letter(village.site, draft)
    assert village.entries() == []
    assert give(village, proposal, ANN).awaited == ()
    assert not get_proposal(village.site, proposal.letter_id).opened
    letter = open_letter(village.site, draft)
    assert letter == proposal.letter
    assert (letter.quorum, [each.operator for each in letter.trustees]) == (2, [False, True, False])
    record = village.records(letter)[0]
    assert isinstance(record, LetterRecord)
    assert [ack.by for ack in record.acks] == ["issuer", 1, 2, 3]
    verify_letter_record(record)
    assert village.state(letter) is State.OPEN
    assert get_proposal(village.site, proposal.letter_id).opened


def test_members_can_sign_what_was_proposed(village: Village) -> None:
    """The keys that were fixed with the proposal are the letter's."""
    letter = village.open(trustees=(ANN, BEN), quorum=2)
    village.members(letter, 2)
    village.later(1)
    assert village.outcomes(letter)[-1].state is State.OPEN
    assert len(village.records(letter)) == 3 + 1 + 2 + 2


def test_the_same_draft_keeps_its_acks(village: Village) -> None:
    """To propose twice is to ask for the address again."""
    draft, proposal = proposed(village)
    give(village, proposal, ANN)
    again = propose_letter(village.site, draft)
    assert again.letter_id == proposal.letter_id
    assert again.awaited == (3,)


def test_a_new_draft_replaces_the_proposal(village: Village) -> None:
    """The old one is unknown from then on, and its keys and acks are gone."""
    draft, proposal = proposed(village)
    give(village, proposal, ANN)
    newer = propose_letter(village.site, replace(draft, rule=4))
    assert newer.letter_id != proposal.letter_id
    assert newer.awaited == (1, 3)
    with pytest.raises(UnknownProposal):
        get_proposal(village.site, proposal.letter_id)
    with pytest.raises(UnknownProposal):
        give(village, proposal, BEN)
    assert not key_folder(village.site.folder, proposal.letter_id.hex()).exists()
    assert key_folder(village.site.folder, newer.letter_id.hex()).exists()
    with village.site.collector.read() as connection:
        assert proposal_store.list_acks(connection, proposal.letter_id) == {}


def test_a_letter_with_others_is_proposed_first(village: Village) -> None:
    """Opening it at once would be opening it without them."""
    draft = village.write_file(trustees=(ANN, BEN), quorum=2)
    with pytest.raises(NotProposed):
        open_letter(village.site, draft)


def test_what_differs_from_the_proposal_is_named(village: Village) -> None:
    """Nothing is opened that the trustees have not seen."""
    draft, proposal = proposed(village)
    for key in (ANN, BEN):
        give(village, proposal, key)
    with pytest.raises(LetterRefused) as refused:
        open_letter(village.site, replace(draft, rule=4, quorum=3))
    assert refused.value.problems == [
        "`rule` is not as it was proposed",
        "`quorum` is not as it was proposed",
    ]
    with pytest.raises(LetterRefused, match="`bundle` is not as it was proposed"):
        open_letter(village.site, draft, bytes(32))
    assert village.entries() == []


def test_a_letter_of_the_operator_alone_opens_in_one_step(village: Village) -> None:
    """Also when it was proposed before, and when the draft has changed since."""
    draft = village.write_file()
    proposal = propose_letter(village.site, draft)
    assert proposal.awaited == ()
    assert open_letter(village.site, replace(draft, rule=4)).rule == 4
    other = village.write_file("pond")
    proposal = propose_letter(village.site, other)
    assert open_letter(village.site, other).letter_id == proposal.letter_id


def test_a_wrong_ack_is_refused(village: Village) -> None:
    """Another letter's, another trustee's, one of nobody."""
    _, proposal = proposed(village)
    number, sig = make_ack(proposal, ANN)
    for by, wrong in ((3, sig), (4, sig), ("issuer", sig), (number, bytes(64))):
        with pytest.raises(AckRefused):
            add_ack(village.site, proposal.letter_id, by, wrong, None)  # type: ignore[arg-type]
    with pytest.raises(UnknownProposal):
        add_ack(village.site, bytes(32), number, sig, None)
    assert get_proposal(village.site, proposal.letter_id).awaited == (1, 3)


def test_the_same_ack_again_is_no_new_one(village: Village) -> None:
    """A lost answer is asked for again."""
    _, proposal = proposed(village)
    number, sig = make_ack(proposal, ANN)
    assert add_ack(village.site, proposal.letter_id, number, sig, None)[1]
    assert not add_ack(village.site, proposal.letter_id, number, sig, None)[1]


def test_a_proposal_outlives_the_process(village: Village) -> None:
    """It is in the database, with its acks, its texts and the addresses of those who get mail."""
    draft = village.write_file(trustees=(ANN,), quorum=1)
    tables = village.letter_file.read_text().replace(
        table_of(1, ANN), table_of(1, ANN, mail="Ann@Firm.example")
    )
    village.letter_file.write_text('addressees_mail = ["Miller@Mill.example"]\n' + tables)
    draft = village.draft()
    proposal = propose_letter(village.site, draft)
    village.restart()
    give(village, proposal, ANN)
    assert open_letter(village.site, draft).letter_id == proposal.letter_id
    with village.site.collector.read() as connection:
        addresses = proposal_store.list_addresses(connection, proposal.letter_id)
        to = list_addressee_addresses(connection, proposal.letter_id)
    assert addresses == {1: "ann@firm.example"}
    assert to == {1: "miller@mill.example"}


def test_a_proposal_needs_what_a_letter_needs(village: Village) -> None:
    """A roll, a time that has not passed, an edition that is the next."""
    draft = village.write_file(trustees=(ANN,), quorum=1)
    with pytest.raises(RollMissing):
        propose_letter(village.site, replace(draft, slug="nobody"))
    with pytest.raises(PredecessorNotOpen):
        propose_letter(village.site, replace(draft, edition=2))
    proposal = propose_letter(village.site, draft)
    give(village, proposal, ANN)
    letter = open_letter(village.site, draft)
    with pytest.raises(LetterExists):
        propose_letter(village.site, draft)
    village.at(20 * DAY)
    assert village.state(letter) is State.LAPSED
    with pytest.raises(LetterRefused, match="`closes` has passed already"):
        propose_letter(village.site, replace(draft, slug="late"))
    with pytest.raises(PredecessorNotOpen):
        propose_letter(village.site, replace(draft, edition=2, closes=draft.closes + 20 * DAY))


def test_a_new_edition_can_be_proposed_while_the_old_one_is_open(village: Village) -> None:
    """The old edition is closed by the opening, not by the proposal."""
    letter = village.open(trustees=(ANN,), quorum=1)
    draft = replace(village.draft(), edition=2)
    proposal = propose_letter(village.site, draft)
    assert village.state(letter) is State.OPEN
    give(village, proposal, ANN)
    second = open_letter(village.site, draft)
    assert second.supersedes == letter.letter_id
    assert village.state(letter) is State.SUPERSEDED


# --- an issuer elsewhere


def with_issuer(village: Village, token: TokenKey, attestation: RecordSigner) -> Draft:
    """Write a letter whose issuer is elsewhere; its roll is not here."""
    village.write_file("far")
    text = village.letter_file.read_text()
    village.letter_file.write_text(
        text.replace('slug = "far"', 'slug = "elsewhere"')
        + '\n[issuer]\nurl = "https://union.example/"\n'
        + f'token_key = "{format_base64url(token.spki)}"\n'
        + f'attestation_key = "{format_base64url(attestation.public_key)}"\n'
    )
    return village.draft()


def test_an_issuer_elsewhere_brings_the_roll(village: Village) -> None:
    """Its ack comes with the signed roll that opens the letter; keys of its own are not made here."""
    attestation = RecordSigner.generate()
    draft = with_issuer(village, TokenKey.generate(), attestation)
    proposal = propose_letter(village.site, draft)
    assert proposal.letter.issuer_url == "https://union.example"
    assert proposal.awaited == ("issuer",)
    assert not key_folder(village.site.folder, proposal.letter_id.hex()).exists()
    sig = attestation.sign(ack_bytes(proposal.letter_id))
    unsigned = RollRecord(proposal.letter_id, 12, bytes(32), RollReason.OPENED, bytes(64))
    roll = replace(unsigned, sig=attestation.sign(signed_bytes(unsigned)))
    with pytest.raises(AcksAwaited, match=r"of: the issuer$"):
        open_letter(village.site, draft)
    for wrong in (None, replace(roll, hash=None), replace(roll, reason=RollReason.ADDED, seq=1)):
        with pytest.raises(LetterRefused):
            add_ack(village.site, proposal.letter_id, "issuer", sig, wrong)
    with pytest.raises(AckRefused):
        add_ack(village.site, proposal.letter_id, "issuer", sig, replace(roll, n=13))
    add_ack(village.site, proposal.letter_id, "issuer", sig, roll)
    letter = open_letter(village.site, draft)
    assert village.records(letter)[1] == roll


def test_a_roll_comes_from_no_trustee(village: Village) -> None:
    """Nor from the issuer that is this site."""
    _, proposal = proposed(village)
    number, sig = make_ack(proposal, ANN)
    roll = RollRecord(proposal.letter_id, 12, bytes(32), RollReason.OPENED, bytes(64))
    with pytest.raises(LetterRefused):
        add_ack(village.site, proposal.letter_id, number, sig, roll)


# --- the trustee's own checks


def test_a_trustee_acknowledges_only_its_own_key(village: Village) -> None:
    """A key that is not in the letter, or is there with another's seal key."""
    _, proposal = proposed(village)
    with pytest.raises(VerificationError, match="not that of a trustee of this letter"):
        make_ack(proposal, TrusteeKey.generate())
    letter = proposal.letter
    swapped = replace(letter.trustees[0], seal_key=BEN.seal_key)
    trap = replace(letter, trustees=(swapped, *letter.trustees[1:]))
    with pytest.raises(VerificationError):
        find_number(trap, ANN)
    with pytest.raises(VerificationError):
        check_key(trap, 1, ANN)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda text: text.replace("quorum = 2\n", ""), "`quorum` is missing"),
        (lambda text: text.replace("quorum = 2\n", "quorum = 3\n"), "`quorum` must be from 1"),
        (lambda text: text.replace("quorum = 2\n", "quorum = 0\n"), "`quorum` must be from 1"),
        (lambda text: text + table_of(3, ANN), "the same keys are there twice"),
        (lambda text: text + table_of(3, None) + table_of(4, None), "the operator is there twice"),
        (lambda text: text + table_of(3, BEN, mail="nowhere"), "mail: address: must have one @"),
        (lambda text: text + table_of(3, BEN, phone="1"), "`phone` is not known in [[trustees]]"),
        (lambda text: text + "[[trustees]]\nname = 'x'\n", "`seal_key` is missing"),
        (
            lambda text: text + "[[trustees]]\nname = ' '\noperator = true\n",
            "a `name` is empty",
        ),
        (
            lambda text: text + "[[trustees]]\nname = 'x'\nseal_key = 'AAAA'\nsign_key = 'AAAA'\n",
            "`seal_key` is not a key as it was printed",
        ),
        (
            lambda text: text.replace('"sealed", ', ""),
            "there is nothing for them to open",
        ),
    ],
)
def test_a_letter_file_with_wrong_trustees_is_refused(
    village: Village, change: Callable[[str], str], problem: str
) -> None:
    """Each with a sentence that says which."""
    village.write_file(trustees=(ANN, BEN), quorum=2)
    file = village.letter_file
    file.write_text(change(file.read_text()))
    with pytest.raises(LetterRefused) as refused:
        read_draft(file)
    assert any(problem in each for each in refused.value.problems), refused.value.problems
