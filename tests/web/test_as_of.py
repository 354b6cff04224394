"""A letter as of a size or time, in the API and on its page: what was, and what proves it."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.app.answered import MET, PLACES
from tests.app.village import DAY, HOUR, Village, village_in
from tests.live import LiveSite
from tests.web.inside import client_of, one_token_key
from tests.web.members import assert_problem, signed

from undersigned.app.answering import record_answer
from undersigned.app.guaranteeing import ask_guarantee, give_guarantee
from undersigned.app.noticing import post_notice
from undersigned.app.reading import get_history
from undersigned.app.webhook_events import (
    TEST,
    Source,
    counts_event,
    events_of,
    format_event,
    parse_stretch,
)
from undersigned.app.webhooks import add_webhook, call_to_test, list_webhooks
from undersigned.domain.as_of import format_time
from undersigned.domain.letter import Letter, Mode
from undersigned.domain.reasons import NoticeKind
from undersigned.encoding import parse_base64url
from undersigned.tlog.checkpoint import parse_checkpoint
from undersigned.tlog.merkle import verify_consistency

COUNTS = "/api/v1/letters/small-letter/counts"


@pytest.fixture(scope="module", autouse=True)
def history(live_site: LiveSite) -> list[dict[str, int]]:
    """Three sign, one after the other; what each epoch left."""
    with httpx2.Client(base_url=live_site.url, timeout=60) as client:
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


# --- what webhooks are told

URL = "https://letters.example"
COUNTED = ("m", "standing", "waiting", "anonymous", "withdrawn", "invalidated", "erased")


def lives(village: Village) -> list[Letter]:
    """Let letters live whose webhooks are told everything that there is; the first one is reached twice."""
    site, letters = village.site, village.letters
    mill, weir, dam = village.open(rule=8), village.open("weir", rule=50), village.open("dam")
    village.member(mill, Mode.SEALED, 6)
    leaver = village.member(mill)
    for number, mode in ((1, Mode.PUBLIC), (2, Mode.SEALED), (1, Mode.ANONYMOUS)):
        village.members(mill, number, mode)
        village.member(weir, mode)
        village.later(2)
    post_notice(site, letters, "mill", NoticeKind.HEADCOUNT, "A few more came.", 205)
    post_notice(site, letters, "mill", NoticeKind.NEWS, "The wheel is still there.")
    for number in (1, 2):
        village.members(mill, number)
        village.later(2)
    village.withdraw(leaver)
    village.later(2)
    village.member(mill)
    village.later(2)
    give_guarantee(site, letters, ask_guarantee(site, letters, "mill", PLACES))
    village.later(HOUR)
    village.open_waves()
    village.later(2)
    record_answer(site, letters, "mill", [MET], "On the door.", "en")
    village.member(dam)
    second = village.open("dam", edition=2)
    village.later(10 * DAY)
    return [mill, weir, dam, second]


def told(village: Village, letter: Letter) -> Iterator[dict[str, Any]]:
    """Yield what a webhook would be told of a letter that is there from its first record to its last."""
    name = f"{letter.slug}@{letter.edition}"
    history = get_history(village.site, village.letters, name)
    events = events_of(letter, parse_stretch(letter, 0, village.entries()), history)
    for event in (*events, *(counts_event(letter, row) for row in history)):
        yield json.loads(format_event(Source(letter, village.site.origin, URL), event))


def documented() -> set[str]:
    """Return the kinds of events that the documentation names."""
    table = Path("docs/webhooks.md").read_text().partition("## What is told")[2].partition("##")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `letter.")]
    return {kind for row in rows for kind in re.findall(r"`([^`]+)`", row)}


def test_what_webhooks_are_told_is_the_letter_as_of_then(tmp_path: Path) -> None:
    """Each number of each kind of event is what API and page answer for the tree that the event names."""
    kinds = {TEST}
    with one_token_key(), village_in(tmp_path / "data") as village, client_of(village) as client:
        for letter in lives(village):
            for event in told(village, letter):
                data, kind = event["data"], event["type"]
                then = client.get(
                    f"/api/v1/letters/{data['letter']}/counts", params={"at": data["size"]}
                ).json()
                said = {name: data[name] for name in (*COUNTED, "epoch") if name in data}
                if data.get("headcount") is not None:
                    said["headcount"] = data["headcount"]
                assert said == {name: then[name] for name in said}, (kind, data)
                page = client.get(data["as_of"].removeprefix(URL))
                assert f"counts?at={then['size']}" in page.text
                kinds.add(kind)
        add_webhook(village.site, village.letters, "mill", "https://hooks.example/")
        (hook,) = list_webhooks(village.site, village.letters, "mill")
        call_to_test(village.site, village.letters, "mill", hook.row.webhook, URL)
        (hook,) = list_webhooks(village.site, village.letters, "mill")
        as_of = json.loads(hook.calls[0].body)["data"]["as_of"]
        assert client.get(as_of.removeprefix(URL)).status_code == 200
    assert kinds == documented()
