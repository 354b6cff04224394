"""The browser's audit, held to the verifier's own stories: honest mirrors and every lie."""

from pathlib import Path
from typing import Any, TypeAlias

import pytest
from tests.frontend.conftest import Browser
from tests.simulator import DAY, ORIGIN, VKEY
from tests.verify import stories
from tests.verify.lies import LIES, LieCase
from tests.verify.test_witnesses import shorten

from undersigned.crypto.keys import NoteSigner
from undersigned.crypto.note_key import format_vkey
from undersigned.encoding import format_base64
from undersigned.tlog.checkpoint import parse_checkpoint_body
from undersigned.tlog.note import parse_note

Reports: TypeAlias = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def reports(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Reports:
    """Write every mirror, and let one process audit them all."""
    folder = tmp_path_factory.mktemp("mirrors")
    mirrors: dict[str, dict[str, Any]] = {}
    for name, story in stories.HONEST.items():
        site = story()
        site.draft().write(folder / name)
        mirrors[name] = {"folder": str(folder / name), "now": site.now}
    for case in PLAIN:
        site = case.story()
        draft = site.draft()
        case.tell(draft, site)
        draft.write(folder / case.name)
        mirrors[case.name] = {"folder": str(folder / case.name), "now": site.now + 30 * DAY}
    for name, waiting in (("waiting", True), ("taken back", False)):
        site = stories.sealed()
        shorten(site.draft().write(folder / name), waiting=waiting)
        mirrors[name] = {"folder": str(folder / name), "now": site.now}
    answer = browser("audits", mirrors=list(mirrors.values()), pinned=VKEY)
    return dict(zip(mirrors, answer["reports"], strict=True))


def false_numbers(report: dict[str, Any]) -> list[int]:
    """Return the numbers of the checks that are false."""
    return [check["number"] for check in report["checks"] if check["status"] == "false"]


@pytest.mark.parametrize("name", stories.HONEST)
def test_honest_logs_hold(name: str, reports: Reports) -> None:
    """Nothing is false, nothing unchecked, and the figures are those of the story."""
    site, report = stories.HONEST[name](), reports[name]
    odd = [each for each in report["checks"] if each["status"] in ("false", "unchecked")]
    assert odd == []
    for figures, letter in zip(report["letters"], site.letters, strict=True):
        expected = letter.figures() | {"state": letter.stage.state.value, "title": "A letter (en)"}
        assert {member: figures[member] for member in expected} == expected


def test_what_waits_for_witnesses_is_unchecked(reports: Reports) -> None:
    """As the verifier has it: open where the site says that it waits, and false where it does not."""
    assert false_numbers(reports["waiting"]) == []
    assert reports["waiting"]["checks"][11]["status"] == "unchecked"
    assert 12 in false_numbers(reports["taken back"])


def test_timestamps_are_said_to_be_unchecked(reports: Reports) -> None:
    """A browser reads no certificates: who outside says that a text existed, it only tells."""
    said = reports["stamped"]["checks"][5]["evidence"]
    assert sum("a timestamp is not checked here" in sentence for sentence in said) == 4, "\n".join(
        said
    )


PLAIN = [case for case in LIES if not case.is_of_time]


@pytest.mark.parametrize("case", PLAIN, ids=lambda case: case.name)
def test_a_lie_is_caught(case: LieCase, reports: Reports) -> None:
    """By the check that the command line's verifier catches it with."""
    report = reports[case.name]
    assert case.check in false_numbers(report), report
    assert not {1, 3} & set(false_numbers(report))
    if case.check == 12:
        assert false_numbers(report) == [12], report


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    """A mirror of a log of two full bundles and a partial one."""
    return stories.long().draft().write(tmp_path / "mirror")


def audit(browser: Browser, mirror: Path, **members: Any) -> dict[str, Any]:
    """Audit one mirror."""
    one = {"folder": str(mirror), "now": stories.long().now}
    answer = browser("audits", mirrors=[one], **({"pinned": VKEY} | members))
    report: dict[str, Any] = answer["reports"][0]
    return report


def test_a_changed_entry_is_not_in_the_tree(browser: Browser, mirror: Path) -> None:
    """One byte of a notice, in the second bundle."""
    bundle = mirror / "log" / "tile" / "entries" / "001"
    bundle.write_bytes(bundle.read_bytes().replace(b'"kind":"news"', b'"kind":"nEws"', 1))
    assert {3, 5} <= set(false_numbers(audit(browser, mirror)))


def test_a_checkpoint_by_another_key_is_refused(browser: Browser, mirror: Path) -> None:
    """Whether the key is pinned, or the site shows another one than the pinned."""
    stranger = NoteSigner(ORIGIN, bytes(32))
    other = format_vkey(stranger.verifier)
    assert audit(browser, mirror, pinned=other)["error"] == "verification-error"
    body = parse_note((mirror / "log" / "checkpoint").read_bytes()).text.encode()
    (mirror / "log" / "checkpoint").write_bytes(body + b"\n" + stranger.sign(body))
    assert audit(browser, mirror)["error"] == "verification-error"
    (mirror / "log.vkey").write_text(other)
    report = audit(browser, mirror)
    assert report["error"] == "verification-error"


def test_a_missing_or_cut_bundle_is_said(browser: Browser, mirror: Path) -> None:
    """There is then no log to speak of."""
    bundle = mirror / "log" / "tile" / "entries" / "001"
    whole = bundle.read_bytes()
    bundle.write_bytes(whole[:-1])
    assert audit(browser, mirror)["error"] == "format-error"
    bundle.unlink()
    assert audit(browser, mirror)["error"] == "format-error"


def test_what_was_seen_before_is_compared(browser: Browser, mirror: Path) -> None:
    """An older tree head of the same log, one of another log, and one that is ahead."""
    head = parse_checkpoint_body(parse_note((mirror / "log" / "checkpoint").read_bytes()).text)
    same = {"size": head.size, "root": format_base64(head.root)}
    for earlier, status in (
        (same, "holds"),
        (same | {"root": format_base64(bytes(32))}, "false"),
        (same | {"size": head.size + 1}, "false"),
    ):
        report = audit(browser, mirror, earlier=[{"origin": ORIGIN, **earlier}])
        assert report["checks"][3]["status"] == status
