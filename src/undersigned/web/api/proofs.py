"""`/proofs`: that a record is in the published log."""

from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from undersigned.app.proving import find_proof
from undersigned.encoding import parse_hex
from undersigned.errors import FormatError, StoreError, VerificationError
from undersigned.web.api.models import HASH, ProofPendingAnswer
from undersigned.web.door import AtDoor

router = APIRouter(tags=["log"])


@router.get(
    "/proofs/{leaf_hash}",
    response_class=Response,
    responses={
        200: {"description": "a C2SP tlog-proof", "content": {"text/plain": {}}},
        202: {"model": ProofPendingAnswer, "description": "the record waits for its epoch"},
    },
)
def get_proof(door: AtDoor, leaf_hash: Annotated[str, Path(json_schema_extra=HASH)]) -> Response:
    """Prove that the record with this leaf hash (hex) is in the log."""
    digest = parse_hex(leaf_hash, 32)
    try:
        proof = find_proof(door.running.site, digest)
    except (FormatError, VerificationError):
        # What is malformed now is ours, and not what was asked.
        raise StoreError("the published checkpoint is damaged") from None
    headers = {"Cache-Control": "no-store"}
    if proof is None:
        return JSONResponse(ProofPendingAnswer(pending=True).model_dump(), 202, headers)
    return PlainTextResponse(proof, headers=headers)
