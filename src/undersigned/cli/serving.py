"""Serving a site: socket, site and server begin in this order and end in the other.

What fails, fails before the first request: a taken port, a folder that holds no site, a log that was
rolled back. SIGINT and SIGTERM are taken by the server, which lets requests finish; then the site
finishes what it has promised to write.
"""

import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import uvicorn

from undersigned.app.clock import StoredClock
from undersigned.app.running import RunningSite
from undersigned.app.site import Site, WholeSite
from undersigned.cli import output
from undersigned.cli.adapters import authorities_of, imprint_of, mailer_of, provider_of
from undersigned.cli.desk_opening import offer_claim
from undersigned.cli.listening import addresses_of, is_local, listen, port_of, url_of
from undersigned.cli.site_folder import open_or_make
from undersigned.config import Role, Settings
from undersigned.errors import NoSite, SiteExists, StoreError
from undersigned.mail import Mailer
from undersigned.web.asgi import make_app
from undersigned.web.imprint import NOBODY, Imprint
from undersigned.web.logs import configure_logging
from undersigned.web.reverse_proxy import caddy_lines, nginx_lines
from undersigned.web.serving import (
    keep_imported,
    make_server,
    raise_file_limit,
    settle_memory,
)

if TYPE_CHECKING:
    from undersigned.authority import Authority
    from undersigned.provider.asking import Provider


def serve_site(settings: Settings, origin: str | None) -> None:
    """Serve the site in a folder until a signal ends it. Raises StoreError, FormatError.

    `origin` makes a site where there is none, without an issuer if the role is `collector`.
    """
    keep_imported()
    configure_logging()
    authorities, provider = authorities_of(settings), provider_of(settings)
    with listen(settings.host, settings.port) as listener:
        url = url_of(settings, port_of(listener), "")
        site = open_or_make(settings.data, "serve", origin, collector=settings.role == "collector")
        try:
            _check_role(site, settings.role)
        except StoreError:
            site.close()
            raise
        mailer = mailer_of(settings, site.host, site.folder)
        serve_on(
            listener,
            site,
            mailer,
            settings.host,
            authorities,
            url=url or None,
            provider=provider,
            fonts=settings.fonts,
            imprint=imprint_of(settings),
        )


def _check_role(site: Site, role: Role | None) -> None:
    """Check that a site is what it is to be served as. Raises NoSite, SiteExists."""
    if role == "all" and not isinstance(site, WholeSite):
        error: StoreError = NoSite(f"{site.folder} holds a site without an issuer")
        error.add_note("serve it with --role collector; its letters are issued for elsewhere")
        raise error
    if role == "collector" and isinstance(site, WholeSite):
        error = SiteExists(f"{site.folder} holds an issuer, too, with the members of its letters")
        error.add_note("serve it with --role all, or make a site without one in another folder")
        raise error


def serve_on(
    listener: socket.socket,
    site: Site,
    mailer: Mailer,
    host: str,
    authorities: "tuple[Authority, ...]" = (),
    *,
    url: str | None = None,
    provider: "Provider | None" = None,
    fonts: Path | None = None,
    imprint: Imprint = NOBODY,
) -> None:
    """Serve an open site on a socket until a signal ends it; the site is closed then.

    `url` is where people reach it; https and its host unless it is given. With a `provider` members
    can sign on; `fonts` are for PDFs; `imprint` says who answers for it.
    """
    raise_file_limit()
    running = RunningSite(site, mailer, authorities, url=url, provider=provider, fonts=fonts)
    running.start()
    try:
        if isinstance(site.clock, StoredClock):
            site.clock.start()
        port = port_of(listener)
        server = make_server(make_app(running, imprint), host, port)
        with ending_by_signals(server):
            announce(site, host, port)
            offer_claim(running.desk)
            settle_memory()
            server.run(sockets=[listener])
    finally:
        running.stop()
    output.note("stopped; everything that was acknowledged is on disk")


@contextmanager
def ending_by_signals(server: uvicorn.Server) -> Iterator[None]:
    """Let SIGINT and SIGTERM end the server, and nothing else.

    The server has handlers of its own while it runs. Before that a signal must not be lost; and when it
    has ended it raises those that it took once more, which by default would end the process before the
    site has stopped.
    """

    def end(_number: int, _frame: FrameType | None) -> None:
        server.should_exit = True

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def announce(site: Site, host: str, port: int) -> None:
    """Print where the site is, which log it has, and what stands between it and its signers."""
    addresses = addresses_of(host, port)
    output.facts((*(("serving", address) for address in addresses), ("log", site.origin)))
    if not is_local(host):
        tell_of_proxies(site.host, port)
    output.next_step(f"undersigned mirror {addresses[0]} DIR copies the log; Ctrl-C stops the site")


def tell_of_proxies(name: str, port: int, *, is_issuer: bool = False) -> None:
    """Print the lines of a reverse proxy for a host of this name."""
    output.note("browsers sign over https only; put a reverse proxy before it, such as")
    for proxy, lines in (("Caddy", caddy_lines), ("nginx", nginx_lines)):
        output.note(f"{proxy}:")
        for line in lines(name, port, is_issuer=is_issuer).splitlines():
            output.note(f"    {line}".rstrip())
