"""Which addresses a webhook may have, and to which machines of the network a call may go.

An organiser names the address, the server makes the call: nothing may be reached by it that the whole
Internet cannot reach. A name says nothing of where it leads, so that both are asked: `parse_target` for the
name, `is_public` for every address that the name has at the moment of the call.
"""

import ipaddress
import re
from dataclasses import dataclass
from typing import Final, TypeAlias

from undersigned.errors import FormatError

LONGEST_URL: Final = 500
"""Characters; there are receivers that have a long secret in it."""

HTTPS: Final = 443
PORTS: Final = frozenset({HTTPS, 8443})
"""Those of https, and the one of servers that are not their machine's first."""

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

_URL: Final = re.compile(
    r"https://([a-z0-9.-]+)(?::([0-9]{1,5}))?((?:[/?][a-z0-9._~:/?@!$&'()*+,;=%\[\]-]*)?)",
    # Without ASCII the letters of other alphabets whose other case is one of these would pass.
    re.ASCII | re.IGNORECASE,
)
_LABEL: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_LONGEST_HOST: Final = 253

_WELL_KNOWN_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
"""RFC 6052: what an IPv4 address becomes for machines that have none of their own."""

_GLOBAL_UNICAST: Final = ipaddress.IPv6Network("2000::/3")
"""RFC 4291: all that was ever given out. Old ways to write an IPv4 address lie outside."""

_NOT_PUBLIC: Final = tuple(
    ipaddress.ip_network(each)
    for each in (
        "192.88.99.0/24",  # relays of 6to4, RFC 7526
        "2001::/23",  # protocols of the IETF, Teredo among them, RFC 2928
        "2001:db8::/32",  # documentation, RFC 3849
        "2002::/16",  # 6to4: an IPv4 address, perhaps a private one, within, RFC 3056
        "3fff::/20",  # documentation, RFC 9637
    )
)
"""What `is_global` allows in one version of Python or another, and no receiver is at."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where calls go: host (a name, in lower case), port, and what follows, with its slash."""

    host: str
    port: int
    path: str

    @property
    def url(self) -> str:
        """The address, in one writing."""
        port = "" if self.port == HTTPS else f":{self.port}"
        return f"https://{self.host}{port}{self.path}"


def parse_target(url: str) -> Target:
    """Read the address of a webhook. Raises FormatError, which does not repeat it.

    https, with the full name of a host (no number, however it is written), at a port of `PORTS`; without a
    user, a password or a fragment.
    """
    match = _URL.fullmatch(url) if len(url) <= LONGEST_URL else None
    if match is None:
        raise FormatError("the address of a webhook begins with https:// and the name of a host")
    host, port, path = match[1].lower(), int(match[2] or HTTPS), match[3]
    labels = host.split(".")
    is_name = len(host) <= _LONGEST_HOST and len(labels) > 1 and labels[-1][:1].isalpha()
    if not is_name or not all(_LABEL.fullmatch(label) for label in labels):
        raise FormatError("the address of a webhook has the full name of a host, and no number")
    if port not in PORTS:
        raise FormatError("a webhook is called at port 443 or 8443")
    return Target(host, port, path if path.startswith("/") else f"/{path}")


def is_public(address: Address) -> bool:
    """Say whether an address is one that the whole Internet can reach, and of a single machine."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if address in _WELL_KNOWN_NAT64:
            return is_public(ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF))
        if address not in _GLOBAL_UNICAST:
            return False
    is_special = any(address in each for each in _NOT_PUBLIC if each.version == address.version)
    return address.is_global and not address.is_multicast and not is_special
