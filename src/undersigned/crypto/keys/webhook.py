"""The key that the secrets of a site's webhooks come from, so that no database holds any of them."""

from typing import Final

from undersigned.crypto.keys.derive import derive
from undersigned.crypto.keys.kept_secret import KeptSecret

_INFO: Final = b"undersigned/v1/webhook/"


class WebhookKey(KeptSecret):
    """A secret of 32 bytes; from it comes a secret for each webhook, and another whenever it is changed."""

    __slots__ = ()

    KIND = "webhook"

    def secret_of(self, webhook: bytes, number: int) -> bytes:
        """Return a secret (32 bytes) of a webhook by its id (16 bytes); `number` counts them from 1."""
        return derive(self._secret, salt=webhook, info=_INFO + b"%d" % number)
