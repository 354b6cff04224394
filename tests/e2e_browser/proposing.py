"""A letter with trustees elsewhere, on a served site: proposed, acknowledged, opened."""

from collections.abc import Sequence
from pathlib import Path

from tests.live import LETTER_FILE, ROLL, TEXT, LiveSite

from undersigned.app.draft import Draft
from undersigned.app.invites import make_invites
from undersigned.app.letter_file import read_draft
from undersigned.app.proposing import propose_letter
from undersigned.app.rolls import import_roll
from undersigned.app.site import WholeSite
from undersigned.domain.proposal import Proposal
from undersigned.web.static_files import find_bundle


def propose(
    live: LiveSite,
    folder: Path,
    slug: str,
    cards: Sequence[str],
    *,
    quorum: int,
    rule: int = 6,
    cooling_off_s: int = 86_400,
) -> tuple[Draft, Proposal, tuple[str, ...]]:
    """Propose a letter to the trustees of these cards; return it with an invite for each member."""
    site = live.running.site
    assert isinstance(site, WholeSite)
    import_roll(site.issuer, slug, ROLL.encode())
    invites = make_invites(site.issuer, slug, None)
    terms = f"rule = {rule}\nquorum = {quorum}"
    text = LETTER_FILE.format(slug=slug, roll="list", methods='["invite"]')
    text = text.replace("rule = 6", terms).replace("86400", str(cooling_off_s))
    folder.mkdir(parents=True)
    (folder / "letter.toml").write_text("\n".join((text, *cards, "")))
    (folder / "text.en.md").write_text(TEXT)
    (folder / "text.id.md").write_text("Dapur ini *milik kita*.\n")
    draft = read_draft(folder / "letter.toml")
    proposal = propose_letter(site, draft, find_bundle())
    return draft, proposal, tuple(invite.code for invite in invites)
