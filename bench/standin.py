"""A link without a store: the real listener, link, codec and metrics; the journal answers at once and keeps nothing.

Run as `python -m bench.standin`; says its port, and lives until it is ended.
"""

import time
from collections.abc import Sequence
from secrets import token_bytes

import structlog
import trio

from iso_alert.domain.card import Keyring
from iso_alert.domain.transaction import Transaction
from iso_alert.garbage import spare_what_stays
from iso_alert.iso.codec import Codec
from iso_alert.iso.dialect import dialect
from iso_alert.iso.profile import read_profile
from iso_alert.service.connections import Connections
from iso_alert.service.link import LinkRules
from iso_alert.service.listener import Door, Listener
from iso_alert.service.metrics import Metrics

_KEY = token_bytes(32)  # of this process only


class AtOnce:
    """A journal for which everything is durable already."""

    async def record(self, _: Sequence[Transaction], /) -> None:
        await trio.lowlevel.checkpoint()


async def serve(profile: str = "iso87-ascii") -> None:
    """Until cancelled."""
    spoken = dialect("bench", read_profile(profile))
    codec = Codec(spoken, Keyring((_KEY,)))
    connections = Connections(LinkRules("bench"), codec, AtOnce(), Metrics(), time.time)
    listener = Listener(Door("127.0.0.1", 0), connections)
    async with trio.open_nursery() as nursery:
        spare_what_stays()
        print(await nursery.start(listener.run, trio.Event()), flush=True)


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    trio.run(serve)
