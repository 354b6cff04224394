"""A trustee at the terminal: a key of one's own, and a letter that is acknowledged with it."""

import json
import stat
import tomllib
from pathlib import Path

import pytest
from tests.cli.conftest import OpenTerminal, Run
from tests.live import LiveSite, make_proposal

from undersigned.app.proposing import get_proposal
from undersigned.cli.trustee_key import load_key
from undersigned.crypto.keys import TrusteeKey
from undersigned.domain.proposal import Proposal
from undersigned.encoding import format_base64url

WORDS = "five words that nobody joins"


@pytest.fixture
def words(tmp_path: Path) -> Path:
    """A file with a passphrase."""
    file = tmp_path / "words"
    file.write_text(WORDS + "\n")
    return file


def test_a_key_is_made_once(run: Run, words: Path) -> None:
    """Its file is its owner's alone; what is printed can be pasted into a letter file."""
    done = run("trustee", "keygen", "k.json", "--name", 'Ann "A" Ash', "--passphrase-file", words)
    assert done.code == 0
    (table,) = tomllib.loads(done.out)["trustees"]
    key = load_key(Path("k.json"), words)
    assert table == {
        "name": 'Ann "A" Ash',
        "seal_key": format_base64url(key.seal_key),
        "sign_key": format_base64url(key.sign_key),
    }
    assert stat.S_IMODE(Path("k.json").stat().st_mode) == 0o600
    assert "next: send these lines, which are no secret" in done.err
    again = run("trustee", "keygen", "k.json", "--passphrase-file", words)
    assert (again.code, again.err.splitlines()[0]) == (
        2,
        "error: k.json exists already; a key is never written over",
    )
    shown = run("trustee", "show", "k.json", "--name", 'Ann "A" Ash', "--passphrase-file", words)
    assert (shown.code, shown.out) == (0, done.out)


def test_a_key_without_a_passphrase_is_asked_for_by_name(run: Run) -> None:
    """Nobody gets one by leaving something out."""
    unsaid = run("trustee", "keygen", "k")
    assert unsaid.code == 2
    assert unsaid.err.startswith("error: --passphrase-file is needed where nobody can be asked\n")
    assert not Path("k").exists()
    said = run("trustee", "keygen", "k", "--no-passphrase")
    assert said.code == 0
    assert Path("k").read_text().startswith("UNDERSIGNED-TRUSTEE-KEY-1+")
    Path("k").chmod(0o644)
    refused = run("trustee", "show", "k")
    assert (refused.code, "chmod 600 k" in refused.err) == (2, True)


def test_a_short_passphrase_is_refused(run: Run, tmp_path: Path) -> None:
    """A copy of the file is guessed at for as long as it takes."""
    (tmp_path / "short").write_text("eleven more")
    done = run("trustee", "keygen", "k.json", "--passphrase-file", "short")
    assert done.code == 2
    assert done.err.startswith("error: a passphrase has at least 12 characters\nhint: ")
    assert not Path("k.json").exists()


def test_a_passphrase_is_typed_twice_and_not_shown(
    tmp_path: Path, open_terminal: OpenTerminal
) -> None:
    """On a terminal it is asked for."""
    terminal = open_terminal("trustee", "keygen", "k.json")
    terminal.expect("passphrase: ")
    terminal.type(WORDS)
    terminal.expect("the same again: ")
    terminal.type(WORDS)
    assert terminal.end() == 0
    assert WORDS not in terminal.text
    (tmp_path / "words").write_text(WORDS)
    assert load_key(tmp_path / "k.json", tmp_path / "words").seed
    terminal = open_terminal("trustee", "keygen", "l.json")
    terminal.expect("passphrase: ")
    terminal.type(WORDS)
    terminal.expect("the same again: ")
    terminal.type(WORDS + "!")
    assert terminal.end() == 2
    assert not (tmp_path / "l.json").exists()


# --- acknowledging


@pytest.fixture
def key(run: Run, words: Path) -> TrusteeKey:
    """The trustee's key, in the file `k.json`."""
    run("trustee", "keygen", "k.json", "--passphrase-file", words)
    return load_key(Path("k.json"), words)


@pytest.fixture
def proposal(live_site: LiveSite, tmp_path: Path, key: TrusteeKey) -> Proposal:
    """A letter that waits for two trustees, one of whom has that key."""
    slug = f"p{key.sign_key.hex()[:12]}"
    keys = (TrusteeKey.generate(), key, None)
    return make_proposal(live_site.site, tmp_path / "letter", slug, keys, 2)[1]


def test_a_trustee_acknowledges(
    run: Run, live_site: LiveSite, proposal: Proposal, words: Path
) -> None:
    """Text and terms are shown, the key is tried, and the site has the ack."""
    url = f"{live_site.url}/proposals/{proposal.letter_id.hex()}"
    command = ("trustee", "ack", url, "--key", "k.json", "--passphrase-file", words)
    unsaid = run(*command)
    assert (unsaid.code, unsaid.out) == (2, "")
    done = run(*command, "--yes")
    assert done.code == 0
    for part in (
        f"letter id: {proposal.letter_id.hex()}\n",
        "quorum: 2 of 3\n",
        "you are: trustee 2, shown as Trustee 2 & partners\n",
        "Keep the <night> kitchen open\n",
        "Biarkan dapur malam tetap buka\n",
        "acknowledged as trustee 2 of 3\n",
    ):
        assert part in done.out
    assert "note: awaited now: trustee 1\n" in done.err
    assert get_proposal(live_site.running.site, proposal.letter_id).awaited == (1,)
    assert run(*command, "--yes").code == 0


def test_a_trustee_can_say_no(
    live_site: LiveSite, proposal: Proposal, words: Path, open_terminal: OpenTerminal
) -> None:
    """Anything but yes sends nothing."""
    url = f"{live_site.url}/proposals/{proposal.letter_id.hex()}"
    terminal = open_terminal(
        "trustee", "ack", url, "--key", "k.json", "--passphrase-file", str(words)
    )
    terminal.expect("acknowledge it? (yes/no)")
    terminal.type("no")
    assert terminal.end() == 1
    assert "nothing was sent" in terminal.text
    assert get_proposal(live_site.running.site, proposal.letter_id).awaited == (1, 2)


def test_a_key_that_the_letter_does_not_name_is_refused(
    run: Run, live_site: LiveSite, proposal: Proposal, words: Path
) -> None:
    """So is a wrong passphrase, an unknown proposal, and an address of something else."""
    url = f"{live_site.url}/proposals/{proposal.letter_id.hex()}"
    run("trustee", "keygen", "other", "--no-passphrase")
    other = run("trustee", "ack", url, "--key", "other", "--yes")
    assert other.code == 1
    assert other.err.startswith("error: this key is not that of a trustee of this letter\n")
    Path("wrong").write_text("not these words")
    wrong = run("trustee", "ack", url, "--key", "k.json", "--passphrase-file", "wrong", "--yes")
    assert (wrong.code, "passphrase is not that of this file" in wrong.err) == (1, True)
    command = ("--key", "other", "--yes")
    unknown = run("trustee", "ack", f"{live_site.url}/proposals/{'0' * 64}", *command)
    assert (unknown.code, unknown.err.startswith("error: there is no letter of that id")) == (
        1,
        True,
    )
    for address in (live_site.url, f"{live_site.url}/proposals/1", "proposals"):
        none = run("trustee", "ack", address, *command)
        assert (none.code, none.err.startswith("error: that is not the address of a proposal")) == (
            2,
            True,
        )
    assert get_proposal(live_site.running.site, proposal.letter_id).awaited == (1, 2)


def test_a_letter_is_proposed_and_opened_at_the_terminal(run: Run, tmp_path: Path) -> None:
    """Check says that it is proposed first; propose gives the address; open says who is awaited."""
    run("letter", "new", "x")
    done = run("trustee", "keygen", "k", "--no-passphrase", "--name", "Ann Ash")
    file = Path("x/letter.toml")
    file.write_text(f"quorum = 1\n{file.read_text()}\n{done.out}")
    checked = run("letter", "check", file)
    assert "names are kept by: 1 of 1: Ann Ash\n" in checked.out
    assert checked.err.endswith("undersigned letter propose x/letter.toml\n")
    run("roll", "import", "x", "x/roll.csv", "--data", "d", "--origin", "a.example")
    early = run("letter", "open", file, "--data", "d", "--yes")
    assert early.code == 1
    # The template's own words are told first.
    assert "\nerror: a letter with trustees or an issuer elsewhere" in early.err
    proposed = run("letter", "propose", file, "--data", "d", "--site", "https://a.example:8443/")
    assert proposed.code == 0
    assert "proposal: https://a.example:8443/proposals/" in proposed.out
    assert "awaited: trustee 1 (Ann Ash)\n" in proposed.out
    waiting = run("letter", "open", file, "--data", "d", "--yes")
    assert waiting.code == 1
    assert "\nerror: the letter waits for the acks of: trustee 1 (Ann Ash)\n" in waiting.err


def test_a_key_file_of_another_kind_is_refused(run: Run) -> None:
    """JSON of something else, a text, a line that was cut."""
    for text in ("{}", json.dumps({"v": 1}), "hello", "UNDERSIGNED-TRUSTEE-KEY-1+AAAA"):
        Path("k").write_text(text)
        Path("k").chmod(0o600)
        Path("w").write_text(WORDS)
        done = run("trustee", "show", "k", "--passphrase-file", "w")
        assert (done.code, done.out) == (2, "")
