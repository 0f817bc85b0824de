"""The OpenAPI 3.1 description of the REST interface, made from the Routes and their wire types."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec
from msgspec import NODEFAULT, UNSET

from voicechat import __version__
from voicechat.protocol import Answer, Event
from voicechat.protocol.base import Id, Refusal
from voicechat.web.routes import Route, is_id_parameter

_REFERENCE = "#/components/schemas/{name}"


def describe(routes: Sequence[Route]) -> dict[str, Any]:
    """Return the OpenAPI document of `routes`, ready to be printed as JSON."""
    types = [kind for route in routes for kind in (route.body, route.query, route.answer) if kind is not None]
    kinds = [*dict.fromkeys([*types, Refusal])]
    schemas, components = msgspec.json.schema_components(kinds, ref_template=_REFERENCE)
    schema_of = dict(zip(kinds, schemas, strict=True))
    _require_what_is_always_sent(components)
    paths: dict[str, dict[str, Any]] = {}
    for route in sorted(routes, key=lambda route: route.path):
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schema_of, components)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "VoiceChat",
            "version": __version__,
            "description": "The REST interface. Every error has one shape, and every answer an X-Request-Id.",
            "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
        },
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }


def _operation(
    route: Route, schema_of: Mapping[Any, dict[str, Any]], components: Mapping[str, Any]
) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": re.sub(r"[^a-z0-9]+", "_", f"{route.method} {route.path}".lower()).strip("_"),
        "tags": [route.tag],
        "summary": route.summary,
        "responses": _responses(route, schema_of),
        "security": _SECURITY[route.auth],
    }
    if route.description:
        operation["description"] = route.description
    parameters = [_path_parameter(name) for name in route.parameters]
    if route.query is not None:
        parameters += _query_parameters(components[route.query.__name__])
    if parameters:
        operation["parameters"] = parameters
    if route.body is not None:
        is_required = bool(components[route.body.__name__].get("required"))
        operation["requestBody"] = {"required": is_required, "content": _json(schema_of[route.body])}
    if route.limit is not None:
        operation["x-rate-limit-class"] = route.limit
    return operation


_SECURITY: dict[str, list[dict[str, list[str]]]] = {
    "caller": [{"bearer": []}],
    "optional": [{}, {"bearer": []}],
    "none": [],
}


def _responses(route: Route, schema_of: Mapping[Any, dict[str, Any]]) -> dict[str, Any]:
    status = 204 if route.answer is None else route.status
    success: dict[str, Any] = {"description": HTTPStatus(status).phrase}
    if route.answer is not None:
        success["content"] = _json(schema_of[route.answer])
    refusal = {"description": "A refusal", "content": _json(schema_of[Refusal])}
    return {str(status): success, "default": refusal}


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _path_parameter(name: str) -> dict[str, Any]:
    schema = msgspec.json.schema(Id) if is_id_parameter(name) else {"type": "string"}
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _query_parameters(component: Mapping[str, Any]) -> list[dict[str, Any]]:
    required = component.get("required", ())
    return [
        {"name": name, "in": "query", "required": name in required, "schema": schema}
        for name, schema in component["properties"].items()
    ]


def _require_what_is_always_sent(components: dict[str, Any]) -> None:
    """Mark the fields of answers as required that have a default: those are sent all the same."""
    for kind in (*_structs(Answer), *_structs(Event)):
        component = components.get(kind.__name__)
        if component is not None:
            fields = msgspec.structs.fields(kind)
            component["required"] = [
                field.encode_name
                for field in fields
                if field.default is not UNSET or field.default_factory is not NODEFAULT
            ]


def _structs(base: type[Any]) -> list[type[Any]]:
    return [base, *(deeper for kind in base.__subclasses__() for deeper in _structs(kind))]
