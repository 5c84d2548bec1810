"""Read a table of specs/ into a value, and say everything that is wrong with it at once."""

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from cattrs import BaseValidationError, Converter, transform_error
from cattrs.errors import ForbiddenExtraKeysError

T = TypeVar("T")


class BadTable(ValueError):
    """A file of specs/ cannot be used.  `faults` has one line each, with the file and the place in it."""

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(self.faults))


def read_toml(path: Path) -> dict[str, Any]:
    """The file as TOML has it.  Raises BadTable."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as why:
        raise BadTable([f"{path}: {why.strerror}"]) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as why:
        raise BadTable([f"{path}: {why}"]) from None


def strict() -> Converter:
    """A converter that takes no key it does not know."""
    return Converter(forbid_extra_keys=True)


_STRICT = strict()  # one for all: it compiles what it has seen


def structure(raw: Mapping[str, Any], wanted: type[T], path: Path, converter: Converter | None = None) -> T:
    """The mapping as a value of this class.  Raises BadTable with every fault."""
    try:
        return (converter or _STRICT).structure(raw, wanted)
    except BaseValidationError as why:
        raise BadTable(f"{path}: {_placed(fault)}" for fault in transform_error(why, "", _words)) from None


def _placed(fault: str) -> str:
    """`words @ .a.b` with the place first."""
    words, _, place = fault.rpartition(" @ ")
    return f"{place.removeprefix('.')}: {words}" if place else words


def _words(fault: BaseException, wanted: type | None) -> str:
    match fault:
        case KeyError():
            return "missing"
        case ForbiddenExtraKeysError():
            return f"unknown key {', '.join(sorted(fault.extra_fields))}"
        case _:
            return str(fault) or f"not a {getattr(wanted, '__name__', wanted)}"
