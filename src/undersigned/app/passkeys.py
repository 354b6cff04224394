"""Passkeys: WebAuthn Level 3, sections 7.1 and 7.2, by the library `webauthn`.

1. The server makes a challenge for one purpose and keeps its hash, for five minutes.
2. The authenticator signs it with the origin that the browser sees, after it has verified its user.
3. The challenge is taken: it is answered once. Then everything is verified, and the counter must grow.

Nothing is asked about the make of an authenticator, and the account is found by the passkey itself.

The library is imported when somebody signs in: it knows the certificates of many makers, and nobody who
comes to a letter should wait for that.
"""

import json
import secrets
from typing import Any, Final

import msgspec

from undersigned.app.desk import Desk
from undersigned.domain.canonical import hash_bytes
from undersigned.encoding import parse_base64url
from undersigned.errors import FormatError, PasskeyRefused
from undersigned.store import accounts as account_store
from undersigned.store import links as link_store
from undersigned.store.accounts import CredentialRow
from undersigned.store.links import ChallengeRow

CHALLENGE_S: Final = 300
"""How long a challenge may be answered: as long as people take to find their key."""

MOST_CHALLENGES: Final = 4096
"""Challenges of one purpose that wait; beyond it the oldest are forgotten."""

LONGEST_RESPONSE: Final = 64 * 1024
"""Bytes of what an authenticator answers, as JSON: many times what any does."""

RP_NAME: Final = "Undersigned"

_Purpose = str


class _Response(msgspec.Struct):
    clientDataJSON: str  # noqa: N815 - the standard's name


class _Credential(msgspec.Struct):
    """The part of a response that is read before the library reads it all."""

    id: str
    response: _Response


class _ClientData(msgspec.Struct):
    challenge: str
    crossOrigin: bool = False  # noqa: N815


# Made here and not at the first use, which may be in two threads at once.
_CREDENTIAL: Final = msgspec.json.Decoder(_Credential)
_CLIENT_DATA: Final = msgspec.json.Decoder(_ClientData)


def begin_registration(
    desk: Desk, purpose: _Purpose, subject: bytes, account: bytes, name: str
) -> dict[str, Any]:
    """Return what `navigator.credentials.create` is asked, in the standard's JSON.

    `subject` is what the challenge is bound to, `account` the id that the passkey is made for.
    """
    import webauthn
    from webauthn.helpers import structs

    with desk.database.read() as connection:
        known = account_store.list_credentials(connection, account)
    options = webauthn.generate_registration_options(
        rp_id=desk.rp_id,
        rp_name=RP_NAME,
        user_id=account,
        user_name=name,
        user_display_name=name,
        challenge=_make_challenge(desk, purpose, subject, account),
        timeout=CHALLENGE_S * 1000,
        authenticator_selection=structs.AuthenticatorSelectionCriteria(
            resident_key=structs.ResidentKeyRequirement.REQUIRED,
            user_verification=structs.UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[
            structs.PublicKeyCredentialDescriptor(id=row.credential) for row in known
        ],
    )
    return _json(webauthn.options_to_json(options))


def finish_registration(
    desk: Desk, purpose: _Purpose, subject: bytes, response: dict[str, Any], name: str
) -> CredentialRow:
    """Verify the answer to `begin_registration`; return the passkey, which is not stored yet.

    Raises PasskeyRefused.
    """
    import webauthn

    challenge, row = _take(desk, purpose, response)
    if row.subject != subject or row.account is None:
        raise PasskeyRefused
    try:
        made = webauthn.verify_registration_response(
            credential=response,
            expected_challenge=challenge,
            expected_rp_id=desk.rp_id,
            expected_origin=desk.url,
            require_user_verification=True,
        )
    except Exception:  # noqa: BLE001 - what the library raises for garbage is not one class
        raise PasskeyRefused from None
    return CredentialRow(
        made.credential_id,
        row.account,
        made.credential_public_key,
        made.sign_count,
        name,
        desk.clock.now(),
        None,
    )


def begin_sign_in(desk: Desk) -> dict[str, Any]:
    """Return what `navigator.credentials.get` is asked: any passkey of this desk will do."""
    import webauthn
    from webauthn.helpers import structs

    options = webauthn.generate_authentication_options(
        rp_id=desk.rp_id,
        challenge=_make_challenge(desk, "sign-in", None, None),
        timeout=CHALLENGE_S * 1000,
        user_verification=structs.UserVerificationRequirement.REQUIRED,
    )
    return _json(webauthn.options_to_json(options))


def finish_sign_in(desk: Desk, response: dict[str, Any]) -> CredentialRow:
    """Verify the answer to `begin_sign_in`; return the passkey with its new count. Raises PasskeyRefused."""
    import webauthn

    challenge, _ = _take(desk, "sign-in", response)
    try:
        id_ = parse_base64url(str(response.get("id")))
    except FormatError:
        raise PasskeyRefused from None
    with desk.database.read() as connection:
        known = account_store.find_credential(connection, id_)
    if known is None:
        raise PasskeyRefused
    try:
        used = webauthn.verify_authentication_response(
            credential=response,
            expected_challenge=challenge,
            expected_rp_id=desk.rp_id,
            expected_origin=desk.url,
            credential_public_key=known.public_key,
            credential_current_sign_count=known.sign_count,
            require_user_verification=True,
        )
        handle = response["response"].get("userHandle")
        is_whose = handle is None or parse_base64url(handle) == known.account
    except Exception:  # noqa: BLE001
        raise PasskeyRefused from None
    if not is_whose:
        raise PasskeyRefused
    return known._replace(sign_count=used.new_sign_count, used_at=desk.clock.now())


def _make_challenge(
    desk: Desk, purpose: _Purpose, subject: bytes | None, account: bytes | None
) -> bytes:
    challenge, now = secrets.token_bytes(32), desk.clock.now()
    row = ChallengeRow(hash_bytes(challenge), purpose, subject, account, now + CHALLENGE_S)
    with desk.database.write() as connection:
        link_store.add_challenge(connection, row, now=now, most=MOST_CHALLENGES)
    return challenge


def _take(desk: Desk, purpose: _Purpose, response: dict[str, Any]) -> tuple[bytes, ChallengeRow]:
    """Return the challenge that an answer names, and its row, which is gone then."""
    try:
        data = msgspec.json.encode(response)
        if len(data) > LONGEST_RESPONSE:
            raise PasskeyRefused
        outer = _CREDENTIAL.decode(data)
        inner = _CLIENT_DATA.decode(parse_base64url(outer.response.clientDataJSON))
        challenge = parse_base64url(inner.challenge, size=32)
    except (FormatError, msgspec.MsgspecError, RecursionError, ValueError):
        # ValueError: a text that has half of a character beyond 16 bits
        raise PasskeyRefused from None
    with desk.database.write() as connection:
        row = link_store.take_challenge(connection, hash_bytes(challenge))
    is_good = row is not None and row.purpose == purpose and row.expires > desk.clock.now()
    if row is None or not is_good or inner.crossOrigin:
        raise PasskeyRefused
    return challenge, row


def _json(text: str) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(text)
    return value
