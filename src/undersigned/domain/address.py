"""Addresses of members: their canonical form, and which of them are one mailbox; formats §4.

No error here quotes an address.
"""

import functools
import unicodedata
from typing import Final, NamedTuple

from undersigned.domain.canonical import check_string
from undersigned.errors import FormatError

LONGEST_ADDRESS = 254  # characters; RFC 5321 §4.5.3.1.3, without the angle brackets


def parse_address(text: str) -> str:
    """Read an address that is canonical (§4). Raises FormatError."""
    if len(text) > LONGEST_ADDRESS:
        raise FormatError(f"address: longer than {LONGEST_ADDRESS} characters")
    check_string(text, "address")
    if text != text.lower():
        raise FormatError("address: not in lower case")
    local, at, domain = text.partition("@")
    if not at or "@" in domain:
        raise FormatError("address: must have one @")
    if local.split() != [local]:
        raise FormatError(
            "address: what stands before the @ must not be empty, or hold white space"
        )
    if not _is_plain(local):
        raise FormatError(
            "address: what stands before the @ is not plain: letters, digits, some signs, single dots"
        )
    if not _is_domain(domain):
        raise FormatError("address: what stands after the @ is not a domain")
    return text


_SIGNS: Final = frozenset("#$&'*+-/=?^_`{|}~")
"""Of RFC 5322 §3.2.3, without `%` and `!`: servers have read those as ways through other servers."""


def _is_plain(local: str) -> bool:
    """Say whether this is a dot-atom that has one writing.

    Quotation marks, comments and angle brackets would be read by programs of mail as another address:
    whoever wrote one could be another member, with the same mailbox.
    """
    return all(
        atom and all(character in _SIGNS or _is_word(character) for character in atom)
        for atom in local.split(".")
    ) and local == unicodedata.normalize("NFKC", local.casefold())


def _is_word(character: str) -> bool:
    is_mark = unicodedata.category(character).startswith("M")
    return character.isalpha() or character.isdecimal() or is_mark


@functools.lru_cache(maxsize=1_024)
def _is_domain(domain: str) -> bool:
    """Say whether this is a domain; a roll has many addresses at few."""
    labels = domain.split(".")
    return len(labels) > 1 and all(_is_label(label) for label in labels)


def _is_label(label: str) -> bool:
    return bool(label) and all(
        character == "-" or character.isalpha() or character.isdecimal() for character in label
    )


def canonical_address(text: str) -> str:
    """Bring an address as people write it into canonical form. Raises FormatError."""
    if len(text) > 2 * LONGEST_ADDRESS:
        raise FormatError(f"address: longer than {LONGEST_ADDRESS} characters")
    lowered = unicodedata.normalize("NFC", text).strip().lower()
    return parse_address(unicodedata.normalize("NFC", lowered))


# --- mailboxes


class _Provider(NamedTuple):
    """What a provider of mail says of the writings of its addresses."""

    domain: str
    ignores_dots: bool = False


_GMAIL: Final = _Provider("gmail.com", ignores_dots=True)

_PROVIDERS: Final = {
    # Gmail Help: "Dots don't matter in Gmail addresses", "Create task-specific email addresses".
    "gmail.com": _GMAIL,
    "googlemail.com": _GMAIL,
} | {
    # Fastmail Help: "Plus addressing and subdomain addressing". Microsoft Learn: "Plus addressing in
    # Exchange Online" (in Hotmail since 2013). Proton Support: "Types of email addresses and aliases".
    domain: _Provider(domain)
    for domain in (
        "fastmail.com",
        "fastmail.fm",
        "hotmail.com",
        "live.com",
        "outlook.com",
        "pm.me",
        "proton.me",
        "protonmail.ch",
        "protonmail.com",
    )
}
"""Each cuts what follows a plus sign. The table is part of the formats: it decides who is one member."""


def mailbox_of(address: str, *, cuts_tags: bool = False) -> str:
    """Return the mailbox of a canonical address: what comes onto a roll (formats §4).

    `cuts_tags` cuts what follows a plus sign whatever the domain, as a domain roll does.
    """
    local, _, domain = address.partition("@")
    provider = _PROVIDERS.get(domain, _Provider(domain) if cuts_tags else None)
    if provider is None:
        return address
    kept = local.partition("+")[0]
    if provider.ignores_dots:
        kept = kept.replace(".", "")
    return f"{kept if _is_plain(kept) else local}@{provider.domain}"


def has_other_writings(mailbox: str) -> bool:
    """Say whether other addresses may be the same mailbox: rolls made before the table have some."""
    return domain_of(mailbox) in _PROVIDERS


def domain_of(address: str) -> str:
    """Return what stands after the @ of a canonical address."""
    return address.rpartition("@")[2]
