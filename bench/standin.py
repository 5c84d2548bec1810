"""A link without a store: the real listener, link, codec and metrics; the journal answers at once and keeps nothing.

With speakers they are the real ones, and the connections are handed to them as in the service; but the journal answers
at once in the speaker itself, so that no batch goes over the line.  Run as `python -m bench.standin [SPEAKERS]`; says
its port, and lives until it is ended.
"""

import sys
import time
from secrets import token_bytes

import structlog
import trio

from bench.at_once import AtOnce
from iso_alert.domain.card import Keyring
from iso_alert.garbage import spare_what_stays
from iso_alert.iso.codec import Codec
from iso_alert.iso.dialect import dialect
from iso_alert.iso.profile import read_profile
from iso_alert.service.connections import Connections
from iso_alert.service.link import LinkRules
from iso_alert.service.listener import Door, Listener
from iso_alert.service.metrics import Metrics
from iso_alert.service.speakers import Speakers
from iso_alert.service.spread import Spread
from iso_alert.service.words import Briefing, Spoken

_KEYRING = Keyring((token_bytes(32),))  # of this process and its speakers only
_RULES = LinkRules("bench")
_SPOKEN = dialect("bench", read_profile("iso87-ascii"))


async def serve(speakers: Speakers) -> None:
    """Until cancelled."""
    metrics = Metrics()
    inside = _spread(speakers, metrics) if speakers else _here(metrics)
    listener = Listener(Door("127.0.0.1", 0), inside)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(speakers.run, AtOnce(), metrics)
        spare_what_stays()
        print(await nursery.start(listener.run, trio.Event()), flush=True)


def _here(metrics: Metrics) -> Connections:
    return Connections(_RULES, Codec(_SPOKEN, _KEYRING), AtOnce(), metrics, time.time)


def _spread(speakers: Speakers, metrics: Metrics) -> Spread:
    spread = Spread(_RULES, metrics, speakers)
    speakers.left["bench"] = spread.one_left
    return spread


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    briefing = Briefing((Spoken(_RULES, _SPOKEN),), _KEYRING)
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    trio.run(serve, Speakers(number, briefing, "error", "bench.speaker"))
