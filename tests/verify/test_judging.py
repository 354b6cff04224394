"""Claims against stories: true, false, or unprovable, and the numbers that the log gives."""

from pathlib import Path

import pytest
from tests.simulator import VKEY, Draft, SimulatedSite
from tests.verify import stories

from undersigned.domain.as_of import AsOf, AtSize, AtTime
from undersigned.domain.claim import parse_claim
from undersigned.domain.record import SignRecord
from undersigned.domain.stage import next_boundary
from undersigned.verify import Report, verify_mirror
from undersigned.verify.judging import Truth, judge_claim


def verify_as_of(draft: Draft, folder: Path, as_of: AsOf, now: int) -> Report:
    """Verify a mirror, and ask what its letters were."""
    return verify_mirror(draft.write(folder), pinned_vkey=VKEY, now=now, as_of=as_of)


def ask(site: SimulatedSite, folder: Path, as_of: AsOf) -> Report:
    """Verify a story as it is, and ask what its letters were."""
    return verify_as_of(site.draft(), folder / "mirror", as_of, site.now)


def truth(report: Report, claim: str, as_of: AsOf) -> Truth:
    """Judge a claim about the only letter."""
    return judge_claim(report, parse_claim(claim), as_of, None).truth


def times_of(site: SimulatedSite) -> list[int]:
    """Return when the first letter opened, and when its epochs were."""
    (letter,) = site.letters
    return [letter.opened_at, *(row["at"] for row in letter.history)]


@pytest.mark.parametrize(
    ("place", "seconds", "claims"),
    [
        (0, -1, {"0": Truth.UNPROVABLE}),
        (0, 0, {"0": Truth.TRUE, "0%": Truth.TRUE, ">=1": Truth.FALSE}),
        (1, 0, {"2": Truth.TRUE, "5": Truth.FALSE, "2 of 40": Truth.TRUE, "2 of 41": Truth.FALSE}),
        (2, -1, {"2": Truth.TRUE, "5%": Truth.TRUE}),
        # An invalidation follows at a time that no record says.
        (2, 1_800, {"5": Truth.UNPROVABLE, "4": Truth.UNPROVABLE, ">3": Truth.TRUE}),
        (2, 3_600, {"4": Truth.TRUE, "5": Truth.FALSE}),
        (3, 0, {"5": Truth.TRUE}),
        (3, 10**9, {"5": Truth.UNPROVABLE}),
    ],
)
def test_times_of_a_story(
    tmp_path: Path, place: int, seconds: int, claims: dict[str, Truth]
) -> None:
    """Two sign, then three, one is struck, another signs: at each time what the log can say of it."""
    site = stories.unsealed()
    as_of = AtTime(times_of(site)[place] + seconds)
    report = ask(site, tmp_path, as_of)
    assert claims == {claim: truth(report, claim, as_of) for claim in claims}


@pytest.mark.parametrize("name", ["sealed", "failed", "fallen", "recounted", "superseded"])
def test_sizes_of_a_story(tmp_path: Path, name: str) -> None:
    """As of the size of an epoch the log gives what the story counted there; so it does at the end."""
    site = stories.HONEST[name]()
    letter = site.letters[0]
    row = letter.history[len(letter.history) // 2]
    for number, (as_of, wanted) in enumerate(
        [(AtSize(row["size"]), row), (AtSize(len(site.entries)), letter.figures())]
    ):
        report = verify_as_of(site.draft(), tmp_path / str(number), as_of, site.now)
        found = report.asked[0].steps[-1]
        assert (found.standing, found.waiting) == (wanted["standing"], wanted["waiting"])
    assert found.headcount == letter.headcount


def test_which_letter_is_meant(tmp_path: Path) -> None:
    """Of several editions the newest, unless one is named; of several letters one must be."""
    site = stories.superseded()
    first, other, second = site.letters
    slug = first.letter.slug
    as_of = AtSize(len(site.entries))
    report = ask(site, tmp_path, as_of)
    judged = {
        edition: judge_claim(report, parse_claim("3"), as_of, slug, edition)
        for edition in (None, 1, 2, 3)
    }
    assert {edition: verdict.truth for edition, verdict in judged.items()} == {
        None: Truth.TRUE,
        1: Truth.FALSE,
        2: Truth.TRUE,
        3: Truth.UNPROVABLE,
    }
    assert judged[3].reason == "The log has no such letter."
    unnamed = judge_claim(report, parse_claim("3"), as_of, None)
    assert (
        unnamed.reason
        == f"The log has several letters; say which one: {other.letter.slug}, {slug}."
    )
    early = AtTime(second.opened_at - 1)
    verdict = judge_claim(ask(site, tmp_path / "early", early), parse_claim("3"), early, slug)
    assert verdict.truth is Truth.UNPROVABLE
    assert f"The edition before is {slug}@1." in (verdict.reason or "")


def test_beyond_the_tree(tmp_path: Path) -> None:
    """A size that the log does not have is unprovable."""
    site = stories.unsealed()
    as_of = AtSize(len(site.entries) + 1)
    verdict = judge_claim(ask(site, tmp_path, as_of), parse_claim("5"), as_of, None)
    assert (verdict.truth, verdict.exit_code) == (Truth.UNPROVABLE, 2)
    assert f"has {len(site.entries)} entries" in (verdict.reason or "")


@pytest.mark.parametrize(
    ("seconds", "is_waiting", "reach"),
    [(-10, False, -10), (-10, True, None), (10, False, -1), (10, True, None)],
)
def test_how_far_a_log_reaches(
    tmp_path: Path, seconds: int, is_waiting: bool, reach: int | None
) -> None:
    """To the site's clock, but not past a change that is due, nor where newer records wait."""
    site = stories.reached()
    letter = site.letters[0]
    last = max(row["at"] for row in letter.history)
    assert letter.stage is not None
    boundary = next_boundary(letter.letter, letter.stage)
    assert boundary is not None
    draft = site.draft()
    shown = draft.pages["site/site.json"]
    shown["time"], shown["waiting"] = boundary + seconds, is_waiting
    as_of = AtTime(boundary + seconds)
    report = verify_as_of(draft, tmp_path / "mirror", as_of, boundary + 60)
    assert report.time == (last if reach is None else boundary + reach)
    is_known = reach == seconds
    count = report.asked[0].steps[-1].standing
    assert truth(report, str(count), as_of) is (Truth.TRUE if is_known else Truth.UNPROVABLE)


def test_a_log_that_lies_proves_nothing(tmp_path: Path) -> None:
    """A signature that was altered, signed into the log all the same: no count is proved by it."""
    site = stories.unsealed()
    draft = site.draft()
    index, record = draft.records(SignRecord)[0]
    draft.entries[index] = draft.entries[index].replace(b'"v":1', b'"v":2')
    as_of = AtSize(len(site.entries))
    verdict = judge_claim(
        verify_as_of(draft, tmp_path / "lie", as_of, site.now), parse_claim("5"), as_of, None
    )
    assert record.pk
    assert verdict.truth is Truth.UNPROVABLE
    assert "The log does not hold: check" in (verdict.reason or "")
    assert verdict.to_json()["standing"] is None


def test_what_the_page_says_does_not_matter(tmp_path: Path) -> None:
    """A page that shows more than the log gives changes no answer, and is told."""
    site = stories.unsealed()
    draft = site.draft()
    for path, page in draft.pages.items():
        if path.endswith("counts.json"):
            page["standing"] += 1
    as_of = AtTime(times_of(site)[3])
    report = verify_as_of(draft, tmp_path / "lie", as_of, site.now)
    assert report.false_numbers == (12,)
    assert truth(report, "5", as_of) is Truth.TRUE
    assert truth(report, "6", as_of) is Truth.FALSE
