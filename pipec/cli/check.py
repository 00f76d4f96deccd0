"""`pipec check`."""

from __future__ import annotations

import click

from pipec.api import building
from pipec.api.sources import Workspace
from pipec.cli import options
from pipec.compiler.diagnostics.renderers import FORMATS, Format


@click.command()
@options.sources
@options.targets("What to check for; all targets unless given.")
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", show_default=True, help="How to print.")
@options.strict
@options.profile
@click.pass_context
def command(
    ctx: click.Context,
    sources: tuple[str, ...],
    targets: tuple[str, ...],
    form: Format,
    strict: bool,
    profile: str | None,
) -> None:
    """Report everything that is wrong, lossy or risky with the pipelines of SRC, per target. Writes nothing."""
    workspace = Workspace(profile, strict)
    selected = building.check(sources, building.targets_of(targets, workspace), workspace)
    options.report(workspace, form, err=False)
    shown = workspace.shown()
    if form == "text" and not shown:
        count = sum(len(one.pipelines) for one in selected)
        click.echo(f"{count} pipeline{'' if count == 1 else 's'}, nothing to report")
    ctx.exit(1 if any(one.severity == "error" for one in shown) else 0)
