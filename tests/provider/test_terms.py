"""Which addresses a provider may have."""

import pytest

from undersigned.errors import FormatError
from undersigned.provider.terms import ProviderTerms


@pytest.mark.parametrize(
    "issuer",
    [
        "https://accounts.example.org",
        "https://login.example.org/tenant/v2.0",
        "https://login.example.org:8443/",
        "http://localhost:3000",
        "http://127.0.0.1:3000/oidc",
        "http://[::1]:3000",
    ],
)
def test_a_provider_has_a_name_or_is_on_this_machine(issuer: str) -> None:
    """The secret is in no representation of it."""
    terms = ProviderTerms(issuer, "us", "a secret", "Somebody")
    assert "a secret" not in repr(terms)


@pytest.mark.parametrize(
    "issuer",
    [
        "",
        "accounts.example.org",
        "http://accounts.example.org",
        "ftp://accounts.example.org",
        "https://",
        "https://10.0.0.1",
        "https://[fd00::1]",
        "https://2130706433",
        "https://0x7f.1",
        "https://169.254.169.254/latest/meta-data",
        "https://name:word@accounts.example.org",
        "https://accounts.example.org/#part",
        "https://accounts.example.org/?query",
        "https://accounts.example.org:port",
        "https://accounts.example.org/\n",
        "https://äccounts.example.org",
        "https://accounts.example.org/" + "a" * 500,
    ],
)
def test_any_other_address_is_refused(issuer: str) -> None:
    """Without being repeated."""
    with pytest.raises(FormatError) as caught:
        ProviderTerms(issuer, "us", None, "Somebody")
    assert issuer in ("", "https://") or issuer not in caught.value.detail
