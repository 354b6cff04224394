"""Signing on from a terminal, with a certified provider; and how the provider is set."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from pydantic import SecretStr
from tests.cli.conftest import OpenTerminal
from tests.cli.terminal import QUESTION
from tests.live import PEOPLE, SLUG, LiveSite, live_site_in
from tests.provider.certified import CLIENT, SECRET, certified_provider, sign_on

from undersigned.cli.adapters import provider_of
from undersigned.config import Settings
from undersigned.errors import FormatError
from undersigned.provider.asking import Provider
from undersigned.provider.terms import ProviderTerms
from undersigned.signer.receipt import parse_receipt


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSite]:
    """A site whose members may sign on."""
    with ExitStack() as stack:

        def find_provider(url: str) -> Provider:
            issuer = stack.enter_context(certified_provider(f"{url}/openid/return"))
            return Provider(ProviderTerms(issuer, CLIENT, SECRET, "Accounts"))

        folder = tmp_path_factory.mktemp("signing-on") / "data"
        yield stack.enter_context(live_site_in(folder, find_provider))


def test_signing_on_at_a_terminal(
    live: LiveSite, tmp_path: Path, open_terminal: OpenTerminal
) -> None:
    """An address to open, the address of the page at which the browser ended, and the receipt."""
    url = f"{live.running.desk.url}/letters/{SLUG}"
    said = (
        "--openid",
        "--mode",
        "sealed",
        "--when",
        "0",
        "--as",
        "full",
        "--statement",
        "We cook.",
    )
    terminal = open_terminal("sign", url, *said)
    words = re.findall(r"\d\. ([a-z]+)", terminal.expect(QUESTION))
    for after in (QUESTION, "open this address in a browser"):
        terminal.type(words[int(terminal.expect(": ").removesuffix(": ")) - 1])
        terminal.expect(after)
    address = re.search(
        r"http://localhost:\d+/auth\?\S+", terminal.expect("the address of the page")
    )
    assert address is not None
    terminal.type(sign_on(address[0], PEOPLE[0][0], f"{live.running.desk.url}/letters/"))
    terminal.expect("sign? (yes/no)")
    terminal.type("yes")
    assert terminal.end() == 0, terminal.text
    receipt = parse_receipt((tmp_path / f"{SLUG}-1.receipt.json").read_bytes())
    assert (receipt.attestation.name, receipt.attestation.verified) == (PEOPLE[0][1], "openid")


def test_a_provider_is_set_whole_or_not_at_all() -> None:
    """Its name for people is its host, unless another is given; the secret may be left out."""
    issuer = "https://accounts.example.org/house"
    assert provider_of(Settings()) is None
    found = provider_of(Settings(openid_issuer=issuer, openid_client_id="us"))
    assert found is not None
    assert found.terms == ProviderTerms(issuer, "us", None, "accounts.example.org")
    named = Settings(
        openid_issuer=issuer,
        openid_client_id="us",
        openid_client_secret=SecretStr("known"),
        openid_name="The house",
    )
    found = provider_of(named)
    assert found is not None
    assert found.terms == ProviderTerms(issuer, "us", "known", "The house")
    for half in (
        Settings(openid_issuer=issuer),
        Settings(openid_client_id="us"),
        Settings(openid_client_secret=SecretStr("known")),
    ):
        with pytest.raises(FormatError, match="set together"):
            provider_of(half)
    with pytest.raises(FormatError, match="https"):
        provider_of(Settings(openid_issuer="http://accounts.example.org", openid_client_id="us"))
