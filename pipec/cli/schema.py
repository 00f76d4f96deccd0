"""`pipec schema`."""

from __future__ import annotations

import click


@click.command()
def command() -> None:
    """Print the JSON schema of what `pipec ir` prints."""
    from pipec.ir.schema import schema_text

    click.echo(schema_text(), nl=False)
