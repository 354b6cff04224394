"""What organisers do at the desk, as its trail names it. A word, once used, keeps its meaning."""

from enum import StrEnum


class Act(StrEnum):
    """An act that the trail has a row for."""

    CLAIM = "claim"
    INVITE = "invite"
    JOIN = "join"
    WITHDRAW_INVITATION = "withdraw-invitation"
    MAKE_LINK = "make-link"
    RECOVER = "recover"
    SIGN_IN = "sign-in"
    SIGN_OUT = "sign-out"
    END_SESSION = "end-session"
    ADD_PASSKEY = "add-passkey"
    RENAME_PASSKEY = "rename-passkey"
    REVOKE_PASSKEY = "revoke-passkey"
    RENAME_ACCOUNT = "rename-account"
    CHANGE_ROLE = "change-role"
    REVOKE_ACCOUNT = "revoke-account"
    PURGE = "purge"
    MAKE_ANSWER_LINK = "make-answer-link"
    REVOKE_ANSWER_LINK = "revoke-answer-link"
    RECORD_ANSWER = "record-answer"
    ASK_GUARANTEE = "ask-guarantee"
    MAKE_GUARANTEE_LINK = "make-guarantee-link"
    CANCEL_GUARANTEE = "cancel-guarantee"
    WITHDRAW_GUARANTEE = "withdraw-guarantee"
