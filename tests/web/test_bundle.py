"""The signing page's script: its hash in the letter, on the page and in the terminal is the same."""

import hashlib
import re
from pathlib import Path

import httpx2
import pytest
from tests.e2e.community import write_letter_file
from tests.live import LiveSite

from undersigned.app.drafting import open_letter
from undersigned.app.invites import make_invites
from undersigned.app.letter_file import read_draft
from undersigned.cli.main import main
from undersigned.web.static_files import FOLDER, SIGN_SCRIPT, find_bundle

OTHER = hashlib.sha256(b"the script of another version").digest()


@pytest.fixture(scope="module")
def slugs(live_site: LiveSite, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Open a letter with the hash of another script, and one without any."""
    site = live_site.site
    for slug, bundle in (("upgraded", OTHER), ("unlogged", None)):
        make_invites(site.issuer, slug, 2)
        folder = tmp_path_factory.mktemp("letters") / slug
        file = write_letter_file(
            folder, slug, headcount=2, rule=2, roll="invites", methods='["invite"]'
        )
        open_letter(site, read_draft(file), bundle)
    return ["upgraded", "unlogged"]


def test_the_hash_is_that_of_the_file_that_is_sent(client: httpx2.Client) -> None:
    """What is hashed when a letter opens is, byte for byte, what browsers are sent."""
    sent = client.get(f"/static/{SIGN_SCRIPT}").content
    assert hashlib.sha256(sent).digest() == find_bundle()
    assert sent == (FOLDER / SIGN_SCRIPT).read_bytes()


def test_without_a_script_there_is_no_hash(tmp_path: Path) -> None:
    """A package without scripts opens letters all the same."""
    assert find_bundle(tmp_path) is None
    (tmp_path / "dist").mkdir()
    (tmp_path / SIGN_SCRIPT).write_bytes(b"1")
    assert find_bundle(tmp_path) == hashlib.sha256(b"1").digest()


def test_the_page_shows_the_hash_that_the_log_has(
    client: httpx2.Client, live_site: LiveSite
) -> None:
    """A letter that opened with this script: one hash, and the commands that compare it."""
    bundle = live_site.letter.bundle
    assert bundle is not None
    page = client.get(f"/letters/{live_site.slug}/sign").text
    assert re.findall(r'data-bundle="(\w+)">(\w+)<', page) == [("served", bundle.hex())]
    assert "The log has held the same hash since the letter opened." in page
    assert f"curl -s {live_site.url}/static/{SIGN_SCRIPT} | sha256sum" in page


def test_the_page_says_so_when_its_script_is_another(
    client: httpx2.Client, slugs: list[str]
) -> None:
    """After an upgrade both hashes are shown; without one in the log that is said."""
    served = find_bundle()
    assert served is not None
    page = client.get(f"/letters/{slugs[0]}/sign").text
    shown = re.findall(r'data-bundle="(\w+)">(\w+)<', page)
    assert shown == [("served", served.hex()), ("logged", OTHER.hex())]
    assert "This is not the script with which the letter opened." in page
    assert "the letter was opened without one" in client.get(f"/letters/{slugs[1]}/sign").text


def test_the_terminal_prints_what_the_log_has(
    capsys: pytest.CaptureFixture[str], live_site: LiveSite, slugs: list[str]
) -> None:
    """Over the network, where the record is verified, and from the folder."""
    upgraded, unlogged = slugs
    assert main(["letter", "show", f"{live_site.url}/letters/{upgraded}"]) == 0
    assert f"script: SHA-256 {OTHER.hex()}\n" in capsys.readouterr().out
    assert main(["letter", "show", unlogged, "--data", str(live_site.folder)]) == 0
    assert "script: none logged\n" in capsys.readouterr().out
