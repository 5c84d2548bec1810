"""One payment host's connection to a link: a message goes in, its answer comes back."""

from collections.abc import Mapping
from contextlib import suppress

import trio
from attrs import define, field

from iso_alert.iso.codec import Codec
from iso_alert.iso.framing import FrameDecoder
from iso_alert.iso.message import Message

READ = 65_536


@define(eq=False)
class Host:
    """It asks one thing at a time; whoever opened it closes it."""

    codec: Codec
    stream: trio.SocketStream
    _decoder: FrameDecoder = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._decoder = FrameDecoder(self.codec.dialect.framing)

    async def ask(self, fields: Mapping[str, str], within: float) -> Message | None:
        """The answer of the same STAN; None if none came within so many seconds, or the link has hung up."""
        answer = None
        with trio.move_on_after(within), suppress(trio.BrokenResourceError):
            await self.stream.send_all(self.codec.dialect.framing.wrap(self.codec.encode(fields)))
            while answer is None and (frame := await self._frame()):
                answer = self._answer(frame, fields["11"])
        return answer

    def _answer(self, frame: bytes, stan: str) -> Message | None:
        """What the frame says, unless it is a late answer to an earlier question."""
        said = self.codec.decode(frame)
        return said if isinstance(said, Message) and said.get("11") == stan else None

    async def _frame(self) -> bytes | None:
        """The next frame, or None when the link has hung up."""
        while (frame := self._decoder.next_frame()) is None:
            if not (data := await self.stream.receive_some(READ)):
                return None
            self._decoder.receive(data)
        return frame


async def dial(address: tuple[str, int], codec: Codec) -> Host:
    """A connected host, speaking what the codec writes."""
    return Host(codec, await trio.open_tcp_stream(*address))
