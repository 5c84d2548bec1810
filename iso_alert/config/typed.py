"""What a value of the configuration may be: TOML's own types, and nothing that only looks like one of them.

`"false"` is not no, `1.5` is no number of messages, and a text is no list of its letters: what cannot be meant is a
fault.  What comes from the environment has no type of its own, and becomes what is wanted.
"""

import tomllib
from collections.abc import Callable
from functools import partial
from math import isfinite
from typing import Any, get_origin

from attrs import has
from cattrs import Converter
from cattrs.cols import homogenous_tuple_structure_factory
from cattrs.gen import make_dict_structure_fn

from iso_alert.iso.tables import strict

TYPES: dict[type, tuple[tuple[type, ...], str]] = {  # what is wanted: what may stand there, and what that is called
    bool: ((bool,), "true or false"),
    int: ((int,), "a whole number"),
    float: ((int, float), "a number"),
    str: ((str,), "a text in quotes"),
}
Hook = Callable[[Any, Any], Any]


class Given(str):
    """A word of the environment, while nobody knows what is wanted of it."""


def typed() -> Converter:
    """Structures what `iso.tables.structure` is given."""
    converter = strict()
    for wanted in TYPES:
        converter.register_structure_hook(wanted, partial(_value, wanted))
    converter.register_structure_hook_factory(_is_tuple, partial(_list, converter))
    converter.register_structure_hook_factory(has, partial(_table, converter))
    return converter


def _value(wanted: type, given: Any, _: Any) -> Any:
    value = _meant(given) if isinstance(given, Given) and wanted is not str else given
    kinds, called = TYPES[wanted]
    if isinstance(value, Given):
        value = str(value)
    if type(value) not in kinds or (isinstance(value, float) and not isfinite(value)):
        raise ValueError(f"must be {called}")
    return wanted(value)


def _meant(given: Given) -> Any:
    try:
        return tomllib.loads(f"value = {given}")["value"]
    except tomllib.TOMLDecodeError:
        return given


def _demanded(given: Any, kind: type, called: str) -> Any:
    value = _meant(given) if isinstance(given, Given) else given
    if not isinstance(value, kind):
        raise ValueError(f"must be {called}")
    return value


def _is_tuple(of: Any) -> bool:
    return get_origin(of) is tuple


def _list(converter: Converter, of: Any) -> Hook:
    make = homogenous_tuple_structure_factory(of, converter)

    def hook(value: Any, wanted: Any) -> Any:
        return make(_demanded(value, list, "a list, in brackets"), wanted)

    return hook


def _table(converter: Converter, of: Any) -> Hook:
    make = make_dict_structure_fn(of, converter, _cattrs_forbid_extra_keys=True)

    def hook(value: Any, wanted: Any) -> Any:
        return make(_demanded(value, dict, "a table"), wanted)

    return hook
