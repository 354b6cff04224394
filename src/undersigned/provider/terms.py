"""A sign-on provider as the operator names it, and which addresses it may have."""

import ipaddress
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from undersigned.errors import FormatError

LONGEST_ADDRESS: Final = 500

SCOPE: Final = "openid email"


@dataclass(frozen=True, slots=True)
class ProviderTerms:
    """A provider as the operator names it: its address, our name and secret there, its name for people."""

    issuer: str
    client_id: str
    client_secret: str | None = field(repr=False)
    name: str

    def __post_init__(self) -> None:
        check_address(self.issuer, "the provider's address", on_machine=is_local(self.issuer))
        if urlsplit(self.issuer).query:
            raise FormatError("the provider's address must not have a query")


def check_address(url: str, what: str, *, on_machine: bool) -> None:
    """Check that an address is one of https with a name. Raises FormatError, which does not repeat it.

    Where the provider itself is on this machine, all of it is: no provider elsewhere can have us ask what
    only this machine, or its network, can reach by a number.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    is_sound = (
        host is not None
        and len(url) <= LONGEST_ADDRESS
        and url.isascii()
        and url.isprintable()
        and "@" not in parts.netloc
        and not parts.fragment
    )
    if is_sound and on_machine:
        is_sound = is_local(url)
    elif is_sound:
        is_sound = parts.scheme == "https" and _has_name(host or "")
    if not is_sound:
        raise FormatError(f"{what} must begin with https:// and the name of a host")


def is_local(url: str) -> bool:
    """Say whether an address is one of http or https on this machine."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    if parts.scheme not in ("http", "https"):
        return False
    return host == "localhost" or (_is_number(host) and ipaddress.ip_address(host).is_loopback)


def _has_name(host: str) -> bool:
    """Say whether a host is one of the network's names: none that is a number, however it is written."""
    last = host.rstrip(".").rpartition(".")[2]
    return last[:1].isalpha() and last != "localhost" and ":" not in host


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
