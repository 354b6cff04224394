"""The one place where the terminal opens connections."""

import httpx2

from undersigned import __version__

TIMEOUT_S = 30.0
"""A site under load answers within seconds; who waits longer wants to know."""


def open_client(base_url: str | None = None) -> httpx2.Client:
    """Make a client that follows nothing and says no more of itself than its version."""
    return httpx2.Client(
        base_url=(base_url or "").rstrip("/"),
        timeout=TIMEOUT_S,
        follow_redirects=False,
        headers={"User-Agent": f"undersigned/{__version__}"},
    )
