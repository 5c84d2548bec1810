"""The house stands as it was planned: imports only point down, and every room can be read in one sitting."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from attrs import frozen

ROOT = Path(__file__).parents[1]
FLOORS = {
    "domain": 1,
    "smpp": 1,
    "shipped": 1,
    "garbage": 1,
    "apart": 1,
    "iso": 2,
    "store": 2,
    "service": 3,
    "web": 3,
    "sim": 3,
    "config": 3,
    "app": 4,
    "cli": 5,
    "demo": 5,
    "__main__": 6,
}
STRANGERS = [("domain", "smpp"), ("smpp", "domain"), ("sim", "service"), ("sim", "store"), ("sim", "config")]
GROUND = ("domain", "smpp")
# What would give a ground-floor room a clock, a socket, a disk or a voice of its own.
EARTHLY = {
    "trio", "socket", "ssl", "select", "selectors", "asyncio", "threading", "subprocess", "time", "logging",
    "structlog", "os", "io", "pathlib", "sqlite3", "tempfile", "secrets", "signal", "tomllib", "importlib",
}  # fmt: skip
FROM_TRIO_UP = 3
MODULE_LINES, FUNCTION_LINES = 300, 45
LONGER: dict[str, str] = {}  # module or module:function, and why it may be longer


@frozen
class Module:
    """One file of the package."""

    name: str  # iso_alert.store.sqlite
    text: str

    @property
    def room(self) -> str:
        return room_of(self.name)

    @property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    def imports(self) -> Iterator[str]:
        """The full name of everything that is imported, inside functions too."""
        package = self.name.split(".")
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                # `from .x import y` in a.b.c means a.b.x
                base = ".".join(package[: -node.level]) if node.level else ""
                full = ".".join(filter(None, (base, node.module or "")))
                yield from (f"{full}.{alias.name}" for alias in node.names)


def room_of(name: str) -> str:
    """`iso_alert.store.sqlite` stands in `store`; the package itself is no room."""
    return name.split(".")[1] if "." in name else ""


def modules() -> list[Module]:
    """Every file of the package, an __init__ under its own name, so that what is relative to it comes out right."""
    found = []
    for path in sorted((ROOT / "iso_alert").rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found.append(Module(".".join(parts), path.read_text(encoding="utf-8")))
    return found


MODULES = modules()
each_module = pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)


def above(module: Module) -> list[str]:
    """What a module imports from a floor above its own."""
    mine = FLOORS.get(module.room, 0)
    rooms = {room_of(name) for name in module.imports() if name.startswith("iso_alert.")}
    return sorted(room for room in rooms if FLOORS.get(room, 0) > mine)


def test_every_room_has_its_floor() -> None:
    """A new room must be given a place before anything is built in it."""
    rooms = {module.room for module in MODULES} - {"__init__"}

    assert rooms <= set(FLOORS)


@each_module
def test_imports_point_down(module: Module) -> None:
    """Nothing knows what stands above it."""
    assert above(module) == []


@pytest.mark.parametrize(("room", "stranger"), STRANGERS)
def test_strangers_stay_strangers(room: str, stranger: str) -> None:
    """The business knows no wire, the wire no business, and the simulators nothing of what they test."""
    acquainted = [
        (module.name, name)
        for module in MODULES
        if module.room == room
        for name in module.imports()
        if name.startswith(f"iso_alert.{stranger}")
    ]

    assert acquainted == []


@each_module
def test_trio_lives_upstairs(module: Module) -> None:
    """What a message means, and what must not be lost, need no event loop."""
    asynchronous = {"trio", "outcome", "asyncio", "anyio"} & {name.split(".")[0] for name in module.imports()}

    assert not asynchronous or FLOORS[module.room] >= FROM_TRIO_UP


@pytest.mark.parametrize("room", GROUND)
def test_the_ground_floor_does_nothing_by_itself(room: str) -> None:
    """A ground-floor room that needs a clock or a socket is asking for an argument."""
    earthly = [
        (module.name, name)
        for module in MODULES
        if module.room == room
        for name in module.imports()
        if name.split(".")[0] in EARTHLY
    ]

    assert earthly == []


def test_one_room_knows_hypercorn() -> None:
    """The web server can be exchanged by rewriting one file."""
    knowing = [m.name for m in MODULES if any(name.split(".")[0] == "hypercorn" for name in m.imports())]

    assert knowing == ["iso_alert.web.server"]


def test_one_room_knows_prometheus() -> None:
    """Beside the pages that print them, only the list of series knows what a series is."""
    knowing = {m.name for m in MODULES if any(name.split(".")[0] == "prometheus_client" for name in m.imports())}

    assert {"iso_alert.service.metrics", "iso_alert.web.admin"} == knowing


@each_module
def test_the_package_stands_without_its_tests(module: Module) -> None:
    """An installed wheel has neither tests nor bench, nor what they need."""
    missing = {"tests", "bench", "pytest", "hypothesis"} & {name.split(".")[0] for name in module.imports()}

    assert set() == missing


@each_module
def test_a_module_says_what_it_is_for(module: Module) -> None:
    """The first line of a file is a sentence."""
    docstring = ast.get_docstring(module.tree) or ""

    assert docstring.partition("\n")[0].rstrip().endswith((".", ":", "?", "!"))


def long_parts(module: Module) -> list[str]:
    """The module or its functions, as far as a reader must scroll them."""
    long = [module.name] if module.text.count("\n") > MODULE_LINES else []
    functions = [n for n in ast.walk(module.tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    long += [
        f"{module.name}:{function.name}"
        for function in functions
        if (function.end_lineno or 0) - function.lineno >= FUNCTION_LINES
    ]
    return [name for name in long if name not in LONGER]


@each_module
def test_nobody_must_scroll(module: Module) -> None:
    """A module is one sitting, a function one look."""
    assert long_parts(module) == []


# A check that cannot fail is worth nothing, so here is what each must find.

SINNER = Module(
    "iso_alert.domain.sinner",
    '"""It knows too much."""\nimport trio\nfrom iso_alert.store import port\ndef long():\n' + "    x = 1\n" * 300,
)


def test_the_checks_would_find_a_sinner() -> None:
    """An import upwards, also one inside a function or a relative one, and a long function are seen."""
    inside = Module("iso_alert.store.sly", '"""Sly."""\ndef f():\n    from ..service import journal\n')

    assert above(SINNER) == ["store"]
    assert above(inside) == ["service"]
    assert long_parts(SINNER) == ["iso_alert.domain.sinner", "iso_alert.domain.sinner:long"]
