"""No signature has a time of its own: neither in what is served, nor in a header, nor on a file."""

import hashlib
from pathlib import Path

import httpx2
import pytest
from tests.live import LiveSite
from tests.web.members import signed, wait_for_proof

from undersigned.domain.letter import Mode
from undersigned.domain.record import SignRecord, parse_record
from undersigned.store import log as log_store
from undersigned.tlog.proof import parse_proof

MODES = (Mode.PUBLIC, Mode.SEALED, Mode.ANONYMOUS)

OF_THE_DATABASES = {
    f"{name}{end}" for name in ("collector", "issuer") for end in (".db-wal", ".db-shm", ".lead")
}


def files_of(folder: Path) -> set[str]:
    """Return every file below a folder."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def leaves(live_site: LiveSite) -> tuple[dict[int, bytes], set[str]]:
    """One signature of each kind, one after the other: place and hash; and the files that they left."""
    with httpx2.Client(base_url=live_site.url, timeout=60) as client:
        before = files_of(live_site.folder)
        found = {}
        for member, mode in enumerate(MODES):
            digest = signed(client, live_site.slug, live_site.invites[member], mode)
            found[parse_proof(wait_for_proof(client, digest).content).index] = digest
        return found, files_of(live_site.folder) - before


def test_no_file_belongs_to_a_signature(leaves: tuple[dict[int, bytes], set[str]]) -> None:
    """Files have times: so there is none that comes with a signature."""
    assert leaves[1] <= OF_THE_DATABASES | {"log/checkpoint", "log/.lock"}


def addresses(live: LiveSite, leaves: dict[int, bytes]) -> list[str]:
    """Return every address at which something of a signature is served."""
    letter, page = f"/api/v1/letters/{live.slug}", f"/letters/{live.slug}/names"
    paths = [f"{letter}/names", f"{letter}/crowd", page, "/log/checkpoint"]
    with live.running.site.collector.read() as connection:
        for leaf, digest in leaves.items():
            paths += [f"/api/v1/proofs/{digest.hex()}", f"{page}/{leaf}"]
            record = parse_record(log_store.read_entries(connection, leaf, leaf + 1)[0])
            assert isinstance(record, SignRecord)
            if record.mode is Mode.PUBLIC and record.name is not None:
                paths.append(f"/documents/{record.name.hex()}")
        checkpoint = log_store.find_checkpoint(connection)
    assert checkpoint is not None
    return [
        *paths,
        f"/log/tile/entries/000.p/{checkpoint.size}",
        f"/log/tile/0/000.p/{checkpoint.size}",
    ]


def test_no_header_tells_a_time(
    client: httpx2.Client, live_site: LiveSite, leaves: tuple[dict[int, bytes], set[str]]
) -> None:
    """Neither the time of a change nor the age in a cache; and what names a version is its content."""
    for path in addresses(live_site, leaves[0]):
        answer = client.get(path)
        assert answer.status_code == 200, path
        names = {name.lower() for name in answer.headers}
        assert not names & {"last-modified", "age", "expires", "set-cookie"}, path
        if "etag" in names:
            digest = hashlib.sha256(answer.content).hexdigest()
            assert answer.headers["etag"].removeprefix("W/").strip('"') in digest, path


def test_names_have_no_time(client: httpx2.Client, live_site: LiveSite) -> None:
    """What is told of a signer is where the signature stands, and what the member said."""
    answer = client.get(f"/api/v1/letters/{live_site.slug}/names").json()
    for name in answer["names"]:
        assert set(name) == {"leaf", "name", "role", "verified", "statement", "hidden"}
