"""The OpenAPI 3.1 document, made from the table of operations."""

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from iso_alert.web.api.gate import KEY_CHARACTERS
from iso_alert.web.api.operations import Operation
from iso_alert.web.api.problem import MEDIA_TYPE, TITLES
from iso_alert.web.api.schema import PLACE, Schemas, properties, required, schema

JSON = "application/json"
TEXT: dict[str, Any] = {"schema": {"type": "string"}}
PROBLEM = {
    "type": "object",
    "description": "RFC 9457: what could not be done, and why.",
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "field": {"type": "string", "description": "The field at fault."},
        "code": {"type": "string", "description": "The result as DE39 of an answer to an ATM."},
        "faults": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"field": {"type": "string"}, "words": {"type": "string"}},
                "required": ["field", "words"],
            },
        },
    },
    "required": ["type", "title", "status"],
}
ABOUT = (
    "Find, apply, change, cancel.  Card numbers are taken in request bodies only and never given back.  "
    "Every command and every view stands in the audit trail."
)
KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "The same request under the same key is answered as before, for 24 hours; another one is refused.",
    "schema": {"type": "string", "minLength": 1, "maxLength": KEY_CHARACTERS},
}
SAY_GOOD = {200: "It is so.", 202: "It waits for the bank's approval."}


def document(operations: Sequence[Operation]) -> dict[str, Any]:
    """The whole of it."""
    schemas: Schemas = {"Problem": PROBLEM}
    paths: dict[str, Any] = {}
    for one in operations:
        paths.setdefault(one.path, {})[one.method.lower()] = _operation(one, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "iso_alert: subscriptions", "version": version("iso-alert"), "description": ABOUT},
        "paths": paths,
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}],
    }


def _operation(one: Operation, schemas: Schemas) -> dict[str, Any]:
    good = {JSON: {"schema": schema(one.gives, schemas)}}
    responses = {str(status): {"description": SAY_GOOD[status], "content": good} for status in one.good}
    responses |= {str(status): _problem(status) for status in one.problems}
    made: dict[str, Any] = {
        "operationId": one.name,
        "summary": one.say,
        "description": f"For {', '.join(sorted(role.value for role in one.roles))}.",
        "parameters": [] if one.has_body else _query(one.takes, schemas),
        "responses": responses,
    }
    if one.keyed:
        made["parameters"].append(KEY)
    if one.has_body:
        content = {JSON: {"schema": schema(one.takes, schemas)}}
        made["requestBody"] = {"required": True, "content": content | dict.fromkeys(one.more, TEXT)}
    return made


def _query(asked: type, schemas: Schemas) -> list[dict[str, Any]]:
    must = required(asked)
    found = properties(asked, schemas).items()
    return [{"name": name, "in": "query", "required": name in must, "schema": shape} for name, shape in found]


def _problem(status: int) -> dict[str, Any]:
    return {"description": TITLES[status][1], "content": {MEDIA_TYPE: {"schema": {"$ref": PLACE + "Problem"}}}}
