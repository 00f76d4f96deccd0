"""`pipec verify`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from pipec import backends
from pipec.api import parameters
from pipec.api.building import targets_of
from pipec.api.outcome import Outcome
from pipec.api.sources import Workspace, read_one
from pipec.api.verifying import Verification, verify
from pipec.cli import options
from pipec.cli.progress import Progress, local_note, on_signals


@click.command()
@options.source
@options.targets("What to hold against plain Python; all targets unless given.")
@options.params
@options.json_file
@options.cache
@options.profile
@click.pass_context
def command(
    ctx: click.Context, source: str, targets: tuple[str, ...], params: tuple[str, ...], json_file: str | None,
    cache: Path | None, profile: str | None,
) -> None:  # fmt: skip
    """Run the pipeline in SRC as plain Python and on every target, and compare results, executed steps and attempts."""
    given = [name for part in targets for name in part.split(",") if name != backends.REFERENCE]
    wanted = targets_of(given) if given or not targets else ()
    workspace = Workspace(profile)
    found = read_one(source, workspace)
    if found is None:
        options.report(workspace)
        ctx.exit(1)
    selected, pipeline = found
    values = parameters.parse(pipeline, params)
    with on_signals(), Progress(pipeline) as progress:
        if note := local_note(pipeline):
            progress.note(note)
        done = verify(selected, pipeline, wanted, values, workspace, progress.event, cache)
    options.report(workspace, severities=options.ERRORS)
    if json_file:
        options.write_json(json_file, json.dumps(done.as_json(), indent=2, ensure_ascii=False) + "\n")
    if json_file != "-":
        _print(done, wanted)
    faults = any(outcome.fault for outcome in done.runs.values())
    ctx.exit(70 if faults else 0 if done.agree else 1)


def _print(done: Verification, wanted: tuple[str, ...]) -> None:
    """One row per target, and what differs."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table("target", "status", "result", "executed", "skipped", "attempts", "agrees", header_style="bold")
    for target in (backends.REFERENCE, *wanted):
        if target in done.refused:
            table.add_row(target, "refused", *[""] * 4, Text("no", "red"))
        elif target in done.runs:
            agrees = done.agrees(target)
            word = Text("yes", "green") if agrees else Text("no", "red")
            if target == backends.REFERENCE:
                word = Text("reference", "dim")
            table.add_row(target, *map(Text, _cells(done.runs[target])), word)
    console = Console(highlight=False)
    console.print(table)
    for difference in done.differences:
        console.print(Text(difference.text))
    for target, outcome in done.runs.items():
        if outcome.status == "failed" and (outcome.fault or done.runs[backends.REFERENCE].status != "failed"):
            console.print(Text(f"\n{target} failed:\n{outcome.error}"))
    verdict = "all agree" if done.agree else "they do not agree"
    console.print(Text(f"{done.pipeline}: {verdict}", "bold green" if done.agree else "bold red"))


def _cells(outcome: Outcome) -> tuple[str, ...]:
    executed = [entry for entry in outcome.steps if entry.executed]
    result = json.dumps(outcome.result, ensure_ascii=False) if outcome.status == "succeeded" else ""
    result = result if len(result) <= 60 else result[:57] + "..."
    attempts = sum(entry.attempts for entry in executed)
    return (outcome.status, result, str(len(executed)), str(len(outcome.steps) - len(executed)), str(attempts))
