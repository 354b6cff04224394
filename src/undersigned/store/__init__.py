"""All SQL: rows to values and back, on SQLite and PostgreSQL.

Two databases, which never share a table: the *collector's* (letters, log, what waits for it) and the
*issuer's* (roll, codes, issuances, mails). Functions take an open connection; who calls them decides
where a transaction begins and ends (`database.Database`).
"""
