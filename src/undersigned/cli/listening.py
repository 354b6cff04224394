"""The socket of a site: taken before anything else, so that a taken port costs nothing."""

import errno
import ipaddress
import socket
from typing import Final

from undersigned.app.desk import check_url
from undersigned.config import Settings
from undersigned.errors import FormatError, StoreError

BACKLOG: Final = 2_048
"""Connections that wait to be taken in: the rush after an announcement, not a steady load."""

_LOCAL: Final = ("localhost", "127.0.0.1", "::1")


def listen(host: str, port: int) -> socket.socket:
    """Listen on an address; port 0 takes a free one. Raises StoreError with what to do instead."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError:
        raise FormatError(f"{host} is not an address of this machine") from None
    # localhost may name both; browsers try each, so the older is enough.
    family, _, _, _, address = min(found, key=lambda entry: entry[0] != socket.AF_INET)
    try:
        return socket.create_server(address, family=family, backlog=BACKLOG)
    except OSError as error:
        raise _refusal(error, host, port) from None


def _refusal(error: OSError, host: str, port: int) -> StoreError:
    match error.errno:
        case errno.EADDRINUSE:
            refusal = StoreError(f"port {port} is taken: another program listens there")
            refusal.add_note("stop that program, or choose another port with --port")
        case errno.EACCES:
            refusal = StoreError(f"port {port} is for the administrator's programs")
            refusal.add_note("choose a port from 1024 on, and put a reverse proxy before it")
        case errno.EADDRNOTAVAIL:
            refusal = StoreError(f"{host} is not an address of this machine")
            refusal.add_note("--host 0.0.0.0 listens on every address of this machine")
        case _:
            refusal = StoreError(f"cannot listen on {host} port {port}: {error.strerror}")
    return refusal


def port_of(listener: socket.socket) -> int:
    """Return the port that a socket listens on."""
    port: int = listener.getsockname()[1]
    return port


def is_local(host: str) -> bool:
    """Say whether only this machine reaches an address: browsers then sign without https."""
    return host in _LOCAL


def url_of(settings: Settings, port: int, otherwise: str) -> str:
    """Return where people reach a server. Raises FormatError for a setting that is no such address.

    `otherwise` is where they do when it is not set and not only this machine reaches the server.
    """
    if settings.url is not None:
        check_url(settings.url)
        return settings.url
    return f"http://localhost:{port}" if is_local(settings.host) else otherwise


def addresses_of(host: str, port: int) -> list[str]:
    """Return the addresses under which a site on this host is reached."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return [f"http://{host}:{port}"]
    if address.is_unspecified:
        return [f"http://localhost:{port}", f"http://{socket.gethostname()}:{port}"]
    return [f"http://[{host}]:{port}" if address.version == 6 else f"http://{host}:{port}"]
