"""What a trustee signs of a request; formats §9."""


def request_bytes(method: str, path: str, time: int, digest: bytes) -> bytes:
    """Return the bytes under a trustee's request: `digest` is the SHA-256 of its body, time UTC seconds."""
    return f"undersigned/v1/request\n{method} {path}\n{time}\n".encode() + digest
