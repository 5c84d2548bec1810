"""Secrets stand in files of their own: key files and passwords, never in the configuration or on a command line."""

import os
import secrets
from pathlib import Path

from iso_alert.domain.card import KEY_BYTES, Keyring, WeakKey


def read_secret(file: Path) -> str:
    text = file.read_text(encoding="utf-8").strip()
    if not text:
        raise ValueError(f"{file} is empty")
    return text


def read_key(file: Path) -> bytes:
    """A key as `iso-alert keygen` writes it: one line of hexadecimal digits.  Raises ValueError, OSError."""
    text = file.read_text(encoding="ascii").strip()
    try:
        key = bytes.fromhex(text)
    except ValueError:
        raise ValueError("is no key: it holds other than hexadecimal digits") from None
    try:
        Keyring((key,))
    except WeakKey as weak:
        raise ValueError(f"{weak}: make one with: iso-alert keygen {file}") from None
    return key


def write_key(file: Path) -> None:
    """Make a key that nobody else can read.  Raises FileExistsError: a key that is overwritten is lost for ever."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as out:
        out.write(secrets.token_hex(KEY_BYTES) + "\n")
