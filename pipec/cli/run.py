"""`pipec run`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from pipec import backends
from pipec.api import parameters
from pipec.api.building import targets_of
from pipec.api.outcome import Outcome
from pipec.api.running import run
from pipec.api.sources import UsageError, Workspace, read_one
from pipec.api.workers import Worker, throwaway
from pipec.cli import options
from pipec.cli.progress import Progress, local_note, on_signals


@click.command()
@options.source
@click.option("--target", "-t", default=backends.REFERENCE, show_default=True, metavar="T", help="What to run it on.")
@options.params
@options.json_file
@options.cache
@options.profile
@click.pass_context
def command(
    ctx: click.Context, source: str, target: str, params: tuple[str, ...], json_file: str | None, cache: Path | None,
    profile: str | None,
) -> None:  # fmt: skip
    """Run the pipeline in SRC here: plain Python, or the generated output on the target's own local runner.

    The result goes to standard output, progress and what the steps print to standard error.
    """
    workspace = Workspace(profile)
    if target != backends.REFERENCE:
        if not backends.known(target.partition("@")[0]):
            listed = f"{backends.REFERENCE}, {', '.join(backends.names())}"
            raise UsageError(f"there is no target {target!r}; targets: {listed}")
        target, *more = targets_of([target], workspace)
        if more:
            raise UsageError("a run is on one target; `pipec verify` takes several")
    found = read_one(source, workspace)
    if found is None:
        options.report(workspace)
        ctx.exit(1)
    selected, pipeline = found
    values = parameters.parse(pipeline, params)
    worker = Worker(target)
    with on_signals(), throwaway() as folder, worker, Progress(pipeline) as progress:
        if note := local_note(pipeline):
            progress.note(note)
        done = run(selected, pipeline, worker, values, folder / "run", workspace, progress.of(target), cache)
    options.report(workspace, severities=options.ERRORS)
    if done is None:
        ctx.exit(1)
    outcome, _ = done
    if json_file:
        options.write_json(json_file, json.dumps(outcome.as_json(), indent=2, ensure_ascii=False) + "\n")
    if outcome.status == "succeeded" and json_file != "-":
        click.echo(json.dumps(outcome.result, ensure_ascii=False))
    ctx.exit(conclude(outcome))


def conclude(outcome: Outcome) -> int:
    """Say how the run ended; its exit status."""
    executed = sum(entry.executed for entry in outcome.steps)
    skipped = len(outcome.steps) - executed
    text = (
        f"{outcome.target}: {outcome.status}, {executed} step{'' if executed == 1 else 's'} executed, {skipped} skipped"
    )
    if outcome.error:
        click.echo(outcome.error, err=True)
    click.secho(text, err=True, fg="green" if outcome.status == "succeeded" else "red")
    if outcome.fault:
        from pipec.compiler.diagnostics.fault import RunnerFault
        from pipec.compiler.diagnostics.renderers import Shown, render
        from pipec.ir import NOWHERE

        finding = RunnerFault(NOWHERE, outcome.target, "see above")
        click.echo(render([Shown(finding, Path(), "error")]), err=True)
        return 70
    return 0 if outcome.status == "succeeded" else 1
