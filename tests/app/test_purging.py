"""Personal data is deleted when its time has come: from the tables, and from the bytes of the files."""

from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.app.methods.working import work_for
from tests.app.village import DAY, HOUR, START, Village, Villager

from undersigned.app.activity import get_activity
from undersigned.app.delivering import deliver_mails
from undersigned.app.desk import Desk, open_desk
from undersigned.app.following import Following
from undersigned.app.forgetting import Forgetting
from undersigned.app.invites import make_invites
from undersigned.app.issuer import IssuedLetter
from undersigned.app.mailing import MailKind, add_mail, compose
from undersigned.app.methods.by_mail import begin_enrolment, mail_code
from undersigned.app.news import LetterNews, NewsSource
from undersigned.app.reading import get_page
from undersigned.app.site import open_site
from undersigned.app.tidying import Tidying
from undersigned.crypto.keys import TrusteeKey
from undersigned.domain.letter import Letter, Mode, State
from undersigned.domain.name import format_attestation
from undersigned.errors import RollFixed, StoreError, Unreachable
from undersigned.mail import Mail, OutboxMailer
from undersigned.store import addressees, issuances, outbox, proposals
from undersigned.store import followed as followed_store
from undersigned.store import members as member_store
from undersigned.store.database import Database
from undersigned.store.issuer_schema import acknowledged

RETENTION = 90 * DAY
CLOSES = 10 * DAY
TRUSTEE = "trustee@lawyers.example"


class Ages:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def follow(village: Village, collector: NewsSource | None = None) -> Following:
    """Return what follows the letters of a village's issuer."""
    asked = village.collector if collector is None else collector
    return Following(village.site.issuer, desk_of(village), lambda _: asked, 0.0)


def desk_of(village: Village) -> Desk:
    """Open the desk of a village."""
    return open_desk(village.site.folder, village.clock, "https://letters.example")


def forget(village: Village) -> int:
    """Let the collector forget what is due."""
    return Forgetting(village.site, village.letters, desk_of(village)).step()


def held_by(village: Village, slug: str = "mill") -> int:
    """Count the entries of a roll."""
    with village.site.issuer.database.read() as connection:
        return len(member_store.list_members(connection, slug))


def files_with(folder: Path, marker: bytes) -> list[str]:
    """Return the files of a data folder that hold these bytes somewhere."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return [path.name for path in files if marker in path.read_bytes()]


def markers_of(village: Village, villager: Villager) -> dict[str, bytes]:
    """Return what would tell of a member."""
    assert villager.row.address is not None
    assert villager.row.name is not None
    with village.site.issuer.database.read() as connection:
        issued = issuances.find_issuance(connection, villager.letter.letter_id, villager.row.commit)
    assert issued is not None
    return {
        "address": villager.row.address.encode(),
        "name": f'"name":"{villager.row.name}"'.encode(),
        "salt": villager.row.salt,
        "c": issued.c,
        "blind signature": issued.blind_signature,
        "attestation": format_attestation(villager.attestation)[:200],
    }


def play(village: Village) -> tuple[Letter, dict[str, bytes]]:
    """Open a letter that will lapse, with members who did everything that leaves something."""
    village.write_file()
    make_invites(village.site.issuer, "mill", None)
    letter = village.open_draft(village.draft())
    members = [village.member(letter, Mode.SEALED), village.member(letter, Mode.ANONYMOUS)]
    idle = village.idle(letter)
    assert idle.address is not None
    issuer, address = village.site.issuer, idle.address
    asked = begin_enrolment(issuer, letter, address, work_for(issuer, letter))
    mail_code(issuer, letter, asked)
    village.later(1)
    markers = {f"idle {name}": value for name, value in markers_of(village, members[1]).items()}
    markers |= markers_of(village, members[0]) | {
        "asked for a code": idle.address.encode(),
        "enrolment": asked.id,
    }
    mailer = OutboxMailer(village.site.folder / "outbox", "no-reply@letters.example")
    mailer.send(Mail("aa" * 16, address, "Your code", "Your code: 1"))
    mailer.send(Mail("bb" * 16, "other@elsewhere.example", "Your code", "Your code: 2"))
    return letter, markers


def test_nothing_is_deleted_before_its_time(village: Village) -> None:
    """Not while the letter is open, nor in the last second of what it stated."""
    letter, _ = play(village)
    following = follow(village)
    following.step()
    village.at(CLOSES)
    assert village.state(letter) is State.LAPSED
    following.step()
    village.at(CLOSES + RETENTION - 1)
    following.step()
    assert held_by(village) == 20
    assert forget(village) == 0
    assert get_page(village.site, village.letters, "mill").purged_at is None


def test_the_bytes_are_gone_from_the_files(village: Village) -> None:
    """Of every marker nothing is left in any file of the folder; the page says when it was done."""
    letter, markers = play(village)
    folder = village.site.folder
    lost = {name for name, marker in markers.items() if not files_with(folder, marker)}
    assert lost == set(), "the search sees what is there"
    assert forget(village) == 0
    village.at(CLOSES + RETENTION)
    follow(village).step()
    assert forget(village) == 1
    found = {name: files_with(folder, marker) for name, marker in markers.items()}
    assert found == {name: [] for name in markers}
    assert held_by(village) == 0
    page = get_page(village.site, village.letters, "mill")
    assert page.purged_at == START + CLOSES + RETENTION
    assert (page.ended_at, page.kept_until) == (START + CLOSES, START + CLOSES + RETENTION)
    assert {path.name for path in (folder / "outbox").glob("*.eml")} == {f"{'bb' * 16}.eml"}
    assert village.state(letter) is State.LAPSED


def test_it_is_done_once(village: Village) -> None:
    """The second step finds nothing to do, and no other roll can be imported afterwards."""
    play(village)
    village.at(CLOSES + RETENTION)
    following = follow(village)
    following.step()
    forget(village)
    village.later(HOUR)
    following.step()
    assert forget(village) == 0
    assert get_page(village.site, village.letters, "mill").purged_at == START + CLOSES + RETENTION
    (act,) = get_activity(desk_of(village), 1).acts
    assert (act[0].act, act[0].letter, act[0].detail, act[0].state) == (
        "purge",
        "mill",
        "1",
        "done",
    )
    with pytest.raises(RollFixed):
        make_invites(village.site.issuer, "mill", 5)


def test_a_crash_leaves_all_or_nothing(village: Village, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the commit everything is there; after it, before the rewriting, no table has anything."""
    _, markers = play(village)
    village.at(CLOSES + RETENTION)

    def die(*_: object) -> None:
        raise StoreError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(followed_store, "delete_roll", die)
        with pytest.raises(StoreError):
            follow(village).step()
    assert held_by(village) == 20
    with monkeypatch.context() as patch:
        patch.setattr(Database, "tidy", die)
        with pytest.raises(StoreError):
            follow(village).step()
    assert held_by(village) == 0
    # The next start rewrites the files, whether anything was written or not.
    folder = village.site.folder
    village.intake.stop()
    village.site.close()
    village.site = open_site(folder)
    village.restart()
    ages = Ages()
    tidying = Tidying(village.site, village.site.issuer, clock=ages)
    ages.now = 100.0
    assert tidying.step()
    assert {name: files_with(folder, marker) for name, marker in markers.items()} == {
        key: [] for key in markers
    }


def test_a_roll_outlives_an_edition_that_was_superseded(village: Village) -> None:
    """Both editions have one roll: it goes with the last of them, the old one's tokens before that."""
    first = village.open(retention_days=1)
    old = village.member(first, Mode.SEALED)
    village.later(HOUR)
    second = village.open(edition=2, retention_days=1)
    village.later(2 * DAY)
    assert village.state(first) is State.SUPERSEDED
    following = follow(village)
    following.step()
    with village.site.issuer.database.read() as connection:
        assert issuances.find_issuance(connection, first.letter_id, old.row.commit) is None
    assert held_by(village) == 20
    village.at(CLOSES + DAY)
    assert village.state(second) is State.LAPSED
    following.step()
    assert held_by(village) == 0
    assert forget(village) == 2


def test_mails_about_another_letter_stay(village: Village) -> None:
    """One address is on two rolls: what waits for it, or is a file, goes with the letter that it is about."""
    letter, _ = play(village)
    other = village.open("dam", closes_s=CLOSES + RETENTION + DAY)
    address = village.idle(other).address
    assert address is not None
    composed = compose(MailKind.CODE, code="1", minutes=15)

    def write() -> None:
        with village.site.issuer.database.write() as connection:
            outbox.delete_mails_about(connection, letter.letter_id, "issuer")
            for about in (letter, other):
                ref = about.letter_id
                add_mail(connection, "issuer", address, composed, at=village.clock.now(), ref=ref)

    folder = village.site.folder / "outbox"
    write()
    deliver_mails(
        village.site.issuer.database, village.clock, OutboxMailer(folder, "a@letters.example")
    )
    write()
    village.at(CLOSES + RETENTION)
    follow(village).step()
    assert (held_by(village), held_by(village, "dam")) == (0, 20)
    with village.site.issuer.database.read() as connection:
        rows = outbox.list_due_mails(connection, village.clock.now(), 100)
    assert [row.ref for row in rows] == [other.letter_id]
    files = [path.read_bytes() for path in folder.glob("*.eml")]
    kept = [file for file in files if f"To: {address}".encode() in file]
    assert [file.partition(b"\r\n")[0] for file in kept] == [
        f"X-Undersigned-About: {other.letter_id.hex()}".encode()
    ]


def test_addresses_of_trustees_are_forgotten(village: Village) -> None:
    """They were told of their turns, and there will be none."""
    key = TrusteeKey.generate()
    letter = village.open(trustees=(None, key), quorum=1)
    with village.site.collector.write() as connection:
        proposals.put_addresses(connection, letter.letter_id, {2: TRUSTEE})
        addressees.put_addressee_addresses(connection, letter.letter_id, {1: "miller@mill.example"})
    assert files_with(village.site.folder, TRUSTEE.encode())
    village.at(CLOSES + RETENTION)
    follow(village).step()
    assert forget(village) == 1
    for marker in (TRUSTEE.encode(), b"miller@mill.example"):
        assert files_with(village.site.folder, marker) == []


class Told(NewsSource):
    """A site elsewhere that says what a test wants."""

    def __init__(self, tell: Callable[[Letter], LetterNews]) -> None:
        self.tell = tell
        self.asked = 0

    def look(self, letter: Letter) -> LetterNews:
        """Count the question."""
        self.asked += 1
        return self.tell(letter)


def silence(_: Letter) -> LetterNews:
    """Do not answer."""
    raise Unreachable


def test_a_site_that_is_gone_keeps_nothing_alive(village: Village) -> None:
    """Then the closing time and the cooling-off say when the letter must have ended."""
    play(village)
    following = follow(village, Told(silence))
    village.clock.advance_to(START + CLOSES + HOUR + RETENTION - 1)
    following.step()
    assert held_by(village) == 20
    village.clock.advance_to(START + CLOSES + HOUR + RETENTION)
    following.step()
    assert held_by(village) == 0


def test_a_site_cannot_end_a_letter_early(village: Village) -> None:
    """It would make the issuer delete the roll of a letter that people still sign."""
    play(village)
    news = LetterNews(State.LAPSED, 0, None, None, 5)
    following = follow(village, Told(lambda _: news))
    following.step()
    village.clock.advance_to(START + CLOSES + RETENTION - 1)
    following.step()
    assert held_by(village) == 20
    village.clock.advance_to(START + CLOSES + RETENTION)
    following.step()
    assert held_by(village) == 0


def test_a_site_cannot_date_its_edition_back(village: Village) -> None:
    """That a letter was superseded counts from when the issuer hears it, whatever time a site names."""
    village.open()
    with village.site.issuer.database.write() as connection:
        connection.execute(sa.update(acknowledged).values(site="https://elsewhere.example"))
    news = LetterNews(State.SUPERSEDED, 0, None, None, 5)
    following = follow(village, Told(lambda _: news))
    village.later(DAY)
    following.step()
    village.clock.advance_to(START + DAY + RETENTION - 1)
    following.step()
    assert held_by(village) == 20
    village.clock.advance_to(START + DAY + RETENTION)
    following.step()
    assert held_by(village) == 0


def test_a_silent_site_is_asked_ever_less_often(village: Village) -> None:
    """After 60 s, 120 s, 240 s, at most an hour; as soon as it answers, every minute again."""
    play(village)
    ages, told = Ages(), Told(silence)
    letters: list[IssuedLetter] = []

    def collector_of(issued: IssuedLetter) -> NewsSource:
        letters.append(issued)
        return told

    following = Following(village.site.issuer, desk_of(village), collector_of, 60.0, ages)
    asked_at = []
    for minute in range(600):
        ages.now = minute * 60.0
        before = told.asked
        following.step()
        if told.asked > before:
            asked_at.append(minute)
    assert asked_at[:7] == [0, 2, 6, 14, 30, 62, 122]
    assert asked_at[-1] - asked_at[-2] == 60
    told.tell = village.collector.look
    for minute in range(600, 720):
        ages.now = minute * 60.0
        following.step()
    assert told.asked > len(asked_at) + 50
