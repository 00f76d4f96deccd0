"""`pipec migrate`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from pipec import backends
from pipec.api import building, migrating
from pipec.api.migrating import Migration
from pipec.api.sources import UsageError, Workspace, from_here
from pipec.cli import options
from pipec.compiler.diagnostics.renderers import render


@click.command()
@click.argument("sources", nargs=-1, required=True, metavar="FILE...", type=click.Path(exists=True, path_type=Path))
@click.option("--from", "origin", metavar="ORCHESTRATOR", help="What FILE is written for; found out unless given.")
@click.option("--to", "targets", multiple=True, metavar="T[,T]", help="What to write: plain Python unless given.")
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), metavar="DIR",
    help="Write modules to DIR, and what is for a target to DIR/<target>; `migrated` beside FILE unless given.",
)  # fmt: skip
@options.json_file
@options.profile
@click.option("--strict", is_flag=True, help="Write nothing of a file that does not come over exactly.")
@click.pass_context
def command(
    ctx: click.Context, sources: tuple[Path, ...], origin: str | None, targets: tuple[str, ...], out: Path | None,
    json_file: str | None, profile: str | None, strict: bool,
) -> None:  # fmt: skip
    """Read the pipelines in FILE, or in all files of a folder, and write them as plain Python or for other targets.

    Never runs or imports the code that it reads. Exit status 0 if everything came over exactly, else 1.
    """
    workspace = Workspace(profile)
    wanted = _targets(targets, workspace)
    done: list[Migration] = []
    written: dict[Path, Path] = {}
    for source in sources:
        folder = out or (source if source.is_dir() else source.parent) / "migrated"
        for file, known in _files(source, origin, folder):
            below = folder / file.parent.relative_to(source) if source.is_dir() else folder
            done.append(migrating.migrate(file, known, wanted, below, workspace))
            if file.resolve() in {path.resolve() for path in done[-1].files}:
                raise UsageError(f"{file} itself would be overwritten: name another folder by --out")
            for path in done[-1].files:
                if written.setdefault(path.resolve(), file) != file:
                    both = f"{written[path.resolve()]} and {file} would both become {path}"
                    raise UsageError(f"{both}: name a folder for each by --out")
            _tell(done[-1], strict, quiet=json_file == "-")
    if json_file:
        listed = [one.as_json() for one in done]
        whole = listed if len(listed) != 1 or sources[0].is_dir() else listed[0]
        options.write_json(json_file, json.dumps(whole, indent=2, ensure_ascii=False) + "\n")
    if json_file != "-" and (len(done) > 1 or any(s.is_dir() for s in sources)):
        _summary(done)
    if not done:
        click.echo("there is nothing to migrate", err=True)
    ctx.exit(0 if done and all(one.status == "exact" for one in done) else 1)


def _targets(given: Sequence[str], workspace: Workspace) -> tuple[str, ...]:
    """What to write; plain Python where nothing is asked for."""
    names = [name.strip() for part in given for name in part.split(",") if name.strip()]
    built = [name for name in names if name != backends.REFERENCE]
    found = building.targets_of(built, workspace) if built else ()
    return (backends.REFERENCE, *found) if backends.REFERENCE in names or not names else found


def _files(source: Path, origin: str | None, out: Path) -> Iterator[tuple[Path, str]]:
    """The files that `source` means, each with what it is written for; those in `out` are our own."""
    known = migrating.readers() if origin is None else {origin: migrating.reader_of(origin)}
    if origin is not None and not source.is_dir():
        yield source, origin
        return
    found = [(f, names) for f, names in migrating.candidates(source, known) if not _is_below(f, source, out)]
    for file, names in found:
        if len(names) > 1:
            raise UsageError(f"{file} may be written for {' or '.join(names)}: say --from")
        yield file, names[0]
    if not found and not source.is_dir():
        raise UsageError(f"{source} looks like a pipeline of none of {', '.join(known)}: say --from")


def _is_below(file: Path, source: Path, out: Path) -> bool:
    """Whether `file` lies in `out`, which is a folder inside of `source`: we have written it."""
    return source.resolve() in out.resolve().parents and out.resolve() in file.resolve().parents


def _tell(one: Migration, strict: bool, quiet: bool) -> None:
    """Print what was found, and write the files."""
    if text := render([f for f in one.findings if f.severity != "info" or not quiet], "text", color=True):
        click.echo(text, err=True)
    write = not strict or one.status == "exact"
    changed = set(building.write(one.files)) if write else set()
    if quiet:
        return
    parts = [f"{one.count(status)} {status}" for status in ("exact", "adapted", "opaque") if one.count(status)]
    share = f", {one.coverage:.0%} of the file" if one.coverage is not None else ""
    words = {"exact": "exact", "with_findings": "with findings", "failed": "failed"}[one.status]
    click.echo(f"{one.source}: {words}; {len(one.pipelines)} pipeline{'' if len(one.pipelines) == 1 else 's'}, "
               f"tasks: {', '.join(parts) or 'none'}{share}")  # fmt: skip
    for path in one.files:
        click.echo(f"  {'not written' if not write else 'wrote' if path in changed else 'as before'} {from_here(path)}")


def _summary(done: Sequence[Migration]) -> None:
    """A table of all files."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table("file", "pipelines", "exact", "adapted", "opaque", "covered", "status", header_style="bold")
    tones = {"exact": "green", "with_findings": "yellow", "failed": "red"}
    for one in done:
        counts = [str(one.count(status)) for status in ("exact", "adapted", "opaque")]
        share = "" if one.coverage is None else f"{one.coverage:.0%}"
        cells = [str(one.source), str(len(one.pipelines)), *counts, share]
        table.add_row(*map(Text, cells), Text(one.status.replace("_", " "), tones[one.status]))
    Console(highlight=False).print(table)
    totals = [f"{sum(one.status == s for one in done)} {s.replace('_', ' ')}" for s in tones]
    click.echo(f"{len(done)} file{'' if len(done) == 1 else 's'}: {', '.join(totals)}")
