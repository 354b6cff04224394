"""The signature of a call and the writing of its secret, as Standard Webhooks has them, version `v1`."""

import hashlib
import hmac
from collections.abc import Sequence

from undersigned.encoding import format_base64

VERSION = "v1"
SECRET_HEAD = "whsec_"  # noqa: S105 - what a secret begins with


def format_secret(secret: bytes) -> str:
    """Write a secret as its receiver keeps it."""
    return f"{SECRET_HEAD}{format_base64(secret)}"


def signed_headers(
    call: str, timestamp: int, body: bytes, secrets: Sequence[bytes]
) -> dict[str, str]:
    """Return the three headers of a call: a signature for each secret, with a space between them.

    Several are there while an old secret is still good. `timestamp` is in UTC seconds.
    """
    content = b"%s.%d.%s" % (call.encode("ascii"), timestamp, body)
    signatures = (hmac.digest(secret, content, hashlib.sha256) for secret in secrets)
    return {
        "webhook-id": call,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"{VERSION},{format_base64(each)}" for each in signatures),
    }
