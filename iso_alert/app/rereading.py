"""Read the configuration again under a running service: what it may become, or why it stays as it is."""

import time
from functools import partial

import structlog
import trio

from iso_alert.config import Config, ConfigError, load
from iso_alert.config.renewed import Renewed, outlived, renewed
from iso_alert.store.keys import lost
from iso_alert.store.port import StoreUnavailable

log = structlog.get_logger()


async def reread(old: Config) -> Renewed:
    """The configuration of the same file as far as a running service can follow it.  Raises ConfigError."""
    try:
        new = await trio.to_thread.run_sync(load, old.path)
    except ConfigError:
        raise
    except Exception as bug:  # ours; the links must not fall with it
        raise ConfigError([f"{old.path}: could not be judged ({type(bug).__name__}): please report it"]) from None
    faults = [*outlived(old, new, time.time()), *await _retired(old, new)]
    if faults:
        raise ConfigError([f"{old.path}: {fault}" for fault in faults])
    return renewed(old, new)


def tell(found: Renewed) -> None:
    """Say what is in force now and what is not."""
    for what in found.waits:
        log.warning("configuration: this waits for a restart", what=what)
    log.info("configuration read again", taken=list(found.taken), keys=found.config.keyring.names)


async def _retired(old: Config, new: Config) -> list[str]:
    """Keys that are taken out while a customer's cards are under them."""
    gone = set(old.keyring.names) - set(new.keyring.names)
    if not gone:
        return []
    try:
        found = await trio.to_thread.run_sync(partial(lost, old.store, new.keyring.names))
    except StoreUnavailable as fault:
        return [f"keys.pan: a key is taken out, and the store cannot say whether anything needs it: {fault}"]
    return [
        f"keys.pan: key {one.key} is taken out, and {one.owned} cards of customers are still under it: nobody would "
        "find them again; see iso-alert keys status"
        for one in found
        if one.key in gone and one.owned
    ]
