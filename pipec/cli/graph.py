"""`pipec graph`."""

from __future__ import annotations

import click

from pipec.api.graphs import FORMATS, draw
from pipec.api.sources import Workspace, read_one
from pipec.cli import options
from pipec.compiler import passes
from pipec.compiler.diagnostics import Report


@click.command()
@options.source
@click.option("--format", "form", type=click.Choice(list(FORMATS)), default="mermaid", show_default=True)
@options.profile
@click.pass_context
def command(ctx: click.Context, source: str, form: str, profile: str | None) -> None:
    """Print the picture of the pipeline in SRC: text for Mermaid or Graphviz, an SVG image, or a page."""
    workspace = Workspace(profile)
    found = read_one(source, workspace)
    options.report(workspace, severities=options.SERIOUS)
    if found is None:
        ctx.exit(1)
    click.echo(draw(passes.run(found[1], Report()), form), nl=False)
