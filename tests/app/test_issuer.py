"""The issuer: alone in a folder or with its site, knowing its letters and holding their keys."""

import shutil
import stat
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.app.village import HOST, START, Village

from undersigned.app.clock import StoredClock
from undersigned.app.issuer import (
    IssuerKeys,
    add_letter,
    has_issuer,
    key_folder,
    make_issuer,
    open_issuer,
)
from undersigned.app.site import (
    Site,
    WholeSite,
    has_site,
    make_collector,
    make_site,
    open_any,
    open_collector,
    open_site,
)
from undersigned.domain.letter import Letter
from undersigned.errors import FormatError, NoSite, SiteExists, StoreError, UnknownLetter
from undersigned.store.issuer_schema import acknowledged

URL = "https://codes.example"


@pytest.fixture
def letter(village: Village) -> Letter:
    """An open letter."""
    return village.open()


def test_an_issuer_apart_is_for_its_owner_alone(tmp_path: Path) -> None:
    """Its folder holds a database and nothing of a log."""
    issuer = make_issuer(tmp_path / "office", URL, own_clock=START)
    assert (issuer.url, issuer.clock.now()) == (URL, START)
    issuer.close()
    found = {path.name: path for path in issuer.folder.iterdir()}
    assert found.keys() == {"issuer.db", "keys", "outbox", "clock"}
    for name in ("issuer.db", "keys", "outbox"):
        assert not stat.S_IMODE(found[name].stat().st_mode) & 0o077
    again = open_issuer(issuer.folder)
    assert again.url == URL
    assert isinstance(again.clock, StoredClock)
    again.close()


def test_a_collector_alone_has_no_issuer(tmp_path: Path) -> None:
    """Neither a database of members nor a way to open one."""
    make_collector(tmp_path / "data", HOST).close()
    assert not has_issuer(tmp_path / "data")
    site = open_any(tmp_path / "data")
    assert type(site) is Site
    site.close()
    with pytest.raises(NoSite, match="without an issuer"):
        open_site(tmp_path / "data")
    assert not has_issuer(tmp_path / "data")


def test_a_folder_holds_one_of_them(tmp_path: Path) -> None:
    """Or both from the start: what is there is never turned into something else."""
    make_issuer(tmp_path / "office", URL).close()
    make_site(tmp_path / "whole", HOST).close()
    with pytest.raises(SiteExists, match="holds an issuer"):
        make_site(tmp_path / "office", HOST)
    with pytest.raises(SiteExists, match="holds an issuer"):
        make_collector(tmp_path / "office", HOST)
    with pytest.raises(SiteExists, match="holds an issuer"):
        make_issuer(tmp_path / "whole", URL)
    assert not has_site(tmp_path / "office")
    for folder, sentence in (
        (tmp_path / "nowhere", "holds no issuer"),
        (tmp_path / "whole", "it is part of a site"),
    ):
        with pytest.raises(NoSite, match=sentence):
            open_issuer(folder)


@pytest.mark.parametrize("url", ["", "codes.example", "https://codes.example/", "http://a.example"])
def test_what_is_no_origin_is_refused(tmp_path: Path, url: str) -> None:
    """Letters name it for good; nothing is made."""
    with pytest.raises(FormatError, match=r"issuer\.url"):
        make_issuer(tmp_path / "office", url)
    assert not (tmp_path / "office").exists()


def test_a_letter_is_known_by_its_name(village: Village, letter: Letter) -> None:
    """The newest edition, or the one that is named; others are unknown."""
    issuer = village.site.issuer
    for name in ("mill", "mill@1"):
        found = issuer.get_letter(name)
        assert (found.letter, found.site) == (letter, None)
    for name in ("mill@2", "other", "Mill", "mill@0", "", "mill@1@1"):
        with pytest.raises(UnknownLetter):
            issuer.get_letter(name)


def test_the_letters_of_an_older_folder_are_made_known(village: Village, letter: Letter) -> None:
    """A folder of an earlier version, or a crash between the two databases, loses no letter."""
    with village.site.issuer.database.write() as connection:
        connection.execute(sa.delete(acknowledged))
    with pytest.raises(UnknownLetter):
        village.site.issuer.get_letter("mill")
    again = open_site(village.site.folder)
    assert again.issuer.get_letter("mill").letter == letter
    again.close()


def test_letters_that_others_issue_for_stay_unknown(village: Village, letter: Letter) -> None:
    """An opened letter with an issuer elsewhere is none of this issuer's."""
    assert letter.issuer_url is None
    other = replace(letter, slug="apart", issuer_url=URL)
    with village.site.issuer.database.write() as connection:
        assert add_letter(connection, other, "https://letters.example")
        assert not add_letter(connection, other, "https://letters.example")
    assert village.site.issuer.get_letter("apart").site == "https://letters.example"


def test_the_keys_of_a_letter_that_are_not_here(village: Village, letter: Letter) -> None:
    """Nobody could issue for it; keys of another letter do not serve either."""
    issuer = village.site.issuer
    assert issuer.keys(letter).belong_to(letter)
    with pytest.raises(StoreError):
        issuer.keys(replace(letter, slug="other"))
    folder = key_folder(issuer.folder, letter.letter_id.hex())
    shutil.rmtree(folder)
    IssuerKeys.generate().save(folder)
    again = open_site(village.site.folder)
    with pytest.raises(StoreError, match="are not here"):
        again.issuer.keys(letter)
    again.close()


def test_a_whole_site_opened_as_a_collector(village: Village, letter: Letter) -> None:
    """Sees the letter, and has nothing by which it could see a member."""
    site = open_collector(village.site.folder)
    assert not isinstance(site, WholeSite)
    assert not hasattr(site, "issuer")
    site.close()
