"""What bad hosts do to a link, one deed each: plain sockets, in a process of its own, counting what became of it.

`deed(seed, address, seconds)` runs for about so long and leaves no connection behind.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from itertools import count
from random import Random
from select import select
from socket import SHUT_WR, create_connection
from time import monotonic, sleep

from attrs import frozen

from bench.frames import Deck, deck
from iso_alert.iso.framing import PRESETS
from tests.endurance.callers import Address, Caller, crowded
from tests.endurance.handshakes import half_handshakes, tls
from tests.endurance.mutants import mutant

Deed = Callable[[int, Address, float], Counter[str]]
CROWD = 150  # connections at once: more than a link lets in
BUSY = 10  # connections of a flood, of each kind
POURED = 100  # messages at a time
SLICE = 0.05  # seconds


def slow_loris(seed: int, address: Address, seconds: float) -> Counter[str]:
    """Many connections, each a byte a second; whoever is hung up calls again."""
    done, end = Counter[str](), monotonic() + seconds
    with crowded() as crowd:
        while (now := monotonic()) < end:
            while len(crowd) < CROWD:
                crowd.append(Caller(address))
                done["connections"] += 1
            for caller in list(crowd):
                if not _dripped(caller):
                    crowd.remove(caller)
                    caller.close()
                    done["hung up"] += 1
                    done["longest in ms"] = max(done["longest in ms"], int(1000 * (monotonic() - caller.since)))
            sleep(max(0.0, now + 1 - monotonic()))
    return done


def _dripped(caller: Caller) -> bool:
    try:
        caller.say(b"\0" if monotonic() - caller.since < 0.5 else b"0")  # the first byte of a length, and digits
    except ConnectionError:
        return False
    caller.hear()
    return caller.open or monotonic() - caller.since < 0.5


def flood(seed: int, address: Address, seconds: float) -> Counter[str]:
    """Good messages as fast as they go; half of the connections never read an answer."""
    done, end, numbers = Counter[str](), monotonic() + seconds, count()
    frames = deck(1000, 0.0, run=1 + seed % 90)  # an RRN has room for two digits more
    with crowded() as crowd:
        while monotonic() < end:
            while len(crowd) < 2 * BUSY:
                done["connections"] += 1
                crowd.append(Caller(address, deaf=done["connections"] % 2 == 0))
            readable, writable, _ = select([one for one in crowd if not one.deaf], crowd, [], SLICE)
            for caller in readable:
                done["bytes read"] += caller.hear()
            for caller in writable:
                done["messages"] += _pour(caller, frames, numbers)
            for caller in [one for one in crowd if not one.open]:
                crowd.remove(caller)
                caller.close()
                done["hung up"] += 1
    return done


def _pour(caller: Caller, frames: Deck, numbers: Iterator[int]) -> int:
    try:
        if not caller.say():
            return 0
        caller.say(b"".join(frames.message(next(numbers))[1] for _ in range(POURED)))
    except ConnectionError:
        caller.open = False
        return 0
    return POURED


def half_frames(seed: int, address: Address, seconds: float) -> Counter[str]:
    """Frames that begin and do not end: the host waits, goes, or goes with a bang."""
    done, end, dice = Counter[str](), monotonic() + seconds, Random(seed)
    frame = deck(1000, 0.0).message(1)[1]
    with crowded() as crowd:
        while monotonic() < end:
            caller = Caller(address)
            with suppress(ConnectionError):
                caller.say(frame[: dice.randrange(1, len(frame))])
            done["connections"] += 1
            if dice.random() < 0.4:
                crowd.append(caller)
            else:
                caller.close(reset=dice.random() < 0.5)
            if len(crowd) > 40:
                crowd.pop(0).close()
            sleep(0.005)
    return done


def storm(seed: int, address: Address, seconds: float) -> Counter[str]:
    """Connections by the hundred, and gone again, some of them before anybody could look."""
    done, end, dice = Counter[str](), monotonic() + seconds, Random(seed)
    while monotonic() < end:
        with crowded() as crowd:
            with suppress(OSError):  # ports of ours may run out for a moment
                crowd += [Caller(address) for _ in range(dice.randrange(1, CROWD))]
            done["connections"] += len(crowd)
            done["most at once"] = max(done["most at once"], len(crowd))
            for caller in crowd:
                with suppress(ConnectionError):
                    caller.say(dice.randbytes(dice.randrange(0, 3)))
                caller.close(reset=dice.random() < 0.9)
            crowd.clear()
    return done


def torn_streams(seed: int, address: Address, seconds: float) -> Counter[str]:
    """Good frames in a stream that was broken anywhere, in their lengths too."""
    done, end, dice, frames = Counter[str](), monotonic() + seconds, Random(seed), deck(1000, 0.0)
    while monotonic() < end:
        stream = b"".join(frames.message(dice.randrange(1000))[1] for _ in range(20))
        done["connections"] += 1
        with suppress(OSError), create_connection(address, timeout=5) as plain:
            plain.sendall(mutant([stream], dice))
            plain.shutdown(SHUT_WR)  # else a length that is too long would be waited for
            while data := plain.recv(65_536):
                done["bytes read"] += len(data)
    return done


def wrong_presets(seed: int, address: Address, seconds: float) -> Counter[str]:
    """Every other way of telling a length than the link's, which is binary2."""
    done, end, frames = Counter[str](), monotonic() + seconds, deck(1000, 0.0)
    body = frames.message(1)[1][2:]
    while monotonic() < end:
        for preset in PRESETS.values():
            done["connections"] += 1
            with suppress(OSError), create_connection(address, timeout=0.1) as plain:
                plain.sendall(preset.wrap(body) * 5)
                done[f"{preset.name}: bytes read"] += len(plain.recv(65_536))
    return done


@frozen
class Attack:
    """A deed, and the link that it is done to."""

    deed: Deed
    link: str = "switch"


ATTACKS: Mapping[str, Attack] = {
    "slow-loris": Attack(slow_loris),
    "half frames": Attack(half_frames),
    "storm": Attack(storm),
    "tls": Attack(tls),
    "half handshakes": Attack(half_handshakes, "tls"),
    "torn streams": Attack(torn_streams),
    "wrong presets": Attack(wrong_presets),
    "flood": Attack(flood),
}
