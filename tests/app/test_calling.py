"""Calling: nothing is lost or told twice as another thing, whatever receivers, crashes and time do."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from tests.app.hooked import HOOK, URL, Hooked, hooked_in
from tests.app.village import DAY, HOUR, Village
from tests.certificates import make_certificate
from tests.webhook.receiver import HOST, status
from tests.webhook.test_signing import documented_check

from undersigned.app import calling, webhook_news
from undersigned.app.calling import DELAYS_S, MOST_TRIES
from undersigned.app.noticing import post_notice
from undersigned.app.running import RunningSite
from undersigned.app.webhook_events import Source
from undersigned.app.webhook_news import Derivation
from undersigned.app.webhooks import (
    call_to_test,
    change_secret,
    remove_webhook,
    resume_webhook,
)
from undersigned.domain.letter import Letter, Mode, State
from undersigned.domain.record import NoticeKind
from undersigned.encoding import parse_base64
from undersigned.errors import (
    SecretChanged,
    SecretsOverlap,
    TooManyWebhooks,
    UnknownWebhook,
    WebhookKnown,
)
from undersigned.mail import OutboxMailer
from undersigned.store.purged import purge_addresses
from undersigned.webhook.call import Problem


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of the receiver's name."""
    return make_certificate(tmp_path_factory.mktemp("tls") / "server.pem", HOST)


@pytest.fixture
def hooked(village: Village, certificate: Path) -> Iterator[Hooked]:
    """A village with a receiver near it."""
    with hooked_in(village, certificate) as made:
        yield made


@pytest.fixture
def letter(hooked: Hooked) -> Letter:
    """An open letter of the village."""
    return hooked.village.open()


def post(village: Village, words: str = "The wheel is still there.") -> None:
    """Post news, which is one event."""
    post_notice(village.site, village.letters, "mill", NoticeKind.NEWS, words)


def test_a_receiver_follows_a_letter(hooked: Hooked, letter: Letter) -> None:
    """From the first signatures to its end, in the order of the log; each call is genuine, new and public."""
    village, secret, check = hooked.village, hooked.add(), documented_check()
    village.members(letter, 2)
    village.member(letter, Mode.PUBLIC)
    village.later(1)
    post(village)
    hooked.go()
    village.later(HOUR)
    village.open_waves()
    village.later(1)
    hooked.go()
    assert village.state(letter) is State.RELEASED
    village.at(10 * DAY)
    hooked.go()
    assert hooked.kinds() == [
        *("reached", "notice"),
        *("counts", "frozen", "released"),
        "closed",
    ]
    assert all(check(secret, call.headers, call.body) for call in hooked.receiver.calls)
    entries = village.entries()
    for call, told in zip(hooked.receiver.calls, hooked.told(), strict=True):
        data = told["data"]
        assert data["as_of"] == f"{URL}/letters/mill@1/at/{data['size']}"
        assert 0 < data["size"] <= len(entries)
        assert call.headers["content-type"] == "application/json"
        assert b"illager" not in call.body
        assert b"staff.example" not in call.body
    reached = hooked.told()[0]["data"]
    assert (reached["m"], reached["rule"], reached["wave"]) == (3, 3, 0)
    assert b'"state":"reached"' in entries[reached["size"] - 1]
    assert {state for _, state, _, _ in hooked.states()} == {"taken"}


def test_counts_are_told_once_a_minute(hooked: Hooked, letter: Letter) -> None:
    """The newest ones; not while those before wait."""
    village = hooked.village
    hooked.add()
    village.later(60)
    for _ in range(2):
        village.member(letter, Mode.PUBLIC)
        village.later(1)
        hooked.go()
    village.later(30)
    hooked.go()
    (first,) = (each["data"] for each in hooked.told() if each["type"] == "letter.counts")
    assert (first["standing"], first["epoch"]) == (1, 1)
    hooked.receiver.answers = [status(503)]
    village.later(60)
    hooked.go()
    village.member(letter, Mode.PUBLIC)
    village.later(HOUR)
    hooked.receiver.answers = [status(200)]
    hooked.go()
    village.later(60)
    hooked.go()
    counts = [each["data"]["standing"] for each in hooked.told() if "epoch" in each["data"]]
    assert counts == [1, 2, 2, 3]


def test_a_call_that_is_not_taken_is_made_again(hooked: Hooked, letter: Letter) -> None:
    """With the same id and body, signed anew, after ever longer pauses; in the end it is given up."""
    village = hooked.village
    hooked.add()
    post(village)
    hooked.receiver.answers = [status(500)]
    hooked.go()
    for tries, delay in enumerate(DELAYS_S, 1):
        assert hooked.states() == [("letter.notice", "waiting", tries, "500")]
        village.later(delay - 1)
        hooked.go()
        assert len(hooked.receiver.calls) == tries
        village.later(1)
        hooked.go()
    assert hooked.states() == [("letter.notice", "given-up", MOST_TRIES, "500")]
    village.later(2 * DAY)
    hooked.go()
    assert len({call.headers["webhook-id"] for call in hooked.receiver.calls}) == 1
    assert len({call.body for call in hooked.receiver.calls}) == 1
    assert len(hooked.receiver.calls) == MOST_TRIES
    hooked.receiver.answers = [status(200)]
    post(village)
    hooked.go()
    assert hooked.states()[-1] == ("letter.notice", "taken", 1, "200")


def test_a_receiver_that_is_gone_is_left_alone(hooked: Hooked, letter: Letter) -> None:
    """After a 410 it is called no more, until an organiser says so; then with what is new alone."""
    village, letters = hooked.village, hooked.village.letters
    hooked.add()
    post(village)
    post(village)
    hooked.receiver.answers = [status(410)]
    hooked.go()
    assert [state for _, state, *_ in hooked.states()] == ["given-up", "given-up"]
    assert len(hooked.receiver.calls) == 1
    post(village)
    hooked.go()
    (hook,) = hooked.hooks()
    assert hook.row.state == "gone"
    hooked.receiver.answers = [status(200)]
    for _ in range(2):
        resume_webhook(village.site, letters, "mill", hook.row.webhook)
    hooked.go()
    assert len(hooked.receiver.calls) == 1
    post(village)
    hooked.go()
    assert len(hooked.receiver.calls) == 2


def test_a_crash_loses_nothing(hooked: Hooked, letter: Letter) -> None:
    """Before a call is made, while it is, or before its end is noted: it is told, and known by its id."""
    village, secret, check = hooked.village, hooked.add(), documented_check()
    post(village)
    hooked.restart()
    hooked.receiver.answers = [lambda _: time.sleep(60), status(200)]
    hooked.step()
    hooked.receiver.wait_for_calls(1)
    hooked.restart()
    assert hooked.states() == [("letter.notice", "waiting", 0, None)]
    hooked.step()
    hooked.receiver.wait_for_calls(2)
    hooked.restart()
    hooked.go()
    calls = hooked.receiver.calls
    assert [check(secret, call.headers, call.body) for call in calls] == [True, False, False]
    assert hooked.states() == [("letter.notice", "taken", 1, "200")]


def test_the_same_stretch_gives_the_same_calls(hooked: Hooked, letter: Letter) -> None:
    """What is derived depends on the log and on nothing else, and on none of it that is not published."""
    village = hooked.village
    hooked.add()
    for _ in range(3):
        post(village)
    village.members(letter, 3)
    village.later(60)

    def derive(size: int, now: int) -> list[Any]:
        def source_of(each: Letter) -> Source:
            return Source(each, village.site.origin, URL)

        with village.site.collector.read() as connection:
            news = Derivation(connection, village.letters, size, now, source_of).derive()
        return [(call.call, call.body) for _, _, calls in news for call in calls]

    size, early = len(village.entries()), village.clock.now() - 9
    whole = derive(size, early)
    assert len(whole) == 4
    assert derive(size, early + 1) == whole
    hooked.go()
    assert [(c.headers["webhook-id"], c.body) for c in hooked.receiver.calls][:3] == whole[:3]
    (hook,) = hooked.hooks()
    assert derive(hook.row.position, early) == []


def test_a_part_of_the_log_is_not_told_before_it_is_published(
    hooked: Hooked, letter: Letter
) -> None:
    """Whoever is told can look it up."""
    village = hooked.village
    hooked.add()
    (hook,) = hooked.hooks()
    post(village)
    published = village.site.log_folder / "checkpoint"
    newest = published.read_bytes()
    published.rename(published.with_name("away"))
    hooked.go()
    assert hooked.told() == []
    published.write_bytes(newest)
    hooked.go()
    assert [told["data"]["size"] for told in hooked.told()] == [hook.row.position + 1]


def test_a_slow_receiver_holds_up_no_other(hooked: Hooked, letter: Letter) -> None:
    """Neither another webhook of the letter, nor another letter's."""
    village = hooked.village
    village.open("weir")
    hooked.receiver.answers = [lambda _: time.sleep(60), status(200)]
    hooked.add()
    post(village)
    hooked.step()
    hooked.receiver.wait_for_calls(1)
    hooked.add(url=f"{HOOK}/2")
    hooked.add("weir")
    post(village)
    post_notice(village.site, village.letters, "weir", NoticeKind.NEWS, "Water.")
    begun = time.monotonic()
    while len(hooked.receiver.calls) < 3:
        assert time.monotonic() - begun < 30
        hooked.step()
        time.sleep(0.01)
    assert hooked.calling.on_the_way >= 1
    hooked.calling.stop()


def test_calls_that_wait_are_bounded_and_none_is_lost(
    hooked: Hooked, letter: Letter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is new stays in the log until there is room."""
    monkeypatch.setattr(webhook_news, "MOST_WAITING", 2)
    monkeypatch.setattr(webhook_news, "STRETCH", 1)
    monkeypatch.setattr(calling, "MOST_KEPT", 3)
    hooked.add()
    hooked.receiver.answers = [status(500)]
    for _ in range(5):
        post(hooked.village)
    hooked.go()
    assert len(hooked.states()) == 2
    hooked.receiver.answers = [status(200)]
    hooked.village.later(HOUR)
    hooked.go()
    taken = [told["data"]["size"] for told in hooked.told()[-5:]]
    assert len(set(taken)) == 5
    assert taken == sorted(taken)
    assert len(hooked.states()) == 3


def test_two_secrets_are_good_for_a_day(hooked: Hooked, letter: Letter) -> None:
    """Then the new one alone. Until then no other one is made, which would end the old one at once."""
    village, old = hooked.village, hooked.add()
    (hook,) = hooked.hooks()

    def change(number: int) -> str:
        return change_secret(village.site, village.letters, "mill", hook.row.webhook, number)

    with pytest.raises(SecretChanged):
        change(0)
    new = change(1)
    assert old != new
    village.later(DAY - 1)
    for number in (1, 2):
        with pytest.raises(SecretsOverlap):
            change(number)
    post(village)
    hooked.go()
    village.later(1)
    post(village)
    hooked.go()
    first, second = hooked.receiver.calls
    for secret, call, is_good in (
        (old, first, True),
        (new, first, True),
        (new, second, True),
        (old, second, False),
    ):
        if is_good:
            assert documented_check()(secret, call.headers, call.body)
        else:
            with pytest.raises(ValueError, match="not signed"):
                documented_check()(secret, call.headers, call.body)
    assert len(second.headers["webhook-signature"].split(" ")) == 1
    with pytest.raises(SecretChanged):
        change(1)
    assert change(2) not in (old, new)


def test_a_test_is_tried_once(hooked: Hooked, letter: Letter) -> None:
    """It says of which letter it is; a second one waits for the first."""
    village, letters = hooked.village, hooked.village.letters
    hooked.add()
    (hook,) = hooked.hooks()
    hooked.receiver.answers = [status(404), status(204)]
    assert call_to_test(village.site, letters, "mill", hook.row.webhook, URL)
    assert not call_to_test(village.site, letters, "mill", hook.row.webhook, URL)
    hooked.go()
    assert hooked.states() == [("letter.test", "given-up", 1, "404")]
    assert call_to_test(village.site, letters, "mill", hook.row.webhook, URL)
    hooked.go()
    assert hooked.kinds() == ["test", "test"]
    assert [told["data"]["letter"] for told in hooked.told()] == ["mill@1"] * 2


def test_a_letter_has_so_many_webhooks(hooked: Hooked, letter: Letter) -> None:
    """Each address once, of its own letter alone; a removed one is called no more."""
    village, letters = hooked.village, hooked.village.letters
    village.open("weir")
    for number in range(5):
        hooked.add(url=f"{HOOK}/{number}")
    with pytest.raises(WebhookKnown):
        hooked.add(url="https://HOOKS.example:443/hook/1")
    with pytest.raises(TooManyWebhooks):
        hooked.add()
    id_ = hooked.hooks()[0].row.webhook
    for slug, webhook in (("weir", id_), ("mill", bytes(16))):
        with pytest.raises(UnknownWebhook):
            remove_webhook(village.site, letters, slug, webhook)
    post(village)
    hooked.step()
    for hook in hooked.hooks():
        remove_webhook(village.site, letters, "mill", hook.row.webhook)
    hooked.go()
    post(village)
    before = len(hooked.receiver.calls)
    hooked.go()
    assert len(hooked.receiver.calls) == before
    assert hooked.hooks() == []


def test_webhooks_go_with_the_addresses(hooked: Hooked, letter: Letter) -> None:
    """When the personal data of a letter is deleted on schedule; no other is added then."""
    village = hooked.village
    hooked.add()
    post(village)
    hooked.receiver.answers = [status(500)]
    hooked.go()
    with village.site.collector.write() as connection:
        assert purge_addresses(connection, letter.letter_id, village.clock.now())
    assert hooked.hooks() == []
    with pytest.raises(TooManyWebhooks):
        hooked.add()


def test_no_secret_is_on_disk_or_in_a_log(hooked: Hooked, letter: Letter) -> None:
    """Neither in the database nor in what a given-up call leaves; the address is in no log."""
    secret = hooked.add()
    (hook,) = hooked.hooks()
    village = hooked.village
    call_to_test(village.site, village.letters, "mill", hook.row.webhook, URL)
    hooked.receiver.answers = [status(410)]
    with capture_logs() as said:
        hooked.go()
    assert [line["event"] for line in said] == ["webhook call given up"]
    assert HOST not in repr(said)
    text = secret.removeprefix("whsec_")
    files = [path.read_bytes() for path in village.site.folder.rglob("*.db*")]
    assert any(hook.row.webhook in content for content in files)
    for content in files:
        assert text.encode() not in content
        assert parse_base64(text, size=32) not in content
    assert (village.site.folder / "keys" / "webhook.key").stat().st_mode & 0o077 == 0


def test_a_site_as_it_is_served_calls_nobody_near(
    hooked: Hooked, letter: Letter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own loop, with nothing put into it, looks the name up, sees where it leads, and leaves it there."""
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    hooked.add()
    post(hooked.village)
    running = RunningSite(
        hooked.village.site, OutboxMailer(hooked.certificate.parent, "a@b.example")
    )
    assert "webhooks" in [thread.name for thread in running._loops._threads]
    running._call()
    while running._calling.on_the_way:
        running._call()
        time.sleep(0.01)
    running._calling.stop()
    running.desk.close()
    assert hooked.states() == [("letter.notice", "waiting", 1, Problem.REFUSED.value)]
    assert hooked.receiver.connections == 0
