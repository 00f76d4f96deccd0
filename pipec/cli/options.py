"""Options that several commands share, and how findings are printed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from pipec.api.sources import Workspace
from pipec.compiler.diagnostics import Severity
from pipec.compiler.diagnostics.renderers import Format, Shown, render

F = TypeVar("F", bound=Callable[..., Any])

sources = click.argument("sources", nargs=-1, required=True, metavar="SRC...")
source = click.argument("source", metavar="SRC")
profile = click.option("--profile", metavar="NAME", help="Overlay [tool.pipec.profiles.NAME] of pyproject.toml.")
strict = click.option("--strict", is_flag=True, help="What a target keeps only in part is an error.")


def targets(text: str) -> Callable[[F], F]:
    """`--target T[,T]`, also several times."""
    return click.option("--target", "-t", "targets", multiple=True, metavar="T[,T]", help=text)


params = click.option("--param", "-p", "params", multiple=True, metavar="K=V", help="A parameter of the pipeline.")
json_file = click.option(
    "--json", "json_file", type=click.Path(dir_okay=False, allow_dash=True), metavar="FILE",
    help="Write the report to FILE ('-': standard output).",
)  # fmt: skip
cache = click.option(
    "--cache", type=click.Path(file_okay=False, path_type=Path), metavar="DIR",
    help="Keep the step cache in DIR; without it, a run starts with an empty one.",
)  # fmt: skip


ALL: tuple[Severity, ...] = ("error", "warning", "info")
SERIOUS: tuple[Severity, ...] = ("error", "warning")
ERRORS: tuple[Severity, ...] = ("error",)


def report(workspace: Workspace, form: Format = "text", severities: Sequence[Severity] = ALL, err: bool = True) -> None:
    """Print the findings so far: those of `severities`, and how many there are of the rest."""
    shown = workspace.shown()
    told = [one for one in shown if one.severity in severities]
    if form != "text":
        click.echo(render(told, form), nl=False, err=err)
        return
    if text := render(told, "text", color=True):
        click.echo(text, err=err)  # click takes the colours out again where nobody would see them
    if shown and "warning" in severities:
        click.echo(summary(shown), err=err)


def summary(shown: Sequence[Shown]) -> str:
    """`2 errors, 1 warning, 3 notes`; "" for nothing."""
    words = (("error", "error"), ("warning", "warning"), ("info", "note"))
    counts = [(sum(one.severity == severity for one in shown), word) for severity, word in words]
    return ", ".join(f"{n} {word}{'' if n == 1 else 's'}" for n, word in counts if n)


def write_json(file: str, text: str) -> None:
    """Write a report; "-" is standard output."""
    if file == "-":
        click.echo(text, nl=False)
        return
    from pipec.api.building import write

    write({Path(file): text})
