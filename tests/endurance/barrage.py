"""Send broken frames to a link by the thousand, whole, and count what comes back.

A good echo test closes every volley: its answer says that the link has dealt with all that came before it.  Runs in a
process of its own, so that it does not make the hosts wait that are measured.
"""

from collections import Counter
from collections.abc import Iterator
from random import Random
from secrets import token_bytes
from socket import create_connection, socket

from attrs import define, field

from iso_alert.domain.card import Keyring
from iso_alert.iso.answering import reply
from iso_alert.iso.codec import Codec
from iso_alert.iso.dialect import dialect
from iso_alert.iso.framing import FrameDecoder
from iso_alert.iso.message import Message
from iso_alert.iso.profile import Said, read_profile
from tests.endurance.mutants import good_frames, mutant

VOLLEY = 200  # frames
PATIENCE = 30.0  # seconds for the answers of a volley
Address = tuple[str, int]


def barrage(seed: int, address: Address, profile: str, frames: int) -> Counter[str]:
    """How many frames were sent and how many answers came; ConnectionError or TimeoutError when it stops talking."""
    codec = Codec(dialect("barrage", read_profile(profile)), Keyring((token_bytes(32),)))
    good, dice = good_frames(codec), Random(f"{seed} {profile}")
    with create_connection(address) as connected:
        connected.settimeout(PATIENCE)
        wire = _Wire(connected, codec)
        for begin in range(0, frames, VOLLEY):
            wire.volley([mutant(good, dice) for _ in range(min(VOLLEY, frames - begin))])
        return wire.counts


@define(eq=False)
class _Wire:
    """One connection."""

    connected: socket
    codec: Codec
    counts: Counter[str] = field(factory=Counter)
    _decoder: FrameDecoder = field(init=False)
    _stan: int = 0

    def __attrs_post_init__(self) -> None:
        self._decoder = FrameDecoder(self.codec.dialect.framing)

    def volley(self, frames: list[bytes]) -> None:
        last, due = self._echo()
        wrap = self.codec.dialect.framing.wrap
        self.connected.sendall(b"".join(map(wrap, [*frames, last])))
        self.counts["frames"] += len(frames) + 1
        for answer in self._answers():
            self.counts["answers"] += 1
            if answer == due:
                return

    def _echo(self) -> tuple[bytes, bytes]:
        """An echo test and its answer; no mutant has such a STAN and time."""
        self._stan = self._stan % 999_999 + 1
        profile = self.codec.dialect.profile
        header = {"h": "6000010000".ljust(2 * profile.spec.header_bytes, "0")} if profile.spec.header_bytes else {}
        asks = {"24": "831"} if profile.version == "1" else {"70": "301"}
        kind = "1804" if profile.version == "1" else "0800"
        frame = self.codec.encode({**header, "t": kind, "7": "0229235959", "11": f"{self._stan:06d}", **asks})
        message = self.codec.decode(frame)
        assert isinstance(message, Message), message
        answer = reply(self.codec, message, Said.RECORDED)
        assert answer
        return frame, answer

    def _answers(self) -> Iterator[bytes]:
        while True:
            yield from self._decoder.frames()
            if not (data := self.connected.recv(65_536)):
                raise ConnectionError(f"hung up after {self.counts['frames']} frames")
            self._decoder.receive(data)
