"""What an issuer apart, or somebody who says to be one, may get wrong: its records, and its commands."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.e2e.bad_requests import Case
from tests.e2e.world import World
from tests.live import PEOPLE

from undersigned.crypto.keys import RecordSigner
from undersigned.domain.letter import Letter
from undersigned.domain.record import IssuedRecord, format_record, signed_bytes
from undersigned.domain.roll import member_commit, member_of_email
from undersigned.encoding import format_base64url

URL = "http://localhost:9"


def issued(world: World, letter: Letter | None = None, **changed: Any) -> IssuedRecord:
    """Sign a record as the letter's issuer does; `changed` replaces members before."""
    letter = letter or world.letter
    members: dict[str, Any] = {"blinded": b"\1" * 32, "member": b"\2" * 32} | changed
    record = IssuedRecord(letter.letter_id, members["blinded"], members["member"], bytes(64))
    key = world.site.issuer.keys(letter).attestation
    return replace(record, sig=key.sign(signed_bytes(record)))


def hand_over(world: World, record: IssuedRecord, letter: Letter | None = None) -> str:
    """Send a record to a letter's address."""
    body = {"record": format_base64url(format_record(record))}
    return world.post(letter or world.letter, "issuer-records", body)


def _body(body: str | bytes) -> Callable[[World], str]:
    return lambda world: world.post(world.letter, "issuer-records", body)


def _stranger(world: World) -> str:
    record = issued(world)
    key = RecordSigner.generate()
    return hand_over(world, replace(record, sig=key.sign(signed_bytes(record))))


def _second(world: World) -> str:
    """The member who has signed by the second invite has a record already."""
    member = member_commit(world.receipt.salt, member_of_email(PEOPLE[1][0]))
    return hand_over(world, issued(world, member=member))


def _signature(world: World) -> str:
    entry = format_base64url(format_record(world.receipt.record))
    return world.post(world.letter, "issuer-records", {"record": entry})


ISSUER_RECORDS = (
    Case("no record", _body("{}")),
    Case("null in place of a record", _body('{"record":null}')),
    Case("a record that is not base64url", _body('{"record":"+/+/"}')),
    Case("an empty record", _body('{"record":""}')),
    Case("a record with a blob", _body('{"record":"e30","blob":null}')),
    Case("a record that is an empty object", _body('{"record":"e30"}')),
    Case("a record of 300,000 bytes", _body(b'{"record":"' + b"A" * 300_000 + b'"}')),
    Case("a signature in place of an issuer's record", _signature),
    Case("a record for another letter", lambda w: hand_over(w, issued(w), w.named)),
    Case("a record that nobody signed", lambda w: hand_over(w, replace(issued(w), sig=bytes(64)))),
    Case("a record that another key signed", _stranger),
    Case(
        "a record that was changed after it was signed",
        lambda w: hand_over(w, replace(issued(w), member=b"\3" * 32)),
    ),
    Case("a second record for a member", _second),
    Case(
        "a record when the letter has ended", lambda w: hand_over(w, issued(w, w.lapsed), w.lapsed)
    ),
)


def _office(world: World) -> str:
    """Make an issuer apart, if it is not there; return its folder."""
    folder = world.folder / "office"
    if not folder.exists():
        assert world.command("issuer", "offer", "quiet", "--data", folder, "--url", URL)
    return str(folder)


def _offer(*options: str) -> Callable[[World], str]:
    return lambda world: world.command(
        "issuer", "offer", "quiet", "--data", world.folder / "nothing", *options
    )


def _ack(url: str) -> Callable[[World], str]:
    return lambda world: world.command(
        "issuer", "ack", url.replace("SITE", world.live.url), "--data", _office(world), "--yes"
    )


def _of_office(*arguments: str) -> Callable[[World], str]:
    return lambda world: world.command(*arguments, "--data", _office(world))


def _of_site(*arguments: str) -> Callable[[World], str]:
    return lambda world: world.command(*arguments, "--data", world.live.folder)


ISSUER_COMMANDS = (
    Case("an offer from a folder without an issuer", _offer()),
    Case("an issuer at an address without https", _offer("--url", "http://codes.example")),
    Case("an issuer at an address with a path", _offer("--url", "https://codes.example/a")),
    Case("an issuer at an address with a slash", _offer("--url", "https://codes.example/")),
    Case(
        "an issuer at another address than before",
        _of_office("issuer", "offer", "a", "--url", "https://a.example"),
    ),
    Case("an offer for a slug in upper case", _of_office("issuer", "offer", "Quiet")),
    Case("an offer for edition 0", _of_office("issuer", "offer", "quiet", "--edition", "0")),
    Case("an offer from the folder of a site", _of_site("issuer", "offer", "quiet")),
    Case("an ack of what is no address", _ack("quiet")),
    Case("an ack of a letter's page", _ack("SITE/letters/small-letter")),
    Case("an ack of a proposal that does not exist", _ack(f"SITE/proposals/{'0' * 64}")),
    Case("a letter opened from an issuer's folder", _of_office("letter", "show", "quiet")),
    Case("an issuer served as a site", _of_office("serve", "--port", "0", "--role", "all")),
    Case(
        "an issuer served with the origin of a log",
        _of_office("serve", "--port", "0", "--origin", "a.example"),
    ),
    Case("a site served as an issuer", _of_site("serve", "--port", "0", "--role", "issuer")),
    Case(
        "a site with an issuer served as one without",
        _of_site("serve", "--port", "0", "--role", "collector"),
    ),
    Case("another role than there are", _of_site("serve", "--role", "roll")),
)
