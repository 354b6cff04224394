"""A new edition, the whole way: it closes the old one, and members move with the same words."""

import time
from pathlib import Path

import httpx2
from tests.cli.conftest import Run
from tests.live import LiveSite

from undersigned.app.drafting import open_letter
from undersigned.app.letter_file import read_draft
from undersigned.signer.receipt import parse_receipt

FILE = "small-letter-1.receipt.json"


def wait_until_in_log(live: LiveSite, number: int) -> None:
    """Wait until so many stand under the newest edition."""
    end = time.monotonic() + 120
    address = f"{live.url}/api/v1/letters/{live.slug}/counts"
    while httpx2.get(address, timeout=60).json()["standing"] < number:
        assert time.monotonic() < end
        time.sleep(0.1)


def test_members_move_to_the_new_edition_with_the_same_words(
    run: Run, live_site: LiveSite, tmp_path: Path
) -> None:
    """It closes the old one, whose count is not added; the same words serve, and withdraw apart."""
    url = f"{live_site.url}/letters/{live_site.slug}"
    receipt = parse_receipt(sign_sealed(run, url, live_site.invites[2]).read_bytes())
    wait_until_in_log(live_site, 1)
    folder = live_site.folder.with_name("data-letter")
    text = (folder / "letter.toml").read_text()
    assert 'slug = "small-letter"\n' in text
    (folder / "letter.toml").write_text(text.replace("\ndeadline", "\nedition = 2\ndeadline", 1))
    open_letter(live_site.running.site, read_draft(folder / "letter.toml"))

    old = run("letter", "show", f"{url}@1")
    assert "state: superseded\n" in old.out
    assert "standing: 0 of 14" in old.out
    page = httpx2.get(f"{url}@1?lang=en", timeout=60).text
    assert 'href="/letters/small-letter?lang=en">The newest edition</a>' in page
    for path, words in (
        ("@1/sign", "Sign the newest edition"),
        ("@1/signature", "Sign the newest"),
    ):
        answer = httpx2.get(f"{url}{path}?lang=en", timeout=60).text
        assert words in answer
        assert 'href="/letters/small-letter/sign?lang=en"' in answer
    refused = run(
        "sign", f"{url}@1", "--invite", live_site.invites[3], "--mode", "public",
        "--receipt", "other.json", "--yes",
    )  # fmt: skip
    assert refused.code == 1
    assert refused.err.startswith("error: the letter no longer takes signatures")
    Path("small-letter-1.attempt").unlink(missing_ok=True)

    moved = run(
        "sign", url, "--invite", live_site.invites[2], "--words", receipt.words.upper(),
        "--mode", "sealed", "--yes",
    )  # fmt: skip
    assert moved.code == 0, moved.err
    again = parse_receipt(Path("small-letter-2.receipt.json").read_bytes())
    assert again.words == receipt.words
    # The keys of the two are different: nobody can join the two signatures.
    assert again.record.pk != receipt.record.pk
    wait_until_in_log(live_site, 1)
    gone = run("withdraw", f"{url}@1", "--words", receipt.words, "--yes")
    assert gone.code == 1
    assert gone.err.startswith("error: the letter has ended without a release")
    assert run("withdraw", url, "--words", receipt.words, "--yes").code == 0
    held = run("sign", url, "--words", receipt.words, "--mode", "public", "--yes")
    assert held.code == 2
    assert run("verify", live_site.url, "--into", tmp_path / "mirror").code == 0


def sign_sealed(run: Run, url: str, invite: str) -> Path:
    """Sign; return the receipt's file."""
    done = run("sign", url, "--invite", invite, "--mode", "sealed", "--yes")
    assert done.code == 0, done.err
    return Path(FILE)
