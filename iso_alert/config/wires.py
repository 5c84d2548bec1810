"""Judge how wires are reached: who calls whom, where, under which certificates, and who may come in at all (T-13)."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TypeVar

from attrs import field, frozen

from iso_alert.config.file import LinkSection, TlsSection, address, loopback, name_fault, reachable
from iso_alert.service.caller import Call
from iso_alert.service.listener import Door
from iso_alert.service.networks import Networks, network
from iso_alert.service.tls import Tls, calling, listening

T = TypeVar("T")
MOST = 64  # connections of a link, where nothing else is said
POSITIVE = ("window", "idle_timeout", "partial_timeout", "max_connections", "max_frame", "rate", "echo_interval")
NOT_FOR = {  # a way of connecting, and what of [link] and of its tls means nothing there
    "listen": ("authorities", "server_name"),
    "connect": ("allow", "max_connections", "clients"),
}


@frozen
class Faults:
    """Lines of what is wrong, as they are found."""

    lines: list[str] = field(factory=list)

    def attempt(self, where: str, make: Callable[[], T]) -> T | None:
        try:
            return make()
        except OSError as fault:
            self.lines.append(f"{where}: {fault.filename}: {fault.strerror}" if fault.filename else f"{where}: {fault}")
        except ValueError as fault:
            self.lines.append(f"{where}: {fault}")
        return None

    def judge(self, make: Callable[[], T]) -> T | None:
        """As `attempt`, for what names its own places."""
        try:
            return make()
        except ValueError as fault:
            self.lines.extend(str(fault).splitlines())
        return None

    def leave(self) -> None:
        """Raises ValueError with all of them, if there are any."""
        if self.lines:
            raise ValueError("\n".join(self.lines))


def judge_door(link: LinkSection, base: Path) -> Door | Call:
    """How the link's two ends meet.  Raises ValueError with a line for each fault."""
    faults = Faults(list(_values(link)))
    for one in link.allow or ():
        faults.attempt("allow", partial(network, one))
    given = link.listen or link.connect
    read = address if link.listen else reachable
    place = faults.attempt("listen" if link.listen else "connect", partial(read, given)) if given else None
    tls = faults.attempt("tls", partial(_TLS[link.listen is not None], link.tls, base)) if link.tls else None
    if link.listen and place and not (link.allow or loopback(place[0]) or (link.tls and link.tls.clients)):
        faults.lines.append(
            f"listen: {link.listen} is not loopback: name the networks that may connect in allow, or who vouches for "
            "their certificates in tls.clients"
        )
    faults.leave()
    assert place
    if not link.listen:
        return Call(*place, tls)
    return Door(*place, link.max_connections or MOST, Networks.of(link.allow or ()), tls)


def judge_call(tls: TlsSection | None, base: Path) -> Tls | None:
    """The TLS with which we call the SMSC, if we do.  Raises ValueError with a line for each fault."""
    if tls is None:
        return None
    faults = Faults(["tls: clients is for who is called"] if tls.clients else [])
    made = faults.attempt("tls", partial(_call, tls, base))
    faults.leave()
    return made


def _values(link: LinkSection) -> Iterator[str]:
    if fault := name_fault(link.name):
        yield fault
    if (link.listen is None) == (link.connect is None):
        yield "give either listen (the host calls us) or connect (we call the host)"
    for name in POSITIVE:
        if (value := getattr(link, name)) is not None and value <= 0:
            yield f"{name} must be more than nothing"
    if link.allow == ():
        yield "allow names no network: leave it out, or name who may connect"
    way = "listen" if link.listen else "connect"
    for name in NOT_FOR[way]:
        if getattr(link, name, None) is not None or getattr(link.tls, name, None) is not None:
            yield f"{name} means nothing on a link with {way}"


def _listen(tls: TlsSection, base: Path) -> Tls:
    if not tls.certificate:
        raise ValueError("needs a certificate: who listens introduces himself")
    return listening(base / tls.certificate, _file(tls.key, base), _file(tls.clients, base))


def _call(tls: TlsSection, base: Path) -> Tls:
    if tls.key and not tls.certificate:
        raise ValueError("has a key and no certificate")
    authorities, certificate, key = (_file(name, base) for name in (tls.authorities, tls.certificate, tls.key))
    return calling(authorities, certificate, key, tls.server_name)


_TLS: Mapping[bool, Callable[[TlsSection, Path], Tls]] = {True: _listen, False: _call}


def _file(name: str | None, base: Path) -> Path | None:
    return base / name if name else None
