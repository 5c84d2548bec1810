"""What bad hosts do about TLS: speak it where none is spoken, and where it is, not to the end."""

import ssl
from collections import Counter
from contextlib import suppress
from random import Random
from socket import create_connection
from time import monotonic, sleep

from tests.endurance.callers import Address, Caller, crowded

LEAST = 10  # however short the time: what a storm has left may keep the first ones out
WAITING = 40  # handshakes that do not end, at once


def tls(seed: int, address: Address, seconds: float) -> Counter[str]:
    """A host that speaks TLS where none is spoken, and noise that begins like it."""
    done, end, dice = Counter[str](), monotonic() + seconds, Random(seed)
    context = ssl.create_default_context()
    while monotonic() < end or done["connections"] < LEAST:
        done["connections"] += 1
        with suppress(OSError), create_connection(address, timeout=5) as plain:
            if dice.random() < 0.5:
                context.wrap_socket(plain, server_hostname="localhost")
                done["handshakes"] += 1
            plain.sendall(b"\x16\x03\x01" + dice.randbytes(200))
            done["answered"] += bool(plain.recv(100))
        sleep(0.01)
    return done


def half_handshakes(seed: int, address: Address, seconds: float) -> Counter[str]:
    """A TLS link that hears nothing, noise, half a greeting, or a whole one and then half a frame."""
    done, end, dice, hello = Counter[str](), monotonic() + seconds, Random(seed), _greeting()
    with crowded() as crowd:
        while monotonic() < end:
            done["connections"] += 1
            if dice.random() < 0.3:
                done["handshakes"] += _shake_hands(address, dice)
                continue
            caller = Caller(address)
            with suppress(ConnectionError):
                caller.say(dice.choice((b"", dice.randbytes(100), hello[: dice.randrange(len(hello))])))
            crowd.append(caller)
            if len(crowd) > WAITING:
                crowd.pop(dice.randrange(WAITING)).close(reset=dice.random() < 0.5)
            sleep(0.005)
    return done


def _trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _greeting() -> bytes:
    """What a client says first."""
    said = ssl.MemoryBIO()
    client = _trusting().wrap_bio(ssl.MemoryBIO(), said)
    with suppress(ssl.SSLWantReadError):
        client.do_handshake()
    return said.read()


def _shake_hands(address: Address, dice: Random) -> bool:
    """Whether it came to anything; then half a frame, and gone without a word."""
    with suppress(OSError), create_connection(address, timeout=2) as plain:
        with _trusting().wrap_socket(plain) as secured:
            secured.sendall(b"\0\x50" + dice.randbytes(dice.randrange(60)))
        return True
    return False
