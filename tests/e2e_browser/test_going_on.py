"""Nothing is lost: pages closed between any two steps, answers lost, the server killed, no network."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, Request, Route, expect
from tests.e2e.proxy import lossy_proxy
from tests.e2e.server import Server
from tests.e2e_browser.signing import (
    check_receipt,
    choose_stand,
    confirm_words,
    expect_nothing_kept,
    expect_receipt,
    open_signing,
    prove_by_invite,
    read_letter,
    save_receipt,
    shown_words,
    sign,
)
from tests.e2e_browser.test_sign import count_of
from tests.live import HOST, SLUG, LiveSite, live_site_in, make_letter

from undersigned.app.site import make_site

PATIENCE_S = 120


def lose_answer(route: Route) -> None:
    """Let a request through, and lose its answer."""
    route.fetch()
    route.abort()


def test_closed_between_every_two_steps(reopen: Callable[[], Page], tmp_path: Path) -> None:
    """The browser is closed after each step and goes on where it was; one signature comes of it."""
    with live_site_in(tmp_path / "data") as live:

        def come_back() -> Page:
            page = reopen()
            open_signing(page, live.url, live.slug)
            expect(page.locator("#under-way")).to_be_visible()
            page.click("#continue")
            return page

        page = reopen()
        open_signing(page, live.url, live.slug)
        words = read_letter(page)

        page = come_back()
        assert shown_words(page) == words
        confirm_words(page, words)

        page = come_back()
        # The token's answer is lost, and with it the page.
        page.route("**/tokens", lose_answer)
        page.fill("#invite", live.invites[0])
        with page.expect_request("**/tokens"):
            page.click("#prove")
        expect(page.locator("#status")).to_contain_text("again", use_inner_text=True)

        page = come_back()
        expect(page.locator("#stand-form")).to_contain_text("Alva Quillstone", use_inner_text=True)
        page.check("#mode-public")
        page.fill("#statement", "Before the battery died")
        page.wait_for_timeout(600)

        page = come_back()
        expect(page.locator("#mode-public")).to_be_checked()
        expect(page.locator("#statement")).to_have_value("Before the battery died")
        choose_stand(page, "sealed", when=2)

        page = come_back()
        expect(page.locator("#review-form")).to_contain_text(
            "Before the battery died", use_inner_text=True
        )
        page.route("**/signatures", lose_answer)
        page.click("#sign-now")
        expect(page.locator("#status")).to_contain_text("again", use_inner_text=True)

        page = come_back()
        expect_receipt(page)
        assert page.locator("#receipt-words li").all_inner_texts() == words
        expect_nothing_kept(page)
        assert check_receipt(save_receipt(page, tmp_path / "receipt.json")).code == 0
        assert count_of(live.url, live.slug) == {"standing": 0, "waiting": 1}


def test_killed_at_the_acknowledgement(page: Page, tmp_path: Path) -> None:
    """SIGKILL after the signature is on disk and before its answer: the same bytes, one signature."""
    data = tmp_path / "data"
    site = make_site(data, HOST)
    _, invites = make_letter(site, tmp_path / "letter")
    site.close()
    with Server(data) as server, lossy_proxy(server.url) as proxy:
        open_signing(page, proxy.url, SLUG)
        confirm_words(page, read_letter(page))
        prove_by_invite(page, invites[0])
        choose_stand(page, "sealed")
        proxy.lose("/signatures", then=server.kill)
        page.click("#sign-now")
        expect(page.locator("#status")).to_contain_text(
            "The site does not answer", use_inner_text=True
        )
        assert not server.is_alive
        server.start()
        expect_receipt(page)
        file = save_receipt(page, tmp_path / "receipt.json")
        assert check_receipt(file).code == 0
        [lost] = proxy.lost
        assert json.loads(lost)["promise"] == json.loads(file.read_text())["promise"]
        assert count_of(server.url, SLUG) == {"standing": 1, "waiting": 0}


@pytest.fixture
def reviewed(page: Page, live_site: LiveSite, request: pytest.FixtureRequest) -> Page:
    """A page at its review; each test takes another member."""
    member: int = request.param
    open_signing(page, live_site.url, live_site.slug)
    confirm_words(page, read_letter(page))
    prove_by_invite(page, live_site.invites[member])
    choose_stand(page, "sealed")
    return page


@pytest.mark.parametrize("reviewed", [5], indirect=True)
def test_answer_lost_once(reviewed: Page) -> None:
    """It is asked for again without anybody doing anything."""
    reviewed.route("**/signatures", lose_answer, times=1)
    sign(reviewed)


@pytest.mark.parametrize("reviewed", [6], indirect=True)
def test_no_network(reviewed: Page) -> None:
    """The page says so, and goes on by itself when the network is back."""
    reviewed.context.set_offline(True)
    reviewed.click("#sign-now")
    expect(reviewed.locator("#status")).to_contain_text("You are offline", use_inner_text=True)
    reviewed.context.set_offline(False)
    expect_receipt(reviewed)


@pytest.mark.parametrize("reviewed", [7], indirect=True)
def test_busy_for_long(reviewed: Page) -> None:
    """A full queue is told when patience ends; the same button sends the same bytes."""
    sent: list[str] = []

    def refuse(route: Route) -> None:
        sent.append(route.request.post_data or "")
        route.fulfill(
            status=503,
            headers={"Retry-After": "0"},
            content_type="application/problem+json",
            body=json.dumps({"code": "busy", "detail": "", "status": 503}),
        )

    under_way: set[Request] = set()

    def begin(request: Request) -> None:
        under_way.add(request)

    def end(request: Request) -> None:
        under_way.discard(request)

    reviewed.on("request", begin)
    reviewed.on("requestfinished", end)
    reviewed.on("requestfailed", end)
    reviewed.clock.install()
    reviewed.route("**/signatures", refuse)
    reviewed.click("#sign-now")
    alert = reviewed.locator("#step-review [role=alert]")
    until = time.monotonic() + PATIENCE_S
    while not alert.is_visible():
        assert time.monotonic() < until
        reviewed.wait_for_timeout(50)
        # The page waits at most 8 s between two tries, and 30 s for an answer: whoever let the clock run as
        # long, or while an answer is awaited, would let it give up what is on its way.
        if not under_way:
            reviewed.clock.run_for(10_000)
    expect(alert).to_contain_text("press the button again", use_inner_text=True)
    expect(reviewed.locator("#review-title")).to_be_focused()
    reviewed.unroute("**/signatures")
    with reviewed.expect_request("**/signatures") as last:
        reviewed.click("#sign-now")
    expect_receipt(reviewed)
    assert len(sent) == 6
    assert {*sent, last.value.post_data} == {sent[0]}


def test_start_over(page: Page, live_site: LiveSite) -> None:
    """Says what it means, and deletes everything."""
    open_signing(page, live_site.url, live_site.slug)
    words = read_letter(page)
    page.reload()
    page.click("#start-over-ask")
    expect(page.locator("#start-over")).to_contain_text(
        "New words will be made", use_inner_text=True
    )
    page.click("#start-over-no")
    page.click("#continue")
    confirm_words(page, words)
    prove_by_invite(page, live_site.invites[8])
    page.reload()
    page.click("#start-over-ask")
    expect(page.locator("#start-over")).to_contain_text(
        "could not sign this letter any more", use_inner_text=True
    )
    page.click("#start-over-yes")
    expect(page.locator("#read-done")).to_be_visible()
    expect_nothing_kept(page)
    assert read_letter(page) != words
