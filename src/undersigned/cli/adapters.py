"""What a server talks to, made of its settings: mail server, timestamp authorities, sign-on provider."""

from pathlib import Path
from typing import TYPE_CHECKING

from undersigned.config import Settings
from undersigned.errors import FormatError
from undersigned.mail import DkimKey, Mailer, OutboxMailer, SmtpMailer
from undersigned.provider.terms import ProviderTerms
from undersigned.web.imprint import Imprint

if TYPE_CHECKING:
    from undersigned.authority import Authority
    from undersigned.provider.asking import Provider


def mailer_of(settings: Settings, host: str, folder: Path) -> Mailer:
    """Return what sends mails: the server of the settings, or files in the data folder."""
    sender = settings.mail_sender or f"no-reply@{host}"
    dkim = dkim_of(settings, sender)
    if settings.smtp_url is not None:
        return SmtpMailer(settings.smtp_url.get_secret_value(), sender, dkim)
    return OutboxMailer(folder / "outbox", sender, dkim)


def imprint_of(settings: Settings) -> Imprint:
    """Return who answers for a server, as its settings say."""
    return Imprint(
        settings.operator,
        tuple((settings.contact or "").split()),
        tuple((settings.security_contact or "").split()),
    )


def dkim_of(settings: Settings, sender: str) -> DkimKey | None:
    """Return what signs the mails of the sender's domain, if anything does. Raises FormatError."""
    if settings.dkim_key is None and settings.dkim_selector is None:
        return None
    if settings.dkim_key is None or settings.dkim_selector is None:
        raise FormatError("UNDERSIGNED_DKIM_SELECTOR and UNDERSIGNED_DKIM_KEY are set together")
    domain = sender.rpartition("@")[2]
    return DkimKey(settings.dkim_selector, domain, settings.dkim_key.get_secret_value())


def authorities_of(settings: Settings) -> "tuple[Authority, ...]":
    """Return the timestamp authorities of the settings, each once. Raises FormatError."""
    if settings.timestamp_urls is None:
        return ()
    # Only here: what reads their answers, and what asks them, is large.
    from undersigned.authority import MOST_AUTHORITIES, parse_authority

    urls = dict.fromkeys(settings.timestamp_urls.get_secret_value().split())
    if len(urls) > MOST_AUTHORITIES:
        raise FormatError(f"UNDERSIGNED_TIMESTAMP_URLS: at most {MOST_AUTHORITIES} authorities")
    return tuple(parse_authority(url) for url in urls)


def provider_of(settings: Settings) -> "Provider | None":
    """Return the sign-on provider of the settings, if one is set. Raises FormatError."""
    issuer, client_id = settings.openid_issuer, settings.openid_client_id
    secret = settings.openid_client_secret
    if issuer is None and client_id is None and secret is None:
        return None
    if issuer is None or client_id is None:
        raise FormatError(
            "UNDERSIGNED_OPENID_ISSUER and UNDERSIGNED_OPENID_CLIENT_ID are set together"
        )
    # Only here: what verifies the answers of a provider is large.
    import httpx2

    from undersigned.provider.asking import Provider

    name = settings.openid_name or httpx2.URL(issuer).host
    value = None if secret is None else secret.get_secret_value()
    return Provider(ProviderTerms(issuer, client_id, value, name))
