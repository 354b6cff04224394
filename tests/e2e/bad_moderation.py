"""What an organiser may not invalidate or erase: nothing of it gets a record."""

from collections.abc import Callable

from tests.e2e.bad_requests import Case
from tests.e2e.world import World

from undersigned.signer.receipt import Receipt
from undersigned.tlog.proof import parse_proof

WHY = "It was proved that somebody else signed."


def _invalidate(
    *arguments: object, slug: str = "small-letter", text: str = WHY
) -> Callable[[World], str]:
    said = ("--reason", "other", "--text", text, "--yes")
    return lambda world: world.command(
        "letter", "invalidate", slug, *arguments, *said, "--data", world.live.folder
    )


def _erase(*arguments: object) -> Callable[[World], str]:
    return lambda world: world.command(
        "letter", "erase", "small-letter", *arguments, "--yes", "--data", world.live.folder
    )


def _leaf_of(receipt: Receipt, proof: str | None) -> int:
    assert proof is not None
    return parse_proof(proof.encode()).index


def _invalidate_standing(world: World) -> str:
    leaf = _leaf_of(world.receipt, world.receipt.proof)
    return _invalidate("--leaf", leaf)(world)


def _invalidate_withdrawn(world: World) -> str:
    return _invalidate("--leaf", _leaf_of(world.withdrawn, world.other_proof))(world)


def _erase_withdrawn(world: World) -> str:
    return _erase(_leaf_of(world.withdrawn, world.other_proof), "--reason", "asked")(world)


def _file(content: bytes) -> Callable[[World], str]:
    def run(world: World) -> str:
        file = world.write("why.txt", content)
        said = ("--leaf", 0, "--reason", "other", "--text-file", file, "--yes")
        return world.command(
            "letter", "invalidate", "small-letter", *said, "--data", world.live.folder
        )

    return run


MODERATION = (
    Case("invalidating in a letter that does not exist", _invalidate("--leaf", 1, slug="nothing")),
    Case("invalidating without saying whom", _invalidate()),
    Case("invalidating a sealed signature", _invalidate_standing),
    Case("invalidating a withdrawn signature", _invalidate_withdrawn),
    Case("invalidating a record that is no signature", _invalidate("--leaf", 0)),
    Case("invalidating beyond the log", _invalidate("--leaf", 10**9)),
    Case("invalidating beyond all numbers", _invalidate("--leaf", 10**30)),
    Case("invalidating at -1", _invalidate("--leaf", -1)),
    Case("invalidating everybody of a name that nobody has", _invalidate("--name", "Zacharias")),
    Case("invalidating by a name of spaces", _invalidate("--name", "  ")),
    Case("invalidating from 9 to 2", _invalidate("--leaves", "9-2")),
    Case("invalidating from 9 to nowhere", _invalidate("--leaves", "9-")),
    Case("invalidating wave 0", _invalidate("--wave", 0)),
    Case("invalidating the proofs of fax", _invalidate("--verified", "fax")),
    Case("an explanation that says nothing", _invalidate("--leaf", 0, text=" ")),
    Case("an explanation with a tab", _invalidate("--leaf", 0, text="a\tb")),
    Case("an explanation of 2,001 characters", _invalidate("--leaf", 0, text="x" * 2001)),
    Case("an explanation in Latin-1", _file("René".encode("latin-1"))),
    Case("an explanation of 17,000 bytes", _file(b"x" * 17_000)),
    Case(
        "a reason of one's own",
        lambda w: w.command("letter", "invalidate", "small-letter", "--reason", "because"),
    ),
    Case("erasing a name that is gone", _erase_withdrawn),
    Case("erasing a record that is no signature", _erase(0, "--reason", "asked")),
    Case("erasing without a reason", _erase(0)),
    Case("erasing at -1", _erase("--reason", "asked", "--", -1)),
)
