"""Where the tables that come with the code stand: inside the wheel, or beside the package in a checkout."""

from pathlib import Path

_PACKAGE = Path(__file__).parent
SPECS = next(place for place in (_PACKAGE / "specs", _PACKAGE.parent / "specs") if place.is_dir())


def path(name: str, *before: Path) -> Path:
    """The file `name` in the first of the directories `before` that holds it, else the shipped one."""
    return next((place / name for place in before if (place / name).is_file()), SPECS / name)


def names(directory: str, *before: Path) -> list[str]:
    """What tables there are in a directory of either, and in those below: `kmalert-fa/1` is one."""
    found = ((place / directory, file) for place in (*before, SPECS) for file in (place / directory).rglob("*.toml"))
    return sorted({file.relative_to(root).with_suffix("").as_posix() for root, file in found})
