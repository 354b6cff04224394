"""A trustee with a browser and one with the command line: the same keys, files and acks."""

import json
import tomllib
from typing import Any

import msgspec
import pytest
from tests.frontend.conftest import Browser
from tests.frontend.test_interop import octets, text
from tests.simulator import TRUSTEES, make_letter, make_text

from undersigned.cli.trustee_key import table_of
from undersigned.crypto.ed25519 import verify_ed25519
from undersigned.crypto.keys import TrusteeKey, format_locked, parse_locked
from undersigned.domain.letter import Letter, ack_bytes, parse_letter
from undersigned.domain.proposal import Proposal, format_proposal

PASSPHRASE = "five odd wo\N{LATIN SMALL LIGATURE FI}shes at dawn"
"""With a character that NFKC takes apart: both sides have to do so."""


def test_a_key_file_of_the_browser_opens_here(browser: Browser) -> None:
    """And its card is what the command line prints."""
    key = TrusteeKey.generate()
    answer = browser("key_file", seed=text(key.seed), passphrase=PASSPHRASE, name='Ada "A." Ö')
    opened = parse_locked(answer["file"], PASSPHRASE)
    assert (opened.seal_key, opened.sign_key) == (key.seal_key, key.sign_key)
    assert octets(answer, "seal_key") == key.seal_key
    cards = [tomllib.loads(card) for card in (answer["table"], table_of(key, 'Ada "A." Ö'))]
    assert cards[0] == cards[1]


def test_a_key_file_of_the_command_line_opens_in_the_browser(browser: Browser) -> None:
    """With and without a passphrase; a wrong one and a changed file are refused."""
    key = TrusteeKey.generate()
    file = format_locked(key, PASSPHRASE)
    expected = {"seed": text(key.seed), "sign_key": text(key.sign_key)}
    assert browser("open_key_file", file=file, passphrase=PASSPHRASE) == expected
    assert browser("open_key_file", file=key.format() + "\n", passphrase="") == expected
    wrong = browser("open_key_file", file=file, passphrase="another passphrase")
    assert wrong["error"] == "verification-error"
    stranger = text(TrusteeKey.generate().sign_key)
    for changed in (
        file.replace(text(key.sign_key), stranger),
        file.replace('"v": 1', '"v": 2'),
        file.replace("600000", "599999"),
        file[:-9],
        "UNDERSIGNED-TRUSTEE-KEY-1+short",
    ):
        refused = browser("open_key_file", file=changed, passphrase=PASSPHRASE)
        assert refused["error"] == "format-error"


def proposal_of(letter: Letter) -> dict[str, Any]:
    """Return what a site says of a proposal."""
    texts = tuple(make_text(reference.lang) for reference in letter.texts)
    value: dict[str, Any] = json.loads(
        msgspec.json.encode(format_proposal(Proposal(letter, texts)))
    )
    return value


def ask(browser: Browser, value: dict[str, Any], letter: Letter, key: TrusteeKey) -> dict[str, Any]:
    """Have the browser acknowledge a proposal."""
    data = text(json.dumps(value).encode())
    return browser("ack", proposal=data, id=letter.letter_id.hex(), seed=text(key.seed))


def test_an_ack_of_the_browser_holds_here(browser: Browser) -> None:
    """By the number that the letter gives the key."""
    letter = make_letter(trustees=3)
    answer = ask(browser, proposal_of(letter), letter, TRUSTEES[1])
    assert answer["by"] == 2
    verify_ed25519(TRUSTEES[1].sign_key, ack_bytes(letter.letter_id), octets(answer, "sig"))
    assert answer["awaited"] == ["issuer", 1, 2, 3]


@pytest.mark.parametrize("what", ["rule", "text", "stranger", "other key"])
def test_what_a_trustee_must_not_acknowledge(browser: Browser, what: str) -> None:
    """Another letter than was asked for, another text, no place in it, a seal key of somebody else."""
    letter = make_letter(trustees=3)
    key = TRUSTEES[1]
    value = proposal_of(letter)
    if what == "rule":
        value["body"]["rule"] += 1
    elif what == "text":
        value["texts"][1]["text"] = "We want something else."
    elif what == "stranger":
        key = TrusteeKey.generate()
    else:
        value["body"]["trustees"][1]["seal_key"] = value["body"]["trustees"][0]["seal_key"]
        letter = parse_letter(value["body"])
        value = proposal_of(letter)
    assert ask(browser, value, letter, key)["error"] == "verification-error"
