"""Every private key of the project, and the only place that holds one.

A class here keeps its secret to itself: it signs, opens or derives, and its `repr` shows nothing.
Saved keys are files of mode 0600 that are never overwritten (`keys.files`). Which parts of the
program may import this package is a contract in pyproject.toml.
"""

from undersigned.crypto.keys.challenge import ChallengeKey
from undersigned.crypto.keys.note import CosignatureSigner, NoteSigner
from undersigned.crypto.keys.record import RecordSigner
from undersigned.crypto.keys.signer import SignerKey, code_of, generate_code, words_of
from undersigned.crypto.keys.token import TokenKey
from undersigned.crypto.keys.trustee import TrusteeKey
from undersigned.crypto.keys.trustee_file import format_locked, is_locked, parse_locked
from undersigned.crypto.keys.webhook import WebhookKey

__all__ = [
    "ChallengeKey",
    "CosignatureSigner",
    "NoteSigner",
    "RecordSigner",
    "SignerKey",
    "TokenKey",
    "TrusteeKey",
    "WebhookKey",
    "code_of",
    "format_locked",
    "generate_code",
    "is_locked",
    "parse_locked",
    "words_of",
]
