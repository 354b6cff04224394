"""The keys that sign notes: the log's and the promise's, and those of witnesses.

C2SP signed-note v1.0.0 and tlog-cosignature v1.0.0. A saved key is one line,
`PRIVATE+KEY+<name>+<hex key ID>+<base64(kind ‖ seed)>`, the form that other implementations of
notes read and write.
"""

import secrets
from pathlib import Path
from typing import Final, Self

from undersigned.crypto.ed25519 import SEED_SIZE
from undersigned.crypto.keys.files import load_secret, save_secret
from undersigned.crypto.keys.record import RecordSigner
from undersigned.crypto.note_key import COSIGNATURE, ED25519, KEY_ID_SIZE, NoteKey
from undersigned.encoding import format_base64, parse_base64, parse_hex
from undersigned.errors import FormatError

_HEAD: Final = "PRIVATE+KEY+"


class _NoteSecret:
    """A named Ed25519 seed of one kind."""

    __slots__ = ("_key_id", "_seed", "_signer", "verifier")

    kind: int

    def __init__(self, name: str, seed: bytes) -> None:
        self._seed = seed
        self._signer = RecordSigner(seed)
        self.verifier = NoteKey(name, self.kind, self._signer.public_key)
        self._key_id = self.verifier.key_id

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.verifier.name!r})"

    @classmethod
    def generate(cls, name: str) -> Self:
        """Make a new key with this name; raises FormatError for a name that a key cannot bear."""
        return cls(name, secrets.token_bytes(SEED_SIZE))

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a saved key; raises StoreError (missing, readable by others) and FormatError."""
        return cls.parse(load_secret(path).removesuffix("\n"))

    def save(self, path: Path) -> None:
        """Write the key to a new file of mode 0600; raises StoreError if the file exists."""
        save_secret(path, self.format() + "\n")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the key in a `PRIVATE+KEY+...` line.

        Raises FormatError, also for a key of another kind or a key ID that is not the key's.
        """
        parts = text.removeprefix(_HEAD).split("+", 2)
        if not text.startswith(_HEAD) or len(parts) != 3:
            raise FormatError("A note's private key has the form PRIVATE+KEY+name+id+key.")
        name, key_id, encoded = parts
        body = parse_base64(encoded, size=1 + SEED_SIZE)
        if body[0] != cls.kind:
            raise FormatError("The private key is of another kind.")
        signer = cls(name, body[1:])
        if parse_hex(key_id, KEY_ID_SIZE) != signer.verifier.key_id:
            raise FormatError("The ID in the private key is not the one of its key.")
        return signer

    def format(self) -> str:
        """Write the key as a `PRIVATE+KEY+...` line, without a line end. The result is a secret."""
        key_id, body = self.verifier.key_id.hex(), bytes([self.kind]) + self._seed
        return f"{_HEAD}{self.verifier.name}+{key_id}+{format_base64(body)}"

    def _line(self, signature: bytes) -> bytes:
        body = format_base64(self._key_id + signature)
        return f"— {self.verifier.name} {body}\n".encode()


class NoteSigner(_NoteSecret):
    """A key of kind ED25519: it signs the text of a note."""

    __slots__ = ()

    kind = ED25519

    def sign(self, text: bytes) -> bytes:
        """Return the signature line, with its line end, for a note's text (C2SP signed-note).

        The text ends with a line end, which is signed; raises FormatError if it does not.
        """
        if not text.endswith(b"\n"):
            raise FormatError("The text of a note ends with a line end.")
        return self._line(self._signer.sign(text))


class CosignatureSigner(_NoteSecret):
    """A witness's key, of kind COSIGNATURE: it signs a checkpoint and a time."""

    __slots__ = ()

    kind = COSIGNATURE

    def sign(self, text: bytes, time: int) -> bytes:
        """Return the signature line for a checkpoint's text, seen at `time` (Unix seconds).

        Source: C2SP tlog-cosignature, "Format". Raises FormatError for a text without a line end or
        a time out of range.
        """
        if not text.endswith(b"\n") or not 0 <= time < 1 << 63:
            raise FormatError("A cosignature is over a text with a line end, at a time of 63 bits.")
        message = f"cosignature/v1\ntime {time}\n".encode() + text
        return self._line(time.to_bytes(8, "big") + self._signer.sign(message))
