"""The description of the API at `/api/v1/openapi.json`."""

from __future__ import annotations

from typing import Any

import msgspec
from quart_schema import DataSource, QuartSchema
from quart_schema.openapi import OpenAPIProvider
from quart_trio import QuartTrio

from pilothouse import __version__
from pilothouse_app.routes.errors import BASE_PATH

_REFERENCE = "#/components/schemas/{name}"


class CompleteOpenAPIProvider(OpenAPIProvider):
    """Quart-Schema's, which leaves out the components that a component refers to, put right."""

    def build_request_body(self, model: type[Any], source: DataSource) -> tuple[dict[str, Any], dict[str, Any]]:
        """The schema of a body, and every component behind it."""
        schema, components = _schema_of(model)
        return {"required": True, "content": {"application/json": {"schema": schema}}}, components

    def build_response_object(
        self, model: type[Any], headers_model: type[Any] | None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """The schema of an answer, and every component behind it."""
        schema, components = _schema_of(model)
        description = (getattr(model, "__doc__", None) or "").partition("\n")[0]
        return {"description": description, "content": {"application/json": {"schema": schema}}}, components


def register_openapi(app: QuartTrio) -> None:
    """Validate with msgspec, and describe what is validated."""
    QuartSchema(
        app,
        openapi_path=f"{BASE_PATH}/openapi.json",
        # Their scripts would come from a CDN.
        redoc_ui_path=None,
        scalar_ui_path=None,
        swagger_ui_path=None,
        info={"title": "Pilothouse", "version": __version__},
        security_schemes={
            "api_key": {"type": "apiKey", "in_": "header", "name": "x-api-key"},
            "bearer": {"type": "http", "scheme": "bearer"},
        },
        security=[{"api_key": []}, {"bearer": []}],
        conversion_preference="msgspec",
        openapi_provider_class=CompleteOpenAPIProvider,
    )


def _schema_of(model: type[Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    [schema], components = msgspec.json.schema_components([model], ref_template=_REFERENCE)
    return schema, components
