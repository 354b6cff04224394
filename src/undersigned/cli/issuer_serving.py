"""Serving an issuer apart: socket, issuer and server begin in this order and end in the other."""

import socket
from typing import TYPE_CHECKING

import httpx2

from undersigned.app.clock import StoredClock
from undersigned.app.issuer import Issuer
from undersigned.app.outside_collector import OutsideCollectors
from undersigned.app.running_issuer import RunningIssuer
from undersigned.cli import output
from undersigned.cli.adapters import imprint_of, mailer_of, provider_of
from undersigned.cli.desk_opening import offer_claim
from undersigned.cli.http import open_client
from undersigned.cli.listening import addresses_of, is_local, listen, port_of, url_of
from undersigned.cli.serving import (
    ending_by_signals,
    tell_of_proxies,
)
from undersigned.cli.site_folder import open_or_make_issuer
from undersigned.config import Settings
from undersigned.errors import FormatError
from undersigned.web.issuer_asgi import make_issuer_app
from undersigned.web.logs import configure_logging
from undersigned.web.serving import keep_imported, make_server, settle_memory

if TYPE_CHECKING:
    from undersigned.provider.asking import Provider


def serve_issuer(settings: Settings, origin: str | None) -> None:
    """Serve the issuer in a folder until a signal ends it. Raises StoreError, FormatError."""
    keep_imported()
    configure_logging()
    if origin is not None:
        raise FormatError("--origin is for a site; an issuer has no log")
    provider = provider_of(settings)
    with listen(settings.host, settings.port) as listener, open_client() as client:
        issuer = open_or_make_issuer(settings.data, "issuer offer SLUG", None)
        _serve_on(listener, issuer, client, settings, provider)
    output.note("stopped; everything that was acknowledged is on disk")


def _serve_on(
    listener: socket.socket,
    issuer: Issuer,
    client: httpx2.Client,
    settings: Settings,
    provider: "Provider | None",
) -> None:
    """Serve an open issuer; it is closed then. `client` is what it asks its letters' sites with."""
    host = httpx2.URL(issuer.url or "").host
    sites = OutsideCollectors(client)
    running = RunningIssuer(
        issuer,
        lambda issued: sites.get(issued.site or ""),
        mailer_of(settings, host, issuer.folder),
        url=url_of(settings, port_of(listener), issuer.url or ""),
        provider=provider,
    )
    running.start()
    try:
        if isinstance(issuer.clock, StoredClock):
            issuer.clock.start()
        port = port_of(listener)
        server = make_server(make_issuer_app(running, imprint_of(settings)), settings.host, port)
        with ending_by_signals(server):
            _announce(issuer, settings.host, port)
            offer_claim(running.desk)
            settle_memory()
            server.run(sockets=[listener])
    finally:
        running.stop()


def _announce(issuer: Issuer, host: str, port: int) -> None:
    """Print where the issuer is, and what stands between it and its members."""
    url = issuer.url or ""
    output.facts((*(("serving", each) for each in addresses_of(host, port)), ("issuer", url)))
    if not is_local(host):
        tell_of_proxies(httpx2.URL(url).host, port, is_issuer=True)
    output.next_step(f"members reach it at {url}; Ctrl-C stops it")
