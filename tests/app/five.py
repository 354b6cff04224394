"""Five trustees of one letter, three of whom have to act, and what each does in its turn."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from tests.app.village import HOUR, Village, Villager

from undersigned.app.exporting import export_log
from undersigned.app.opening import take_opening
from undersigned.app.trustees import take_share_file
from undersigned.crypto.keys import TrusteeKey
from undersigned.crypto.seal import format_blob, parse_blob
from undersigned.domain.letter import Letter, Mode
from undersigned.domain.shares import SharedLeaf, Shares
from undersigned.store import pending as pending_store
from undersigned.store import signatures as signature_store
from undersigned.store import waves as wave_store
from undersigned.trustee.opening import Combined, Opening, combine_wave
from undersigned.trustee.sealed import SealedNames
from undersigned.trustee.sharing import open_own_shares, read_share_file, write_share_file
from undersigned.trustee.waiting import find_due_wave
from undersigned.verify.wave import Wave

KEYS = tuple(TrusteeKey(bytes([i]) * 32) for i in range(1, 6))
QUORUM = 3


@dataclass(frozen=True, slots=True)
class Bench:
    """A letter of five trustees in a village, and a folder for their copies of the log."""

    village: Village
    letter: Letter
    folder: Path

    @classmethod
    def open(cls, village: Village, folder: Path, **terms: object) -> "Bench":
        """Open the letter, which all five have acknowledged."""
        trustees = terms.pop("trustees", KEYS)
        letter = village.open(trustees=trustees, quorum=QUORUM, **terms)  # type: ignore[arg-type]
        return cls(village, letter, folder)

    def freeze(self) -> None:
        """Let the time to reconsider pass."""
        self.village.sequence()
        self.village.later(HOUR)

    def verified(self) -> tuple[Wave, int]:
        """Copy the log and verify it, as a trustee does."""
        number = len(list(self.folder.iterdir())) if self.folder.exists() else 0
        folder = self.folder / str(number)
        folder.mkdir(parents=True)
        export_log(self.village.site, folder)
        return find_due_wave(folder, self.letter.letter_id)

    def read(self, digest: bytes) -> bytes | None:
        """Return a sealed name."""
        with self.village.site.collector.read() as connection:
            return pending_store.find_blob(connection, digest)

    def shares(self, number: int) -> Shares:
        """Open the shares of a trustee."""
        return open_own_shares(SealedNames(*self.verified(), self.read), KEYS[number - 1], number)

    def send(self, number: int, shares: Shares | None = None) -> bool:
        """Let a trustee send its share file, or one that it made up."""
        own = self.shares(number) if shares is None else shares
        file = write_share_file(self.letter, own, KEYS[number - 1])
        view = self.village.view(self.letter)
        return take_share_file(self.village.site, view, own.wave, number, file)

    def combine(self, number: int) -> Combined:
        """Let a trustee combine all the files that are there."""
        wave, size = self.verified()
        names = SealedNames(wave, size, self.read)
        files = [open_own_shares(names, KEYS[number - 1], number)]
        with self.village.site.collector.read() as connection:
            lines = wave_store.list_shares(connection, self.letter.letter_id, wave.number)
            held = {
                line.number: wave_store.find_share(
                    connection, self.letter.letter_id, wave.number, line.number
                )
                for line in lines
            }
        files += [
            read_share_file(self.letter, wave.number, i, file or b"", KEYS[number - 1], number)
            for i, file in held.items()
            if i != number
        ]
        return combine_wave(names, files, KEYS[number - 1])

    def submit(self, opening: Opening) -> bool:
        """Send an opening to the site; say whether it is the first."""
        view = self.village.view(self.letter)
        return take_opening(self.village.site, view, opening.record, opening.content).is_new

    def leaf(self, villager: Villager) -> int:
        """Return the leaf of a member's signature."""
        return self.village.row(villager).leaf_index

    def names(self) -> set[str]:
        """Return the names that the site shows."""
        with self.village.site.collector.read() as connection:
            shown = signature_store.list_shown_names(
                connection, self.letter.letter_id, after=-1, limit=1_000
            )
        return {each.name for each in shown}

    def spoiled(self, numbers: Iterable[int]) -> Villager:
        """Let a member sign with a seal in which the slots of some trustees hold garbage."""
        village = self.village
        villager = village.villager(self.letter)
        blob = parse_blob(villager.hide(Mode.SEALED) or b"")
        slots = list(blob.slots)
        for number in numbers:
            slot = slots[number - 1]
            slots[number - 1] = slot._replace(ct=bytes(len(slot.ct)))
        village.take(
            villager.sign_request(Mode.SEALED, None, format_blob(blob._replace(slots=tuple(slots))))
        )
        return villager


def altered(shares: Shares, change: Callable[[bytes], bytes], *leaves: int) -> Shares:
    """Return shares of which some (all, if none is named) are not what they were."""
    return replace(
        shares,
        leaves=tuple(
            SharedLeaf(each.index, change(each.share))
            if each.share is not None and (not leaves or each.index in leaves)
            else each
            for each in shares.leaves
        ),
    )
