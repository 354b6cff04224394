"""What is kept of people: every table of every database is described, by what the code does."""

from collections import Counter

import pytest
import sqlalchemy as sa

from undersigned.app.holding import HOLDINGS, End, Place
from undersigned.store.collector_schema import collector
from undersigned.store.database import Database as Database  # all tables are there once it is
from undersigned.store.desk_schema import desk
from undersigned.store.issuer_schema import issuer

SCHEMAS: dict[Place, sa.MetaData] = {
    Place.COLLECTOR: collector,
    Place.ISSUER: issuer,
    Place.DESK: desk,
}


@pytest.mark.parametrize("place", Place)
def test_every_table_is_described_once(place: Place) -> None:
    """A table that somebody adds has to be told of before this holds again."""
    described = Counter(name for each in HOLDINGS if each.place is place for name in each.tables)
    assert described == Counter(dict.fromkeys(SCHEMAS[place].tables, 1))


def test_ages_are_those_that_the_code_deletes_by() -> None:
    """What goes by its age says which, and nothing else does; each is told under a name of its own."""
    assert all((each.longest_s is not None) == (each.end is End.AGE) for each in HOLDINGS)
    by_name = {each.name: each.longest_s for each in HOLDINGS}
    assert len(by_name) == len(HOLDINGS)
    # What the privacy page promises; how long they live in fact is in the tests of codes and sessions.
    assert (by_name["codes"], by_name["sessions"]) == (15 * 60, 12 * 3600)


PERSONAL = ("address", "name", "role", "statement", "member", "salt", "content", "text")
"""Columns that may say something of somebody."""


def test_what_may_be_about_somebody_is_called_personal() -> None:
    """A table with such a column is personal, or one whose content is public by its nature."""
    public = {"document", "site", "issued", "remark", "fact", "desk_fact", "notice"}
    personal = {name for each in HOLDINGS if each.is_personal for name in each.tables}
    for schema in SCHEMAS.values():
        for name, table in schema.tables.items():
            if any(column.name in PERSONAL for column in table.columns):
                assert name in personal | public, name
