"""A secret of 32 bytes in a file of its own, from which a site derives what it gives out and gets back."""

import secrets
from pathlib import Path
from typing import ClassVar, Final, Self

from undersigned.crypto.keys.derive import derive
from undersigned.crypto.keys.files import load_secret, save_secret
from undersigned.encoding import format_base64, parse_base64
from undersigned.errors import FormatError

SIZE: Final = 32


class KeptSecret:
    """What such keys have in common: how they are made, saved and read. `KIND` says in one word of what."""

    __slots__ = ("_secret",)

    KIND: ClassVar[str]

    def __init__(self, secret: bytes) -> None:
        if len(secret) != SIZE:
            raise FormatError(f"A {self.KIND} key has 32 bytes.")
        self._secret = secret

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    @classmethod
    def generate(cls) -> Self:
        """Make a new key."""
        return cls(secrets.token_bytes(SIZE))

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a saved key; raises StoreError (missing, readable by others) and FormatError."""
        text = load_secret(path).removesuffix("\n")
        if not text.startswith(cls._head()):
            raise FormatError(f"The file holds no {cls.KIND} key.")
        return cls(parse_base64(text.removeprefix(cls._head()), size=SIZE))

    def save(self, path: Path) -> None:
        """Write the key to a new file of mode 0600; raises StoreError if the file exists."""
        save_secret(path, f"{self._head()}{format_base64(self._secret)}\n")

    @property
    def fingerprint(self) -> str:
        """What tells this key from others, and nothing of it: 64 digits in hex."""
        info = f"undersigned/v1/{self.KIND}/fingerprint".encode()
        return derive(self._secret, salt=b"", info=info).hex()

    @classmethod
    def _head(cls) -> str:
        return f"{cls.KIND.upper()}+KEY+"
