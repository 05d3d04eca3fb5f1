"""The OpenAPI document describes what is there, completely."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from quart_trio import QuartTrio
from rest_client import RestClient


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"]
        for child in node.values():
            yield from references(child)
    elif isinstance(node, list):
        for child in node:
            yield from references(child)


async def test_every_route_is_described_and_every_reference_leads_somewhere(rest: RestClient, app: QuartTrio) -> None:
    document = (await rest.with_key(None).get("/openapi.json")).json

    described = {(method.upper(), path) for path, operations in document["paths"].items() for method in operations}
    served = {
        (method, rule.rule.replace("<", "{").replace(">", "}"))
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule.startswith("/api/v1/") and not rule.rule.endswith("openapi.json")
    }
    assert described == served
    components = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert set(references(document)) <= components
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    assert len({operation["operationId"] for operation in operations}) == len(operations)
    assert all(operation["summary"] for operation in operations)


async def test_rules_and_credentials_are_in_the_document(rest: RestClient) -> None:
    document = (await rest.get("/openapi.json")).json

    schemas = document["components"]["schemas"]
    assert schemas["NewSession"]["properties"]["timeout_minutes"] == {
        "type": "integer",
        "minimum": 1,
        "maximum": 1440,
        "default": 60,
    }
    assert schemas["Viewport"]["properties"]["width"]["maximum"] == 3840
    listed = document["paths"]["/api/v1/browser_sessions"]["get"]["responses"]["200"]
    assert listed["content"]["application/json"]["schema"] == {
        "type": "array",
        "items": {"$ref": "#/components/schemas/SessionView"},
    }
    assert document["components"]["securitySchemes"]["api_key"] == {
        "type": "apiKey",
        "in": "header",
        "name": "x-api-key",
    }
    assert document["security"] == [{"api_key": []}, {"bearer": []}]
    assert document["paths"]["/api/v1/health"]["get"]["security"] == [{}]


async def test_there_is_no_page_that_loads_scripts_from_elsewhere(rest: RestClient) -> None:
    for path in ("/docs", "/redocs", "/scalar"):
        assert (await rest("GET", path)).status == 404
