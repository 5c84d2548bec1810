"""A place to measure in: a directory with a configuration, a key, a store with cards and subscribers, and the service.

The service is `iso-alert run` itself, in a process of its own, on ports that the system picks.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import socket
from tempfile import TemporaryDirectory
from time import monotonic, sleep
from typing import Any

from attrs import frozen

from bench.fill import fill
from bench.frames import pan, subscribed
from bench.process import START, Child, Died, child
from iso_alert.config.secrets import read_key, write_key
from iso_alert.domain.card import Keyring, Kind
from iso_alert.domain.text import Language
from iso_alert.store.port import CardLine, SubscriptionLine
from iso_alert.store.sqlite import Sqlite

SOME = 1000  # cards to a commit
_CONFIGURATION = """
[store]
url = "sqlite:alerts.db"
[keys]
pan = ["pan.key"]
[[link]]
name = "bench"
listen = "127.0.0.1:0"
[[smsc]]
name = "sink"
connect = "127.0.0.1:{port}"
system_id = "bench"
password_file = "smsc.password"
source = "BENCH"
window = {window}
[admin]
listen = "127.0.0.1:0"
"""


@frozen
class Place:
    """`smsc` is the port at which the service looks for its SMSC."""

    directory: Path

    @property
    def store(self) -> Path:
        return self.directory / "alerts.db"

    @contextmanager
    def service(
        self, smsc: int, window: int = 50, program: str = "iso_alert"
    ) -> Iterator[tuple[Child, tuple[str, int]]]:
        """`iso-alert run` and the address of its link; `program` is a module that does what it does."""
        file = self.directory / "iso-alert.toml"
        file.write_text(_CONFIGURATION.format(port=smsc, window=window), encoding="utf-8")
        log = self.directory / "service.log"
        command = ["-m", program, "run", "-c", str(file)]
        with log.open("w", encoding="utf-8") as errors, child("service", command, errors) as one:
            yield one, _link_of(one, log)


def _link_of(service: Child, log: Path) -> tuple[str, int]:
    """The link's address as the service tells it once all doors are open."""
    until = monotonic() + START
    while service.alive() and monotonic() < until:
        told = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines() if line.startswith("{")]
        if any(line["event"] == "admin open" for line in told):
            address = next(str(line["address"]) for line in told if line["event"] == "link open")
            return address.rpartition(":")[0], int(address.rpartition(":")[2])
        sleep(0.02)
    raise Died(f"the service did not start: {log.read_text(encoding='utf-8')[-500:]}")


@contextmanager
def place(workload: dict[str, Any]) -> Iterator[Place]:
    """A fresh place with the workload's cards and earlier rows, removed on the way out."""
    with TemporaryDirectory(prefix="iso-alert-bench-", dir=workload.get("directory")) as name:
        one = Place(Path(name))
        write_key(one.directory / "pan.key")
        (one.directory / "smsc.password").write_text("bench\n", encoding="ascii")
        _people(one, workload["cards"])
        fill(one.store, workload.get("rows", 0), workload["cards"])
        yield one


@contextmanager
def nowhere() -> Iterator[int]:
    """A port at which nobody answers, for as long as this lasts."""
    with socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield int(taken.getsockname()[1])


def _people(at: Place, cards: int) -> None:
    """All cards are credit cards; the first tenth has a subscriber, half of them read Thai."""
    keyring, store = Keyring((read_key(at.directory / "pan.key"),)), Sqlite(at.store)
    lines = [CardLine(f"C{n}", keyring.card(pan(n)), Kind.CREDIT, True) for n in range(cards)]
    told = [SubscriptionLine(f"C{n}", f"+668{n:08d}", list(Language)[n % 2]) for n in range(subscribed(cards))]
    for at_ in range(0, cards, SOME):
        store.import_cards(lines[at_ : at_ + SOME])
    store.import_subscriptions(told, 0.0)
    store.close()
