"""A request's bytes or query as a value, or the Problem that says what is wrong with them, and never shows them."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar, get_args, get_type_hints

from cattrs import BaseValidationError, Converter, transform_error
from cattrs.errors import ForbiddenExtraKeysError

from iso_alert.iso.tables import strict
from iso_alert.web.api.bodies import together
from iso_alert.web.api.fields import BadField, shape_of
from iso_alert.web.api.problem import Fault, Problem, bad_fields, problem

T = TypeVar("T")
WORDS: Mapping[type, str] = {str: "is no text", bool: "is neither true nor false", int: "is no whole number"}
_PLAIN_NAME = re.compile(r"[a-z_]{1,32}")


def _converter(texts_are_numbers: bool) -> Converter:
    """Strict: what is of another type is not bent until it fits."""
    converter = strict()

    def exactly(value: Any, wanted: type) -> Any:
        if type(value) is not wanted:
            raise BadField(WORDS[wanted])
        return value

    def number(value: Any, _: type) -> int:
        if not (value.isascii() and value.isdigit() and len(value) < 20):
            raise BadField(WORDS[int])
        return int(value)

    for kind in WORDS:
        converter.register_structure_hook(kind, exactly)
    if texts_are_numbers:
        converter.register_structure_hook(int, number)
    return converter


_BODY, _QUERY = _converter(False), _converter(True)


def body(data: bytes, wanted: type[T]) -> T:
    """Raises Problem."""
    try:
        raw = json.loads(data, object_pairs_hook=_once)
    except (ValueError, RecursionError) as why:
        raise problem(400, "a name stands twice in it" if isinstance(why, BadField) else "it is no JSON") from None
    if not isinstance(raw, dict):
        raise problem(422, "it is no JSON object")
    return value(raw, wanted)


def value(raw: Mapping[str, Any], wanted: type[T]) -> T:
    """What JSON said, or would have said.  Raises Problem."""
    return _structure(raw, wanted, _BODY)


def query(raw: Mapping[str, str], wanted: type[T]) -> T:
    """Raises Problem."""
    return _structure(raw, wanted, _QUERY)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Of two values under one name, which was meant?"""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise BadField
    return found


def _structure(raw: Mapping[str, Any], wanted: type[T], converter: Converter) -> T:
    if faults := tuple(Fault(_shown(name), "is null; leave it out") for name, value in raw.items() if value is None):
        raise bad_fields(faults)
    try:
        made = converter.structure(raw, wanted)
    except BaseValidationError as why:
        raise _told(why) from None
    if faults := tuple(_faults(made)):
        raise bad_fields(faults)
    return made


def _faults(made: Any) -> Iterator[Fault]:
    """What is wrong with values that are of the right type."""
    for name, kind in get_type_hints(type(made), include_extras=True).items():
        said = getattr(made, name)
        if said is not None and (why := shape_of(kind).fault(said)):
            yield Fault(name, why)
        for n, inner in enumerate(said if isinstance(said, tuple) else ()):
            yield from (Fault(f"{name}[{n}].{fault.field}", fault.words) for fault in _faults(inner))
    if (rule := together(type(made))) and (why := rule.fault(made)):
        yield Fault(rule.names[0], why)


def _told(why: BaseValidationError) -> Problem:
    lines = (line.rpartition(" @ ") for line in transform_error(why, "", _words))
    return bad_fields(tuple(Fault(place.removeprefix("."), words) for words, _, place in lines))


def _words(fault: BaseException, wanted: type | None) -> str:
    match fault:
        case KeyError():
            return "is missing"
        case ForbiddenExtraKeysError():
            return f"there is no field {', '.join(sorted(map(_shown, fault.extra_fields)))}"
        case BadField():
            return str(fault)
        case _:
            values = _values(wanted)
            return f"is none of {', '.join(values)}" if values else "is not of its type"


def _values(wanted: Any) -> list[str]:
    """What an enumeration takes, also where it stands in Annotated[... | None, ...]."""
    if members := getattr(wanted, "__members__", None):
        return [one.value for one in members.values()]
    return [value for inner in get_args(wanted) for value in _values(inner)]


def _shown(name: object) -> str:
    """The name of a field; what is no plain name could be anything, a card number for instance."""
    return name if isinstance(name, str) and _PLAIN_NAME.fullmatch(name) else "of such a name"
