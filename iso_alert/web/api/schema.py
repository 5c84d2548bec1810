"""JSON Schema (2020-12, as OpenAPI 3.1 has it) of the values of requests and answers."""

import types
from collections.abc import Mapping
from enum import Enum
from inspect import getdoc
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from attrs import NOTHING, Attribute, fields, has

from iso_alert.web.api import bodies
from iso_alert.web.api.bodies import together
from iso_alert.web.api.fields import shape_of

PLACE = "#/components/schemas/"
PLAIN: Mapping[Any, Mapping[str, Any]] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    Mapping: {"type": "object"},
    Any: {},
}
Schemas = dict[str, Any]  # by the names of their classes


def schema(of: Any, among: Schemas) -> dict[str, Any]:
    """The schema of a type; those of the classes that it needs go into `among`."""
    if of in PLAIN:
        return dict(PLAIN[of])
    if get_origin(of) is tuple:
        return {"type": "array", "items": schema(get_args(of)[0], among)}
    if get_origin(of) in (Union, types.UnionType):
        kinds = [one for one in get_args(of) if one is not type(None)]
        return {"anyOf": [*(schema(kind, among) for kind in kinds), {"type": "null"}]}
    if has(of):
        if of.__name__ not in among:
            among[of.__name__] = {}  # a place is taken: it may need itself
            among[of.__name__] = _object(of, among)
        return {"$ref": PLACE + of.__name__}
    assert issubclass(of, Enum), of
    return {"type": "string", "enum": [one.value for one in of]}


def properties(of: type, among: Schemas) -> dict[str, dict[str, Any]]:
    """The schema of each field of a class."""
    hints = get_type_hints(of, include_extras=True)
    return {one.name: _field(one, hints[one.name], among) for one in fields(of)}


def required(of: type) -> list[str]:
    """The names of the fields that must be there."""
    return [one.name for one in fields(of) if one.default is NOTHING]


def _object(of: type, among: Schemas) -> dict[str, Any]:
    made: dict[str, Any] = {"type": "object", "description": getdoc(of) or "", "properties": properties(of, among)}
    if names := required(of):
        made["required"] = names
    if of.__module__ == bodies.__name__:  # asked, not answered
        made["additionalProperties"] = False
    if rule := together(of):
        made["oneOf" if rule.only_one else "anyOf"] = [{"required": [name]} for name in rule.names]
    return made


def _field(one: "Attribute[Any]", kind: Any, among: Schemas) -> dict[str, Any]:
    shape = shape_of(kind)
    plain = get_args(kind)[0] if get_origin(kind) is Annotated else kind
    if one.default is None:  # it may be left out, which is not the same as null
        plain = next(kind for kind in get_args(plain) if kind is not type(None))
    made = schema(plain, among)
    if one.default is not NOTHING and one.default is not None:
        made["default"] = one.default
    return {**made, **shape.schema}
