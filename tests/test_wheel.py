"""The wheel holds everything: unpacked somewhere else, it plays the demo in an empty directory."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PATIENCE = 300  # seconds, for a machine that must fetch the build tool first
NO_REGISTRY = ("No matching distribution found for hatchling", "Could not find a version that satisfies")
# Says where the package came from, then is `iso-alert`: the checkout must not be what is tried.
PROGRAM = """
import sys, iso_alert
print(iso_alert.__file__, file=sys.stderr)
from iso_alert.__main__ import main
main()
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout, built by its own build tool in isolation."""
    into = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    build = [*pip, "wheel", "--no-deps", "--wheel-dir", str(into), str(ROOT)]
    built = subprocess.run(build, capture_output=True, text=True, timeout=PATIENCE, check=False)
    if any(words in built.stderr for words in NO_REGISTRY):
        pytest.skip("no package registry can be reached, so there is no hatchling to build with")
    if "No module named pip" in built.stderr:
        pytest.skip("this environment has no pip")
    assert built.returncode == 0, built.stderr
    return next(into.glob("*.whl"))


@pytest.fixture(scope="module")
def unpacked(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What an installation would put into site-packages; the dependencies are those of the tests."""
    into = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(into)
    return into


def run(unpacked: Path, under: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """`iso-alert` of the unpacked wheel, standing in an empty directory."""
    cwd, tmp = under / "cwd", under / "tmp"
    cwd.mkdir()
    tmp.mkdir()
    environ = {**os.environ, "PYTHONPATH": str(unpacked), "PYTHONIOENCODING": "utf-8", "TMPDIR": str(tmp)}
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        cwd=cwd,
        env=environ,
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
    )


def test_the_tables_are_inside(unpacked: Path) -> None:
    """Every file of specs/ ships with the code."""
    shipped = {path.relative_to(ROOT / "specs") for path in (ROOT / "specs").rglob("*.toml")}
    inside = {path.relative_to(unpacked / "iso_alert/specs") for path in unpacked.rglob("iso_alert/specs/**/*.toml")}

    assert shipped == inside


def test_nothing_else_is_inside(unpacked: Path) -> None:
    """No tests, no fixtures, no bench."""
    assert {path.name.partition("-")[0] for path in unpacked.iterdir()} == {"iso_alert"}


def test_it_plays_the_demo(unpacked: Path, tmp_path: Path) -> None:
    """The installed program needs neither the checkout nor a file."""
    played = run(unpacked, tmp_path, "demo", "--once")

    assert played.stderr.split() == [str(unpacked / "iso_alert" / "__init__.py")]
    assert "ชำระ 2,500.00 บ ผ่านบัตร x-1234 @ COMPANY NAME 15:15 น. เหลือ 450,000.00 บ" in played.stdout
    assert played.returncode == 0
    assert {path.name for path in tmp_path.rglob("*")} == {"cwd", "tmp"}
