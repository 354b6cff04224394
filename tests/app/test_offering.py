"""Offering keys for a letter, and acknowledging the letter that names them."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.apart import make_members, open_apart, write_file_apart
from tests.app.village import HOST

from undersigned.app.invites import make_invites
from undersigned.app.issuer import Issuer, make_issuer
from undersigned.app.letter_file import read_draft
from undersigned.app.offering import acknowledge, offer_keys
from undersigned.app.proposing import add_ack, get_proposal, propose_letter
from undersigned.app.rolls import import_roll
from undersigned.app.site import Site, make_collector, make_site
from undersigned.crypto.ed25519 import verify_ed25519
from undersigned.domain.letter import Letter, ack_bytes
from undersigned.domain.record import signed_bytes
from undersigned.domain.roll import roll_hash
from undersigned.errors import (
    FormatError,
    LetterExists,
    LetterRefused,
    RollFixed,
    RollMissing,
    UnknownLetter,
)
from undersigned.store import issuances
from undersigned.store.issuances import IssuanceRow
from undersigned.store.members import list_commits

URL = "https://codes.example"
BASE = "https://letters.example"
SLUG = "apart"


@pytest.fixture
def issuer(tmp_path: Path) -> Issuer:
    """An issuer with a roll of five."""
    made = make_issuer(tmp_path / "issuer", URL)
    make_members(made, SLUG, 5)
    return made


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A site without an issuer."""
    return make_collector(tmp_path / "collector", HOST)


def propose(site: Site, issuer: Issuer, folder: Path, **terms: object) -> Letter:
    """Propose a letter that names the issuer."""
    return propose_letter(site, read_draft(write_file_apart(issuer, folder, SLUG, **terms))).letter


def test_the_same_offer_again(issuer: Issuer) -> None:
    """Keys are made once; each edition has its own."""
    first = offer_keys(issuer, SLUG, 1)
    assert first == offer_keys(issuer, SLUG, 1)
    assert first.url == URL
    assert offer_keys(issuer, SLUG, 2).attestation_key != first.attestation_key


def test_an_offer_that_a_crash_cut_is_made_anew(issuer: Issuer) -> None:
    """Nobody has seen the half of it."""
    offer_keys(issuer, SLUG, 1)
    folder = issuer.folder / "keys" / "issuer" / f"{SLUG}@1"
    (folder / "attestation.key").unlink()
    assert offer_keys(issuer, SLUG, 1) == offer_keys(issuer, SLUG, 1)


@pytest.mark.parametrize("slug", ["", "Apart", "a/b", "../a", "a@1", "a" * 65])
def test_what_is_no_name_is_refused(issuer: Issuer, slug: str) -> None:
    """It would be the name of a folder."""
    with pytest.raises(FormatError):
        offer_keys(issuer, slug, 1)


def test_a_whole_site_offers_nothing(tmp_path: Path) -> None:
    """Its issuer is its own."""
    site = make_site(tmp_path / "whole", HOST)
    with pytest.raises(FormatError, match="part of a site"):
        offer_keys(site.issuer, SLUG, 1)
    site.close()


def test_an_ack_is_signed_and_brings_the_roll(issuer: Issuer, site: Site, tmp_path: Path) -> None:
    """Both under the key that the letter names; the same again, to the byte."""
    letter = propose(site, issuer, tmp_path / "letter")
    given = acknowledge(issuer, letter, BASE)
    verify_ed25519(letter.attestation_key, ack_bytes(letter.letter_id), given.sig)
    verify_ed25519(letter.attestation_key, signed_bytes(given.roll), given.roll.sig)
    with issuer.database.read() as connection:
        commits = list_commits(connection, SLUG)
    assert (given.roll.n, given.roll.hash) == (5, roll_hash(commits))
    assert acknowledge(issuer, letter, BASE) == given
    found = issuer.get_letter(f"{SLUG}@1")
    assert (found.letter, found.site) == (letter, BASE)
    add_ack(site, letter.letter_id, "issuer", given.sig, given.roll)
    assert get_proposal(site, letter.letter_id).awaited == ()


def test_the_roll_is_fixed_from_the_ack_on(issuer: Issuer, site: Site, tmp_path: Path) -> None:
    """It could not reach the letter any more."""
    acknowledge(issuer, propose(site, issuer, tmp_path / "letter"), BASE)
    with pytest.raises(RollFixed):
        import_roll(issuer, SLUG, b"email,name\na@b.example,A\n")
    assert make_invites(issuer, SLUG, None) == []


def test_a_letter_of_others_is_not_acknowledged(issuer: Issuer, site: Site, tmp_path: Path) -> None:
    """Another address, another slug, other keys: nothing is remembered of it."""
    letter = propose(site, issuer, tmp_path / "letter")
    for other, sentence in (
        (replace(letter, issuer_url="https://other.example"), "another issuer"),
        (replace(letter, issuer_url=None), "another issuer"),
        (replace(letter, slug="other"), "no keys were offered"),
        (replace(letter, attestation_key=bytes(32)), "other keys"),
        (replace(letter, token_key=b"\0"), "other keys"),
    ):
        with pytest.raises(LetterRefused) as caught:
            acknowledge(issuer, other, BASE)
        assert sentence in caught.value.problems[0]
    with pytest.raises(UnknownLetter):
        issuer.get_letter(SLUG)


def test_a_letter_without_its_roll(tmp_path: Path, site: Site) -> None:
    """Nobody could sign it; a roll of another kind is told as such."""
    empty = make_issuer(tmp_path / "empty", URL)
    letter = propose(site, empty, tmp_path / "letter")
    with pytest.raises(RollMissing):
        acknowledge(empty, letter, BASE)
    make_invites(empty, SLUG, 3)
    with pytest.raises(LetterRefused):
        acknowledge(empty, letter, BASE)
    empty.close()


def test_a_newer_proposal_takes_the_place_of_one_nobody_used(
    issuer: Issuer, site: Site, tmp_path: Path
) -> None:
    """Once somebody has asked for a token there is no other letter under these keys."""
    first = propose(site, issuer, tmp_path / "first")
    acknowledge(issuer, first, BASE)
    second = propose(site, issuer, tmp_path / "second", rule=7)
    acknowledge(issuer, second, BASE)
    assert issuer.get_letter(SLUG).letter == second
    with issuer.database.write() as connection:
        row = IssuanceRow(second.letter_id, bytes(32), b"", b"", b"", b"")
        issuances.add_issuance(connection, row)
    acknowledge(issuer, second, BASE)
    with pytest.raises(LetterExists):
        acknowledge(issuer, first, BASE)


def test_a_letter_opens_at_a_site_without_an_issuer(
    issuer: Issuer, site: Site, tmp_path: Path
) -> None:
    """With the issuer's roll; one that names no issuer does not."""
    letter = open_apart(site, issuer, tmp_path / "letter", SLUG, BASE)
    assert letter.issuer_url == URL
    file = tmp_path / "letter" / "letter.toml"
    file.write_text(file.read_text().partition("\n[issuer]")[0].replace(SLUG, "other"))
    with pytest.raises(LetterRefused) as caught:
        propose_letter(site, read_draft(file))
    assert "issuer" in caught.value.problems[0]
