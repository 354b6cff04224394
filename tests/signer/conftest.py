"""A site in memory, a client of it, and the letter that it shows."""

from collections.abc import Iterator

import httpx2
import pytest
from tests.signer.site import InMemorySite

from undersigned.signer.exchange import Patience
from undersigned.signer.letter_view import LetterView, get_letter


@pytest.fixture
def site() -> InMemorySite:
    """A site whose letter offers every mode."""
    return InMemorySite()


@pytest.fixture
def client(site: InMemorySite) -> Iterator[httpx2.Client]:
    """A client of the site."""
    with site.client() as client:
        yield client


@pytest.fixture
def view(client: httpx2.Client) -> LetterView:
    """The letter, fetched and verified."""
    return get_letter(client, "the-letter")


@pytest.fixture
def waits() -> list[float]:
    """The seconds that were waited."""
    return []


@pytest.fixture
def patience(waits: list[float]) -> Patience:
    """Three tries, and waits that are noted and not waited."""
    return Patience(tries=3, sleep=waits.append)
