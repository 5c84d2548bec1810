"""What passes between the service and a speaker: values, pickled, on a line that is nobody else's.

The keys of the card tokens are among them, for a speaker reads card numbers as the service does.  They go over the line
and by no other way: arguments and the environment of a process can be seen.
"""

import copyreg
from pathlib import Path
from typing import Any

from attrs import field, frozen

from iso_alert.domain.card import Keyring
from iso_alert.iso.dialect import Dialect
from iso_alert.service.link_rules import LinkRules
from iso_alert.service.told import Counts

# To a speaker.


@frozen
class Spoken:
    """A link that may be carried elsewhere.  Its TLS, if it has one, is made there of the same files."""

    rules: LinkRules
    dialect: Dialect
    listens_with: tuple[Path | None, ...] = ()


@frozen
class Briefing:
    """How to speak, from now on."""

    links: tuple[Spoken, ...]
    keyring: Keyring = field(repr=False)


@frozen
class Guest:
    """A connection that was let in; its descriptor comes with this word."""

    link: str
    peer: str


@frozen
class Leave:
    """The door of a link is closed: answer what is in hand there, and hang up."""

    link: str


@frozen
class Recorded:
    """What became of a batch: durable, or why not."""

    number: int
    why: str | None = None


@frozen
class Tell:
    """Somebody wants to know what was counted so far."""


# From a speaker.


@frozen
class Brought:
    """A batch to be recorded, closed; what was counted meanwhile comes along."""

    number: int  # of the batch, on this line
    size: int
    sealed: bytes = field(repr=False)
    counts: Counts


@frozen
class Counted:
    """What was counted while there was no batch, or until it was asked for."""

    counts: Counts
    asked: bool = False


@frozen
class Briefed:
    """A briefing counts, and what was read before it is on its way: said of each but the first."""


@frozen
class Left:
    """A guest has gone, whoever wanted that."""

    link: str


def _keyring(keyring: Keyring) -> tuple[Any, ...]:
    return Keyring, (keyring._keys,)  # what is begun of an HMAC cannot be pickled, and is begun anew there


copyreg.pickle(Keyring, _keyring)
