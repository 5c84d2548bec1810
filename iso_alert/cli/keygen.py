"""`iso-alert keygen`: a key for card tokens."""

from pathlib import Path

import click


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
def command(file: Path) -> None:
    """Make a key of 256 bits in FILE, readable by its owner only.

    \b
    Examples:
      iso-alert keygen pan.key

    An existing file is never overwritten: without its key the tokens in a store mean nothing.
    """
    from iso_alert.config.secrets import write_key
    from iso_alert.iso.message import mask

    try:
        write_key(file)
    except OSError as fault:
        raise click.ClickException(f"{file}: {fault.strerror}") from None
    click.echo(
        f"{mask(str(file))}: a new key; keep a copy where you keep secrets, without it no card is found again", err=True
    )
