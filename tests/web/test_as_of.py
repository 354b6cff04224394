"""A letter as of a size or time, in the API and on its page: what was, and what proves it."""

import httpx2
import pytest
from tests.live import LiveSite
from tests.web.members import assert_problem, signed

from undersigned.domain.as_of import format_time
from undersigned.domain.letter import Mode
from undersigned.encoding import parse_base64url
from undersigned.tlog.checkpoint import parse_checkpoint
from undersigned.tlog.merkle import verify_consistency

COUNTS = "/api/v1/letters/small-letter/counts"


@pytest.fixture(scope="module", autouse=True)
def history(live_site: LiveSite) -> list[dict[str, int]]:
    """Three sign, one after the other; what each epoch left."""
    with httpx2.Client(base_url=live_site.url, timeout=20) as client:
        for code in range(3):
            signed(client, live_site.slug, live_site.invites[code], Mode.PUBLIC)
        rows: list[dict[str, int]] = client.get(f"{COUNTS[:-7]}/history").json()["history"]
    return rows


def test_every_epoch_by_size_and_by_time(
    live_site: LiveSite, client: httpx2.Client, history: list[dict[str, int]]
) -> None:
    """The numbers are those of the history, and the checkpoint proves the tree that they are in."""
    verifier = live_site.site.keys.log.verifier
    for row in history:
        answer = client.get(COUNTS, params={"at": row["size"]})
        found = answer.json()
        assert {name: found[name] for name in row if name != "n"} == {
            name: row[name] for name in row if name != "n"
        }
        assert (found["epoch"], found["headcount"]) == (row["n"], 14)
        assert client.get(COUNTS, params={"at": format_time(row["at"])}).json() == found
        checkpoint = parse_checkpoint(found["checkpoint"].encode(), verifier)
        assert checkpoint.size == found["checkpoint_size"] >= found["size"]
        verify_consistency(
            found["size"],
            parse_base64url(found["root"]),
            checkpoint.size,
            checkpoint.root,
            [parse_base64url(each) for each in found["consistency"]],
        )


def test_what_is_over_is_kept_longer(client: httpx2.Client, history: list[dict[str, int]]) -> None:
    """By caches, which ask no more than once in five minutes; what is newest may change."""
    over = client.get(COUNTS, params={"at": history[0]["size"]})
    assert over.headers["cache-control"] == "public, max-age=300"
    again = client.get(
        COUNTS, params={"at": history[0]["size"]}, headers={"If-None-Match": over.headers["etag"]}
    )
    assert (again.status_code, again.content) == (304, b"")
    newest = client.get(COUNTS, params={"at": history[-1]["size"]})
    assert newest.headers["cache-control"] == "public, max-age=2"
    assert newest.json()["until"] is None


@pytest.mark.parametrize(
    ("at", "status", "code"),
    [
        ("0", 404, "unknown-moment"),
        ("2", 404, "unknown-moment"),
        ("9007199254740991", 404, "unknown-moment"),
        ("1999-01-01T00:00:00Z", 404, "unknown-moment"),
        ("2999-01-01T00:00:00Z", 404, "unknown-moment"),
        ("", 400, "format-error"),
        ("-1", 400, "format-error"),
        ("03", 400, "format-error"),
        ("2023-11-20", 400, "format-error"),
        ("2023-11-20T16:12:00 08:00", 400, "format-error"),
        ("yesterday", 400, "format-error"),
        ("9" * 33, 400, "format-error"),
        ("\ud7ff\x00", 400, "format-error"),
    ],
)
def test_moments_that_are_none(client: httpx2.Client, at: str, status: int, code: str) -> None:
    """Before the opening, beyond the log, in time to come; and what is no size or time."""
    assert_problem(client.get(COUNTS, params={"at": at}), status, code)


def test_any_page_may_read_it(client: httpx2.Client, history: list[dict[str, int]]) -> None:
    """It is public: other sites' pages may ask."""
    answer = client.get(
        COUNTS, params={"at": history[0]["size"]}, headers={"Origin": "https://paper.example"}
    )
    assert answer.headers["access-control-allow-origin"] == "*"
