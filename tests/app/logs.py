"""Logs of entries that are no records: what stores and serves a log does not read them."""

from undersigned.app.log import Batch
from undersigned.app.site import Site


def append(site: Site, count: int) -> None:
    """Append that many entries to the log, without publishing them."""
    with site.collector.write() as connection:
        batch = Batch(connection, site)
        for index in range(batch.start, batch.start + count):
            batch.add_entry(b"entry %d" % index)
        batch.write()
