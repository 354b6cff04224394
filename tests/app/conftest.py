"""One RSA key for all letters of these tests: making one takes longer than most of them."""

from collections.abc import Iterator

import pytest

from undersigned.crypto.keys import TokenKey


@pytest.fixture(autouse=True, scope="session")
def one_token_key() -> Iterator[None]:
    """Give every letter the same token key; tokens still belong to one letter each."""
    key = TokenKey.generate()
    patch = pytest.MonkeyPatch()
    patch.setattr(TokenKey, "generate", classmethod(lambda _: key))
    yield
    patch.undo()
