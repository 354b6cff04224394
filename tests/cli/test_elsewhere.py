"""A token that is taken now and used later, from elsewhere; and the crowd that advises it."""

import json
import re
import stat
from pathlib import Path

import httpx2
from tests.cli.conftest import Run
from tests.live import LiveSite

from undersigned.signer.attempt import Attempt
from undersigned.signer.receipt import parse_receipt

FILE = "small-letter-1.receipt.json"
ATTEMPT = "small-letter-1.attempt"


def test_the_token_now_and_the_signature_elsewhere(run: Run, live_site: LiveSite) -> None:
    """The file goes to another folder, as to another machine; the receipt has the words of then."""
    url = f"{live_site.url}/letters/{live_site.slug}"
    taken = run("sign", url, "--invite", live_site.invites[0], "--token-only", "--yes")
    assert taken.code == 0, taken.err
    assert taken.out == f"token: taken, and not used yet\nattempt: {ATTEMPT}\n"
    assert re.search(r"note: by the log: [01] tokens issued and not used yet, 0 sign", taken.err)
    assert "that is a small crowd" in taken.err
    assert "whoever reads it can sign in your place" in taken.err
    assert not Path(FILE).exists()
    assert stat.S_IMODE(Path(ATTEMPT).stat().st_mode) == 0o600
    saved = json.loads(Path(ATTEMPT).read_bytes())
    assert saved["step"]["state"] == "held"
    assert live_site.invites[0] not in Path(ATTEMPT).read_text()
    words = Attempt.resume(Path(ATTEMPT)).words
    assert words not in taken.out + taken.err

    Path("elsewhere").mkdir()
    moved = Path("elsewhere/mine.attempt")
    Path(ATTEMPT).rename(moved)
    moved.chmod(0o644)
    open_file = run("sign", url, "--mode", "sealed", "--attempt", moved, "--yes")
    assert open_file.code == 2
    assert "can be read by others" in open_file.err
    assert f"hint: if a browser saved it there, and nobody else was here: chmod 600 {moved}" in (
        open_file.err
    )
    moved.chmod(0o600)
    done = run("sign", url, "--mode", "sealed", "--when", 2, "--attempt", moved, "--yes")
    assert done.code == 0, done.err
    assert not moved.exists()
    receipt = parse_receipt(Path(FILE).read_bytes())
    assert receipt.words == words
    assert (receipt.record.mode, receipt.record.condition) == ("sealed", 2)


def test_a_public_signature_needs_no_crowd(run: Run, live_site: LiveSite) -> None:
    """It hides nothing, and nothing is advised."""
    url = f"{live_site.url}/letters/{live_site.slug}"
    done = run("sign", url, "--invite", live_site.invites[1], "--mode", "public", "--yes")
    assert done.code == 0
    assert "crowd" not in done.err


def test_words_are_for_a_new_edition(run: Run, live_site: LiveSite) -> None:
    """A first edition has none before it."""
    url = f"{live_site.url}/letters/{live_site.slug}"
    done = run("sign", url, "--words", "abandon " * 11 + "about", "--mode", "public", "--yes")
    assert done.code == 2
    assert done.err.startswith("error: --words is for a new edition")


def test_the_crowd_is_told_to_programs(live_site: LiveSite) -> None:
    """Two numbers and a size, cached for seconds only."""
    answer = httpx2.get(f"{live_site.url}/api/v1/letters/{live_site.slug}/crowd", timeout=60)
    assert set(answer.json()) == {"unused", "hidden", "size"}
    assert answer.headers["Cache-Control"] == "public, max-age=2"
