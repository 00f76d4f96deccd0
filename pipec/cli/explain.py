"""`pipec explain`."""

from __future__ import annotations

import inspect

import click


@click.command()
@click.argument("code", required=False)
@click.pass_context
def command(ctx: click.Context, code: str | None) -> None:
    """Explain the finding CODE, by code or by name; without CODE, list all findings."""
    from pipec.compiler.diagnostics import catalogue
    from pipec.compiler.diagnostics.similar import closest

    if code is None:
        for kind in catalogue.everything():
            click.echo(f"{kind.code}  {kind.name:<26} {(inspect.getdoc(kind) or '').partition(chr(10))[0]}")
        return
    found = catalogue.find(code)
    if found is None:
        names = [name for kind in catalogue.everything() for name in (kind.code, kind.name)]
        similar = closest(code if code[:2].upper() != "PC" else code.upper(), names)
        hint = f"; did you mean {similar}?" if similar else ""
        raise click.UsageError(f"there is no finding {code!r}{hint}")
    family = catalogue.FAMILIES[found.code[2]]
    click.secho(f"{found.code} {found.name}", bold=True, nl=False)
    click.echo(f" ({found.severity}; {family})\n")
    click.echo(inspect.getdoc(found))
