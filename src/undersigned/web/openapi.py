"""What the OpenAPI document says beyond what FastAPI finds: the plain routes, and the one problem shape."""

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

DESCRIPTION: Final = (
    "The public API of a site of open letters. Bytes are base64url without padding unless said "
    "otherwise; times are UTC seconds. Every error is a problem document (RFC 9457) with a `code`. "
    "HEAD works wherever GET does."
)

ISSUER_DESCRIPTION: Final = (
    "The API of an issuer of open letters that runs apart from their site: members ask it for codes "
    "and tokens. Bytes are base64url without padding. Every error is a problem document (RFC 9457) "
    "with a `code`. HEAD works wherever GET does."
)

_PROBLEM: Final[dict[str, Any]] = {
    "type": "object",
    "title": "Problem",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string", "description": "/problems/ and the code"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "a sentence for people; may change"},
        "code": {"type": "string", "description": "for programs; does not change"},
        "rows": {
            "type": "array",
            "description": "only for a refused roll",
            "items": {
                "type": "object",
                "required": ["line", "reason"],
                "properties": {"line": {"type": "integer"}, "reason": {"type": "string"}},
            },
        },
    },
}

_POSTED: Final[dict[str, Any]] = {
    "type": "object",
    "title": "Posted",
    "additionalProperties": False,
    "required": ["record", "blob"],
    "properties": {
        "record": {
            "type": "string",
            "contentEncoding": "base64url",
            "pattern": "^[A-Za-z0-9_-]+$",
            "description": "canonical bytes of the record (formats §3)",
        },
        "blob": {
            "type": ["string", "null"],
            "contentEncoding": "base64url",
            "pattern": "^[A-Za-z0-9_-]+$",
            "description": "sealed: the blob; public: the name document; anonymous, withdraw: null",
        },
    },
}

_PROMISED: Final[dict[str, Any]] = {
    "type": "object",
    "title": "Promised",
    "required": ["promise"],
    "properties": {"promise": {"type": "string", "description": "text of a signed note"}},
}

_HANDED: Final[dict[str, Any]] = {
    "type": "object",
    "title": "Handed",
    "additionalProperties": False,
    "required": ["record"],
    "properties": {
        "record": {
            "type": "string",
            "contentEncoding": "base64url",
            "pattern": "^[A-Za-z0-9_-]+$",
            "description": "canonical bytes of an `issued` record (formats §3), signed by the issuer",
        },
    },
}

_SCHEMAS: Final = {
    "Problem": _PROBLEM,
    "Posted": _POSTED,
    "Handed": _HANDED,
    "Promised": _PROMISED,
}
_ERROR: Final[dict[str, Any]] = {
    "description": "an error",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
_PAGE_ERROR: Final[dict[str, Any]] = {
    "description": "an error; a page for who accepts one",
    "content": _ERROR["content"] | {"text/html": {}},
}


def _parameter(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _json(schema: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}


def _post(summary: str, schema: str = "Posted", tag: str = "signing") -> dict[str, Any]:
    return {
        "post": {
            "tags": [tag],
            "summary": summary,
            "operationId": summary.lower().replace(" ", "_"),
            "parameters": [_parameter("slug")],
            "requestBody": {"required": True, "content": _json(schema)},
            "responses": {
                "201": {"description": "taken and on disk", "content": _json("Promised")},
                "200": {"description": "taken before", "content": _json("Promised")},
            },
        }
    }


def _get(tag: str, summary: str, media_types: Sequence[str], *parameters: str) -> dict[str, Any]:
    return {
        "get": {
            "tags": [tag],
            "summary": summary,
            "operationId": summary.lower().replace(" ", "_"),
            "parameters": [_parameter(name) for name in parameters],
            "responses": {"200": {"description": "found", "content": {t: {} for t in media_types}}},
        }
    }


_HEADER: Final[dict[str, Any]] = {
    "name": "Undersigned-Trustee",
    "in": "header",
    "required": True,
    "description": "number, time and signature of the trustee who asks (formats §9)",
    "schema": {"type": "string"},
}

_OCTETS: Final = "application/octet-stream"


def _of_trustee(operation: dict[str, Any]) -> dict[str, Any]:
    """Say of an operation that a trustee has to sign for it."""
    for described in operation.values():
        described["parameters"].append(_HEADER)
    return operation


def _send(summary: str, what: str, *parameters: str) -> dict[str, Any]:
    return {
        "post": {
            "tags": ["opening"],
            "summary": summary,
            "operationId": summary.lower().replace(" ", "_"),
            "parameters": [_parameter(name) for name in parameters],
            "requestBody": {"required": True, "description": what, "content": {_OCTETS: {}}},
            "responses": {
                "201": {"description": "taken", "content": {"application/json": {}}},
                "200": {"description": "it was there", "content": {"application/json": {}}},
            },
        }
    }


_STATIC: Final = ("text/css", "text/javascript", "image/svg+xml", "text/plain")

_DOCUMENT: Final = _get("site", "Describe the API", ["application/json"])

PATHS: Final[dict[str, Any]] = {
    "/api/v1/letters/{slug}/signatures": _post("Take a signature"),
    "/api/v1/letters/{slug}/amendments": _post("Take an amendment or withdrawal"),
    "/api/v1/letters/{slug}/issuer-records": _post(
        "Take a record of the issuer", "Handed", "issuer"
    ),
    "/api/v1/openapi.json": _DOCUMENT,
    "/api/v1/letters/{slug}/blobs/{index}": _of_trustee(
        _get("opening", "Get a sealed name", [_OCTETS], "slug", "index")
    ),
    "/api/v1/letters/{slug}/waves/{wave}/shares": _of_trustee(
        _get("opening", "List share files", ["application/json"], "slug", "wave")
    )
    | _of_trustee(_send("Send a share file", "a share file (formats §9)", "slug", "wave")),
    "/api/v1/letters/{slug}/waves/{wave}/shares/{sender}": _of_trustee(
        _get("opening", "Get a share file", [_OCTETS], "slug", "wave", "sender")
    ),
    "/api/v1/letters/{slug}/waves/{wave}/opening": _of_trustee(
        _send("Send an opening", "record, line end, opening file (formats §7)", "slug", "wave")
    ),
    "/api/v1/letters/{slug}/events": _get(
        "letters", "Listen to the counts", ["text/event-stream"], "slug"
    ),
    "/log/checkpoint": _get("log", "Get the checkpoint", ["text/plain"]),
    "/log/tile/{path}": _get("log", "Get a tile", ["application/octet-stream"], "path"),
    "/static/{path}": _get("pages", "Get a file of the pages", _STATIC, "path"),
}


ISSUER_PATHS: Final[dict[str, Any]] = {
    "/api/v1/openapi.json": _DOCUMENT,
    "/static/{path}": _get("pages", "Get a file of the page", _STATIC, "path"),
}


def complete(document: dict[str, Any], plain_paths: Mapping[str, Any]) -> dict[str, Any]:
    """Add the plain routes and the problem shape to what FastAPI found."""
    document["paths"].update(copy.deepcopy(dict(plain_paths)))
    schemas = document["components"]["schemas"]
    schemas.update({name: _SCHEMAS[name] for name in _referred(plain_paths)})
    # FastAPI's own shape of an invalid request is never sent.
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for operations in document["paths"].values():
        for operation in operations.values():
            operation["responses"].pop("422", None)
            found = operation["responses"].get("200", {}).get("content", {})
            # Files of the desk, too, are asked for by people; and a browser that is not sent on is told why.
            is_page = "text/html" in found or "303" in operation["responses"]
            is_page = is_page or operation.get("tags") == ["desk"]
            operation["responses"]["default"] = _PAGE_ERROR if is_page else _ERROR
    return document


def _referred(value: Any) -> Iterator[str]:
    """Give the names of the schemas that described paths refer to, and that of problems."""
    yield "Problem"
    if isinstance(value, Mapping):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"].rpartition("/")[2]
        for part in value.values():
            yield from _referred(part)
