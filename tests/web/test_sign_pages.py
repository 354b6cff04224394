"""The pages of signing and of one's signature, as they are sent: complete before any script runs."""

import re
from collections.abc import Iterator
from dataclasses import replace

import httpx2
import pytest
from tests.live import LiveSite
from tests.web.markup import texts_of
from tests.web.members import signed

from undersigned.app.letters import format_stage
from undersigned.domain.letter import Mode, State
from undersigned.domain.stage import Stage
from undersigned.store.letters import LetterRow, find_letter, put_stage

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


def _put(live: LiveSite, row: LetterRow) -> None:
    with live.running.site.collector.write() as connection:
        put_stage(
            connection,
            row.letter_id,
            stage=row.stage,
            epochs=row.epochs,
            epoch_at=row.epoch_at,
            at=row.at,
            active=row.active,
        )


@pytest.fixture
def released(live_site: LiveSite) -> Iterator[None]:
    """The letter has been released, as far as its row says."""
    with live_site.running.site.collector.read() as connection:
        row = find_letter(connection, live_site.letter.letter_id)
    assert row is not None
    stage = Stage(State.RELEASED, 1, row.at, row.at, reached_at=row.at, released_at=row.at)
    _put(live_site, replace(row, stage=format_stage(stage), active=False))
    yield
    _put(live_site, row)


@pytest.mark.usefixtures("released")
def test_a_released_letter_says_when_later_names_are_opened(
    client: httpx2.Client, live_site: LiveSite
) -> None:
    """Its rule was met long ago: nothing is promised of it any more."""
    page = client.get(f"/letters/{live_site.slug}/sign").text
    text = texts_of(page)
    assert "nobody, until the next names are opened" in text
    assert "at most once a day" in text
    assert "once the letter is reached" not in text
    assert "Delivered once" not in text


def test_numbers_that_are_met_are_said_to_be(client: httpx2.Client, live_site: LiveSite) -> None:
    """Whoever chooses one is counted at once; what stands is what the letter's page says."""
    for invite in live_site.invites[:2]:
        signed(client, live_site.slug, invite, Mode.PUBLIC)
    signed(client, live_site.slug, live_site.invites[2], Mode.ANONYMOUS)
    text = texts_of(client.get(f"/letters/{live_site.slug}/sign").text)
    assert "Standing now3 of 14, 2 of them towards the rule" in text
    assert re.search(r"Once 2 of us stand 14\.3% of 14, met already", text)
    assert re.search(r"Once 3 of us stand 21\.4% of 14\s*Once 6", " ".join(text.split()))
