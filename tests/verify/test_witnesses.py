"""Check 2: which witnesses have cosigned the checkpoint, and whether they are the policy's quorum."""

import json
from pathlib import Path

import pytest
from tests.simulator import LOG, VKEY
from tests.verify import stories

from undersigned.cli.demo_lies import read_entries, write_log
from undersigned.crypto.keys import CosignatureSigner, NoteSigner
from undersigned.crypto.note_key import format_vkey
from undersigned.tlog.policy import Policy, parse_policy
from undersigned.verify import Status, verify_mirror
from undersigned.verify.report import Report

WITNESSES = [CosignatureSigner(f"w{n}.example/w", bytes([n]) * 32) for n in range(3)]
NAMES = ("ada", "ben", "cho")
TIME = 1_700_000_000


def policy_of(quorum: str = "two", *, log: str = VKEY) -> Policy:
    """Return a policy with three witnesses, of which the group `two` asks for two."""
    lines = [f"log {log}"]
    lines += [
        f"witness {name} {format_vkey(witness.verifier)}"
        for name, witness in zip(NAMES, WITNESSES, strict=True)
    ]
    lines += ["group two 2 ada ben cho", f"quorum {quorum}"]
    return parse_policy("".join(f"{line}\n" for line in lines).encode())


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    """An honest mirror that nobody has cosigned yet."""
    return stories.sealed().draft().write(tmp_path / "mirror")


def cosign(mirror: Path, *numbers: int, time: int = TIME) -> None:
    """Let witnesses cosign the checkpoint of a mirror."""
    file = mirror / "log" / "checkpoint"
    note = file.read_bytes()
    body = note.rpartition(b"\n\n")[0] + b"\n"
    file.write_bytes(note + b"".join(WITNESSES[n].sign(body, time) for n in numbers))


def verify(mirror: Path, policy: Policy | None, now: int | None = None) -> Report:
    """Verify a mirror against a policy."""
    return verify_mirror(mirror, policy=policy, now=now)


def test_a_quorum_holds(mirror: Path) -> None:
    """Two of three: the report names them with their times, and who is not there."""
    cosign(mirror, 0, 2)
    report = verify(mirror, policy_of())
    assert report.exit_code == 0
    assert report.check(2).status is Status.HOLDS
    assert report.check(2).evidence == (
        "ada cosigned, 2023-11-14 22:13:20 UTC.",
        "cho cosigned, 2023-11-14 22:13:20 UTC.",
        "Not needed for the quorum, and not there: ben.",
    )


def test_too_few_are_false(mirror: Path) -> None:
    """One of three: false, with those that are missing."""
    cosign(mirror, 1)
    report = verify(mirror, policy_of())
    assert report.false_numbers == (2,)
    assert report.check(2).evidence[0] == (
        "The quorum 'two' of the policy has not cosigned: ada, cho missing."
    )


def test_one_witness_twice_is_one(mirror: Path) -> None:
    """Two lines of the same witness are no quorum of two."""
    cosign(mirror, 1)
    cosign(mirror, 1, time=TIME + 1)
    assert verify(mirror, policy_of()).false_numbers == (2,)


def test_a_cosignature_of_another_tree_is_false(mirror: Path) -> None:
    """A known witness whose signature does not hold spoils the note, whoever else has cosigned."""
    cosign(mirror, 0, 2)
    file = mirror / "log" / "checkpoint"
    file.write_bytes(file.read_bytes() + WITNESSES[1].sign(b"another/log\n1\nAAAA\n", TIME))
    report = verify(mirror, policy_of())
    assert report.false_numbers == (2,)
    assert "does not hold" in report.check(2).evidence[0]
    # Who does not know that witness does not mind.
    alone = policy_of("ada")
    known = Policy(alone.logs, alone.witnesses[:1], (), "ada")
    assert verify(mirror, known).exit_code == 0


def test_a_cosignature_of_the_future_does_not_count(mirror: Path) -> None:
    """A witness whose clock is hours ahead, or that has promised for later, is left out."""
    cosign(mirror, 0)
    cosign(mirror, 1, time=TIME + 3_600)
    report = verify(mirror, policy_of(), now=TIME)
    assert 2 in report.false_numbers
    assert any("ben cosigned in the future" in sentence for sentence in report.check(2).evidence)
    assert 2 not in verify(mirror, policy_of(), now=TIME + 3_600).false_numbers


def test_no_quorum_asked_for(mirror: Path) -> None:
    """`quorum none` holds without anybody, and says so; without a policy nobody has asked."""
    report = verify(mirror, policy_of("none"))
    assert report.exit_code == 0
    assert report.check(2).status is Status.HOLDS
    assert "asks for no witness" in report.check(2).evidence[0]
    assert verify(mirror, None).check(2).status is Status.NOT_ASKED


def test_the_policy_names_the_log(mirror: Path) -> None:
    """A log of the policy is known from elsewhere; another one is false, witnessed or not."""
    cosign(mirror, 0, 1)
    assert not any("site itself" in each for each in verify(mirror, policy_of()).check(1).evidence)
    stranger = format_vkey(NoteSigner(LOG.verifier.name, bytes(32)).verifier)
    report = verify(mirror, policy_of(log=stranger))
    assert report.false_numbers == (1,)
    pinned = verify_mirror(mirror, pinned_vkey=VKEY, policy=policy_of(log=stranger))
    assert pinned.false_numbers == (1,)


def test_without_a_checkpoint_it_is_unchecked(mirror: Path) -> None:
    """Nobody can cosign what is not there."""
    (mirror / "log" / "checkpoint").unlink()
    assert verify(mirror, policy_of()).check(2).status is Status.UNCHECKED


# --- a site that waits for its witnesses


def shorten(mirror: Path, *, waiting: bool) -> None:
    """Take a mirror's log back to its beginning, as if the rest waited for witnesses."""
    entries = read_entries(mirror)
    write_log(mirror, entries[:-1], LOG)
    site = mirror / "site" / "site.json"
    site.write_text(json.dumps(json.loads(site.read_bytes()) | {"waiting": waiting}))


def test_what_waits_for_witnesses_is_unchecked(mirror: Path) -> None:
    """Numbers beyond the published tree are open where the site says that it waits."""
    shorten(mirror, waiting=True)
    report = verify(mirror, None)
    assert report.check(12).status is Status.UNCHECKED
    assert any("waits for its witnesses" in each for each in report.check(12).evidence)
    assert report.false_numbers == ()


def test_what_is_not_said_to_wait_is_false(mirror: Path) -> None:
    """The same numbers without that word."""
    shorten(mirror, waiting=False)
    assert 12 in verify(mirror, None).false_numbers
