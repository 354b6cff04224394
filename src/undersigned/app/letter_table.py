"""Tables of a letter file, and the lines that trustees and issuers print for it (TOML, formats §10).

A member is read or noted as wrong, in words; nothing is taken half, and nothing stops at the first.
"""

import datetime
from typing import Any

from undersigned.app.draft import OPERATOR, DraftIssuer, DraftTrustee
from undersigned.crypto.ed25519 import PUBLIC_KEY_SIZE
from undersigned.crypto.hpke import SEAL_KEY_SIZE
from undersigned.crypto.token import parse_spki
from undersigned.domain.address import canonical_address
from undersigned.encoding import parse_base64url
from undersigned.errors import FormatError


class TableReader:
    """Reads members of a table and remembers what is wrong instead of stopping at the first."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def take(self, table: dict[str, Any], key: str, kind: type, default: Any = ...) -> Any:
        """Return and remove a member; note it if it is missing or of another type."""
        value = table.pop(key, default)
        if value is ...:
            self.problems.append(f"`{key}` is missing")
            return kind()
        if value is default:
            return default
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            self.problems.append(f"`{key}` must be {_KINDS[kind]}")
            return kind()
        return value

    def time(self, table: dict[str, Any], key: str, default: Any = ...) -> int | None:
        """Return and remove a time as UTC seconds."""
        value = table.pop(key, default)
        if value is None:
            return None
        if value is ...:
            self.problems.append(f"`{key}` is missing")
            return None
        if not isinstance(value, datetime.datetime) or value.tzinfo is None:
            self.problems.append(
                f"`{key}` must be a time with its offset: 2026-05-01T12:00:00+02:00"
            )
            return 0
        return int(value.timestamp())

    def day(self, table: dict[str, Any], key: str) -> str:
        """Return and remove a day as YYYY-MM-DD, written as TOML has it or in quotes."""
        value = table.pop(key, ...)
        if value is ...:
            self.problems.append(f"`{key}` is missing")
        elif isinstance(value, str):
            return value
        elif isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
            return value.isoformat()
        else:
            self.problems.append(f"`{key}` must be a day: 2026-05-01")
        return ""

    def items(self, table: dict[str, Any], key: str, kind: type, default: Any = ...) -> list[Any]:
        """Return and remove a list whose items are all of one type."""
        value = self.take(table, key, list, default)
        if any(not isinstance(item, kind) or isinstance(item, bool) for item in value):
            self.problems.append(f"`{key}` must be a list, each item {_KINDS[kind]}")
            return []
        return list(value)

    def choices(self, table: dict[str, Any], key: str, kind: Any, default: Any = ...) -> list[Any]:
        """Return and remove a list of the words that `kind` (an enumeration) has, in its order."""
        words = self.items(table, key, str, default)
        known = [choice.value for choice in kind]
        if set(words) - set(known) or len(set(words)) != len(words):
            self.problems.append(f"`{key}` must be some of: {', '.join(known)}")
        return [choice for choice in kind if choice.value in words]

    def choice(self, table: dict[str, Any], key: str, kind: Any, default: Any = ...) -> Any:
        """Return and remove one of the words that `kind` has."""
        noted = len(self.problems)
        word = self.take(table, key, str, default)
        known = [choice.value for choice in kind]
        if word in known:
            return kind(word)
        if len(self.problems) == noted:
            self.problems.append(f"`{key}` must be one of: {', '.join(known)}")
        return next(iter(kind))

    def key(self, table: dict[str, Any], name: str, size: int | None = None) -> bytes:
        """Return and remove a public key, base64url; empty if it is missing or misshapen."""
        noted = len(self.problems)
        text = self.take(table, name, str)
        if len(self.problems) > noted:
            return b""
        try:
            return parse_base64url(text, size=size)
        except FormatError as error:
            self.problems.append(f"`{name}` is not a key as it was printed: {error.detail}")
            return b""

    def nothing_left(self, table: dict[str, Any], where: str) -> None:
        """Note members that nobody asked for: a misspelt one must not be ignored."""
        self.problems.extend(f"`{key}` is not known{where}" for key in table)


_KINDS: dict[type, str] = {
    int: "a whole number",
    str: "a text in quotes",
    list: "a list",
    dict: "a table",
    bool: "true or false",
}


def read_trustee(reader: TableReader, table: dict[str, Any]) -> DraftTrustee:
    """Read a `[[trustees]]` table, as a trustee's page and `undersigned trustee keygen` print it."""
    is_operator = reader.take(table, "operator", bool, False)
    name = reader.take(table, "name", str, OPERATOR if is_operator else ...)
    mail = read_mail(reader, "[[trustees]] mail", reader.take(table, "mail", str, None))
    keys = None
    if not is_operator:
        seal_key = reader.key(table, "seal_key", SEAL_KEY_SIZE)
        keys = (seal_key, reader.key(table, "sign_key", PUBLIC_KEY_SIZE))
    if not name.strip():
        reader.problems.append("[[trustees]]: a `name` is empty")
    reader.nothing_left(table, " in [[trustees]]")
    return DraftTrustee(name, keys, mail)


def read_mail(reader: TableReader, where: str, text: str | None) -> str | None:
    """Bring a mail address into its one form; `where` is what the letter file calls it."""
    try:
        return None if text is None else canonical_address(text)
    except FormatError as error:
        reader.problems.append(f"{where}: {error.detail}")
        return None


def read_issuer(reader: TableReader, table: dict[str, Any]) -> DraftIssuer:
    """Read the `[issuer]` table, as `undersigned issuer offer` prints it."""
    url = reader.take(table, "url", str)
    if url and not url.startswith(("https://", "http://")):
        reader.problems.append("[issuer]: `url` must begin with https://")
    token_key = reader.key(table, "token_key")
    if token_key:
        try:
            parse_spki(token_key)
        except FormatError as error:
            reader.problems.append(f"[issuer] token_key: {error.detail}")
    attestation_key = reader.key(table, "attestation_key", PUBLIC_KEY_SIZE)
    reader.nothing_left(table, " in [issuer]")
    return DraftIssuer(url.rstrip("/"), token_key, attestation_key)
