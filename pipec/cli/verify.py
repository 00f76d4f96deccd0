"""`pipec verify`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from pipec import backends
from pipec.api import parameters
from pipec.api.building import targets_of
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
    workspace = Workspace(profile)
    wanted = targets_of(given, workspace) if given or not targets else ()
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

    console = Console(highlight=False)
    rows = [_cells(done, target) for target in (backends.REFERENCE, *wanted) if target in (*done.runs, *done.refused)]
    fixed = sum(max(len(line[i]) for line in (HEADER, *rows)) + 3 for i in range(len(HEADER)) if i != RESULT)
    room = max(console.width - fixed - 4, len(HEADER[RESULT]))
    table = Table(*HEADER, header_style="bold")
    tones = {"yes": "green", "no": "red", "reference": "dim"}
    for row in rows:
        result = row[RESULT] if len(row[RESULT]) <= room else row[RESULT][: room - 1] + "…"
        cells = [*row[:RESULT], result, *row[RESULT + 1 :]]
        table.add_row(*(Text(cell) for cell in cells[:-1]), Text(cells[-1], tones[cells[-1]]))
    console.print(table)
    for difference in done.differences:
        console.print(Text(difference.text))
    for target, outcome in done.runs.items():
        if outcome.status == "failed" and (outcome.fault or done.runs[backends.REFERENCE].status != "failed"):
            console.print(Text(f"\n{target} failed:\n{outcome.error}"))
    verdict = "all agree" if done.agree else "they do not agree"
    console.print(Text(f"{done.pipeline}: {verdict}", "bold green" if done.agree else "bold red"))


HEADER = ("target", "status", "result", "executed", "skipped", "attempts", "agrees")
RESULT = 2
"""The column that is cut to the width of the terminal."""


def _cells(done: Verification, target: str) -> tuple[str, ...]:
    if target in done.refused:
        return (target, "refused", "", "", "", "", "no")
    outcome = done.runs[target]
    executed = [entry for entry in outcome.steps if entry.executed]
    result = json.dumps(outcome.result, ensure_ascii=False) if outcome.status == "succeeded" else ""
    agrees = "reference" if target == backends.REFERENCE else "yes" if done.agrees(target) else "no"
    skipped = len(outcome.steps) - len(executed)
    attempts = sum(entry.attempts for entry in executed)
    return (target, outcome.status, result, str(len(executed)), str(skipped), str(attempts), agrees)
