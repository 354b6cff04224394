"""Serving a witness until a signal ends it: the socket first, then the folder, then the server."""

import time
from pathlib import Path

from undersigned.cli import output
from undersigned.cli.listening import addresses_of, is_local, listen, port_of
from undersigned.cli.serving import ending_by_signals
from undersigned.crypto.note_key import format_vkey
from undersigned.web.logs import configure_logging
from undersigned.web.serving import make_server
from undersigned.witness.judging import Witness
from undersigned.witness.memory import only_one
from undersigned.witness.serving import make_witness_app


def serve_witness(folder: Path, host: str, port: int) -> None:
    """Serve the witness in a folder. Raises StoreError, FormatError."""
    configure_logging()
    with listen(host, port) as listener, only_one(folder):
        witness = Witness(folder, lambda: int(time.time()))
        server = make_server(make_witness_app(witness), host, port_of(listener))
        with ending_by_signals(server):
            _announce(witness, folder, addresses_of(host, port_of(listener)))
            if not is_local(host):
                output.note("a reverse proxy with https before it keeps the requests private")
            server.run(sockets=[listener])
    output.note("stopped; what was cosigned is on disk")


def _announce(witness: Witness, folder: Path, addresses: list[str]) -> None:
    output.facts(
        (
            *(("serving", address) for address in addresses),
            ("key", format_vkey(witness.key)),
            *(("log", origin) for origin in witness.origins),
        )
    )
    if not witness.origins:
        output.note(f"it knows no log yet: undersigned witness trust {folder} VKEY")
    output.next_step("give address and key to who runs the log; Ctrl-C stops the witness")
