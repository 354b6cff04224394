"""The key that the secrets of a site's webhooks come from, so that no database holds any of them."""

import secrets
from pathlib import Path
from typing import Final, Self

from undersigned.crypto.keys.derive import derive
from undersigned.crypto.keys.files import load_secret, save_secret
from undersigned.encoding import format_base64, parse_base64
from undersigned.errors import FormatError

SIZE: Final = 32
_HEAD: Final = "WEBHOOK+KEY+"
_INFO: Final = b"undersigned/v1/webhook/"


class WebhookKey:
    """A secret of 32 bytes; from it comes a secret for each webhook, and another whenever it is changed."""

    __slots__ = ("_secret",)

    def __init__(self, secret: bytes) -> None:
        if len(secret) != SIZE:
            raise FormatError("The key of webhooks has 32 bytes.")
        self._secret = secret

    def __repr__(self) -> str:
        return "WebhookKey()"

    @classmethod
    def generate(cls) -> Self:
        """Make a new key."""
        return cls(secrets.token_bytes(SIZE))

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a saved key; raises StoreError (missing, readable by others) and FormatError."""
        text = load_secret(path).removesuffix("\n")
        if not text.startswith(_HEAD):
            raise FormatError("The file holds no key of webhooks.")
        return cls(parse_base64(text.removeprefix(_HEAD), size=SIZE))

    def save(self, path: Path) -> None:
        """Write the key to a new file of mode 0600; raises StoreError if the file exists."""
        save_secret(path, f"{_HEAD}{format_base64(self._secret)}\n")

    def secret_of(self, webhook: bytes, number: int) -> bytes:
        """Return a secret (32 bytes) of a webhook by its id (16 bytes); `number` counts them from 1."""
        return derive(self._secret, salt=webhook, info=_INFO + b"%d" % number)
