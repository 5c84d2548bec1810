"""Fixtures: one message a file, the wire in hex with a line per field, and what must become of it.

    say = "A chip purchase in a shop"
    profile = "iso87-ascii"
    arrived = 2026-11-23T08:15:00Z
    link.charset = "utf-8"          # what the link changes of the profile, if anything

    wire = [
        "0115",                     # length 277
        "30323030",                 # t   Message type: 0200
        ...
    ]

    decoded.t = "0200"              # all that leaves the codec
    transaction.amount = "2,500.00 THB"     # or network, ignored, file_action; only what matters
    answer.t = "0210"               # no answer at all: none is due
    rules = ["E20", "C08"]          # the rows of the tables that fired
    alert = "Paid THB ..."          # or silent = "why", refused = "field 2, position 20", lost = "first bytes ..."

The simulated host plays these files too, so they are read here and not in the tests.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from attrs import Factory, asdict, frozen

from iso_alert.iso.codec import Codec
from iso_alert.iso.dialect import Decision, Dialect, Voice, dialect
from iso_alert.iso.framing import PRESETS, FrameDecoder
from iso_alert.iso.merchant import Merchants, read_mcc_words
from iso_alert.iso.profile import read_profile
from iso_alert.iso.tables import BadTable, read_toml, strict, structure
from iso_alert.sim.workload import Shot

LINK = "fixture"
_profile, _mcc_words = cache(read_profile), cache(read_mcc_words)  # a hundred files share a few


@frozen
class LinkSettings:
    """What a fixture's link changes of its profile."""

    framing: str | None = None
    charset: str | None = None
    currency: str | None = None
    decision: Decision | None = None
    echo_pan: bool | None = None
    enrolment: bool | None = None
    voice: Voice | None = None
    directory: Mapping[str, str] | None = None  # of merchants


@frozen
class Fixture:
    """One file; see the module's head."""

    name: str
    say: str
    profile: str
    arrived: datetime
    wire: bytes
    link: LinkSettings = LinkSettings()
    decoded: Mapping[str, Any] = Factory(dict)
    transaction: Mapping[str, Any] = Factory(dict)
    network: str = ""  # the Action
    ignored: str = ""  # the Why
    file_action: Mapping[str, str] = Factory(dict)
    answer: Mapping[str, str] | None = None
    rules: tuple[str, ...] = ()  # of event and channel
    alert: str = ""
    silent: str = ""
    refused: str = ""
    lost: str = ""

    def dialect(self) -> Dialect:
        """What the fixture's link speaks."""
        changed = asdict(self.link, recurse=False)
        merchants = Merchants(changed.pop("directory") or {}, _mcc_words())
        return dialect(LINK, _profile(self.profile), merchants=merchants, **changed)

    def frame(self) -> bytes:
        """The message without what the network puts before it."""
        framing = PRESETS[self.link.framing or _profile(self.profile).framing]
        decoder = FrameDecoder(framing)
        decoder.receive(self.wire)
        frame = decoder.next_frame()
        if frame is None or decoder.waiting:
            raise BadTable([f"{self.name}: wire is not one frame of {framing.name}"])
        return frame

    def shot(self, codec: Codec) -> Shot:
        """The message to send, and the answer that is due."""
        due = self.answer
        if due is None:
            return Shot(self.name, self.frame(), None)
        return Shot(self.name, self.frame(), codec.encode(due), due["t"], due["39"], due.get("11", ""))

    @property
    def asks_for_settings(self) -> bool:
        """Whether its answer depends on settings of the link that a server may not have."""
        link = self.link
        return any(each is not None for each in (link.framing, link.enrolment, link.echo_pan))


def read_fixture(path: Path) -> Fixture:
    """One file.  Raises BadTable with every fault."""
    return structure({"name": path.stem, **read_toml(path)}, Fixture, path, _CONVERTER)


def read_fixtures(paths: Iterable[Path]) -> list[Fixture]:
    """Files and directories of files, in order of their names.  Raises BadTable with every fault of all of them."""
    found, faults = [], list[str]()
    for path in paths:
        for each in sorted(path.glob("*.toml")) if path.is_dir() else (path,):
            try:
                found.append(read_fixture(each))
            except BadTable as bad:
                faults += bad.faults
    if faults:
        raise BadTable(faults)
    return found


def _hex(lines: Any, _: type) -> bytes:
    return bytes.fromhex("".join(lines))


_CONVERTER = strict()
_CONVERTER.register_structure_hook(bytes, _hex)
_CONVERTER.register_structure_hook(datetime, lambda moment, _: moment)
