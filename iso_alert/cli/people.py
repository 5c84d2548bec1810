"""What commands about people share: who is at the terminal, and the store and the keys of the configuration."""

import os
import pwd
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import click

from iso_alert.cli.common import tell_faults
from iso_alert.config import ConfigError, find, load_keys
from iso_alert.domain.command import Actor, Via
from iso_alert.store.hold import held
from iso_alert.store.port import StoreUnavailable
from iso_alert.store.sqlite import Sqlite


def me() -> Actor:
    """The account, not what the environment says of it."""
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        name = f"uid {os.getuid()}"
    return Actor(name, Via.CLI, socket.gethostname())


@contextmanager
def opened(config: str | None) -> Iterator[Sqlite]:
    """The store of the configuration; what cannot be done is told in a line."""
    try:
        path, _ = load_keys(find(config))
        store = Sqlite(path, checkpoints=not held(path))
    except ConfigError as error:
        tell_faults(error.faults)
    except StoreUnavailable as error:
        raise click.ClickException(str(error)) from None
    try:
        yield store
    except StoreUnavailable as error:
        raise click.ClickException(str(error)) from None
    finally:
        store.close()
