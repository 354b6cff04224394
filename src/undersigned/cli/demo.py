"""`undersigned demo`: November 2023 again, with made-up people, on a clock of its own.

A fresh site, a roll of 770, 741 signatures over HTTP in the known tempo, the rule, the opening, the
verification of a mirror, and five lies that the verifier catches. Then the site stays.
"""

import shutil
import socket
import tempfile
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2

from undersigned.app.clock import StoredClock
from undersigned.app.drafting import open_letter
from undersigned.app.invites import make_invites
from undersigned.app.letter_file import read_draft
from undersigned.app.rolls import import_roll
from undersigned.app.running import RunningSite
from undersigned.app.site import WholeSite, make_site
from undersigned.cli import exit_codes, output
from undersigned.cli.demo_lies import LIES
from undersigned.cli.demo_people import Person, make_people
from undersigned.cli.demo_plan import OPENS_AT, SIGNERS, WITHDRAWING, Moment, make_plan
from undersigned.cli.demo_refusals import try_all
from undersigned.cli.demo_signing import Member, Members, pair_up
from undersigned.cli.site_folder import database_address
from undersigned.domain.letter import State
from undersigned.errors import SiteExists, StoreError
from undersigned.mail import OutboxMailer
from undersigned.mirror import mirror_site
from undersigned.signer.receipt import Receipt
from undersigned.verify import Report, Status, load_state, save_state, verify_mirror
from undersigned.web.asgi import make_app
from undersigned.web.serving import make_server
from undersigned.web.static_files import find_bundle

HOST = "demo.undersigned.example"
HEADCOUNT = 770
SLUG = "november-2023"
MARK = "this-is-a-demo"
SETTLE_TIMEOUT_S = 60
SETTLING_S = 60
LOOKED_AT = OPENS_AT + 3 * 3600 + 42 * 60
"""08:12: somebody verifies the log in the middle of the day and remembers how far it went."""

PACIFIC = timedelta(hours=-8)


@dataclass(slots=True)
class Story:
    """The demo while it runs: the site, its address, its members, and who is going to withdraw."""

    site: WholeSite
    clock: StoredClock
    address: str
    members: list[Member]
    client: httpx2.Client
    leaving: deque[Receipt]
    signed: int = 0
    withdrawn: int = 0

    @property
    def mirror(self) -> Path:
        """Where the site is mirrored to."""
        return self.site.folder / "mirror"

    @property
    def state_file(self) -> Path:
        """What was verified the last time."""
        return self.site.folder / "verified.json"


def run(data: Path, port: int, *, serve: bool) -> int:
    """Run the demo in a folder of its own; return the exit code."""
    _check_port(port)
    began = time.monotonic()
    clean(data)
    # The mark comes first: a demo that was cut off must not be in the way of the next one.
    data.mkdir(parents=True, exist_ok=True)
    (data / MARK).write_text("made by `undersigned demo`; the next demo deletes this folder\n")
    try:
        site = make_site(data, HOST, own_clock=OPENS_AT, address=database_address())
    except SiteExists as error:
        error.add_note("give it an empty database: of a demo only the folder is deleted")
        raise
    people = make_people(HEADCOUNT, OPENS_AT)
    members = _open(site, people)
    running = RunningSite(
        site, OutboxMailer(data / "outbox", f"letters@{HOST}"), url=f"http://localhost:{port}"
    )
    running.start()
    try:
        with _serving(running, port) as address:
            story = _story(site, address, members)
            code = _tell(story)
            output.say(f"the demo took {time.monotonic() - began:.0f} s")
            _end(story, address)
            if serve and code == exit_codes.DONE:
                story.clock.start()
                output.next_step("open the address above; Ctrl-C ends the demo")
                _wait()
            story.client.close()
    finally:
        running.stop()
    if code == exit_codes.DONE:
        output.next_step(f"undersigned serve --data {data} --port {port} shows the same site again")
    return code


# --- setting the stage


def _check_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            error = StoreError(f"port {port} is taken")
            error.add_note(f"choose another: undersigned demo --port {port + 1}")
            raise error from None


def clean(data: Path) -> None:
    """Delete the last demo, and only that: any other folder with something in it is left alone."""
    if (data / MARK).exists():
        shutil.rmtree(data)
    elif data.exists() and any(data.iterdir()):
        error = StoreError(f"{data} holds something that is not a demo")
        error.add_note("choose a new folder: undersigned demo --data DIR")
        raise error


def find_examples() -> Path:
    """Return the folder of examples: beside this package when installed, in the tree otherwise."""
    package = Path(__file__).parents[1]
    installed = package / "examples"
    return installed if installed.is_dir() else package.parents[1] / "examples"


def _open(site: WholeSite, people: list[Person]) -> list[Member]:
    """Import the roll, hand out invite codes, and open the letter."""
    rows = "".join(f'{p.email},"{p.name}","{p.role}"\n' for p in people)
    import_roll(site.issuer, SLUG, ("email,name,role\n" + rows).encode())
    codes = {invite.address: invite.code for invite in make_invites(site.issuer, SLUG, None)}
    open_letter(site, read_draft(find_examples() / SLUG / "letter.toml"), find_bundle())
    output.say(f"opened {SLUG} at {_pacific(OPENS_AT)} for a roll of {len(people)} made-up people")
    return [Member(person, codes[person.email]) for person in people]


@contextmanager
def _serving(running: RunningSite, port: int) -> Iterator[str]:
    """Serve the site on loopback in a thread while the story is told."""
    server = make_server(make_app(running), "127.0.0.1", port)
    thread = threading.Thread(target=server.run, name="server", daemon=True)
    thread.start()
    end = time.monotonic() + SETTLE_TIMEOUT_S
    while not server.started:
        if not thread.is_alive() or time.monotonic() > end:
            raise StoreError(f"the server did not start on port {port}")
        time.sleep(0.02)
    try:
        yield f"http://localhost:{port}"
    finally:
        server.should_exit = True
        thread.join()


def _story(site: WholeSite, address: str, members: list[Member]) -> Story:
    clock = site.clock
    if not isinstance(clock, StoredClock):
        raise TypeError("a demo has a clock of its own")
    return Story(
        site=site,
        clock=clock,
        address=address,
        members=members,
        client=httpx2.Client(base_url=address, timeout=30),
        leaving=deque(),
    )


# --- the day


def _tell(story: Story) -> int:
    hands = Members(story.address, SLUG, story.site.folder / "outbox")
    try:
        receipts = _sign_all(story, hands)
        _show_refusals(story, hands, receipts)
    finally:
        hands.close()
    _release(story)
    return _verify(story)


def _sign_all(story: Story, hands: Members) -> list[Receipt]:
    plan = make_plan()
    receipts: list[Receipt] = []
    known = {500: False, 505: False, 550: False, 650: False, 697: False, 738: False}
    standing = 0
    with output.progress_bar(f"{SIGNERS} members sign", SIGNERS) as advance:
        for moment in plan:
            # Epochs follow one another by seconds; at the moment itself all is in the log.
            story.clock.advance_to(moment.at - SETTLING_S)
            receipts += _play(story, hands, moment)
            counts = _settle(story)
            story.clock.advance_to(moment.at)
            if (counts["standing"], counts["waiting"]) != (moment.standing, moment.waiting):
                raise StoreError(
                    f"{counts['standing']} stand where {moment.standing} were expected"
                )
            _remark(moment, standing, known)
            if moment.at == LOOKED_AT:
                _look(story)
            standing = moment.standing
            advance(len(moment.stances))
    return receipts


def _look(story: Story) -> None:
    """Verify the site as it is now, and keep the state that later looks are compared with."""
    mirror_site(story.address, story.mirror)
    report = verify_mirror(story.mirror)
    if report.exit_code != exit_codes.DONE:
        raise StoreError("the site did not verify in the middle of the day")
    save_state(story.state_file, report)
    output.say(
        f"{_pacific(LOOKED_AT)}  somebody verifies the log and remembers its {report.size} records"
    )


def _play(story: Story, hands: Members, moment: Moment) -> list[Receipt]:
    """Let everyone of a moment sign at once, and those withdraw whose moment it is."""
    for _ in range(moment.withdrawals):
        hands.withdraw(story.leaving.popleft())
        story.withdrawn += 1
    receipts = hands.sign_all(pair_up(story.members, moment.stances, story.signed))
    story.signed += len(receipts)
    story.leaving.extend(
        receipt for receipt, stance in zip(receipts, moment.stances, strict=True) if stance.leaves
    )
    return receipts


def _settle(story: Story) -> dict[str, int]:
    """Wait until everything that was acknowledged is in the log; return the numbers of the page."""
    end = time.monotonic() + SETTLE_TIMEOUT_S
    while time.monotonic() < end:
        counts: dict[str, int] = _get(story, f"letters/{SLUG}/counts")
        live = story.signed - story.withdrawn
        if (
            counts["withdrawn"] == story.withdrawn
            and counts["standing"] + counts["waiting"] == live
        ):
            return counts
        time.sleep(0.1)
        story.clock.advance_to(story.clock.now() + 1)
    raise StoreError("acknowledged signatures did not reach the log in time")


def _get(story: Story, path: str) -> dict[str, int]:
    answer = story.client.get(f"/api/v1/{path}")
    answer.raise_for_status()
    value: dict[str, int] = answer.json()
    return value


def _remark(moment: Moment, before: int, known: dict[int, bool]) -> None:
    """Say what a reader of that day would have wanted to know."""
    jump = moment.standing - before
    number = moment.standing
    if number in known and not known[number]:
        known[number] = True
        text = f"{number} of {HEADCOUNT} stand ({100 * number / HEADCOUNT:.1f} %)"
        if moment.waiting:
            text += f", {moment.waiting} wait for more"
        output.say(f"{_pacific(moment.at)}  {text}")
    elif jump > len(moment.stances):
        joined = jump - len(moment.stances)
        output.say(
            f"{_pacific(moment.at)}  a number is reached: {joined} more who waited stand at once, "
            f"{number} in all"
        )


def _pacific(at: int) -> str:
    return (datetime.fromtimestamp(at, UTC) + PACIFIC).strftime("%H:%M Pacific")


def _show_refusals(story: Story, hands: Members, receipts: list[Receipt]) -> None:
    output.say("what is refused, and what is said:")
    for refusal in try_all(story.client, hands.letter, story.members[100], receipts[200]):
        output.say(f"  {refusal.tried}: {refusal.status} {refusal.said}")


def _release(story: Story) -> None:
    """Let the cooling-off pass, and wait for the names."""
    reached = _get(story, f"letters/{SLUG}")["reached_at"]
    cooled = reached + read_draft(find_examples() / SLUG / "letter.toml").cooling_off_s
    output.say(
        f"{_pacific(reached)}  the rule was reached; {_pacific(cooled)} the cooling-off is over"
    )
    story.clock.advance_to(cooled)
    end = time.monotonic() + SETTLE_TIMEOUT_S
    with output.progress("the trustee opens the names"):
        while str(_get(story, f"letters/{SLUG}")["state"]) != State.RELEASED.value:
            if time.monotonic() > end:
                raise StoreError("the names were not opened in time")
            time.sleep(0.1)
    output.say(f"{_pacific(cooled)}  the names are open; the seals were kept by the operator")


# --- checking it


def _verify(story: Story) -> int:
    mirror_site(story.address, story.mirror)
    state = load_state(story.state_file)
    report = verify_mirror(story.mirror, state=state)
    output.say(f"the verifier reads a mirror of {story.address}, offline:")
    show_report(report)
    if report.exit_code != exit_codes.DONE:
        return report.exit_code
    save_state(story.state_file, report)
    caught = _tell_lies(story)
    output.say(f"{caught} of {len(LIES)} lies caught, each re-signed with the log's real key")
    return exit_codes.DONE if caught == len(LIES) else exit_codes.NO


def show_report(report: Report) -> None:
    """Write the numbered report and the figures."""
    for check in report.checks:
        output.say(f"  {check.number:>2} {check.status:<9}  {check.title}")
        if check.status in (Status.FALSE, Status.UNCHECKED):
            for sentence in check.evidence[:3]:
                output.say(f"               {sentence}")
    for letter in report.letters:
        output.say(
            f"  {letter.slug}: {letter.standing} of {letter.headcount} "
            f"({letter.anonymous} of them anonymous), {letter.waiting} waiting, "
            f"{letter.withdrawn} withdrawn, {letter.state}"
        )


def _tell_lies(story: Story) -> int:
    """Tell each lie in a copy of the mirror; return how many the verifier catches by their number."""
    caught = 0
    state = load_state(story.state_file)
    with tempfile.TemporaryDirectory(dir=story.site.folder, prefix="lies-") as name:
        for lie in LIES:
            copy = Path(name) / lie.name
            shutil.copytree(story.mirror, copy)
            lie.tell(copy, story.site.folder)
            report = verify_mirror(copy, state=state)
            if lie.check in report.false_numbers:
                caught += 1
                evidence = report.check(lie.check).evidence[0]
                output.say(f"  lie: {lie.title}. caught by check {lie.check}: {evidence}")
            else:
                output.say(f"  lie: {lie.title}. NOT caught by check {lie.check}")
    return caught


# --- the end


def _end(story: Story, address: str) -> None:
    standing = story.signed - story.withdrawn
    someone = story.members[SIGNERS]
    output.facts(
        [
            ("letter", f"{address}/letters/{SLUG}"),
            ("count", f"{standing} of {HEADCOUNT}, {WITHDRAWING} withdrew"),
            ("check it", f"undersigned verify {address}"),
            ("sign as one of the 29", f"undersigned sign {address}/letters/{SLUG}"),
            ("with the invite code", someone.invite),
        ]
    )


def _wait() -> None:
    """Stay until Ctrl-C."""
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        output.note("ended")
