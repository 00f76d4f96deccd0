"""`pipec graph`."""

from __future__ import annotations

import click

from pipec.api.graphs import FORMATS, draw
from pipec.api.sources import Workspace, read_one
from pipec.cli import options


@click.command()
@options.source
@click.option("--format", "form", type=click.Choice(list(FORMATS)), default="mermaid", show_default=True)
@options.profile
@click.pass_context
def command(ctx: click.Context, source: str, form: str, profile: str | None) -> None:
    """Print the picture of the pipeline in SRC as text for Mermaid or Graphviz."""
    workspace = Workspace(profile)
    found = read_one(source, workspace)
    options.report(workspace, infos=False)
    if found is None:
        ctx.exit(1)
    click.echo(draw(found[1], form), nl=False)
