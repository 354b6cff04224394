"""A client of the live site, and members who sign there."""

from collections.abc import Iterator

import httpx2
import pytest
from tests.live import LiveSite


@pytest.fixture(scope="module")
def client(live_site: LiveSite) -> Iterator[httpx2.Client]:
    """A client that keeps nothing between requests but the connection."""
    with httpx2.Client(base_url=live_site.url, timeout=20) as http:
        yield http
