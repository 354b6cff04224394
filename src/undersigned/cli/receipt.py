"""`undersigned receipt`: what a receipt proves, and the proof that it lacks at first."""

from pathlib import Path
from typing import Annotated

import typer

from undersigned.cli import output
from undersigned.cli.options import Key, PolicyFile, SiteUrl

app = typer.Typer(rich_markup_mode=None, help="Check receipts, and complete them with their proof.")

ReceiptFile = Annotated[Path, typer.Argument(metavar="FILE", help="The receipt.")]


@app.command()
def verify(file: ReceiptFile, key: Key = None, policy: PolicyFile = None) -> None:
    """Say whether a receipt proves that its record is in the log; needs no network."""
    import time

    from undersigned.cli.files import read_file, read_policy
    from undersigned.errors import ProofPending
    from undersigned.signer.receipt import LONGEST_RECEIPT, parse_receipt
    from undersigned.signer.receipt_report import verify_receipt

    receipt = parse_receipt(read_file(file, LONGEST_RECEIPT))
    report = verify_receipt(
        receipt, pinned_vkey=key, policy=read_policy(policy), now=int(time.time())
    )
    for sentence in report.proves:
        output.say(f"holds: {sentence}")
    for sentence in report.leaves_open:
        output.say(f"open:  {sentence}")
    if report.place is None:
        error = ProofPending("The receipt has no proof yet that its record is in the log.")
        error.add_note(f"undersigned receipt complete {file}")
        raise error
    output.next_step("undersigned verify URL checks the whole count")


@app.command()
def complete(
    file: ReceiptFile,
    site: SiteUrl = None,
    wait: Annotated[
        int, typer.Option("--wait", metavar="SECONDS", min=0, help="Wait so long for the proof.")
    ] = 0,
) -> None:
    """Fetch the proof that the record is in the log, and keep it in the receipt."""
    from undersigned.cli.files import read_file, save_secret
    from undersigned.cli.http import open_client
    from undersigned.signer.receipt import LONGEST_RECEIPT, format_receipt, parse_receipt
    from undersigned.signer.receipt_report import verify_receipt
    from undersigned.signer.signing import wait_for_proof

    receipt = parse_receipt(read_file(file, LONGEST_RECEIPT))
    verify_receipt(receipt)
    with open_client(site) as client, output.progress("waiting for the proof"):
        receipt = wait_for_proof(client, receipt, wait)
    save_secret(file, format_receipt(receipt))
    output.say(str(file))
    output.next_step(f"undersigned receipt verify {file}")
