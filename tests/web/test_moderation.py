"""What the site shows of signatures that were invalidated, and of names that were erased."""

from pathlib import Path

import httpx2
import pytest
from tests.live import LiveSite
from tests.web.markup import check_soundness, texts_of
from tests.web.members import signed, wait_for_proof

from undersigned.app.letters import Letters
from undersigned.app.meaning import Criteria, select_signatures
from undersigned.app.moderating import erase_name, invalidate
from undersigned.domain.letter import Mode
from undersigned.domain.reasons import EraseReason, InvalidateReason
from undersigned.domain.record import InvalidateRecord, SignRecord, parse_record
from undersigned.mirror import mirror_site
from undersigned.store import log as log_store
from undersigned.tlog.proof import parse_proof
from undersigned.verify import Status, verify_mirror

WHY = "{Bosse} was proved to be {somebody else}."


def sign_public(client: httpx2.Client, live: LiveSite, member: int) -> int:
    """Let a member sign in public; return the place in the log."""
    digest = signed(client, live.slug, live.invites[member], Mode.PUBLIC)
    return parse_proof(wait_for_proof(client, digest).content).index


def entry_at(live: LiveSite, leaf: int) -> bytes:
    """Return an entry of the log."""
    with live.running.site.collector.read() as connection:
        return log_store.read_entries(connection, leaf, leaf + 1)[0]


def last_of(live: LiveSite, kind: type[InvalidateRecord]) -> InvalidateRecord:
    """Return the last record of a kind."""
    with live.running.site.collector.read() as connection:
        checkpoint = log_store.find_checkpoint(connection)
        assert checkpoint is not None
        entries = log_store.read_entries(connection, 0, checkpoint.size)
    return [each for each in map(parse_record, entries) if isinstance(each, kind)][-1]


@pytest.fixture
def letters(live_site: LiveSite) -> Letters:
    """The letters, as another process than the server's sees them."""
    return Letters(live_site.running.site)


def test_pages_api_mirror_and_verifier_agree(
    client: httpx2.Client, live_site: LiveSite, letters: Letters, tmp_path: Path
) -> None:
    """One name erased, one signature invalidated: everybody says the same of them."""
    site, slug = live_site.running.site, live_site.slug
    tired, fake = (sign_public(client, live_site, member) for member in (0, 1))
    sign_public(client, live_site, 2)
    record = parse_record(entry_at(live_site, tired))
    assert isinstance(record, SignRecord)
    assert record.name is not None
    document = client.get(f"/documents/{record.name.hex()}")
    # What can be taken away must not be kept for a year by whoever stands between.
    assert document.headers["Cache-Control"] == "public, max-age=600"

    selection = select_signatures(site, letters, slug, Criteria(leaves=frozenset({fake})))
    invalidate(site, letters, selection, InvalidateReason.IMPERSONATION, WHY)
    erase_name(site, letters, slug, tired, EraseReason.ASKED)

    assert client.get(f"/documents/{record.name.hex()}").status_code == 404
    names = client.get(f"/api/v1/letters/{slug}/names").json()["names"]
    assert [name["name"] for name in names] == ["Cilka Fennmoor"]
    counts = client.get(f"/api/v1/letters/{slug}/counts").json()
    assert (counts["standing"], counts["invalidated"], counts["erased"]) == (2, 1, 1)

    page = client.get(f"/letters/{slug}/names/{tired}?lang=en")
    check_soundness(page.text)
    assert page.status_code == 200
    assert "A signature whose name was erased" in texts_of(page.text)
    assert "Alva" not in page.text
    assert client.get(f"/letters/{slug}/names/{fake}?lang=en").status_code == 410
    assert "Alva" not in client.get(f"/letters/{slug}/names?q=alva").text.partition("<ul")[2]

    # The explanation is plain text, whatever is in it: a browser shows it and runs nothing.
    answer = client.get(f"/documents/{last_of(live_site, InvalidateRecord).text.hex()}")
    assert answer.text == WHY
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"

    mirror_site(live_site.url, tmp_path / "mirror")
    report = verify_mirror(tmp_path / "mirror")
    assert [check.number for check in report.checks if check.status is Status.FALSE] == []
    assert f"Letter {slug!r}: 1 name erased." in report.checks[10].evidence
