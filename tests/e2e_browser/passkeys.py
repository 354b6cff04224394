"""Passkeys in Chromium: authenticators in software, one for each device, by the DevTools protocol."""

from typing import Any

from playwright.sync_api import CDPSession, Page
from tests.desk import make_session

from undersigned.app.desk import Account, Desk
from undersigned.web.desk.guard import COOKIE

OPTIONS: dict[str, Any] = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


class Devices:
    """The authenticators of a page. Each new one takes the place of the one before, which is kept."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self._session: CDPSession = page.context.new_cdp_session(page)
        self._session.send("WebAuthn.enable")
        self._now: str | None = None

    def add(self, **changes: Any) -> str:
        """Put a new device in; return its id."""
        if self._now is not None:
            self.present(self._now, False)
        made = self._session.send(
            "WebAuthn.addVirtualAuthenticator", {"options": OPTIONS | changes}
        )
        self._now = made["authenticatorId"]
        return self._now

    def present(self, device: str, is_here: bool) -> None:
        """Let somebody touch a device, or nobody."""
        self._session.send(
            "WebAuthn.setAutomaticPresenceSimulation",
            {"authenticatorId": device, "enabled": is_here},
        )

    def verify(self, device: str, is_verified: bool) -> None:
        """Let the right finger be on a device, or a wrong one."""
        self._session.send(
            "WebAuthn.setUserVerified",
            {"authenticatorId": device, "isUserVerified": is_verified},
        )

    def remove(self, device: str) -> None:
        """Lose a device."""
        self._session.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": device})
        if device == self._now:
            self._now = None

    def keys(self, device: str) -> list[dict[str, Any]]:
        """Return the passkeys on a device."""
        found: list[dict[str, Any]] = self._session.send(
            "WebAuthn.getCredentials", {"authenticatorId": device}
        )["credentials"]
        return found


def enter(page: Page, desk: Desk, account: Account) -> None:
    """Let a browser have a session of an account, as if it had signed in with a passkey."""
    page.context.add_cookies(
        [
            {
                "name": COOKIE,
                "value": make_session(desk, account),
                "domain": desk.rp_id,
                "path": "/desk",
                "secure": True,
                "httpOnly": True,
                "sameSite": "Strict",
            }
        ]
    )


def cookies_of(page: Page) -> list[str]:
    """Return the names of the cookies that the browser holds."""
    return [str(cookie.get("name")) for cookie in page.context.cookies()]


def is_signed_in(page: Page) -> bool:
    """Say whether the browser holds a session's cookie."""
    return COOKIE in cookies_of(page)
