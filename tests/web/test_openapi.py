"""The OpenAPI document: it lists every route, refers to nothing that is missing, and its examples work."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.live import LiveSite, make_proposal

from undersigned.web.api.signatures import Posted
from undersigned.web.asgi import make_app


@pytest.fixture
def document(client: httpx2.Client) -> dict[str, Any]:
    """The document as it is served."""
    answer = client.get("/api/v1/openapi.json")
    assert answer.headers["content-type"] == "application/json"
    found: dict[str, Any] = answer.json()
    return found


def routes_of(app: Any) -> set[tuple[str, str]]:
    """Return every (method, path) that the app's routes take, without HEAD."""
    found = set()
    for route in walk(app.routes):
        path = re.sub(r":\w+}", "}", route.path)
        found |= {(method.lower(), path) for method in route.methods - {"HEAD"}}
    return found


def walk(routes: Any) -> Iterator[Any]:
    """Give every route, also those of included routers."""
    for route in routes:
        contexts = getattr(route, "effective_route_contexts", None)
        if contexts is not None:
            yield from (c for c in contexts())
        elif hasattr(route, "methods"):
            yield route
        else:
            raise AssertionError(f"{route!r} is not known here")


def test_document_lists_every_route(live_site: LiveSite, document: dict[str, Any]) -> None:
    """No route is left out, and none is invented."""
    described = {
        (method, path) for path, methods in document["paths"].items() for method in methods
    }
    assert described == routes_of(make_app(live_site.running))
    assert ("post", "/api/v1/letters/{slug}/signatures") in described
    assert len(described) > 15


def test_document_is_openapi(document: dict[str, Any]) -> None:
    """Version, title, unique operations, parameters for every part of a path, an answer for errors."""
    assert re.fullmatch(r"3\.1\.\d+", document["openapi"])
    assert document["info"]["title"] == "Undersigned"
    assert document["info"]["version"]
    operations = [
        (path, operation)
        for path, methods in document["paths"].items()
        for operation in methods.values()
    ]
    ids = [operation["operationId"] for _, operation in operations]
    assert len(ids) == len(set(ids))
    for path, operation in operations:
        named = {p["name"] for p in operation.get("parameters", []) if p["in"] == "path"}
        assert named == set(re.findall(r"{(\w+)}", path))
        assert operation["summary"]
        assert "422" not in operation["responses"]
        problem, *page = operation["responses"]["default"]["content"]
        assert problem == "application/problem+json"
        is_page = operation["tags"] in (["pages"], ["desk"]) and not path.startswith("/static/")
        assert page == (["text/html"] if is_page else [])
        assert all(answer["description"] for answer in operation["responses"].values())


def test_references_lead_somewhere(document: dict[str, Any]) -> None:
    """Every reference names a schema that is there, and every schema is referred to."""
    schemas = document["components"]["schemas"]
    referred = set(references(document))
    assert referred == {f"#/components/schemas/{name}" for name in schemas}


def references(value: Any) -> Iterator[str]:
    """Give every reference in a document."""
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for part in value.values():
            yield from references(part)
    elif isinstance(value, list):
        for part in value:
            yield from references(part)


def test_what_is_asked_for_is_closed(document: dict[str, Any]) -> None:
    """Every object that is sent to the site says that it takes no other member."""
    for methods in document["paths"].values():
        for operation in methods.values():
            if "requestBody" in operation:
                ((kind, content),) = operation["requestBody"]["content"].items()
                if kind == "application/octet-stream":
                    # Bytes of a format of ours, which no schema describes.
                    continue
                name = content["schema"]["$ref"].rpartition("/")[2]
                assert document["components"]["schemas"][name]["additionalProperties"] is False


def test_hand_written_parts_follow_the_code(document: dict[str, Any]) -> None:
    """What is written by hand about signatures has the members of the struct that is decoded."""
    schema = document["components"]["schemas"]["Posted"]
    assert tuple(schema["properties"]) == Posted.__struct_fields__
    assert tuple(schema["required"]) == Posted.__struct_fields__


def test_answers_have_the_described_members(
    client: httpx2.Client, document: dict[str, Any], live_site: LiveSite, tmp_path: Path
) -> None:
    """What GET answers has exactly the members that the document describes."""
    _, proposal = make_proposal(live_site.site, tmp_path / "letter", "waiting", (None,), 1)
    values = {"slug": "small-letter", "letter_id": proposal.letter_id.hex()}
    for path, methods in document["paths"].items():
        content = methods.get("get", {}).get("responses", {}).get("200", {}).get("content", {})
        schema = content.get("application/json", {}).get("schema", {})
        # What a sign-on begins with only a site with a provider can say: `test_sign_on`.
        if "$ref" in schema and not path.endswith("/openid"):
            described = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
            params = {"url": f"{live_site.url}/letters/small-letter"} if path == "/oembed" else {}
            answer = client.get(path.format(**values), params=params)
            assert list(answer.json()) == list(described["properties"])
