"""The small values of a letter: what an issuer's address may be."""

import pytest

from undersigned.domain.terms import check_issuer_url
from undersigned.errors import FormatError


@pytest.mark.parametrize(
    "url",
    [
        "https://codes.example",
        "https://codes.example:8443",
        "https://xn--bcher-kva.example",
        "https://192.0.2.7",
        "http://localhost:8001",
        "http://localhost",
        "http://127.0.0.1:65535",
    ],
)
def test_an_origin(url: str) -> None:
    """As browsers write it: nothing that is left out by them, nothing after it."""
    check_issuer_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://",
        "codes.example",
        "//codes.example",
        "https://codes.example/",
        "https://codes.example/path",
        "https://codes.example?q",
        "https://codes.example#a",
        "https://user@codes.example",
        "https://Codes.example",
        "https://codes..example",
        "https://-codes.example",
        "https://codes.example.",
        "https://codes_.example",
        "https://codes.example:443",
        "https://codes.example:0",
        "https://codes.example:080",
        "https://codes.example:65536",
        "https://codes.example:99999",
        f"https://codes.example:{'9' * 5_000}",
        "https://codes.example:",
        "https://codes.example; script-src *",
        "https://codes.example https://other.example",
        "https://codes.example\n",
        "https://*.example",
        "https://bücher.example",
        f"https://{'a' * 64}.example",
        f"https://{'a.' * 127}example",
        "http://codes.example",
        "http://localhost:80",
        "http://127.0.0.2",
        "ftp://codes.example",
        "javascript:alert(1)",
    ],
)
def test_what_is_no_origin(url: str) -> None:
    """It would get into a page's policy, and be compared with what a browser says."""
    with pytest.raises(FormatError, match=r"issuer\.url"):
        check_issuer_url(url)
