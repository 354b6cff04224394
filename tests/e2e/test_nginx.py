"""The site behind Debian's nginx, with the lines that the documentation, the program and the page show."""

import json
import re
import ssl
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest
from tests.desk import DeskClient, make_account
from tests.e2e.nginx import BODY_TIMEOUT_S, PATIENCE_S, Nginx, nginx_before
from tests.live import HOST, LiveSite, serve
from tests.web.members import PROBLEM, signed
from tests.web.test_desk_roll import wait_for
from tests.web.test_drafts import fields_at, new_draft, save

from undersigned.domain.letter import Mode
from undersigned.domain.text import LONGEST_TEXT
from undersigned.web.asgi import make_app
from undersigned.web.body_limits import MOST_BODY, OF_ISSUER, OF_SITE, LongBody
from undersigned.web.headers import SECURITY_HEADERS
from undersigned.web.reverse_proxy import caddy_lines, nginx_lines
from undersigned.web.static_files import SIGN_SCRIPT

DOCS = Path(__file__).parents[2] / "docs"
HSTS = "strict-transport-security"
HOP = {"connection", "date", "keep-alive", "server", "transfer-encoding", HSTS}
"""Headers that each server says for itself."""


@pytest.fixture(scope="module")
def nginx(live_site: LiveSite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    """Run nginx before the live site."""
    with nginx_before(live_site.url, HOST, tmp_path_factory.mktemp("nginx")) as running:
        yield running


@pytest.fixture(scope="module")
def client(nginx: Nginx) -> Iterator[httpx2.Client]:
    """A client of the site as it is behind nginx."""
    with nginx.client() as http:
        yield http


def test_the_documentation_shows_the_lines() -> None:
    """What is printed is what is documented, byte for byte."""
    page = (DOCS / "reverse-proxy.md").read_text()
    assert f"```nginx\n{nginx_lines('letters.example.org', 8000)}```\n" in page
    assert f"```caddy\n{caddy_lines('letters.example.org', 8000)}```\n" in page
    page = (DOCS / "issuer.md").read_text()
    assert f"```caddy\n{caddy_lines('codes.lawfirm.example', 8000, is_issuer=True)}```\n" in page


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/letters/small-letter",
        "/letters/small-letter/sign",
        f"/static/{SIGN_SCRIPT}",
        "/api/v1/letters/small-letter",
        "/api/v1/nothing",
        "/log/checkpoint",
        "/nothing",
    ],
)
def test_answers_come_through_as_they_are(
    client: httpx2.Client, live_site: LiveSite, path: str
) -> None:
    """Status, body and every header are the site's own; only https is added."""
    headers = {"Accept": "text/html", "Accept-Encoding": "identity"}
    there = client.get(path, headers=headers)
    here = httpx2.get(live_site.url + path, headers=headers, timeout=60)
    assert there.status_code == here.status_code
    assert there.headers.get_list(HSTS) == ["max-age=31536000"]
    # A page has the address in it that it was asked for at.
    own = {"etag"} if "<html" in here.text else set()
    for name in {*here.headers, *there.headers} - HOP - {"content-length", "vary"} - own:
        assert there.headers.get_list(name) == here.headers.get_list(name), name
    assert set(map(str.lower, SECURITY_HEADERS)) <= set(there.headers)
    if "<html" not in here.text:
        assert there.content == here.content


def test_pages_know_that_they_are_encrypted(nginx: Nginx) -> None:
    """The commands on a page have the address that readers came by."""
    with nginx.client() as client:
        page = client.get("/letters/small-letter", headers={"Host": HOST}).text
    assert f"undersigned mirror https://{HOST} mirror\n" in page


def test_members_sign_through_it(client: httpx2.Client, live_site: LiveSite) -> None:
    """In every mode, from the token to the proof, over https that is verified."""
    modes = (Mode.PUBLIC, Mode.SEALED, Mode.ANONYMOUS)
    for mode, invite in zip(modes, live_site.invites, strict=False):
        signed(client, live_site.slug, invite, mode)
    counts = client.get(f"/api/v1/letters/{live_site.slug}/counts").json()
    assert (counts["standing"], counts["anonymous"]) == (3, 1)


def test_another_certificate_is_not_accepted(nginx: Nginx) -> None:
    """The client of these tests does check."""
    with (
        pytest.raises(httpx2.ConnectError),
        httpx2.Client(base_url=nginx.url, timeout=60) as client,
    ):
        client.get("/")


def test_http_leads_to_https(nginx: Nginx) -> None:
    """For good, to the site's own name whatever was asked for."""
    answer = httpx2.get(
        f"{nginx.plain_url}/letters/x?lang=id", headers={"Host": "else.example"}, timeout=60
    )
    assert answer.status_code == 301
    assert answer.headers["location"] == f"https://{HOST}/letters/x?lang=id"


def test_large_bodies_are_refused(client: httpx2.Client) -> None:
    """What the site would take comes through; one byte more is refused at the door."""
    path = "/api/v1/letters/small-letter/signatures"
    taken = client.post(path, content=b" " * MOST_BODY)
    assert (taken.status_code, taken.headers["content-type"]) == (400, PROBLEM)
    assert client.post(path, content=b" " * (MOST_BODY + 1)).status_code == 413


def refused_at_the_door(nginx: Nginx, path: str, size: int) -> bool:
    """Announce a body and send one byte of it; say whether nginx wants no more."""
    with nginx.connection() as connection:
        head = f"POST {path} HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {size}\r\n\r\n-"
        connection.sendall(head.encode())
        answer = connection.recv(1000)
        return answer.startswith(b"HTTP/1.1 413") and b"content-security-policy" not in answer


@pytest.mark.parametrize("body", OF_SITE, ids=lambda body: body.path)
def test_long_bodies_have_their_addresses(nginx: Nginx, body: LongBody) -> None:
    """Each to the byte, and at that address alone."""
    path = body.path.replace("*", "small-letter@1")
    assert not refused_at_the_door(nginx, path, body.most)
    assert refused_at_the_door(nginx, path, body.most + 1)
    for other in (f"{path}/more", f"/else{path}", path.rpartition("/")[0]):
        assert refused_at_the_door(nginx, other, MOST_BODY + 1)


@pytest.fixture(scope="module")
def desk(live_site: LiveSite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskClient]:
    """An owner at the desk of the site, as both are behind nginx."""
    app = make_app(live_site.running)
    app.state.desk = replace(live_site.running.desk, url=f"https://{HOST}")
    with (
        serve(app) as url,
        nginx_before(url, HOST, tmp_path_factory.mktemp("nginx")) as running,
        running.client() as http,
    ):
        http.headers["Host"] = HOST
        yield DeskClient(app.state.desk, make_account(app.state.desk, "Owner"), http)


@pytest.mark.parametrize("way", ["file", "text"])
def test_a_roll_comes_through(desk: DeskClient, way: str) -> None:
    """Far longer than what is taken elsewhere, also if it is pasted; and elsewhere it is not."""
    rows = "".join(f"member.number.{n}@staff.example,Member {n},\n" for n in range(30_000))
    roll = f"email,name,role\n{rows}"
    file = ("roll.csv", roll if way == "file" else "", "text/csv")
    fields = {"text": roll if way == "text" else ""}
    assert len(rows) > 4 * MOST_BODY
    answer = desk.post("/desk/rolls/large-letter/imports", fields, files={"file": file})
    assert answer.status_code == 303, answer.text
    page = answer.headers["location"]
    assert re.fullmatch(r"/desk/rolls/large-letter/imports/[\w-]+", page)
    assert "30,000" in desk.get(wait_for(desk, page)).text
    refused = desk.post("/desk/rolls/large-letter/members", fields, files={"file": file})
    assert refused.status_code == 413


def test_a_draft_comes_through(desk: DeskClient) -> None:
    """A text of the greatest length, in a script that takes the most bytes in a form."""
    draft, text = new_draft(desk), "𞤀" * LONGEST_TEXT
    assert save(desk, draft, "text", t1__text=text).status_code < 400
    assert fields_at(desk, draft)["t1.text"] == text


def test_a_roll_lies_in_no_file_of_the_proxy(desk: DeskClient, nginx: Nginx) -> None:
    """It is passed on as it comes: who is a member is in memory only."""
    with nginx.connection() as connection:
        connection.sendall(
            b"POST /desk/rolls/large-letter/imports HTTP/1.1\r\n"
            b"Host: letters.example\r\nContent-Length: 1000000\r\n\r\n"
        )
        connection.sendall(b"x" * 900_000)
        time.sleep(0.2)
        assert nginx.bodies == []
        assert connection.recv(1000).startswith(b"HTTP/1.1 404")


def test_an_issuer_has_its_own_lines(
    live_site: LiveSite, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Rolls are kept there, and nothing else is long."""
    folder = tmp_path_factory.mktemp("nginx")
    with nginx_before(live_site.url, HOST, folder, is_issuer=True) as running:
        for body in OF_SITE:
            path = body.path.replace("*", "small-letter@1")
            assert refused_at_the_door(running, path, body.most) is (body not in OF_ISSUER)
        assert "/log/" not in (folder / "lines").read_text()


def test_slow_bodies_give_their_place_back(nginx: Nginx) -> None:
    """A body that stops coming ends the connection; the site has not heard of it."""
    with nginx.connection() as connection:
        connection.sendall(
            b"POST /api/v1/letters/small-letter/signatures HTTP/1.1\r\n"
            b"Host: letters.example\r\nContent-Length: 1000\r\n\r\n{"
        )
        start = time.monotonic()
        try:
            answer = connection.recv(1000)
        except ssl.SSLError:
            answer = b""
        assert not answer.startswith(b"HTTP/1.1 2")
        assert BODY_TIMEOUT_S / 2 < time.monotonic() - start < PATIENCE_S / 2


def test_scripts_and_pages_are_compressed(client: httpx2.Client) -> None:
    """A script comes in under 100 kB; asked for again, it is not sent again."""
    answer = client.get(f"/static/{SIGN_SCRIPT}", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.num_bytes_downloaded <= 100_000
    again = client.get(
        f"/static/{SIGN_SCRIPT}",
        headers={"Accept-Encoding": "gzip", "If-None-Match": answer.headers["etag"]},
    )
    assert again.status_code == 304
    page = client.get("/letters/small-letter", headers={"Accept-Encoding": "gzip"})
    assert page.headers["content-encoding"] == "gzip"


def test_tiles_are_kept_and_nothing_else(
    client: httpx2.Client, nginx: Nginx, live_site: LiveSite
) -> None:
    """The cache has the tiles; a document may have to be erased, so it is asked for each time."""
    for path in ("/log/tile/0/000.p/1", "/log/tile/entries/000.p/1"):
        first, second = client.get(path), client.get(path)
        assert first.status_code == 200
        assert first.content == second.content
        assert second.headers["access-control-allow-origin"] == "*"
        assert second.headers["cache-control"] == "public, max-age=31536000, immutable"
    document = client.get(f"/documents/{live_site.letter.texts[0].hash.hex()}")
    assert document.status_code == 200
    kept = [file.read_bytes() for file in (nginx.folder / "cache").rglob("*") if file.is_file()]
    keys = sorted(part.partition(b"KEY: ")[2].partition(b"\n")[0] for part in kept)
    assert keys == [
        b"http://undersigned/log/tile/0/000.p/1",
        b"http://undersigned/log/tile/entries/000.p/1",
    ]


def test_nothing_is_written_down(client: httpx2.Client, nginx: Nginx) -> None:
    """No request, no address and no body is in any file, also after what nginx calls an error."""
    client.post("/api/v1/letters/small-letter/signatures", content=b" " * MOST_BODY)
    client.post("/api/v1/letters/small-letter/signatures", content=b" " * (MOST_BODY + 1))
    assert (nginx.folder / "access.log").read_bytes() == b""
    assert "127.0.0.1" not in nginx.words
    assert nginx.bodies == []


def test_new_numbers_come_through_at_once(
    client: httpx2.Client, live_site: LiveSite, nginx: Nginx
) -> None:
    """An event is not held back until there are more, nor compressed; nothing of it is kept."""
    path = f"/api/v1/letters/{live_site.slug}@1/events"
    with client.stream("GET", path, headers={"Accept-Encoding": "gzip"}) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert "content-encoding" not in answer.headers
        assert "x-accel-buffering" not in answer.headers
        told = (line for line in answer.iter_lines() if line.startswith("data: {"))
        first = json.loads(next(told).removeprefix("data: "))
        with nginx.client() as member:
            signed(member, live_site.slug, live_site.invites[5])
        while True:
            counts = json.loads(next(told).removeprefix("data: "))
            if counts["standing"] == first["standing"] + 1:
                return


def test_a_crowd_of_readers_costs_one_answer(client: httpx2.Client, nginx: Nginx) -> None:
    """Pages and counts are kept by host and language, for a moment; what is not for all is not."""
    kept = ["/", "/letters/small-letter", "/letters/small-letter/names"]
    kept.append("/api/v1/letters/small-letter/counts")
    others = ["/letters/small-letter/names?q=alva", "/letters/small-letter/sign", "/desk"]
    for path in kept + others:
        for lang in ("en", "id"):
            page = client.get(path, headers={"Accept-Language": lang})
            assert page.headers.get("content-language", lang) == lang
    files = (nginx.folder / "cache-pages").rglob("*")
    heads = [file.read_bytes().partition(b"KEY: ")[2] for file in files if file.is_file()]
    keys = {head.partition(b"\n")[0].decode() for head in heads}
    here = "https://127.0.0.1"
    assert {key for key in keys if key.startswith(here)} == {f"{here}{path}" for path in kept}
    assert all(
        re.match(r"https://[a-z0-9.]+/(letters/[^/?]+(/names)?|api/v1/.+/counts)?$", key)
        for key in keys
    )
    tag = client.get(kept[1]).headers["etag"]
    assert client.get(kept[1], headers={"If-None-Match": tag}).status_code == 304
