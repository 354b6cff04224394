"""Requests that no honest program sends: to the API as a whole, for codes and tokens, for the log."""

import json
from collections.abc import Callable
from typing import Any, NamedTuple

from tests.e2e.world import API, World

from undersigned.crypto.token import parse_spki
from undersigned.encoding import format_base64url

LETTER = f"{API}/letters/small-letter"


class Case(NamedTuple):
    """What is sent, in words, and how; running it gives the answer as the document has it."""

    what: str
    run: Callable[[World], str]


def _at(method: str, path: str, **more: Any) -> Callable[[World], str]:
    return lambda world: world.send(method, path, **more)


def _get(path: str) -> Callable[[World], str]:
    return _at("GET", path)


def _body(to: str, body: bytes | str, **more: Any) -> Callable[[World], str]:
    return lambda world: world.send("POST", f"{LETTER}/{to}", body, **more)


def _raw(data: bytes) -> Callable[[World], str]:
    return lambda world: world.send_raw(data)


def _chunked(world: World) -> str:
    """Announce no length and send more than there may be."""
    part = b"8000\r\n" + b" " * 0x8000 + b"\r\n"
    head = f"POST {LETTER}/signatures HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    return world.send_raw(head.encode() + part * 9 + b"0\r\n\r\n")


HTTP = (
    Case("`POST` to an address that is only read", _at("POST", f"{API}/site", body="{}")),
    Case("`DELETE` of a letter", _at("DELETE", LETTER)),
    Case("`PUT` of a signature", _at("PUT", f"{LETTER}/signatures", body="{}")),
    Case("`GET` of an address that is only written", _get(f"{LETTER}/enrolments")),
    Case("`TRACE`", _at("TRACE", "/")),
    Case("a method that does not exist", _at("SIGN", LETTER)),
    Case("another version of the API", _get("/api/v2/site")),
    Case("an address that does not exist", _get(f"{API}/nothing")),
    Case("a slash too many at the end", _get(f"{API}/site/")),
    Case("a letter that does not exist", _get(f"{API}/letters/nothing")),
    Case("a slug in upper case", _get(f"{API}/letters/SMALL-LETTER")),
    Case("edition 0", _get(f"{LETTER}@0")),
    Case("an edition with a leading zero", _get(f"{LETTER}@01")),
    Case("an edition that was never opened", _get(f"{LETTER}@2")),
    Case("an edition beyond all numbers", _get(f"{LETTER}@{'9' * 400}")),
    Case("a slug of 10,000 characters", _get(f"{API}/letters/{'a' * 10_000}")),
    Case("a slug with a zero byte", _get(f"{API}/letters/small%00letter")),
    Case("a path that is not UTF-8", _get(f"{API}/letters/%ff%fe")),
    Case("a path with a letter beyond ASCII", _get(f"{API}/letters/%C3%A9")),
    Case("names from a number with a leading zero", _get(f"{LETTER}/names?after=01")),
    Case("names from -2", _get(f"{LETTER}/names?after=-2")),
    Case("names from a number of 400 digits", _get(f"{LETTER}/names?after={'9' * 400}")),
    Case("no names at once", _get(f"{LETTER}/names?limit=0")),
    Case("1,001 names at once", _get(f"{LETTER}/names?limit=1001")),
    Case("a limit that is a fraction", _get(f"{LETTER}/names?limit=1.0")),
    Case("a limit in Arabic digits", _get(f"{LETTER}/names?limit=%D9%A5")),
    Case("no body where JSON belongs", _body("signatures", b"")),
    Case("a body that is not UTF-8", _body("signatures", b'{"record":"\xff","blob":null}')),
    Case("a body that is not UTF-8, for a code", _body("enrolments", b'{"method":"\xff"}')),
    Case("a body that is not JSON", _body("tokens", "proof=1")),
    Case("a body of another type", _body("tokens", "proof=1", kind="text/plain")),
    Case(
        "a form in place of JSON",
        _body("enrolments", "method=email", kind="application/x-www-form-urlencoded"),
    ),
    Case("JSON under the type of text", _body("enrolments", "{}", kind="text/plain")),
    Case("a list in place of an object", _body("signatures", "[]")),
    Case(
        "a member twice, the second one wrong",
        _body("signatures", '{"record":"e30","blob":null,"record":7}'),
    ),
    Case("`null` in place of an object", _body("tokens", "null")),
    Case("brackets 100,000 deep", _body("signatures", "[" * 100_000)),
    Case("brackets 100,000 deep, for a token", _body("tokens", "[" * 100_000)),
    Case("objects 20,000 deep", _body("tokens", '{"proof":' * 20_000)),
    Case("`NaN`", _body("tokens", '{"proof":NaN}')),
    Case("`NaN` in place of a record", _body("signatures", '{"record":NaN,"blob":null}')),
    Case("`Infinity`", _body("enrolments", '{"method":"email","email":Infinity}')),
    Case("a number of 5,000 digits", _body("tokens", f'{{"proof":{"1" * 5_000}}}')),
    Case("1e999", _body("signatures", '{"record":1e999,"blob":null}')),
    Case("a body of 300,000 bytes", _body("signatures", b" " * 300_000)),
    Case("a body of 300,000 bytes, for a token", _body("tokens", b" " * 300_000)),
    Case("a body of 294,912 bytes in chunks", _chunked),
    Case(
        "a body that is announced with 10^12 bytes",
        _raw(
            f"POST {LETTER}/signatures HTTP/1.1\r\nHost: x\r\nContent-Length: 1{'0' * 12}\r\n\r\n"
            "{}".encode()
        ),
    ),
    Case(
        "a body that is announced with a negative length",
        _raw(f"POST {LETTER}/tokens HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n".encode()),
    ),
    Case(
        "two different lengths of one body",
        _raw(
            f"POST {LETTER}/tokens HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n"
            "Content-Length: 3\r\n\r\n{} ".encode()
        ),
    ),
    Case(
        "a length and chunks at once",
        _raw(
            f"POST {LETTER}/tokens HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n"
            "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n".encode()
        ),
    ),
    Case("bytes that are not HTTP", _raw(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n")),
    Case("a header line of 65,700 bytes", _raw(b"GET / HTTP/1.1\r\nA: " + b"a" * 65_700)),
    Case("a path of 65,700 bytes", _raw(b"GET /" + b"a" * 65_700)),
    Case("a path beyond ASCII", _raw(b"GET /\xc3\xa9 HTTP/1.1\r\nHost: x\r\n\r\n")),
    Case("`OPTIONS *`", _raw(b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n")),
    Case("`CONNECT`", _raw(b"CONNECT a.example:443 HTTP/1.1\r\nHost: x\r\n\r\n")),
    Case("a header without a colon", _raw(b"GET / HTTP/1.1\r\nHost\r\n\r\n")),
)


def _blob_as_document(world: World) -> str:
    name = world.receipt.record.name
    assert name is not None
    return world.send("GET", f"/documents/{name.hex()}")


TILE = "/log/tile"

LOG = (
    Case("keys, by two dots", _get("/log/../keys/log.key")),
    Case("keys, by two dots in disguise", _get("/log/%2e%2e/keys/log.key")),
    Case("keys, by two dots below the tiles", _get(f"{TILE}/../../keys/log.key")),
    Case("keys, by a slash in disguise", _get(f"{TILE}/0/..%2f..%2f..%2fkeys%2flog.key")),
    Case("a path from the root", _get(f"{TILE}//etc/passwd")),
    Case("the lock beside the checkpoint", _get("/log/.lock")),
    Case("the folder of the log", _get("/log/")),
    Case("something below the checkpoint", _get("/log/checkpoint/0")),
    Case("a tile beyond the log", _get(f"{TILE}/0/001")),
    Case("a full tile of a log that has none", _get(f"{TILE}/0/000")),
    Case("a tile wider than the log", _get(f"{TILE}/0/000.p/255")),
    Case("a bundle wider than the log", _get(f"{TILE}/entries/000.p/255")),
    Case("a tile of width 0", _get(f"{TILE}/0/000.p/0")),
    Case("a partial tile of width 256", _get(f"{TILE}/0/000.p/256")),
    Case("a width with a leading zero", _get(f"{TILE}/0/000.p/01")),
    Case("a tile's number of one digit", _get(f"{TILE}/0/0")),
    Case("a tile's number of many parts", _get(f"{TILE}/0/{'x999/' * 20}999")),
    Case("a level with a leading zero", _get(f"{TILE}/00/000")),
    Case("level 64", _get(f"{TILE}/64/000")),
    Case("level -1", _get(f"{TILE}/-1/000")),
    Case("a tile with a zero byte", _get(f"{TILE}/0/000%00")),
    Case("a proof for hex in upper case", _get(f"{API}/proofs/{'AB' * 32}")),
    Case("a proof for 31 bytes", _get(f"{API}/proofs/{'ab' * 31}")),
    Case("a proof for what is not hex", _get(f"{API}/proofs/{'zz' * 32}")),
    Case("a proof for hex with spaces", _get(f"{API}/proofs/{'ab%20' * 32}")),
    Case("a proof for a record that was never taken", _get(f"{API}/proofs/{'ab' * 32}")),
    Case("a document by hex in upper case", _get(f"/documents/{'AB' * 32}")),
    Case("a document by a path", _get("/documents/..%2fkeys%2flog.key")),
    Case("a document that was never named", _get(f"/documents/{'ab' * 32}")),
    Case("a sealed name, which is no document", _blob_as_document),
    Case("source code, by the style sheet's folder", _get("/static/../asgi.py")),
)


def _code(email: object, **more: object) -> Callable[[World], str]:
    body = {"method": "email", "email": email, "altcha": "bm8=", **more}
    return lambda world: world.post(world.letter, "enrolments", json.dumps(body))


ASKED = {"method": "email", "email": "gwilla@staff.example", "altcha": "bm8="}


CODES = (
    Case("an address without @", _code("gwilla.staff.example")),
    Case("an address with two @", _code("gwilla@staff@staff.example")),
    Case("an address with a line end", _code("gwilla@staff.example\nBcc: all@staff.example")),
    Case("an address with a zero byte", _code("gwilla\0@staff.example")),
    Case("an address with half a character", _code("gwilla\ud800@staff.example")),
    Case("an address of 321 characters", _code(f"{'g' * 308}@staff.example")),
    Case("an empty address", _code("")),
    Case("a list of addresses", _code(["gwilla@staff.example"])),
    Case("a number in place of an address", _code(7)),
    Case("an unknown member", _code("gwilla@staff.example", name="Gwilla")),
    Case(
        "another method",
        lambda world: world.post(world.letter, "enrolments", ASKED | {"method": "sms"}),
    ),
    Case("no method", _body("enrolments", '{"email":"gwilla@staff.example"}')),
    Case("work that is none", _code("gwilla@staff.example")),
    Case("no word of work", _body("enrolments", '{"email":"g@s.example","method":"email"}')),
    Case(
        "a code by mail where the letter takes none",
        lambda world: world.post(world.public, "enrolments", ASKED),
    ),
)


LEFT_OUT = object()
"""In place of a member: it is not sent."""


def _token(
    by: object = None, *, letter: str = "letter", **changed: object
) -> Callable[[World], str]:
    """Ask for a token with the invite of a member who has none yet; `changed` replaces members."""

    def ask(world: World) -> str:
        body: dict[str, Any] = {
            "proof": by or {"method": "invite", "code": world.live.invites[3]},
            "blinded": format_base64url(bytes(255) + b"\2"),
            "c": format_base64url(bytes(32)),
            "shown_as": None,
        }
        for name, value in changed.items():
            if value is LEFT_OUT:
                del body[name]
            else:
                body[name] = value(world) if callable(value) else value
        return world.post(getattr(world, letter), "tokens", body)

    return ask


def _proof(**members: object) -> Callable[[World], str]:
    def ask(world: World) -> str:
        proof = {name: v(world) if callable(v) else v for name, v in members.items()}
        return _token(proof)(world)

    return ask


def _enrolment(world: World) -> str:
    return format_base64url(world.enrolment)


def _used_up(world: World) -> str:
    """Type a wrong code five times, then the right one."""
    answers = [
        _proof(method="email", enrolment=_enrolment, code=code)(world)
        for code in ["0000-0000"] * 5 + [world.code]
    ]
    assert len(set(answers)) == 1
    return answers[-1]


def _code_elsewhere(world: World) -> str:
    proof = {"method": "email", "enrolment": _enrolment(world), "code": world.code}
    return _token(proof, letter="named")(world)


def _again(**changed: object) -> Callable[[World], str]:
    """Ask once more for a member who has a token, with something else."""

    def ask(world: World) -> str:
        asked = world.holder_asked | {
            name: value(world) if callable(value) else value for name, value in changed.items()
        }
        return world.post(world.letter, "tokens", asked)

    return ask


def _modulus(world: World) -> str:
    return format_base64url(parse_spki(world.letter.token_key).n.to_bytes(256, "big"))


def _invited(shown_as: object) -> Callable[[World], str]:
    def ask(world: World) -> str:
        proof = {"method": "invite", "code": world.codes[0]}
        return _token(proof, letter="invited", shown_as=shown_as)(world)

    return ask


def _of_lapsed(world: World) -> str:
    proof = {"method": "invite", "code": world.lapsed_members[0].invite}
    return _token(proof, letter="lapsed")(world)


TOKENS = (
    Case("an unknown kind of proof", _proof(method="passport", code="1")),
    Case("a proof without a kind", _proof(code="1")),
    Case("no proof", _token(proof=LEFT_OUT)),
    Case("no c", _token(c=LEFT_OUT)),
    Case("an invite code of 15 characters", _proof(method="invite", code="ABCD-EFGH-JKMN-PQR")),
    Case("an invite code with a U", _proof(method="invite", code="UUUU-EFGH-JKMN-PQRS")),
    Case("an invite code that nobody has", _proof(method="invite", code="0" * 16)),
    Case("an invite code of 65 characters", _proof(method="invite", code="0" * 65)),
    Case("an empty invite code", _proof(method="invite", code="")),
    Case(
        "an invite code of another letter",
        lambda world: _proof(method="invite", code=world.codes[0])(world),
    ),
    Case(
        "an invite code with an enrolment",
        _proof(method="invite", code="0" * 16, enrolment="A" * 22),
    ),
    Case("an enrolment of 15 bytes", _proof(method="email", enrolment="A" * 20, code="0000-0000")),
    Case(
        "an enrolment that there never was",
        _proof(method="email", enrolment="A" * 22, code="0000-0000"),
    ),
    Case("a wrong code", _proof(method="email", enrolment=_enrolment, code="0000-0000")),
    Case("a code beyond ASCII", _proof(method="email", enrolment=_enrolment, code="ＡＢＣＤ-1234")),
    Case("the code of another letter", _code_elsewhere),
    Case("the right code after five wrong ones", _used_up),
    Case("a blinded message of 255 bytes", _token(blinded=format_base64url(bytes(255)))),
    Case("a blinded message of 257 bytes", _token(blinded=format_base64url(bytes(257)))),
    Case("a blinded message that is the modulus", _token(blinded=_modulus)),
    Case("a blinded message of all ones", _token(blinded=format_base64url(b"\xff" * 256))),
    Case("c of 31 bytes", _token(c=format_base64url(bytes(31)))),
    Case("c with padding", _token(c=format_base64url(bytes(32)) + "=")),
    Case("c with bits that are not zero behind its end", _token(c="A" * 42 + "B")),
    Case("c in the other alphabet of base64", _token(c="+/" * 21 + "A")),
    Case("c with a space", _token(c=" " + "A" * 42)),
    Case("c beyond ASCII", _token(c="é" * 43)),
    Case("c as a list of numbers", _token(c=[0] * 32)),
    Case("an unknown member", _token(mode="public")),
    Case("another name than the roll's", _token(shown_as={"name": "Somebody", "role": None})),
    Case("another role than the roll's", _token(shown_as={"name": None, "role": "Queen"})),
    Case("an empty name", _token(shown_as={"name": "", "role": None})),
    Case("a name without its role", _token(shown_as={"name": "C. F."})),
    Case("a name on a roll without names: none", _invited(None)),
    Case(
        "a name on a roll without names: 101 characters",
        _invited({"name": "n" * 101, "role": None}),
    ),
    Case(
        "a name on a roll without names: with a line end", _invited({"name": "a\nb", "role": None})
    ),
    Case("a name on a roll without names: not in NFC", _invited({"name": "e\u0301", "role": None})),
    Case(
        "a name on a roll without names: half a character",
        _invited({"name": "\ud800", "role": None}),
    ),
    Case(
        "a second token for one member",
        _again(blinded=lambda _world: format_base64url(bytes(255) + b"\3")),
    ),
    Case("the same token for another c", _again(c=format_base64url(bytes(32)))),
    Case("a token when the letter has ended", _of_lapsed),
)
