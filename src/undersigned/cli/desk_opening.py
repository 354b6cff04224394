"""Opening the desk of a folder from the terminal, and printing the links that let somebody in."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from undersigned.app.desk import Desk, check_url, open_known_desk
from undersigned.app.entering import LinkKind, MadeLink, make_claim
from undersigned.app.folder import clock_in
from undersigned.app.issuer import has_issuer
from undersigned.app.site import has_site
from undersigned.cli import output
from undersigned.cli.settings import load_settings
from undersigned.cli.site_folder import database_address
from undersigned.errors import NoSite


@contextmanager
def desk_in(data: Path | None) -> Iterator[Desk]:
    """Open the desk of a site or of an issuer apart, whether it is being served or not.

    Raises NoSite, StoreError, FormatError.
    """
    settings = load_settings(data=data, host=None, port=None)
    address = database_address()
    if not has_site(settings.data, address) and not has_issuer(settings.data, address):
        raise NoSite(f"{settings.data} holds neither a site nor an issuer")
    url = f"http://localhost:{settings.port}"
    if settings.url is not None:
        check_url(settings.url)
    clock = clock_in(settings.data)
    desk = open_known_desk(settings.data, clock, url, now=settings.url, address=address)
    try:
        yield desk
    finally:
        desk.close()


def print_link(made: MadeLink | None) -> None:
    """Write a link as the one result of a command, and beside it what it is for."""
    if made is None:
        return
    output.say(made.url)
    _tell(made)


def offer_claim(desk: Desk) -> None:
    """Print the link that takes over a desk that is being served, if it has no owner."""
    made = make_claim(desk)
    if made is not None:
        output.note(
            "nobody has taken over the organisers' desk; whoever opens this link first can:"
        )
        output.note(f"    {made.url}")
        _tell(made)


def _tell(made: MadeLink) -> None:
    until = dt.datetime.fromtimestamp(made.expires, dt.UTC).strftime("%Y-%m-%d %H:%M UTC")
    what = {
        LinkKind.CLAIM: "it makes the first owner of the desk",
        LinkKind.RECOVERY: "it gives the account a new passkey, and takes the old ones away",
        LinkKind.INVITATION: "it makes an account",
    }[made.kind]
    output.note(f"{what}; it works once, until {until}; keep it to yourself")
