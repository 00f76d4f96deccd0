"""`pipec build`."""

from __future__ import annotations

from pathlib import Path

import click

from pipec.api import building
from pipec.api.sources import Workspace, from_here
from pipec.cli import options


@click.command()
@options.sources
@options.targets("What to build for; all targets unless given.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), metavar="DIR",
              help="Write DIR/<target>/<files>; `built` beside the source unless given.")  # fmt: skip
@click.option("--check", "check", is_flag=True, help="Write nothing; print a diff and exit 1 if files differ.")
@options.strict
@options.profile
@click.option("--quiet", "-q", is_flag=True, help="Do not list the files.")
@click.pass_context
def command(
    ctx: click.Context, sources: tuple[str, ...], targets: tuple[str, ...], out: Path | None, check: bool, strict: bool,
    profile: str | None, quiet: bool,
) -> None:  # fmt: skip
    """Write the targets' files for the pipelines of SRC: files, FILE:PIPELINE, folders, or printed IR.

    Never runs or imports the code that it reads. The same input gives the same bytes.
    """
    workspace = Workspace(profile, strict)
    wanted = building.targets_of(targets, workspace)
    built = building.build(sources, wanted, workspace)
    files = building.outputs(built, out, workspace)
    options.report(workspace, severities=options.SERIOUS)
    failed = any(one.severity == "error" for one in workspace.shown())
    if check:
        changes = building.compare(files, built, sources, out)
        for change in changes:
            click.echo(f"{change.kind}: {from_here(change.path)}")
            click.echo(change.diff, nl=False)
        ctx.exit(1 if failed or changes else 0)
    changed = set(building.write(files))
    if not quiet:
        for path in files:
            click.echo(f"{'wrote' if path in changed else 'as before'} {from_here(path)}")
    ctx.exit(1 if failed else 0)
