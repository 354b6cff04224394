"""What holds for every answer: security headers, CORS, HEAD, caching, no cookies."""

from typing import Any

import httpx2
import pytest
from tests.live import LiveSite

from undersigned.web import headers
from undersigned.web.headers import CSP, KEPT, page_csp
from undersigned.web.static_files import FOLDER

PAGES = [
    "/",
    "/letters/small-letter",
    "/letters/small-letter@1?lang=id",
    "/letters/small-letter/names?q=x",
    "/letters/small-letter/names/3",
    "/nothing",
]
OPEN = [
    "/log/checkpoint",
    "/log/tile/0/000.p/1",
    "/log/nothing",
    "/api/v1/site",
    "/api/v1/letters",
    "/api/v1/letters/small-letter",
    "/api/v1/letters/small-letter/counts",
    "/api/v1/letters/small-letter/history",
    "/api/v1/letters/small-letter/names",
    "/api/v1/letters/no-such",
    "/api/v1/openapi.json",
    "/api/v1/nothing",
]
POLICIES = {CSP} | {page_csp(scripts=s, forms=f) for s in (True, False) for f in (True, False)}


def test_what_goes_into_pages_of_others_is_not_kept_with_the_answers() -> None:
    """Answers are told apart by what is said of them: nothing else may say the same."""
    others = (headers.EMBED_DATA, headers.EMBED_PAGE, headers.FILE, headers.CARD)
    assert KEPT.isdisjoint((*others, headers.OEMBED))


@pytest.fixture
def document(live_site: LiveSite) -> str:
    """The address of a document."""
    return f"/documents/{live_site.letter.texts[0].hash.hex()}"


def check(answer: httpx2.Response, csp: str = CSP) -> None:
    """Check the headers that every answer has."""
    headers = answer.headers
    assert headers["content-security-policy"] == csp
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cross-origin-embedder-policy"] == "require-corp"
    assert "camera=()" in headers["permissions-policy"]
    assert "set-cookie" not in headers
    assert "server" not in headers
    assert "cache-control" in headers


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("accept", ["text/html", "*/*"])
def test_pages(client: httpx2.Client, path: str, accept: str) -> None:
    """Pages may not be framed, run nothing, and are for this site alone."""
    answer = client.get(path, headers={"Accept": accept})
    policy = answer.headers["content-security-policy"]
    check(answer, policy)
    assert policy in POLICIES
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    ("path", "scripts", "forms"),
    [
        ("/", False, True),
        ("/nothing", False, False),
        ("/letters/small-letter", True, True),
        ("/letters/small-letter/names", False, True),
    ],
)
def test_pages_may_do_what_they_need(
    client: httpx2.Client, path: str, scripts: bool, forms: bool
) -> None:
    """Only the letter's page runs a script, if it was built; only pages with a search send a form."""
    answer = client.get(path, headers={"Accept": "text/html"})
    has_script = '<script type="module" src="/static/dist/' in answer.text
    assert has_script <= scripts
    assert answer.headers["content-security-policy"] == page_csp(scripts=has_script, forms=forms)
    assert ("<form" in answer.text) <= forms


@pytest.mark.parametrize("policy", sorted(POLICIES))
def test_policies_let_in_nothing_from_elsewhere(policy: str) -> None:
    """No origin but this one, nothing inline, no script made of a string, no frame around it."""
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["base-uri"] == rules["frame-ancestors"] == rules["trusted-types"] == "'none'"
    assert rules["require-trusted-types-for"] == "'script'"
    assert set(rules.values()) <= {"'none'", "'self'", "'script'"}


def test_static_files(client: httpx2.Client) -> None:
    """The style sheet is kept by its version, and asked for again without one."""
    page = client.get("/").text
    link = page.partition('rel="stylesheet" href="')[2].partition('"')[0]
    assert "immutable" in client.get(link).headers["cache-control"]
    plain = client.get("/static/style.css")
    check(plain)
    assert plain.headers["content-type"] == "text/css; charset=utf-8"
    assert plain.headers["cache-control"] == "no-cache"
    again = client.get("/static/style.css", headers={"If-None-Match": plain.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    check(again)
    assert (plain.headers["content-encoding"], plain.headers["vary"]) == ("gzip", "Accept-Encoding")
    whole = client.get("/static/style.css", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in whole.headers
    assert whole.content == plain.content == (FOLDER / "style.css").read_bytes()
    assert "url(" not in plain.text
    assert "@import" not in plain.text


@pytest.mark.parametrize("path", OPEN)
def test_public_data_is_open_to_every_page(client: httpx2.Client, path: str) -> None:
    """Log, documents and what the API tells may be read from any origin; HEAD likewise."""
    for method in ("GET", "HEAD"):
        answer = client.request(method, path, headers={"Origin": "https://other.example"})
        check(answer)
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.headers["cross-origin-resource-policy"] == "cross-origin"


def test_documents_are_sandboxed(client: httpx2.Client, document: str) -> None:
    """A document has its own, stricter policy."""
    check(client.get(document), "sandbox; default-src 'none'; frame-ancestors 'none'")


@pytest.mark.parametrize("route", ["enrolments", "tokens", "signatures", "amendments"])
def test_what_changes_something_is_not_open_to_other_pages(
    client: httpx2.Client, route: str
) -> None:
    """A page of another origin cannot read what a POST is answered with, nor is it kept."""
    answer: Any = client.post(
        f"/api/v1/letters/small-letter/{route}",
        json={},
        headers={"Origin": "https://other.example"},
    )
    check(answer)
    assert "access-control-allow-origin" not in answer.headers
    assert answer.headers["cache-control"] == "no-store"


def test_head_is_get_without_a_body(client: httpx2.Client, document: str) -> None:
    """Wherever GET works HEAD does, with the same headers and no body."""
    for path in [*PAGES, *OPEN, "/static/style.css", document]:
        got, head = client.get(path), client.head(path)
        assert head.status_code == got.status_code
        assert head.content == b""
        varying = {"date", "content-length"}
        if path == "/api/v1/site":
            continue
        assert {k: v for k, v in head.headers.items() if k not in varying} == {
            k: v for k, v in got.headers.items() if k not in varying
        }
        assert head.headers.get("content-length") == got.headers.get("content-length")
