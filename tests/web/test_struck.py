"""What no longer counts: the pages say who struck it, for which reason and in which words."""

import hashlib
import html
from collections.abc import Iterator
from dataclasses import replace

import httpx2
import pytest
from tests.live import LiveSite
from tests.web.markup import check_soundness, texts_of
from tests.web.members import signed, wait_for_proof

from undersigned.app.log import Batch, publish
from undersigned.domain.letter import Mode
from undersigned.domain.reasons import EraseReason, InvalidateReason
from undersigned.domain.record import EraseRecord, InvalidateRecord, signed_bytes
from undersigned.store.letters import delete_document, put_document
from undersigned.store.signatures import change_signature, delete_shown_name
from undersigned.tlog.proof import parse_proof

PATH = "/letters/small-letter"
WHY = 'She has told us "I did not sign".\n<script>alert(3)</script>'
HASH = hashlib.sha256(WHY.encode()).digest()

Leaves = list[int]


@pytest.fixture(scope="module")
def leaves(live_site: LiveSite) -> Leaves:
    """Two public signatures that the organisers struck for one reason, one for another; an erased one."""
    with httpx2.Client(base_url=live_site.url, timeout=60) as client:

        def place(code: int) -> int:
            digest = signed(client, live_site.slug, live_site.invites[code], Mode.PUBLIC)
            return parse_proof(wait_for_proof(client, digest).content).index

        places = [place(code) for code in range(4)]
        # A letter that lost nobody says nothing of it.
        assert "#struck" not in client.get(PATH).text
    reasons = [InvalidateReason.IMPERSONATION] * 2 + [InvalidateReason.NOT_A_MEMBER]
    for leaf, reason in zip(places, reasons, strict=False):
        _remark(live_site, InvalidateRecord(live_site.letter.letter_id, leaf, reason, HASH, b""))
    _remark(
        live_site,
        EraseRecord(live_site.letter.letter_id, places[3], EraseReason.COURT, b""),
    )
    return places


def _remark(live: LiveSite, record: InvalidateRecord | EraseRecord) -> None:
    """Put an organiser's record into the log, with what follows from it."""
    site = live.running.site
    sig = site.keys.organiser.sign(signed_bytes(replace(record, sig=bytes(64))))
    with site.collector.write() as connection:
        if isinstance(record, InvalidateRecord):
            put_document(connection, WHY.encode())
            change_signature(connection, record.leaf, status="invalidated")
        else:
            change_signature(connection, record.leaf, erased=1)
        delete_shown_name(connection, record.leaf)
        batch = Batch(connection, site)
        batch.add(replace(record, sig=sig))
        batch.write()
    publish(site)


@pytest.fixture
def without_explanation(live_site: LiveSite) -> Iterator[None]:
    """The explanation is taken down."""
    with live_site.running.site.collector.write() as connection:
        delete_document(connection, HASH)
    yield
    with live_site.running.site.collector.write() as connection:
        put_document(connection, WHY.encode())


@pytest.mark.parametrize("lang", ["en", "id"])
def test_its_page_says_why(client: httpx2.Client, leaves: Leaves, lang: str) -> None:
    """The reason in words, the organisers' text as they wrote it, and where their record is."""
    answer = client.get(f"{PATH}/names/{leaves[0]}?lang={lang}")
    assert answer.status_code == 410
    check_soundness(answer.text)
    assert "Alva" not in answer.text
    text = texts_of(answer.text)
    assert " ".join(WHY.split()) in " ".join(html.unescape(text).split())
    assert HASH.hex() in text
    assert "impersonation" in text
    if lang == "en":
        assert "Struck out by the organisers" in text
        assert "Reason: somebody signed in the name of another." in text
    else:
        assert "Alasan: seseorang menandatangani atas nama orang lain." in text


def test_the_letter_says_what_no_longer_counts(client: httpx2.Client, leaves: Leaves) -> None:
    """How many, for which reasons, in which words, with a way to each."""
    page = client.get(PATH)
    check_soundness(page.text)
    text = texts_of(page.text)
    assert "What no longer counts" in text
    assert "3 in all." in text
    assert "2: somebody signed in the name of another (impersonation)" in text
    assert "1: whoever signed is not a member (not-a-member)" in text
    for leaf in leaves[:3]:
        assert f'href="/letters/small-letter@1/names/{leaf}"' in page.text
    assert '<a href="#struck">Invalidated</a>' in page.text
    for lang in ("en", "id"):
        assert "<script>alert" not in client.get(f"{PATH}?lang={lang}").text


@pytest.mark.usefixtures("without_explanation")
def test_an_explanation_that_is_gone_is_said_to_be(client: httpx2.Client, leaves: Leaves) -> None:
    """Its hash stays, and so does the reason."""
    text = texts_of(client.get(f"{PATH}/names/{leaves[1]}").text)
    assert "The organisers’ explanation is no longer on this site." in text
    assert HASH.hex() in text
    assert "no longer on this site" in texts_of(client.get(PATH).text)


def test_an_erased_name_says_why(client: httpx2.Client, leaves: Leaves) -> None:
    """The signature counts on; who wanted the name gone is said, the name is not."""
    answer = client.get(f"{PATH}/names/{leaves[3]}")
    assert answer.status_code == 200
    assert "Dorrin" not in answer.text
    text = texts_of(answer.text)
    assert "The signature still counts." in text
    assert "A court or an authority has ordered that." in text
