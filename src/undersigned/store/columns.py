"""How tables and their columns are written down, the same for every database."""

from typing import Any

import sqlalchemy as sa

Big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def table(name: str, metadata: sa.MetaData, *columns: Any, rowid: bool = False) -> sa.Table:
    """Describe a table: STRICT, and without a row number unless it is asked for."""
    return sa.Table(name, metadata, *columns, sqlite_strict=True, sqlite_with_rowid=rowid)


def binary(name: str, **options: Any) -> sa.Column[bytes]:
    """Describe a column of bytes: a hash, an id, a document."""
    return sa.Column(name, sa.LargeBinary(), nullable=options.pop("nullable", False), **options)


def number(name: str, **options: Any) -> sa.Column[int]:
    """Describe a column of whole numbers of up to 53 bits."""
    return sa.Column(name, Big, nullable=options.pop("nullable", False), **options)


def text(name: str, **options: Any) -> sa.Column[str]:
    """Describe a column of text."""
    return sa.Column(name, sa.Text(), nullable=options.pop("nullable", False), **options)
