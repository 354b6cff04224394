"""A client of the live site, and members who sign there."""

from collections.abc import Iterator

import httpx2
import pytest
from tests.desk import DeskClient, signed_in
from tests.live import LiveSite


@pytest.fixture(scope="module")
def client(live_site: LiveSite) -> Iterator[httpx2.Client]:
    """A client that keeps nothing between requests but the connection."""
    with httpx2.Client(base_url=live_site.url, timeout=60) as http:
        yield http


@pytest.fixture(scope="module")
def owner(live_site: LiveSite) -> Iterator[DeskClient]:
    """An owner of the desk of the live site, signed in."""
    with signed_in(live_site.running.desk, "owner") as http:
        yield http


@pytest.fixture(scope="module")
def organiser(live_site: LiveSite) -> Iterator[DeskClient]:
    """An organiser at the desk of the live site, signed in, who is no owner."""
    with signed_in(live_site.running.desk, "organiser") as http:
        yield http
