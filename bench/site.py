"""A site whose letter has room for a crowd: all have their tokens, and nobody has signed yet."""

import time
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.e2e.community import make_people, roll_of, write_letter_file
from tests.live import HOST

from bench.crowd import Crowd, Signed
from undersigned.app.drafting import open_letter
from undersigned.app.intake import MOST_PER_BATCH, Answer
from undersigned.app.letter_file import read_draft
from undersigned.app.rolls import import_roll
from undersigned.app.running import RunningSite
from undersigned.app.site import WholeSite, make_site
from undersigned.app.taking import IssuedRequest, Request, SignRequest
from undersigned.domain.letter import Letter
from undersigned.mail import OutboxMailer
from undersigned.store import pending as pending_store

SLUG: Final = "crowded"
PATIENCE_S: Final = 120


@dataclass(frozen=True, slots=True)
class CrowdedSite:
    """The data folder of a site that does not run, its letter, and the crowd of its members."""

    folder: Path
    letter: Letter
    crowd: Crowd


def make_crowded_site(base: Path, count: int, *, signed: int = 0, others: int = 0) -> CrowdedSite:
    """Make a site for a crowd of `count`, of whom the first `signed` are in its log with their names.

    The letter has room for as many `others`, who may sign by other ways, without coming to its rule.
    """
    site = make_site(base / "data", HOST)
    enough = 2 * (count + others)
    return fill_site(site, base / "letter", count, signed=signed, rule=enough, headcount=enough)


def fill_site(
    site: WholeSite, texts: Path, count: int, *, signed: int = 0, **terms: object
) -> CrowdedSite:
    """Open a letter at a new site, give tokens to a crowd, let some sign, and close the site.

    The rule is out of reach, so that nothing but signing happens. `terms` are the letter's, `texts` is the
    folder for its text.
    """
    import_roll(site.issuer, SLUG, roll_of(make_people(count)))
    rule = {"rule": 2 * count, "headcount": 2 * count}
    file = write_letter_file(texts, SLUG, **(rule | terms))
    letter = open_letter(site, read_draft(file))
    keys = site.issuer.keys(letter)
    crowd = Crowd(HOST, letter, keys.token, keys.attestation)
    running = RunningSite(site, OutboxMailer(site.folder / "outbox", f"no-reply@{HOST}"))
    running.start()
    try:
        _take(running, [IssuedRequest(crowd.issue()) for _ in range(count)])
        _take(running, [_request_of(each) for each in crowd.sign_many(signed)])
        _wait_until_logged(running, letter)
    finally:
        running.stop()
    return CrowdedSite(site.folder, letter, crowd)


def _request_of(signed: Signed) -> SignRequest:
    return SignRequest(signed.record, signed.blob)


def _take(running: RunningSite, requests: Sequence[Request]) -> None:
    """Let the intake take requests; each is acknowledged."""
    for first in range(0, len(requests), MOST_PER_BATCH):
        batch = requests[first : first + MOST_PER_BATCH]
        waiting: list[Future[Answer]] = [running.intake.submit(request) for request in batch]
        for answer in waiting:
            assert answer.result(PATIENCE_S).created


def _wait_until_logged(running: RunningSite, letter: Letter) -> None:
    end = time.monotonic() + PATIENCE_S
    while True:
        with running.site.collector.read() as connection:
            if not pending_store.list_pending(connection, letter.letter_id, with_late=True):
                return
        assert time.monotonic() < end, "what was taken is not in the log in time"
        time.sleep(0.1)
