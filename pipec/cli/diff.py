"""`pipec diff`."""

from __future__ import annotations

import json
from collections.abc import Sequence

import click

from pipec.api.differing import Difference, differences
from pipec.api.revisions import located
from pipec.api.sources import Workspace, read
from pipec.api.workers import throwaway
from pipec.cli import options
from pipec.ir import Pipeline

SIGNS = {"added": ("+", "green"), "removed": ("-", "red"), "changed": ("~", "yellow")}


@click.command()
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@options.profile
@click.pass_context
def command(ctx: click.Context, old: str, new: str, form: str, profile: str | None) -> None:
    """Print what has changed for those who operate the pipelines: steps, edges, settings, caches that will miss.

    OLD and NEW are files, FILE:PIPELINE, folders, git revisions (of the other one's file, or of the current folder), or
    REVISION:FILE.
    """
    sides = [_read(ctx, operand, other, profile) for operand, other in ((old, new), (new, old))]
    found = differences(*sides)
    if form == "json":
        click.echo(json.dumps([one.as_json() for one in found], indent=2, ensure_ascii=False))
        return
    _print(found)


def _read(ctx: click.Context, operand: str, other: str, profile: str | None) -> Sequence[Pipeline]:
    """The pipelines of one side; ends the command where they cannot be read."""
    workspace = Workspace(profile)
    with throwaway() as folder:
        sources = [located(operand, other, folder)]
        found = [pipeline for selected in read(sources, workspace) for pipeline in selected.pipelines]
        options.report(workspace, severities=options.ERRORS)
    if any(one.severity == "error" for one in workspace.shown()):
        ctx.exit(1)
    return found


def _print(found: Sequence[Difference]) -> None:
    if not found:
        click.echo("nothing has changed for those who operate it")
        return
    pipeline = ""
    for one in found:
        if one.pipeline != pipeline:
            pipeline = one.pipeline
            click.secho(pipeline, bold=True)
        sign, color = SIGNS[one.change]
        click.secho(f"  {sign} {_sentence(one)}", fg=color)


def _sentence(one: Difference) -> str:
    """A difference in words."""
    match one.what:
        case "pipeline":
            return f"the pipeline is {'new' if one.change == 'added' else 'gone'}"
        case "code":
            return f"the code of {one.name}, or what it reaches"
        case "control":
            return one.name
        case "arguments":
            return f"{one.name}({one.old}) -> {one.name}({one.new})"
        case "cache":
            return f"the cache of {one.name} will miss"
        case "setting" | "parameter" if one.change == "changed":
            return f"{one.what} {one.name}: {one.old} -> {one.new}"
        case "setting" | "parameter":
            return f"{one.what} {one.name}: {one.new or one.old}"
        case "result":
            return f"the result: {one.old or 'nothing'} -> {one.new or 'nothing'}"
        case _:
            return f"{one.what} {one.name}"
