"""What tests of commands share: a bank in a directory, and a command typed in this process."""

from collections.abc import Sequence
from pathlib import Path

from attrs import define, field
from click.testing import CliRunner, Result

from iso_alert.cli import main
from iso_alert.sim.cards import test_pan as pan
from iso_alert.store.sqlite import Sqlite
from tests.support.deployment import deploy

PANS = [pan(serial) for serial in range(20)]


@define
class Bank:
    """A deployment, and who types at it."""

    directory: Path
    config: str = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.config = str(deploy(self.directory))

    def type(self, *words: str, stdin: str | bytes = "") -> Result:
        """`iso-alert` and words, of which the first two are the command."""
        return CliRunner().invoke(main, [*words[:2], "-c", self.config, *words[2:]], stdin)

    def file(self, name: str, *lines: str) -> str:
        """A file with these lines."""
        path = self.directory / name
        path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
        return str(path)

    def store(self) -> Sqlite:
        """To be closed by whoever asks for it."""
        return Sqlite(self.directory / "alerts.db")

    def import_(self, what: str, *lines: str, rejects: str = "") -> Result:
        """Import a file with these lines."""
        more: Sequence[str] = ("--rejects", str(self.directory / rejects)) if rejects else ()
        return self.type(what, "import", self.file(f"{what}.csv", *lines), *more)

    def read(self, name: str) -> str:
        return (self.directory / name).read_text(encoding="utf-8")
