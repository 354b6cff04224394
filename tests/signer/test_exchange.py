"""Requests are sent again, and nothing joins one to another."""

from collections.abc import Iterator

import httpx2
import pytest
from tests.signer.site import BASE, InMemorySite, problem

from undersigned.errors import Busy, FormatError, LetterNotOpen, Unreachable
from undersigned.signer import exchange
from undersigned.signer.exchange import Patience, fetch, submit

URL = f"{BASE}/api/v1/thing"
SECRET = "a code that nobody may read"


def _script(site: InMemorySite, *answers: httpx2.Response | Exception) -> None:
    """Let the site give these answers, one after the other."""
    rest: Iterator[httpx2.Response | Exception] = iter(answers)

    def answer(_request: httpx2.Request) -> httpx2.Response:
        item = next(rest)
        if isinstance(item, Exception):
            raise item
        return item

    site.answers["thing"] = answer


@pytest.mark.parametrize(
    "loss",
    [
        httpx2.ConnectError("no"),
        httpx2.ReadError("cut"),
        httpx2.ReadTimeout("late"),
        httpx2.RemoteProtocolError("gone"),
    ],
)
def test_a_lost_answer_is_asked_for_again(
    site: InMemorySite, client: httpx2.Client, patience: Patience, loss: Exception
) -> None:
    """The same bytes go out again, and the answer says that it is not the first try's."""
    _script(site, loss, httpx2.Response(200, content=b"yes"))
    answer = submit(client, URL, {"b": 1, "a": SECRET}, patience)
    assert (answer.status, answer.body, answer.is_repeat) == (200, b"yes", True)
    first, second = site.requests
    assert first.content == second.content


def test_the_site_says_how_long_to_wait(
    site: InMemorySite, client: httpx2.Client, patience: Patience, waits: list[float]
) -> None:
    """Retry-After is honoured; without it the waits grow."""
    _script(site, problem(503, "busy"), httpx2.ConnectError(""), httpx2.Response(200))
    fetch(client, URL, patience)
    assert waits == [3, 1.0]


def test_no_wait_is_longer_than_patience() -> None:
    """A bound on each wait holds whatever the site asks for."""
    patience = Patience(longest_wait_s=4.0)
    assert patience.wait_s(1, 3_600) == 4.0
    assert patience.wait_s(9, None) == 4.0


def test_patience_ends(site: InMemorySite, client: httpx2.Client, patience: Patience) -> None:
    """After the last try the last reason is raised."""
    _script(site, *(httpx2.ConnectError("") for _ in range(3)))
    with pytest.raises(Unreachable):
        fetch(client, URL, patience)
    _script(site, *(problem(503, "busy") for _ in range(3)))
    with pytest.raises(Busy) as caught:
        fetch(client, URL, patience)
    assert caught.value.retry_after_s == 3
    assert len(site.requests) == 6


def test_a_refusal_is_final(
    site: InMemorySite, client: httpx2.Client, patience: Patience, waits: list[float]
) -> None:
    """What the site refuses is not sent again."""
    _script(site, problem(409, "letter-not-open"))
    with pytest.raises(LetterNotOpen):
        fetch(client, URL, patience)
    assert not waits


def test_no_cookie_goes_back(site: InMemorySite) -> None:
    """A cookie of the first answer is not in the second request, nor one that the client has."""
    _script(
        site,
        httpx2.Response(200, headers={"Set-Cookie": "member=7"}),
        httpx2.Response(200),
    )
    with site.client(cookies={"a": "b"}) as client:
        fetch(client, URL)
        fetch(client, URL)
    assert not any("cookie" in request.headers for request in site.requests)


def test_the_last_request_of_a_connection(site: InMemorySite, client: httpx2.Client) -> None:
    """`last` asks for the connection to be closed; other requests do not."""
    _script(site, *(httpx2.Response(200) for _ in range(3)))
    submit(client, URL, {}, last=True)
    submit(client, URL, {})
    fetch(client, URL, last=True)
    asked = [request.headers["connection"] for request in site.requests]
    assert asked == ["close", "keep-alive", "close"]


def test_a_redirect_is_not_followed(site: InMemorySite) -> None:
    """Not even by a client that would."""
    _script(site, httpx2.Response(307, headers={"Location": "https://elsewhere.example/"}))
    with site.client(follow_redirects=True) as client, pytest.raises(FormatError):
        submit(client, URL, {"code": SECRET})
    assert len(site.requests) == 1


def test_an_endless_answer_is_cut(
    site: InMemorySite, client: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A limit ends what a site would send for ever."""
    monkeypatch.setattr(exchange, "LONGEST_ANSWER", 10)
    _script(site, httpx2.Response(200, content=bytes(11)))
    with pytest.raises(FormatError, match="too long"):
        fetch(client, URL)


@pytest.mark.parametrize("loss", [httpx2.ReadError("cut"), httpx2.TooManyRedirects("loop")])
def test_no_error_holds_the_request(
    site: InMemorySite, client: httpx2.Client, loss: Exception
) -> None:
    """The transport's error, which holds the request, is not even the context of ours."""
    _script(site, loss)
    with pytest.raises((Unreachable, FormatError)) as caught:
        submit(client, URL, {"code": SECRET}, Patience(tries=1))
    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None
    assert SECRET not in str(caught.value)
