"""Foreign SMPP clients, each a program of its own in `peers/` that does what `pours` does, and says its seconds.

What is not installed here is left out, and said so: node-smpp wants `npm install` in tests/interop, gosmpp wants Go and
the module, which the first build fetches.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from bench.pours import Pour

_HERE = Path(__file__).parent
_PEERS, _NODE_MODULES = _HERE / "peers", _HERE.parent / "tests" / "interop" / "node_modules"
BUILD, RUN = 300.0, 600.0  # seconds


class Missing(Exception):
    """This client cannot run here; the message says why."""


def node() -> Pour:
    if shutil.which("node") is None:
        raise Missing("node is not installed")
    if not (_NODE_MODULES / "smpp").is_dir():
        raise Missing("npm install was not run in tests/interop")
    return _pour(["node", str(_PEERS / "node" / "client.js")], {"NODE_PATH": str(_NODE_MODULES)})


@cache
def gosmpp() -> Pour:
    """Built once a run; the compiler's own cache makes the next run quick."""
    if shutil.which("go") is None:
        raise Missing("Go is not installed")
    made = Path(mkdtemp(prefix="iso-alert-gosmpp-")) / "gosmpp"
    command = ["go", "build", "-buildvcs=false", "-o", str(made), "."]
    done = subprocess.run(command, cwd=_PEERS / "gosmpp", capture_output=True, text=True, timeout=BUILD, check=False)
    if done.returncode:
        raise Missing(f"go build: {(done.stderr.strip().splitlines() or ['failed'])[-1].strip()}")
    return _pour([str(made)])


def _pour(command: Sequence[str], more: Mapping[str, str] | None = None) -> Pour:
    environ = {**os.environ, **(more or {})}

    def pour(*numbers: int) -> list[float]:
        line = [*command, *map(str, numbers)]
        done = subprocess.run(line, stdout=subprocess.PIPE, text=True, timeout=RUN, check=True, env=environ)
        seconds: list[float] = json.loads(done.stdout)
        return seconds

    return pour
