"""Amending from the terminal, by the receipt and by the twelve words, against a site that is served."""

import time
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest
from tests.cli.conftest import OpenTerminal, Run
from tests.cli.terminal import Outcome
from tests.live import LiveSite

from undersigned.crypto.keys import SignerKey
from undersigned.domain.letter import Mode
from undersigned.domain.name import parse_name
from undersigned.signer.letter_view import get_letter
from undersigned.signer.receipt import Receipt, parse_receipt
from undersigned.signer.trace import End, Trace, find_trace

FILE = "small-letter-1.receipt.json"


class Signed:
    """Somebody who has signed under the letter of the live site, and keeps the receipt."""

    def __init__(self, run: Run, live: LiveSite, member: int, *options: object) -> None:
        self.run, self.live = run, live
        self.url = f"{live.url}/letters/{live.slug}"
        self.done = run("sign", self.url, "--invite", live.invites[member], "--yes", *options)
        assert self.done.code == 0, self.done.err
        self.wait(lambda trace: trace is not None)

    @property
    def receipt(self) -> Receipt:
        """The receipt."""
        return parse_receipt(Path(FILE).read_bytes())

    def trace(self) -> Trace | None:
        """What the log has of the signature."""
        with httpx2.Client(base_url=self.live.url, timeout=60) as client:
            head = get_letter(client, self.live.slug)
            key = SignerKey.from_words(self.receipt.words, head.letter.letter_id)
            return find_trace(client, head, key.public_key)

    def wait(self, is_there: Callable[[Trace | None], bool]) -> Trace:
        """Wait until the log has what is wanted."""
        end = time.monotonic() + 120
        while not is_there(trace := self.trace()):
            assert time.monotonic() < end, trace
            time.sleep(0.1)
        assert trace is not None
        return trace

    def amend(self, *options: object) -> Outcome:
        """Amend by the receipt."""
        return self.run("amend", FILE, "--site", self.live.url, "--yes", *options)

    def amend_by_words(self, *options: object) -> Outcome:
        """Amend by the words alone."""
        return self.run("amend", self.url, "--words", self.receipt.words, "--yes", *options)

    def amended(self, number: int) -> Trace:
        """Wait for an amendment to be in the log; return how the signature stands then."""
        return self.wait(lambda trace: trace is not None and trace.amended == number)


def test_with_the_receipt_everything_changes(run: Run, live_site: LiveSite) -> None:
    """Mode, condition and name: from sealed to public with a statement, to anonymous, and back."""
    signed = Signed(run, live_site, 0, "--mode", "sealed", "--when", "6")
    first = signed.wait(lambda trace: trace is not None)
    assert (first.mode, first.condition, first.amended) == (Mode.SEALED, 6, 0)

    done = signed.amend("--mode", "public", "--statement", "Now in the open.")
    assert done.code == 0, done.err
    assert "amended in the log by: " in done.out
    assert signed.receipt.words not in done.out + done.err
    public = signed.amended(1)
    assert (public.mode, public.condition) == (Mode.PUBLIC, None)
    assert public.name is not None
    content = httpx2.get(f"{live_site.url}/documents/{public.name.hex()}", timeout=60).content
    assert parse_name(content).statement == "Now in the open."

    done = signed.amend("--mode", "anonymous", "--when", "3")
    assert "note: your name was public" in done.err
    hidden = signed.amended(2)
    assert (hidden.mode, hidden.condition, hidden.name) == (Mode.ANONYMOUS, 3, None)
    assert signed.amend("--mode", "sealed").code == 0
    sealed = signed.amended(3)
    assert (sealed.mode, sealed.condition) == (Mode.SEALED, 3)
    assert sealed.name is not None


def test_the_words_alone_change_the_condition(run: Run, live_site: LiveSite) -> None:
    """The sealed name is kept as it is; with 0 the condition is gone, and then the name is."""
    signed = Signed(run, live_site, 1, "--mode", "sealed", "--when", "6")
    before = signed.trace()
    assert before is not None
    assert signed.amend_by_words("--when", "2").code == 0
    after = signed.amended(1)
    assert (after.mode, after.condition, after.name) == (Mode.SEALED, 2, before.name)
    assert signed.amend_by_words("--when", "0").code == 0
    assert signed.amended(2).condition is None
    assert signed.amend_by_words("--mode", "anonymous").code == 0
    assert signed.amended(3).mode is Mode.ANONYMOUS

    for options in (
        ("--mode", "public"),
        ("--mode", "sealed"),
        ("--mode", "public", "--statement", "x"),
    ):
        done = signed.amend_by_words(*options)
        assert (done.code, done.err.splitlines()[0]) == (
            2,
            "error: the words alone change the condition, or make anonymous",
        )
        assert "hint: a name takes what is in the receipt" in done.err


def test_what_is_refused(run: Run, live_site: LiveSite) -> None:
    """Each with its sentence; nothing of it is sent."""
    signed = Signed(run, live_site, 2, "--mode", "sealed")
    for options, code, sentence in (
        ((), 2, "--mode, --when or --statement is needed where nobody can be asked"),
        (("--mode", "sealed"), 1, "that is how the signature stands already; nothing was sent"),
        (("--when", "0"), 1, "that is how the signature stands already; nothing was sent"),
        (("--when", "5"), 1, "the letter does not offer that condition"),
        (
            ("--mode", "public", "--when", "2"),
            1,
            "a public signature stands at once, without a condition",
        ),
        (("--mode", "anonymous", "--statement", "x"), 2, "an anonymous signature has no statement"),
        (("--statement", "x" * 1001), 2, "statement: longer than 1000 characters"),
    ):
        done = signed.amend(*options)
        assert done.code == code
        assert done.err.startswith(f"error: {sentence}")
    unsaid = run("amend", FILE, "--site", live_site.url, "--when", "2")
    assert unsaid.err.startswith("error: --yes is needed where nobody can be asked")
    words = ("amend", signed.url, "--words", "abandon " * 11 + "about", "--yes")
    unknown = run(*words, "--mode", "anonymous")
    assert (unknown.code, unknown.err) == (1, "error: that key has not signed this letter\n")
    strangers = run(
        "amend", signed.url, "--words", "abandon " * 11 + "about", "--when", "2", "--yes"
    )
    assert (strangers.code, strangers.err.splitlines()[0]) == (
        1,
        "error: these words have no signature in the log",
    )
    trace = signed.trace()
    assert trace is not None
    assert trace.amended == 0


def test_withdrawn_is_the_end(run: Run, live_site: LiveSite) -> None:
    """After a withdrawal nothing is amended."""
    signed = Signed(run, live_site, 3, "--mode", "public")
    assert run("withdraw", FILE, "--site", live_site.url, "--yes").code == 0
    signed.wait(lambda trace: trace is not None and trace.end is End.WITHDRAWN)
    done = signed.amend("--mode", "anonymous")
    assert (done.code, done.err) == (1, "error: this signature has ended: it was withdrawn\n")


def test_eight_times(run: Run, live_site: LiveSite) -> None:
    """The ninth is refused, whatever it says."""
    signed = Signed(run, live_site, 4, "--mode", "sealed")
    for number in range(1, 9):
        done = signed.amend_by_words("--when", (2, 3)[number % 2])
        assert done.code == 0, done.err
        signed.amended(number)
    done = signed.amend_by_words("--when", 6)
    assert done.code == 1
    assert done.err.startswith("error: the amendment does not follow the last one")


def test_on_a_terminal_it_shows_and_asks(
    run: Run, live_site: LiveSite, open_terminal: OpenTerminal
) -> None:
    """How it stands is the default; what it will be is shown; anything but yes changes nothing."""
    signed = Signed(run, live_site, 5, "--mode", "sealed")
    for answer, code in (("no", 1), ("yes", 0)):
        terminal = open_terminal("amend", FILE, "--site", live_site.url)
        terminal.expect("how do you want to stand? (public, sealed, anonymous) [sealed]:")
        terminal.type("loudly")
        terminal.expect("please type one of: public, sealed, anonymous")
        terminal.type("")
        terminal.expect("once so many of us stand? (now, 2, 3, 6) [now]:")
        terminal.type("3")
        shown = terminal.expect("amend it? (yes/no)")
        assert "once 3 of us stand" in shown
        assert "as it is" in shown
        terminal.type(answer)
        assert terminal.end() == code
    assert signed.amended(1).condition == 3


def test_a_log_that_lies(run: Run, live_site: LiveSite, monkeypatch: pytest.MonkeyPatch) -> None:
    """Entries that do not give the root that was signed are found out before anything is sent."""
    signed = Signed(run, live_site, 6, "--mode", "sealed")
    monkeypatch.setattr("undersigned.signer.trace.leaf_hash", lambda _: bytes(32))
    done = signed.amend_by_words("--when", 2)
    assert (done.code, done.err.splitlines()[0]) == (
        1,
        "error: the entries of the log are not those that its checkpoint signs",
    )
