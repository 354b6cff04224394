"""The pages of signing and of one's signature, as they are sent: complete before any script runs."""

import re

import httpx2
import pytest
from tests.live import LiveSite

SIGNERS_MEET = {
    "already-issued",
    "already-withdrawn",
    "busy",
    "condition-not-offered",
    "format-error",
    "letter-not-open",
    "mode-not-offered",
    "name-not-attested",
    "proof-rejected",
    "refused",
    "store-error",
    "token-invalid",
    "token-spent",
    "undersigned-error",
    "unknown-leaf",
    "unknown-letter",
    "unknown-signature",
    "unreachable",
    "verification-error",
}
"""The codes of `docs/errors.md` that may come back to a member."""


@pytest.mark.parametrize("lang", ["en", "id"])
@pytest.mark.parametrize("name", ["sign", "signature"])
def test_every_error_has_its_sentence(
    client: httpx2.Client, live_site: LiveSite, name: str, lang: str
) -> None:
    """The page holds a sentence for every code, in its own language."""
    page = client.get(f"/letters/{live_site.slug}/{name}?lang={lang}")
    assert page.headers["content-language"] == lang
    found = dict(re.findall(r'<template data-error="([a-z-]+)">([^<]+)</template>', page.text))
    assert found.keys() >= SIGNERS_MEET
    assert all(sentence.strip() for sentence in found.values())


@pytest.mark.parametrize("name", ["sign", "signature"])
def test_the_policy_lets_one_script_run(
    client: httpx2.Client, live_site: LiveSite, name: str
) -> None:
    """Nothing inline, nothing from elsewhere, nothing from strings; no form is sent by itself."""
    page = client.get(f"/letters/{live_site.slug}/{name}")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'; script-src 'self'; connect-src 'self'" in policy
    assert "form-action 'none'" in policy
    assert "trusted-types 'none'" in policy
    assert re.findall(r"<script[^>]*>[^<]", page.text) == []
    assert re.findall(r"\sstyle=|\son[a-z]+=", page.text) == []
    assert len(re.findall(r"<script ", page.text)) == 1


def test_every_field_names_the_place_of_its_error(
    client: httpx2.Client, live_site: LiveSite
) -> None:
    """What is wrong is read out with the field."""
    page = client.get(f"/letters/{live_site.slug}/sign").text
    places = set(re.findall(r'id="([a-z0-9-]+)-error"', page))
    assert places
    for field in places:
        described = re.search(rf'id="{field}"[^>]*aria-describedby="([^"]+)"', page)
        assert described is not None, field
        assert f"{field}-error" in described[1].split()


@pytest.mark.parametrize("name", ["sign", "signature"])
def test_no_such_letter(client: httpx2.Client, name: str) -> None:
    """A page says so, with its status."""
    answer = client.get(f"/letters/none-such/{name}", headers={"Accept": "text/html"})
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
