"""The signature, as Standard Webhooks has it, and as the receiver of docs/webhooks.md checks it."""

import base64
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from undersigned.crypto.keys import WebhookKey
from undersigned.webhook.signing import format_secret, signed_headers

DOCUMENT = Path(__file__).parents[2] / "docs" / "webhooks.md"

Check = Callable[[str, dict[str, str], bytes], bool]


def documented_check() -> Check:
    """Return the receiver of the documentation, which has had no call yet."""
    (code,) = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(), flags=re.DOTALL)
    made: dict[str, Any] = {}
    exec(code, made)  # noqa: S102 - what readers copy
    check: Check = made["check"]
    return check


def test_the_example_of_the_specification() -> None:
    """Its secret, id, time and body give its signature."""
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    headers = signed_headers(
        "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, b'{"test": 2432232314}', [secret]
    )
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    assert format_secret(secret) == "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_the_documented_receiver_checks_a_call() -> None:
    """One that is genuine, once; with two signatures by either secret."""
    old, new = bytes(32), bytes([1] * 32)
    check, now, body = documented_check(), int(time.time()), '{"a":"é"}'.encode()
    headers = signed_headers("msg_1", now, body, [new, old])
    assert check(format_secret(new), headers, body) is True
    assert check(format_secret(old), headers, body) is False
    again = signed_headers("msg_1", now + 5, body, [new])
    assert check(format_secret(new), again, body) is False


@pytest.mark.parametrize(
    ("what", "value"),
    [
        ("webhook-id", "msg_2"),
        ("webhook-timestamp", "1"),
        ("webhook-signature", f"v1,{base64.b64encode(bytes(32)).decode()}"),
        ("body", "{} "),
        ("secret", format_secret(bytes([2] * 32))),
        ("late", "301"),
        ("late", "-400"),
    ],
)
def test_the_documented_receiver_refuses_others(what: str, value: str) -> None:
    """Another id, time, signature, body or secret; a call that is played back later."""
    key, late = bytes(32), int(value) if what == "late" else 0
    headers = signed_headers("msg_1", int(time.time()) - late, b"{}", [key])
    parts = headers | {"body": "{}", "secret": format_secret(key)} | {what: value}
    body, secret = parts.pop("body").encode(), parts.pop("secret")
    with pytest.raises(ValueError, match=r"not signed|too old"):
        documented_check()(secret, parts, body)


def test_every_webhook_has_secrets_of_its_own(tmp_path: Path) -> None:
    """From one key, which is kept in a file; none is shown."""
    key = WebhookKey.generate()
    key.save(tmp_path / "webhook.key")
    made = {key.secret_of(id_, number) for id_ in (bytes(16), b"a" * 16) for number in (1, 2, 11)}
    assert len(made) == 6
    again = WebhookKey.load(tmp_path / "webhook.key")
    assert again.secret_of(bytes(16), 1) == key.secret_of(bytes(16), 1)
    assert repr(key) == "WebhookKey()"
