"""One TOML file says everything: read it, judge it whole, and name every fault with its path before anything is opened.

A value can be overridden by the environment: ISO_ALERT__STORE__URL, ISO_ALERT__LINK__0__LISTEN.  Paths are relative to
the file.  Secrets stand in files of their own.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from iso_alert.config.api import ApiConfig
from iso_alert.config.file import ConfigError, find, read
from iso_alert.config.judge import Config, Judge
from iso_alert.domain.card import Keyring
from iso_alert.service.links import LinkConfig

__all__ = ["ApiConfig", "Config", "ConfigError", "LinkConfig", "find", "load", "load_keys"]


def load(path: Path, environ: Mapping[str, str] = os.environ) -> Config:
    """Read and judge the whole configuration.  Raises ConfigError with every fault."""
    return Judge(path, read(path, environ)).config()


def load_keys(path: Path, environ: Mapping[str, str] = os.environ) -> tuple[Path, Keyring]:
    """The store's file and the keys: what the card file's import needs.  Raises ConfigError."""
    judge = Judge(path, read(path, environ))
    store, keyring = judge.store(), judge.keyring()
    if judge.faults or store is None or keyring is None:
        raise ConfigError(judge.faults)
    return store, keyring
