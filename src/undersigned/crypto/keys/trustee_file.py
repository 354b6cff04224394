"""A trustee's key file: the seed under a passphrase, as JSON that a browser can make as well.

`docs/formats.md` §1. The public keys stand beside it in clear, to be pasted into a letter; a file in
which they are not those of the seed is refused.
"""

import json
from typing import Final, Literal

import msgspec

from undersigned.crypto.keys.passphrase import NONCE_SIZE, SALT_SIZE, Locked, lock, unlock
from undersigned.crypto.keys.trustee import SEED_SIZE, TrusteeKey
from undersigned.encoding import format_base64url, parse_base64url
from undersigned.errors import FormatError

LONGEST_FILE: Final = 4_096
"""Bytes: a seal key has 1.6 kB in base64url, the rest some 400."""

_CT_SIZE: Final = SEED_SIZE + 16


class _Wire(msgspec.Struct, forbid_unknown_fields=True):
    v: Literal[1]
    kind: Literal["undersigned-trustee"]
    kdf: Literal["PBKDF2-SHA256"]
    iterations: int
    salt: str
    nonce: str
    ciphertext: str
    seal_key: str
    sign_key: str


_DECODER: Final = msgspec.json.Decoder(_Wire)


def is_locked(text: str) -> bool:
    """Say whether a key file's text is one under a passphrase."""
    return text.lstrip().startswith("{")


def format_locked(key: TrusteeKey, passphrase: str) -> str:
    """Write a key under a passphrase. Raises FormatError for a passphrase that cannot be one."""
    locked = lock(key.seed, passphrase)
    members = {
        "v": 1,
        "kind": "undersigned-trustee",
        "kdf": "PBKDF2-SHA256",
        "iterations": locked.iterations,
        "salt": format_base64url(locked.salt),
        "nonce": format_base64url(locked.nonce),
        "ciphertext": format_base64url(locked.ciphertext),
        "seal_key": format_base64url(key.seal_key),
        "sign_key": format_base64url(key.sign_key),
    }
    return json.dumps(members, indent=2) + "\n"


def parse_locked(text: str, passphrase: str) -> TrusteeKey:
    """Return the key in a file. Raises VerificationError for a wrong passphrase, FormatError."""
    if len(text) > LONGEST_FILE:
        raise FormatError("The file is too long to be a trustee's key.")
    try:
        wire = _DECODER.decode(text.encode())
    except (msgspec.MsgspecError, UnicodeEncodeError, RecursionError):
        raise FormatError("The file is not a trustee's key.") from None
    locked = Locked(
        wire.iterations,
        parse_base64url(wire.salt, size=SALT_SIZE),
        parse_base64url(wire.nonce, size=NONCE_SIZE),
        parse_base64url(wire.ciphertext, size=_CT_SIZE),
    )
    key = TrusteeKey(unlock(locked, passphrase))
    stated = (parse_base64url(wire.seal_key), parse_base64url(wire.sign_key))
    if stated != (key.seal_key, key.sign_key):
        raise FormatError("The file states other public keys than those of its seed.")
    return key
