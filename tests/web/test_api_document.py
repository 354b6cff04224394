"""docs/api.md: every address that it names is there, open and as fresh as it says, and none is left out."""

import re
from pathlib import Path

import httpx2
import pytest
from tests.live import LiveSite
from tests.test_documents import rows_of

from undersigned.app.feed import MOST_ENTRIES
from undersigned.app.reading import MOST_NAMES
from undersigned.web.pages.embed import PARTS, THEMES
from undersigned.web.pages.files import FRESH_S, MAKINGS_WAITING
from undersigned.web.pages.oembed import LONGEST_ADDRESS

DOCUMENT = Path(__file__).parents[2] / "docs" / "api.md"
ROWS = rows_of(DOCUMENT, "## What is there")

MEMBERS_AND_TRUSTEES = {
    "/api/v1/openapi.json",
    "/api/v1/letters/{slug}/challenge",
    "/api/v1/letters/{slug}/openid",
    "/api/v1/letters/{slug}/crowd",
    "/api/v1/letters/{slug}/follow-through",
    "/api/v1/proposals/{letter_id}",
    "/api/v1/letters/{slug}/blobs/{index}",
    "/api/v1/letters/{slug}/waves/{wave}/shares",
    "/api/v1/letters/{slug}/waves/{wave}/shares/{sender}",
}
"""What the pages and programs of members and trustees ask for; docs/formats.md has it."""


def test_every_address_for_programs_is_told(client: httpx2.Client) -> None:
    """The table and the description of the API name the same addresses."""
    described = client.get("/api/v1/openapi.json").json()["paths"]
    named = {path.strip("`") for path, *_ in ROWS}
    assert named <= set(described)
    api = {path for path, of in described.items() if path.startswith("/api/") and "get" in of}
    assert api - named == MEMBERS_AND_TRUSTEES
    for path in named:
        assert set(described[path]) == {"get"}, path


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0].strip("`"))
def test_an_address_is_as_open_and_as_fresh_as_it_says(
    client: httpx2.Client, live_site: LiveSite, row: list[str]
) -> None:
    """From another origin; the time that caches may keep it is that of its answer."""
    path, _, is_open, fresh = row
    digest = live_site.letter.texts[0].hash.hex()
    values = {"slug": live_site.slug, "digest": digest, "leaf_hash": "0" * 64}
    filled = re.sub(r"{(\w+)}", lambda part: values[part[1]], path.strip("`"))
    params = {"url": f"{live_site.url}/letters/small-letter"} if path == "`/oembed`" else {}
    origin = {"Origin": "https://other.example"}
    # Not to the end: that of a stream of events does not come.
    with client.stream("GET", filled, params=params, headers=origin) as answer:
        status, headers = answer.status_code, answer.headers
    assert (headers.get("access-control-allow-origin") == "*") == (is_open == "yes")
    if fresh and status == 200:
        assert headers["cache-control"].startswith(f"public, max-age={fresh}")


def test_limits_are_those_of_the_code() -> None:
    """Each number of the table is a constant."""
    values = [re.sub(r"\D", "", value) for _, value, _ in rows_of(DOCUMENT, "## Limits")]
    code = (MOST_NAMES, MOST_ENTRIES, MAKINGS_WAITING, FRESH_S, LONGEST_ADDRESS)
    assert values == [str(value) for value in code]


def test_parameters_are_those_of_the_code() -> None:
    """What a frame and an element can be told."""
    rows = {row[0]: row[1] for row in rows_of(DOCUMENT, "## In your own page")}
    words = {name: tuple(re.findall(r"`(\w+)`", said)) for name, said in rows.items()}
    assert words["`theme`"] == THEMES
    assert words["`show`"] == PARTS
