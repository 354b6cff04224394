"""What a verifier remembers: saved only when all holds, and read strictly."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.simulator import VKEY
from tests.verify import stories

from undersigned.errors import FormatError
from undersigned.verify import Status, load_state, save_state, verify_mirror
from undersigned.verify.report import Findings, format_report
from undersigned.verify.state import State, format_state, parse_state

states = st.builds(
    State,
    st.text(st.characters(codec="utf-8"), max_size=50),
    st.text(st.characters(codec="utf-8"), max_size=50),
    st.integers(0, 2**63 - 1),
    st.binary(min_size=32, max_size=32),
)


@given(states)
def test_a_state_reads_as_it_was_written(state: State) -> None:
    """Parse ∘ format is the identity."""
    assert parse_state(format_state(state)) == state


@given(st.binary(max_size=200))
def test_garbage_is_no_state(data: bytes) -> None:
    """Any other bytes are refused with a FormatError."""
    with pytest.raises(FormatError):
        parse_state(data)


def test_a_state_is_saved_when_all_holds(tmp_path: Path) -> None:
    """The tree of the report is what is remembered, and the next look accepts it."""
    mirror = stories.sealed().draft().write(tmp_path / "mirror")
    report = verify_mirror(mirror, pinned_vkey=VKEY)
    file = tmp_path / "state.json"
    assert load_state(file) is None
    assert save_state(file, report)
    state = load_state(file)
    assert verify_mirror(mirror, pinned_vkey=VKEY, state=state).check(4).status is Status.HOLDS


def test_a_state_is_not_saved_otherwise(tmp_path: Path) -> None:
    """What was false or unchecked once must not become what later looks are compared with."""
    draft = stories.sealed().draft()
    draft.page("counts")["m"] += 1
    report = verify_mirror(draft.write(tmp_path / "mirror"), pinned_vkey=VKEY)
    file = tmp_path / "state.json"
    assert not save_state(file, report)
    assert not file.exists()


def test_the_report_is_json(tmp_path: Path) -> None:
    """The report can be read by a program, with the numbers of the checks."""
    report = verify_mirror(stories.sealed().draft().write(tmp_path / "m"), pinned_vkey=VKEY)
    read = json.loads(format_report(report))
    assert [check["number"] for check in read["checks"]] == list(range(1, 13))
    assert read["exit_code"] == 0
    assert read["letters"][0]["standing"] == report.letters[0].standing


def test_unchecked_is_exit_code_two_and_false_goes_before_it(tmp_path: Path) -> None:
    """1 when anything is false, else 2 when anything could not be checked."""
    report = verify_mirror(stories.reached().draft().write(tmp_path / "m"), pinned_vkey=VKEY)
    findings = Findings()
    findings.unchecked(3, "Nobody knows.")
    assert replace(report, checks=findings.close()).exit_code == 2
    findings.false(5, "It is not so.")
    assert replace(report, checks=findings.close()).exit_code == 1


def test_evidence_is_bounded() -> None:
    """A log that is all wrong does not fill the memory with sentences."""
    findings = Findings()
    for i in range(1_000):
        findings.false(5, f"Leaf {i} is wrong.")
    assert len(findings.close()[4].evidence) == 101
