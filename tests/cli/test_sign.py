"""Signing and withdrawing from the terminal, against a site that is served."""

import re
import socket
import stat
import time
from pathlib import Path

import pytest
from tests.cli.conftest import OpenTerminal, Run
from tests.cli.terminal import QUESTION, Outcome, Terminal
from tests.live import LiveSite, make_invited_letter

from undersigned.signer.attempt import Attempt
from undersigned.signer.receipt import Receipt, parse_receipt

CODES = "invited-letter"


@pytest.fixture(scope="module")
def codes(live_site: LiveSite) -> list[str]:
    """Open a letter whose roll is codes alone; return its codes."""
    site, folder = live_site.site, live_site.folder.with_name("invited")
    return make_invited_letter(site, folder, CODES, 4)[1]


def url_of(live: LiveSite, slug: str | None = None) -> str:
    """Return the address of a letter's page."""
    return f"{live.url}/letters/{slug or live.slug}"


def receipt_in(path: str) -> Receipt:
    """Read a receipt."""
    return parse_receipt(Path(path).read_bytes())


def check_signed(done: Outcome, path: str) -> Receipt:
    """Check what every signature leaves, and return its receipt."""
    assert done.code == 0, done.err
    assert f"receipt: {path}\n" in done.out
    assert "next: " in done.err
    assert stat.S_IMODE(Path(path).stat().st_mode) == 0o600
    assert not list(Path().glob("*.attempt*"))
    receipt = receipt_in(path)
    # Neither the words nor the name belong into the scroll-back of a script.
    assert receipt.words not in done.out + done.err
    assert receipt.attestation.name not in done.out + done.err
    return receipt


def test_signing_publicly(run: Run, live_site: LiveSite) -> None:
    """Without any wish about the name: as the roll has it."""
    done = run(
        "sign", url_of(live_site), "--mode", "public", "--invite", live_site.invites[0],
        "--statement", "I cook at night.", "--yes",
    )  # fmt: skip
    receipt = check_signed(done, "small-letter-1.receipt.json")
    assert (receipt.record.mode, receipt.record.condition) == ("public", None)
    assert (receipt.attestation.name, receipt.attestation.role) == ("Alva Quillstone", "Cook")
    assert f"--site {live_site.url}\n" in done.err


def test_signing_sealed_with_a_condition_and_initials(run: Run, live_site: LiveSite) -> None:
    """The code may be written as people write it, and come from stdin; an empty statement is none."""
    code = live_site.invites[1].lower().replace("-", " ")
    done = run(
        "sign", url_of(live_site), "--mode", "sealed", "--when", 6, "--invite", code, "--yes",
        "--as", "initials", "--name", "Bosse Tarnwick", "--role", "Porter", "--receipt", "r.json",
        "--statement", "",
    )  # fmt: skip
    receipt = check_signed(done, "r.json")
    assert (receipt.record.mode, receipt.record.condition) == ("sealed", 6)
    assert (receipt.attestation.name, receipt.attestation.role) == ("B. T.", "Porter")


def test_signing_anonymously_until_it_is_in_the_log(script: Run, live_site: LiveSite) -> None:
    """With `--wait` the receipt is complete; the code comes from stdin."""
    done = script(
        "sign", url_of(live_site), "--mode", "anonymous", "--invite", "-", "--yes", "--wait", 120,
        stdin=f"{live_site.invites[2]}\n",
    )  # fmt: skip
    receipt = check_signed(done, "small-letter-1.receipt.json")
    assert receipt.proof is not None
    assert "next: undersigned receipt verify small-letter-1.receipt.json\n" in done.err
    assert script("receipt", "verify", "small-letter-1.receipt.json").code == 0


def test_a_role_may_be_left_out(run: Run, live_site: LiveSite) -> None:
    """Full name, no role."""
    done = run(
        "sign", url_of(live_site), "--mode", "sealed", "--no-role", "--yes",
        "--invite", live_site.invites[3],
    )  # fmt: skip
    attestation = check_signed(done, "small-letter-1.receipt.json").attestation
    assert (attestation.name, attestation.role) == ("Dorrin Haleby", None)


def test_a_roll_without_names_asks_for_one(run: Run, live_site: LiveSite, codes: list[str]) -> None:
    """The member's own words are needed, unless the signature shows none."""
    common = ("sign", url_of(live_site, CODES), "--yes", "--invite")
    nameless = run(*common, codes[0], "--mode", "public")
    assert nameless.code == 2
    assert nameless.err.startswith("error: --name is needed where nobody can be asked\n")
    Path("invited-letter-1.attempt").unlink()
    named = run(*common, codes[0], "--mode", "public", "--name", "Nobody Real", "--role", "Guest")
    receipt = check_signed(named, "invited-letter-1.receipt.json")
    assert (receipt.attestation.name, receipt.attestation.role) == ("Nobody Real", "Guest")
    anonymous = run(*common, codes[1], "--mode", "anonymous", "--receipt", "a.json")
    assert check_signed(anonymous, "a.json").attestation.name == "anonymous"


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("--mode", "sealed", "--when", "5"), 1, "error: the letter does not offer that condition"),
        (("--mode", "public", "--when", "2"), 1, "error: a public signature stands at once"),
        (("--mode", "loud"), 2, "error: invalid value for '--mode': 'loud' is not one of"),
        ((), 2, "error: --mode is needed where nobody can be asked"),
        (("--mode", "sealed", "--receipt", "no/r.json"), 2, "error: no is not a folder"),
        (("--mode", "sealed", "--key", "a+00000000+AA=="), 1, "error: the site's log is not the"),
    ],
)
def test_what_is_wrong_is_told_before_anything_begins(
    run: Run, live_site: LiveSite, arguments: tuple[str, ...], code: int, sentence: str
) -> None:
    """No attempt is begun, and no code is spent."""
    done = run("sign", url_of(live_site), "--invite", live_site.invites[4], "--yes", *arguments)
    assert done.code == code
    assert done.err.lower().startswith(sentence)
    assert not list(Path().iterdir())


def test_a_script_has_to_say_yes(run: Run, live_site: LiveSite) -> None:
    """Where nobody can look at the signature once more, that is said beforehand."""
    done = run("sign", url_of(live_site), "--mode", "sealed", "--invite", live_site.invites[4])
    assert done.code == 2
    assert done.err.startswith("error: --yes is needed where nobody can be asked\n")


def test_a_wrong_code(run: Run, live_site: LiveSite) -> None:
    """The code is not repeated; the attempt is kept for another one."""
    wrong = "0000-0000-0000-0000"
    done = run("sign", url_of(live_site), "--mode", "sealed", "--invite", wrong, "--yes")
    assert done.code == 1
    assert done.err.startswith("error: the code is wrong, used up or too old\nhint: ")
    assert wrong not in done.err
    again = run(
        "sign", url_of(live_site), "--mode", "sealed", "--invite", live_site.invites[4], "--yes"
    )
    assert "note: going on with small-letter-1.attempt\n" in again.err
    check_signed(again, "small-letter-1.receipt.json")
    twice = run(
        "sign", url_of(live_site), "--mode", "sealed", "--invite", live_site.invites[4], "--yes",
        "--receipt", "second.json",
    )  # fmt: skip
    assert twice.code == 1
    assert twice.err.startswith("error: this entry of the roll has received its token")


def test_a_receipt_is_never_written_over(run: Run, live_site: LiveSite) -> None:
    """Nothing is begun where the receipt could not be kept."""
    Path("small-letter-1.receipt.json").write_text("mine")
    done = run("sign", url_of(live_site), "--mode", "sealed", "--yes")
    assert done.code == 2
    assert done.err.startswith("error: small-letter-1.receipt.json exists already")


def test_a_lost_connection_is_gone_on_with(
    run: Run, live_site: LiveSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crash after the token and before the answer: the same command ends with one signature."""
    words: list[str] = []

    def crash(_client: object, attempt: Attempt, **_: object) -> None:
        words.append(attempt.words)
        raise KeyboardInterrupt

    command = ("sign", url_of(live_site), "--mode", "sealed", "--yes")
    with monkeypatch.context() as patch:
        patch.setattr("undersigned.cli.signing.sign", crash)
        assert run(*command, "--invite", live_site.invites[5]).code == 130
    # The mode and the code were said; the record is made, and only has to be sent.
    done = run("sign", url_of(live_site), "--yes")
    assert check_signed(done, "small-letter-1.receipt.json").words == words[0]


def test_an_attempt_for_another_letter(run: Run, live_site: LiveSite, codes: list[str]) -> None:
    """An attempt belongs to one letter."""
    run("sign", url_of(live_site, CODES), "--mode", "public", "--yes", "--invite", codes[3])
    done = run(
        "sign", url_of(live_site), "--mode", "sealed", "--yes", "--attempt",
        "invited-letter-1.attempt",
    )  # fmt: skip
    assert done.code == 2
    assert "holds an attempt to sign another letter" in done.err


def test_a_site_that_is_away(
    run: Run, live_site: LiveSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not known what arrived, and the same command is right."""
    monkeypatch.setattr("undersigned.signer.exchange.Patience.wait_s", lambda *_: 0.0)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    run("sign", url_of(live_site), "--mode", "anonymous", "--yes", "--invite", live_site.invites[6])
    done = run(
        "withdraw", "small-letter-1.receipt.json", "--yes", "--site", f"http://127.0.0.1:{port}"
    )
    assert done.code == 2
    assert done.err.startswith("error: the site does not answer")
    kept = run("withdraw", "small-letter-1.receipt.json", "--site", live_site.url, "--yes")
    assert kept.code == 0
    assert "withdrawn in the log by: " in kept.out


def test_withdrawing_by_the_words(script: Run, live_site: LiveSite) -> None:
    """The words come from stdin or are asked for; the second time it is the same withdrawal."""
    url = url_of(live_site)
    script("sign", url, "--mode", "sealed", "--yes", "--invite", live_site.invites[7])
    words = receipt_in("small-letter-1.receipt.json").words
    assert script("withdraw", url).err.startswith("error: --words is needed")
    unsaid = script("withdraw", url, "--words", words)
    assert unsaid.err.startswith("error: --yes is needed")
    first = script("withdraw", url, "--yes", "--words", "-", stdin=f"{words.upper()}\n")
    assert first.code == 0
    assert "next: " in first.err
    assert script("withdraw", url, "--yes", "--words", words).code == 0
    wrong = script("withdraw", url, "--yes", "--words", "abandon " * 11 + "about")
    assert wrong.code == 1
    assert wrong.err.startswith("error: that key has not signed this letter\n")
    typo = script("withdraw", url, "--yes", "--words", "one two three")
    assert typo.code == 2


def test_a_receipt_without_its_proof(run: Run, live_site: LiveSite) -> None:
    """It holds, but shows nothing in the log yet: 2; completed: 0; changed: 1."""
    file = Path("small-letter-1.receipt.json")
    run("sign", url_of(live_site), "--mode", "public", "--yes", "--invite", live_site.invites[8])
    early = run("receipt", "verify", file)
    assert early.code == 2
    assert "holds: The twelve words belong to this signature" in early.out
    assert "error: the receipt has no proof yet" in early.err
    completed = run("receipt", "complete", file, "--site", live_site.url, "--wait", 120)
    assert (completed.code, completed.out) == (0, f"{file}\n")
    done = run("receipt", "verify", file)
    assert done.code == 0
    assert re.search(r"^holds: The signature is entry \d+ of the log", done.out, re.MULTILINE)
    pinned = run("receipt", "verify", file, "--key", receipt_in(str(file)).log_vkey)
    assert pinned.code == 0
    assert len(pinned.out.splitlines()) < len(done.out.splitlines())
    file.write_bytes(file.read_bytes().replace(b'"mode":"public"', b'"mode":"sealed"'))
    assert run("receipt", "verify", file).code == 1
    file.write_text("{")
    assert run("receipt", "verify", file).code == 2


def test_signing_by_mail_at_a_terminal(
    live_site: LiveSite, tmp_path: Path, open_terminal: OpenTerminal
) -> None:
    """The whole conversation: text, way, words, code, review, receipt."""
    terminal = open_terminal("sign", url_of(live_site))
    assert "Keep the <night> kitchen open" in terminal.expect("how do you want to sign?")
    terminal.type("sealed")
    terminal.expect("count me in now, or once so many of us stand? (now, 2, 3, 6)")
    terminal.type("7")
    terminal.expect("please type one of")
    terminal.type("3")
    terminal.expect("a statement beside your name")
    terminal.type("")
    shown = terminal.expect(QUESTION)
    words = re.findall(r"\d\. ([a-z]+)", shown)
    assert len(words) == 12
    _confirm(terminal, words, "show your full name or initials?")
    terminal.type("initials")
    terminal.expect("your name, as the roll has it")
    terminal.type("Jorun Peltmoss")
    terminal.expect("your role")
    terminal.type("")
    terminal.expect("how do you prove membership? (invite, email)")
    terminal.type("email")
    terminal.expect("your address on the roll")
    before = set(live_site.outbox.glob("*.eml"))
    terminal.type("Jorun@staff.example")
    terminal.expect("the code from the mail")
    terminal.type("0000-0000")
    terminal.expect("note: The code is wrong")
    terminal.expect("the code from the mail")
    terminal.type(_mailed_code(live_site, before))
    assert "J. P." in terminal.expect("sign? (yes/no)")
    terminal.type("yes")
    assert terminal.end() == 0
    receipt = parse_receipt((tmp_path / "small-letter-1.receipt.json").read_bytes())
    assert receipt.words == " ".join(words)
    assert (receipt.record.mode, receipt.record.condition) == ("sealed", 3)


def test_changing_ones_mind_before_signing(
    live_site: LiveSite, open_terminal: OpenTerminal
) -> None:
    """No at the last question signs nothing; the same command goes on, withdrawing asks as well."""
    arguments = ("sign", url_of(live_site), "--mode", "anonymous", "--when", "0")
    terminal = open_terminal(*arguments, "--invite", live_site.invites[10])
    shown = terminal.expect(QUESTION)
    _confirm(terminal, re.findall(r"\d\. ([a-z]+)", shown), "sign? (yes/no)")
    terminal.type("no")
    assert terminal.end() == 1
    assert "error: nothing was signed" in terminal.text
    again = open_terminal(*arguments)
    again.expect("sign? (yes/no)")
    again.type("yes")
    assert again.end() == 0
    leaving = open_terminal("withdraw", "small-letter-1.receipt.json", "--site", live_site.url)
    leaving.expect("for good? (yes/no)")
    leaving.type("no")
    assert leaving.end() == 1
    assert "nothing was changed" in leaving.text


def _confirm(terminal: Terminal, words: list[str], then: str) -> None:
    """Type the words that are asked for, the first one wrongly at first."""
    number = int(terminal.expect(": ").removesuffix(": "))
    terminal.type("nonsense")
    terminal.expect("that is another word")
    terminal.expect(f"word {number}: ")
    terminal.type(words[number - 1])
    terminal.expect(QUESTION)
    terminal.type(words[int(terminal.expect(": ").removesuffix(": ")) - 1])
    terminal.expect(then)


def _mailed_code(live: LiveSite, before: set[Path]) -> str:
    """Wait for a new mail and return the code in it."""
    end = time.monotonic() + 120
    while time.monotonic() < end:
        for mail in set(live.outbox.glob("*.eml")) - before:
            if match := re.search(r"Your code: (\S+)", mail.read_text()):
                return match[1]
        time.sleep(0.05)
    raise AssertionError("no mail was written")
