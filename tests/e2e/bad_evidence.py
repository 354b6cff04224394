"""Evidence that does not hold, and files that are none: receipts and mirrors."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.e2e.bad_requests import Case
from tests.e2e.world import World, receipt_with

from undersigned.crypto.keys import generate_code, words_of
from undersigned.signer.receipt import LONGEST_RECEIPT, format_receipt


def _receipt(**changed: Any) -> Callable[[World], str]:
    """Verify a receipt with other members: values, functions of the world, or "-" for none."""

    def run(world: World) -> str:
        members = {name: v(world) if callable(v) else v for name, v in changed.items()}
        file = world.write("receipt.json", receipt_with(world.receipt, **members))
        return world.command("receipt", "verify", file)

    return run


def _receipt_bytes(content: bytes) -> Callable[[World], str]:
    return lambda world: world.command("receipt", "verify", world.write("r.json", content))


def _record(**changed: Any) -> Callable[[World], dict[str, Any]]:
    return lambda world: _plain(world)["record"] | changed


def _plain(world: World) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(format_receipt(world.receipt))
    return value


def _unsigned_letter(world: World) -> dict[str, Any]:
    letter: dict[str, Any] = _plain(world)["letter"]
    body = letter["body"] | {"rule": 1}
    return letter | {"body": body}


def _other(world: World) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(format_receipt(world.withdrawn))
    return value


def _moved(promise: str) -> str:
    lines = promise.split("\n")
    lines[2] = str(int(lines[2]) + 600)
    return "\n".join(lines)


def _renamed(world: World) -> dict[str, Any]:
    attestation: dict[str, Any] = _plain(world)["attestation"]
    return attestation | {"name": "Somebody Else"}


RECEIPTS = (
    Case("a file that is not there", lambda w: w.command("receipt", "verify", w.folder / "none")),
    Case("a folder", lambda w: w.command("receipt", "verify", w.mirror)),
    Case("an empty file", _receipt_bytes(b"")),
    Case("a file that is not JSON", _receipt_bytes(b"receipt")),
    Case("a file that is not UTF-8", _receipt_bytes(b'{"v":"\xff"}')),
    Case("brackets 100,000 deep", _receipt_bytes(b"[" * 100_000)),
    Case("a file that is too long", _receipt_bytes(b" " * (LONGEST_RECEIPT + 1))),
    Case("a member too many", _receipt(extra=1)),
    Case("a member too few", _receipt(salt="-")),
    Case("another version", _receipt(v=2)),
    Case("another kind of file", _receipt(t="name")),
    Case("eleven words", _receipt(words=lambda w: w.receipt.words.rpartition(" ")[0])),
    Case("words in upper case", _receipt(words=lambda w: w.receipt.words.upper())),
    Case("a word that is not in the list", _receipt(words=" ".join(["undersigned"] * 12))),
    Case("words whose checksum is wrong", _receipt(words=" ".join(["abandon"] * 12))),
    Case("the words of another", _receipt(words=lambda _w: words_of(generate_code()))),
    Case("a salt of 15 bytes", _receipt(salt="A" * 20)),
    Case("a record of another kind", _receipt(record={"v": 1, "t": "epoch"})),
    Case("a record that was changed", _receipt(record=_record(condition=3))),
    Case("the record of another", _receipt(record=lambda w: _other(w)["record"])),
    Case("a letter that was changed", _receipt(letter=_unsigned_letter)),
    Case("the origin of another log", _receipt(origin="other.example/log")),
    Case("a key that is none", _receipt(log_vkey="letters.example/log")),
    Case("a promise that is none", _receipt(promise="promised")),
    Case("the promise of another", _receipt(promise=lambda w: w.withdrawn.promise)),
    Case(
        "a promise with another time",
        _receipt(promise=lambda w: _moved(w.receipt.promise)),
    ),
    Case("an attestation that was changed", _receipt(attestation=_renamed)),
    Case("the attestation of another", _receipt(attestation=lambda w: _other(w)["attestation"])),
    Case("a proof that is none", _receipt(proof="c2sp.org/tlog-proof@v1\n")),
    Case("the proof of another", _receipt(proof=lambda w: w.other_proof)),
    Case("a proof cut short", _receipt(proof=lambda w: (w.receipt.proof or "")[:-9])),
    Case("no proof yet", _receipt(proof=None)),
    Case(
        "a receipt under another key than the one given",
        lambda w: w.command(
            "receipt",
            "verify",
            w.write("r.json", format_receipt(w.receipt)),
            "--key",
            w.receipt.log_vkey.replace("letters", "others"),
        ),
    ),
)


def _mirror(damage: Callable[[Path], object], *options: object) -> Callable[[World], str]:
    """Verify a copy of a good mirror after something was done to it."""

    def run(world: World) -> str:
        folder = world.folder / "damaged"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(world.mirror, folder)
        damage(folder)
        return world.command("verify", folder, *options)

    return run


def _changed(path: str, edit: Callable[[bytes], bytes]) -> Callable[[World], str]:
    """Change one file; `LETTER` in its path is the first letter's id, `TEXT` the hash of its text."""

    def run(world: World) -> str:
        text = world.letter.texts[0].hash.hex()
        exact = path.replace("LETTER", world.letter.letter_id.hex()).replace("TEXT", text)

        def damage(folder: Path) -> None:
            (file,) = folder.glob(exact)
            file.write_bytes(edit(file.read_bytes()))

        return _mirror(damage)(world)

    return run


def _linked(folder: Path) -> None:
    (folder / "log" / "checkpoint").rename(folder / "log" / "elsewhere")
    (folder / "log" / "checkpoint").symlink_to("elsewhere")


def _piped(folder: Path) -> None:
    (folder / "log" / "checkpoint").unlink()
    os.mkfifo(folder / "log" / "checkpoint")


def _bit(data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 1])


def _larger(note: bytes) -> bytes:
    """Add one to the size in a checkpoint."""
    lines = note.split(b"\n")
    lines[1] = b"%d" % (int(lines[1]) + 1)
    return b"\n".join(lines)


def _more(page: bytes) -> bytes:
    """Add one to those who stand."""
    counts = json.loads(page)
    return json.dumps(counts | {"standing": counts["standing"] + 1}).encode()


def _fill(folder: Path, content: bytes) -> None:
    for file in folder.rglob("*"):
        if file.is_file():
            file.write_bytes(content)


def _empty(world: World) -> str:
    folder = world.folder / "empty"
    folder.mkdir(exist_ok=True)
    return world.command("verify", folder)


CHECKPOINT = "log/checkpoint"
ENTRIES = "log/tile/entries/000.p/*"
HASHES = "log/tile/0/000.p/*"
PAGES = "site/letters/LETTER"
DOCUMENT = "documents/TEXT"

MIRRORS = (
    Case("a folder that is not there", lambda w: w.command("verify", w.folder / "none")),
    Case("a file", lambda w: w.command("verify", w.write("file", "mirror"))),
    Case("an empty folder", _empty),
    Case("garbage in every file", _mirror(lambda folder: _fill(folder, b"garbage\n"))),
    Case("nothing in every file", _mirror(lambda folder: _fill(folder, b""))),
    Case(
        "JSON that is too deep in every page", _mirror(lambda f: _fill(f / "site", b"[" * 100_000))
    ),
    Case("a key that is none", _changed("log.vkey", lambda _data: b"key")),
    Case("a checkpoint that is none", _changed(CHECKPOINT, lambda _data: b"checkpoint")),
    Case(
        "a checkpoint that was signed by nobody",
        _changed(CHECKPOINT, lambda data: data.partition(b"\n\n")[0] + b"\n\n"),
    ),
    Case("a checkpoint of another size", _changed(CHECKPOINT, _larger)),
    Case("a checkpoint that is a link", _mirror(_linked)),
    Case("a checkpoint that is a pipe", _mirror(_piped)),
    Case("a checkpoint of 10 MB", _changed(CHECKPOINT, lambda data: data + b"\n" * 10**7)),
    Case("entries cut short", _changed(ENTRIES, lambda data: data[:-5])),
    Case("entries with one bit turned", _changed(ENTRIES, _bit)),
    Case("hashes with one bit turned", _changed(HASHES, _bit)),
    Case("a document with one bit turned", _changed(DOCUMENT, _bit)),
    Case("a text that is another document", _changed(DOCUMENT, lambda _data: b"{}")),
    Case("documents that are missing", _mirror(lambda f: shutil.rmtree(f / "documents"))),
    Case("pages that are missing", _mirror(lambda folder: shutil.rmtree(folder / "site"))),
    Case("tiles that are missing", _mirror(lambda f: shutil.rmtree(f / "log" / "tile"))),
    Case("numbers that are higher than the log's", _changed(f"{PAGES}/counts.json", _more)),
    Case(
        "numbers that are no numbers", _changed(f"{PAGES}/counts.json", lambda _data: b'{"m":NaN}')
    ),
    Case("a page of the site that is not JSON", _changed("site/site.json", lambda _data: b"site")),
    Case(
        "another key than the one given",
        _mirror(lambda _folder: None, "--key", "letters.example/log+00000000+AA=="),
    ),
)
