"""The whole of it, where nobody has to be believed: two hundred sign, and five trustees open.

Issuer and site are apart, two witnesses cosign, two trustees use the command line, two the browser, and
one is silent. One member withdraws in the last moment before the freezing, one after the opening; one
has signed in somebody else's name, and three have sealed garbage.
"""

import contextlib
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, product
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Page, expect
from tests.e2e.ranks import BOUND, deviations
from tests.e2e.test_row_order import find_orders
from tests.e2e_browser.story import (
    ANONYMOUS,
    COOLING_OFF_S,
    GARBAGE,
    MEMBERS,
    PUBLIC,
    QUORUM,
    RULE,
    SEALED,
    SLUG,
    TRUSTEES,
    Story,
    run,
    sleep_until,
)
from tests.e2e_browser.test_trustee import PASSPHRASE, expect_unlocked, make_key, unlock

from undersigned.cli.trustee_key import load_key
from undersigned.crypto import shamir
from undersigned.crypto.keys import TrusteeKey, parse_locked
from undersigned.crypto.seal import combine_key, open_blob, parse_blob
from undersigned.crypto.token import nonce_of
from undersigned.domain.letter import Mode, State
from undersigned.domain.record import OutcomeRecord, WithdrawRecord, parse_record
from undersigned.domain.roll import member_commit, member_of_email
from undersigned.errors import VerificationError
from undersigned.signer.amending import withdraw
from undersigned.signer.receipt import Receipt, format_receipt
from undersigned.signer.signing import wait_for_proof


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    """Everybody, and an end to every process."""
    told = Story(tmp_path)
    yield told
    told.end()


def test_nobody_has_to_be_believed(story: Story, page: Page) -> None:
    """From the keys to a count that anyone can verify."""
    open_with_everybody(story, page)
    story.sign_all()
    leaf = invalidate_the_impersonator(story)
    last = withdraw_in_the_last_moment(story)
    story.wait_for("frozen")
    assert story.issuer.stop() == 0
    assert story.collector.stop() == 0
    check_two_trustees_cannot_read(story)
    check_the_disks_tell_nothing(story)
    story.collector.start()
    story.issuer.start()
    open_the_names(story, page)
    gone = withdraw_after_the_opening(story)
    check_what_is_shown(story, {leaf, last, gone})
    check_the_count(story)


# --- the letter


def open_with_everybody(story: Story, page: Page) -> None:
    """Let issuer and trustees acknowledge the letter; it opens when all have, and not before."""
    story.start()
    page.goto(f"{story.collector.url}/trustee?lang=en")
    cards = [story.make_key(number) for number in (1, 2)]
    for number in (3, 4):
        cards.append(make_key(page, story.key(number), f"Trustee {number}"))
        page.click("#forget")
    cards.append(story.make_key(5))
    address = story.propose(cards)
    run("issuer", "ack", address, "--data", story.issuer.folder, "--yes", at=story.base)
    for number in (1, 2, 5):
        run("trustee", "ack", address, "--key", story.key(number), "--yes", at=story.base)
    for number in (3, 4):
        story.open(code=1)
        page.goto(f"{address}?lang=en")
        page.click("a[href^='/trustee']")
        unlock(page, story.key(number))
        expect_unlocked(page)
        page.click("#read")
        page.click("#acknowledge")
        expect(page.locator("#acknowledged")).to_be_visible()
    story.open()
    story.issuer.start()


def invalidate_the_impersonator(story: Story) -> int:
    """Strike a public signature, whose owner says that somebody else has used the invite; return it."""
    (story.base / "why.txt").write_text("The person named has shown that they did not sign.\n")
    public = next(r for r in story.receipts if r.record.mode is Mode.PUBLIC)
    name = public.attestation.name
    leaf = next(leaf for leaf, shown in story.names().items() if shown == name)
    run(
        *("letter", "invalidate", SLUG, "--leaf", leaf, "--reason", "impersonation"),
        *("--text", story.base / "why.txt", "--data", story.collector.folder, "--yes"),
        at=story.base,
    )
    assert story.counts()["invalidated"] == 1
    assert name not in story.names().values()
    return leaf


# --- members who change their minds


def withdraw_in_the_last_moment(story: Story) -> int:
    """Withdraw a sealed name just before the freezing; return its place in the log."""
    story.wait_for("reached")
    reached_at = story.page()["reached_at"]
    assert isinstance(reached_at, int)
    receipt = next(r for r in reversed(story.receipts) if r.record.mode is Mode.SEALED)
    view = story.view()
    with httpx2.Client(base_url=story.collector.url, timeout=60) as client:
        proved = wait_for_proof(client, receipt, 120)
        sleep_until(reached_at + COOLING_OFF_S - 5)
        withdraw(client, view, receipt.words)
    story.wait_for("frozen")
    records = [parse_record(entry) for entry in entries_of(story)]
    frozen = next(
        i
        for i, record in enumerate(records)
        if isinstance(record, OutcomeRecord) and record.state is State.FROZEN
    )
    withdrawn = [i for i, record in enumerate(records) if isinstance(record, WithdrawRecord)]
    assert withdrawn
    assert withdrawn[-1] < frozen
    return place_of(proved)


def withdraw_after_the_opening(story: Story) -> int:
    """Withdraw a name that everybody has seen; return its place in the log."""
    receipt = next(r for r in story.receipts if r.record.mode is Mode.SEALED)
    assert receipt.attestation.name in story.names().values()
    with httpx2.Client(base_url=story.collector.url, timeout=60) as client:
        withdraw(client, story.view(), receipt.words)
        end = time.monotonic() + 120
        while story.counts()["withdrawn"] < 2:
            assert time.monotonic() < end
            time.sleep(0.1)
        return place_of(wait_for_proof(client, receipt, 120))


def place_of(receipt: Receipt) -> int:
    """Return the index in a receipt's proof."""
    assert receipt.proof is not None
    lines = receipt.proof.splitlines()
    return int(next(line for line in lines if line.startswith("index ")).removeprefix("index "))


def entries_of(story: Story) -> list[bytes]:
    """Return the entries of the log, from the site's own database."""
    with contextlib.closing(sqlite3.connect(story.collector.folder / "collector.db")) as connection:
        rows = connection.execute("SELECT entry FROM entry ORDER BY leaf_index").fetchall()
    return [entry for (entry,) in rows]


# --- what thieves find before the release


@dataclass(frozen=True, slots=True)
class Seal:
    """A sealed name as it lies on the site's disk, and whose key signed it."""

    pk: bytes
    content: bytes


def check_two_trustees_cannot_read(story: Story) -> None:
    """Whoever has the site's whole disk and any two trustees' seeds still reads no sealed name."""
    keys = [load_key(story.key(number), None) for number in (1, 2)]
    keys += [parse_locked(story.key(number).read_text(), PASSPHRASE) for number in (3, 4)]
    keys.append(load_key(story.key(5), None))
    letter_id = bytes(story.receipts[0].letter.letter.letter_id)
    seals = list(seals_on(story.collector.folder / "collector.db"))
    assert len(seals) == SEALED - 1 + GARBAGE
    good = 0
    for sealed in seals:
        shares = shares_of(sealed, keys, letter_id)
        for pair in combinations(range(1, TRUSTEES + 1), 2):
            held = {i: shares[i] for i in pair}
            with pytest.raises(VerificationError):
                combine_key(parse_blob(sealed.content), held, QUORUM)
            guess = shamir.combine(list(held.values()))
            with pytest.raises(VerificationError):
                open_blob(parse_blob(sealed.content), guess, letter_id, sealed.pk)
        # With a third it is a matter of course: the test looks where there is something to be found.
        key = combine_key(parse_blob(sealed.content), {i: shares[i] for i in (1, 3, 5)}, QUORUM)
        good += b'"attestation"' in open_blob(parse_blob(sealed.content), key, letter_id, sealed.pk)
    assert good == SEALED - 1


def seals_on(path: Path) -> Iterator[Seal]:
    """Give every sealed name in the site's database."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        yield from (
            Seal(pk, content)
            for pk, content in connection.execute(
                "SELECT signature.pk, blob.content FROM blob JOIN signature ON name = hash"
            )
        )


def shares_of(sealed: Seal, keys: list[TrusteeKey], letter_id: bytes) -> dict[int, bytes]:
    """Open each trustee's share."""
    blob = parse_blob(sealed.content)
    return {
        number: key.open_share(blob, number, letter_id, sealed.pk)
        for number, key in enumerate(keys, 1)
    }


def check_the_disks_tell_nothing(story: Story) -> None:
    """Neither disk holds what is the other's, and no order of the one is the order of the other."""
    shown = {r.attestation.name for r in story.receipts if r.record.mode is Mode.PUBLIC}
    # Whoever signed publicly has published name and r: not the address, the invite or the rest.
    public = {
        label.partition(",")[0]
        for (kind, label), value in story.search.values.items()
        if kind == "member" and value in shown
    }
    published = {f"{number}, {what}" for number in public for what in ("name", "r")}
    assert len(public) == PUBLIC
    at_site = story.search.in_folder(story.collector.folder)
    assert {
        hit for hit in at_site if hit.kind in ("member", "secret") and hit.label not in published
    } == set()
    assert published <= {hit.label for hit in at_site}
    at_issuer = story.search.in_folder(story.issuer.folder)
    assert {hit for hit in at_issuer if hit.kind in ("signature", "secret")} == set()
    # Addresses and names; an invite is kept as a hash.
    assert len({hit.label for hit in at_issuer if hit.kind == "member"}) == 2 * MEMBERS
    commits = [
        member_commit(receipt.salt, member_of_email(member.address))
        for member, receipt in zip(story.signers, story.receipts, strict=True)
    ]
    pks = [receipt.record.pk for receipt in story.receipts]
    site, issuer = story.collector.folder / "collector.db", story.issuer.folder / "issuer.db"
    of_members = [
        find_orders(issuer, "issuance", commits).by,
        find_orders(issuer, "roll_entry", commits).by,
        find_orders(site, "issued", commits).by,
    ]
    of_signatures = [
        find_orders(site, "spent", [nonce_of(pk) for pk in pks]).by,
        find_orders(site, "signature", pks).by,
    ]
    compared = {
        (one, other): abs(deviations(first[one], second[other]))
        for first, second in product(of_members, of_signatures)
        for one, other in product(first, second)
    }
    assert len(compared) > 30
    assert {pair: z for pair, z in compared.items() if z > BOUND} == {}


# --- the opening


def open_the_names(story: Story, page: Page) -> None:
    """One on the command line, one in a browser, and the third, in a browser, who combines."""
    part = ("trustee", "open", story.letter, "--log-key", story.vkey, "--policy", story.policy)
    said = run(*part, "--key", story.key(1), at=story.base)
    assert "2 Trustee 2" in said
    assert "5 Trustee 5" in said
    assert story.page()["state"] == "frozen"
    page.goto(f"{story.letter}?lang=en")
    for name in ("Trustee 2", "Trustee 3", "Trustee 4", "Trustee 5"):
        expect(page.locator("main")).to_contain_text(name)
    for number in (3, 4):
        page.goto(f"{story.collector.url}/trustee?lang=en")
        unlock(page, story.key(number))
        expect_unlocked(page)
        page.click("#look")
        page.click("#open-now", timeout=60_000)
        said = "The names are opened" if number == 4 else "Your shares are sent"
        expect(page.locator("#turn-title")).to_contain_text(
            said, use_inner_text=True, timeout=120_000
        )
    story.wait_for("released")
    assert len(story.names()) == PUBLIC - 1 + SEALED - 1
    # Whoever comes late is told that it is done.
    assert "released" in run(*part, "--key", story.key(2), at=story.base)


# --- what everybody sees then


def check_what_is_shown(story: Story, struck: set[int]) -> None:
    """Every name that stands, none that was struck, withdrawn or bad, and the numbers that follow."""
    counts = story.counts()
    assert counts["withdrawn"] == 2
    assert counts["invalidated"] == 1 + GARBAGE
    assert counts["anonymous"] == ANONYMOUS
    assert counts["m"] == SEALED + PUBLIC - 3
    assert counts["standing"] == counts["m"] + ANONYMOUS
    assert counts["waiting"] == 0
    assert counts["m"] >= RULE
    names = story.names()
    assert len(names) == SEALED + PUBLIC - 3
    assert not struck & names.keys()
    assert set(names.values()) <= {member.name for member in story.members}


def check_the_count(story: Story) -> None:
    """One command recomputes it all, with the witnesses; a receipt still holds."""
    said = run(
        *("verify", story.collector.url, "--key", story.vkey, "--policy", story.policy),
        at=story.base,
    )
    assert f"{SEALED + PUBLIC - 3 + ANONYMOUS} of {MEMBERS + 20}" in said
    assert "released" in said
    kept = story.base / "receipt.json"
    with httpx2.Client(base_url=story.collector.url, timeout=60) as client:
        kept.write_bytes(format_receipt(wait_for_proof(client, story.receipts[-1], 120)))
    run("receipt", "verify", kept, "--key", story.vkey, "--policy", story.policy, at=story.base)
