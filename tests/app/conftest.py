"""One RSA key for all letters of these tests: making one takes longer than most of them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.app.desks import Room, room_in
from tests.app.village import Village, village_in

from undersigned.crypto.keys import TokenKey


@pytest.fixture(scope="session")
def token_key() -> TokenKey:
    """The one RSA key."""
    return TokenKey.generate()


@pytest.fixture(autouse=True)
def one_token_key(token_key: TokenKey, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give every letter the same token key; tokens still belong to one letter each.

    Reading it takes as long as making one, since its numbers are checked: once is enough for the same text.
    """
    text, parse = token_key.format(), TokenKey.parse
    monkeypatch.setattr(TokenKey, "generate", classmethod(lambda _: token_key))
    monkeypatch.setattr(
        TokenKey, "parse", classmethod(lambda _, pem: token_key if pem == text else parse(pem))
    )


@pytest.fixture
def village(tmp_path: Path, database: str | None) -> Iterator[Village]:
    """A new site without a letter; its intake runs, its clock stands still."""
    with village_in(tmp_path / "data", database) as made:
        yield made


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    """A new desk that nobody has taken over."""
    with room_in(tmp_path) as made:
        yield made
