"""`pipec targets`."""

from __future__ import annotations

import json

import click

from pipec import backends
from pipec.compiler.capabilities import Capabilities
from pipec.ir.features import FEATURES

_WORDS = {"native": "yes", "emulated": "emulated", "lossy": "in part", "none": "no"}


@click.command()
@click.argument("target", required=False)
@click.option("--format", "form", type=click.Choice(["text", "markdown", "json"]), default="text", show_default=True)
def command(target: str | None, form: str) -> None:
    """Show what each target can do; for one TARGET also how, and what is lost."""
    if target is not None and not backends.known(target):
        raise click.UsageError(f"there is no target {target!r}; targets: {', '.join(backends.names())}")
    tables = [backends.get(name).capabilities for name in ([target] if target else backends.names())]
    if form == "json":
        click.echo(json.dumps({t.target: t.model_dump() for t in tables}, indent=2, ensure_ascii=False))
    elif form == "markdown":
        click.echo(markdown(tables), nl=False)
    else:
        _print(tables)


def rows(tables: list[Capabilities]) -> list[list[str]]:
    """Header and rows: one column per target; for a single target its notes too."""
    single = len(tables) == 1
    header = ["feature", *(f"{t.title} {t.versions[0]}-{t.versions[-1]}" for t in tables)]
    found = [[*header, "how", "what to know"] if single else header]
    if single:
        for feature, where, row in tables[0].rows:
            since = f"since {row.since}; " if row.since else ""
            found.append([FEATURES[feature] + where, _WORDS[row.support], row.via, since + row.note])
        return found
    for feature, meaning in FEATURES.items():
        found.append([meaning, *(_WORDS[t.features[feature].support] for t in tables)])
    return found


def markdown(tables: list[Capabilities]) -> str:
    """The table as Markdown."""
    header, *body = rows(tables)
    lines = [header, ["---"] * len(header), *body]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def _print(tables: list[Capabilities]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    header, *body = rows(tables)
    table = Table(*map(escape, header), header_style="bold")
    tones = {"emulated": "cyan", "in part": "yellow", "no": "red"}
    for line in body:
        table.add_row(*(f"[{tones[c]}]{c}[/]" if c in tones else escape(c) for c in line))
    Console(highlight=False).print(table)
