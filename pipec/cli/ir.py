"""`pipec ir`."""

from __future__ import annotations

import json

import click

from pipec.api.sources import Workspace, read
from pipec.cli import options


@click.command()
@options.source
@click.option("--lowered", is_flag=True, help="After the neutral passes: what backends get.")
@options.profile
@click.pass_context
def command(ctx: click.Context, source: str, lowered: bool, profile: str | None) -> None:
    """Print the intermediate representation of the pipeline in SRC; an array where SRC has several.

    `pipec build` takes it back from a file named *.json.
    """
    workspace = Workspace(profile)
    found = [p for s in read([source], workspace) for p in (s.lowered() if lowered else s.pipelines)]
    failed = any(one.severity == "error" for one in workspace.shown())
    options.report(workspace, severities=options.SERIOUS)
    if failed:
        ctx.exit(1)
    texts = [pipeline.model_dump_json(indent=2) for pipeline in found]
    if len(texts) == 1:
        click.echo(texts[0])
    else:
        click.echo(json.dumps([json.loads(text) for text in texts], indent=2, ensure_ascii=False))
