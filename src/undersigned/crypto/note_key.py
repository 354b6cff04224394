"""Public keys of signed notes, and their text form, the vkey.

C2SP signed-note v1.0.0 (`<name>+<hex key ID>+<base64(kind ‖ public key)>`) and, for the kind of
witnesses, C2SP tlog-cosignature v1.0.0. A key ID is a hint that selects a key; it proves nothing.
"""

import hashlib
from dataclasses import dataclass
from typing import Final

from undersigned.crypto.ed25519 import PUBLIC_KEY_SIZE, verify_ed25519
from undersigned.encoding import format_base64, parse_base64, parse_hex
from undersigned.errors import FormatError, VerificationError

ED25519: Final = 0x01
COSIGNATURE: Final = 0x04
KINDS: Final = frozenset({ED25519, COSIGNATURE})

KEY_ID_SIZE: Final = 4

MAX_NAME_BYTES: Final = 255
"""A name is a host and a short path; a host has at most 253 characters."""


def check_name(name: str) -> None:
    """Check that a key may bear this name: not empty, no Unicode space, no plus, no control sign.

    Raises FormatError (C2SP signed-note, "Signatures"; the bound of 255 bytes is this project's).
    """
    try:
        size = len(name.encode("utf-8"))
    except UnicodeEncodeError:
        raise FormatError("The name of a key is not UTF-8.") from None
    if not 0 < size <= MAX_NAME_BYTES:
        raise FormatError(f"The name of a key has 1 to {MAX_NAME_BYTES} bytes.")
    if any(sign == "+" or sign.isspace() or sign < " " for sign in name):
        raise FormatError("The name of a key has no spaces, no plus and no control signs.")


@dataclass(frozen=True, slots=True)
class NoteKey:
    """A named public key: `kind` is ED25519 or COSIGNATURE, `public_key` has 32 bytes."""

    name: str
    kind: int
    public_key: bytes

    def __post_init__(self) -> None:
        check_name(self.name)
        if self.kind not in KINDS:
            raise FormatError("The key is of an unknown kind.")
        if len(self.public_key) != PUBLIC_KEY_SIZE:
            raise FormatError("A note key has 32 bytes.")

    @property
    def key_id(self) -> bytes:
        """Return SHA-256(name ‖ 0x0A ‖ kind ‖ public key), cut to 4 bytes (C2SP signed-note)."""
        hashed = self.name.encode("utf-8") + b"\n" + bytes([self.kind]) + self.public_key
        return hashlib.sha256(hashed).digest()[:KEY_ID_SIZE]

    def verify(self, message: bytes, signature: bytes) -> None:
        """Verify an Ed25519 signature (64 bytes) over the text of a note, for kind ED25519 only.

        Raises VerificationError, FormatError for a wrong length. A witness's key never signs a bare
        text: accepting one from it would let a cosignature stand for something else.
        """
        if self.kind != ED25519:
            raise VerificationError("A cosignature key does not sign a note's bare text.")
        verify_ed25519(self.public_key, message, signature)


def parse_vkey(text: str) -> NoteKey:
    """Return the key that a vkey describes (C2SP signed-note, "Verifier keys").

    Raises FormatError, also if the key ID in the text is not the one of the key.
    """
    parts = text.split("+", 2)  # base64 may hold a plus, a name may not
    if len(parts) != 3:
        raise FormatError("A verifier key has the form name+id+key.")
    name, key_id, encoded = parts
    body = parse_base64(encoded, size=1 + PUBLIC_KEY_SIZE)
    key = NoteKey(name, body[0], body[1:])
    if parse_hex(key_id, KEY_ID_SIZE) != key.key_id:
        raise FormatError("The ID in the verifier key is not the one of its key.")
    return key


def format_vkey(key: NoteKey) -> str:
    """Write a key as a vkey (C2SP signed-note, "Verifier keys")."""
    return f"{key.name}+{key.key_id.hex()}+{format_base64(bytes([key.kind]) + key.public_key)}"
