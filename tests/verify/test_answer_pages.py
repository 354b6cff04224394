"""Pages of answers and guarantees that are honest, although they are not those of the checkpoint."""

import copy
from pathlib import Path

import pytest
from tests.simulator import VKEY, Draft, SimulatedSite
from tests.verify import stories
from tests.verify.test_witnesses import shorten

from undersigned.domain.record import GuaranteeRecord, GuaranteeState, ResponseRecord
from undersigned.verify import verify_mirror
from undersigned.verify.report import Check, Status


def pages(draft: Draft, folder: Path) -> Check:
    """Verify a mirror; return what is said of its pages, and hold it to nothing else that is false."""
    report = verify_mirror(draft.write(folder), pinned_vkey=VKEY)
    assert not set(report.false_numbers) - {12}
    return report.check(12)


@pytest.fixture
def site() -> SimulatedSite:
    """A letter that is answered, and under which a guarantee is given."""
    return copy.deepcopy(stories.answered())


@pytest.mark.parametrize("what", ["responses", "guarantees"])
def test_pages_may_be_read_before_the_newest_record(
    site: SimulatedSite, what: str, tmp_path: Path
) -> None:
    """What came after the numbers may be on these pages, or not yet."""
    before = site.draft()
    site.letters[0].respond()
    site.letters[0].guarantee(GuaranteeState.WITHDRAWN)
    site.letters[0].guarantee()
    after = site.draft()
    for number, (newer, older) in enumerate(((before, after), (after, before))):
        mixed = Draft(after.entries, after.documents, copy.deepcopy(before.pages))
        mixed.page(what).update(copy.deepcopy(newer.page(what)))
        assert pages(mixed, tmp_path / str(number)).status is Status.HOLDS, older
    late = Draft(after.entries, after.documents, copy.deepcopy(after.pages))
    late.page(what).update(copy.deepcopy(before.page(what)))
    assert pages(late, tmp_path / "late").status is Status.FALSE, "older than the numbers"


@pytest.mark.parametrize("is_there", [False, True])
def test_words_that_were_taken_down(site: SimulatedSite, is_there: bool, tmp_path: Path) -> None:
    """Words that are not shown are no lie; if their document is there, that is told."""
    draft = site.draft()
    answer = draft.page("responses")["responses"][0]
    answer |= {"lang": None, "from": None, "told_by": None}
    answer["demands"][0]["text"] = None
    draft.page("guarantees")["guarantees"][0] |= {
        "guarantor": None, "terms": None, "lang": None, "domain": None,
    }  # fmt: skip
    if not is_there:
        del draft.documents[draft.records(ResponseRecord)[1][1].document]
        del draft.documents[draft.records(GuaranteeRecord)[0][1].document]
        # The same words were in the older guarantee.
        draft.page("guarantees")["guarantees"][1] |= {
            "guarantor": None, "terms": None, "lang": None, "domain": None,
        }  # fmt: skip
    check = pages(draft, tmp_path / "mirror")
    assert check.status is (Status.UNCHECKED if is_there else Status.HOLDS), check.evidence


def test_words_without_a_document_are_not_compared(site: SimulatedSite, tmp_path: Path) -> None:
    """Nobody can say whether they were those."""
    draft = site.draft()
    del draft.documents[draft.records(ResponseRecord)[0][1].document]
    assert pages(draft, tmp_path / "mirror").status is Status.UNCHECKED


def test_what_waits_for_witnesses_is_unchecked(site: SimulatedSite, tmp_path: Path) -> None:
    """A site that says that it waits may show an answer that is not published yet."""
    site.letters[0].respond()
    shown = site.draft()
    shown.pages["site/site.json"]["waiting"] = True
    shorten(shown.write(tmp_path / "waiting"), waiting=True)
    check = verify_mirror(tmp_path / "waiting", pinned_vkey=VKEY).check(12)
    assert check.status is Status.UNCHECKED
    assert any("the answer at leaf" in sentence for sentence in check.evidence), check.evidence


def test_a_page_that_is_missing_is_unchecked(site: SimulatedSite, tmp_path: Path) -> None:
    """As a mirror that was made before these pages were."""
    draft = site.draft()
    for path in [path for path in draft.pages if "responses" in path]:
        del draft.pages[path]
    assert pages(draft, tmp_path / "mirror").status is Status.UNCHECKED
