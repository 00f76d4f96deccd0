"""The command line: arguments in, printing and exit status out; nothing else.

Exit status: 0 fine; 1 the pipeline, a check or a run has a fault, all of it reported; 2 wrong usage; 70 a bug of pipec.
Commands are imported when they are called, since start-up time is most of the time of a small build.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

import click

COMMANDS: dict[str, str] = {
    "build": "Write the targets' files.",
    "check": "Report everything that is wrong, lossy or risky, per target.",
    "run": "Run a pipeline here: plain Python, or the generated output on an orchestrator's local runner.",
    "verify": "Run plain Python and every target, and compare.",
    "migrate": "Read a pipeline of an orchestrator, and write plain Python or another target's files.",
    "diff": "Print what has changed for those who operate a pipeline.",
    "graph": "Print the picture of a pipeline.",
    "ir": "Print a pipeline's intermediate representation as JSON.",
    "explain": "Explain a finding.",
    "targets": "Show what each target can do.",
    "schema": "Print the JSON schema of the intermediate representation.",
    "init": "Start a small project.",
}
"""Command -> what it does; its module is `pipec.cli.<command>`, and its function `command`."""


class Commands(click.Group):
    """All commands, imported one by one, with pipec's exit status."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of the documentation."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """The command `name`, imported now."""
        if name not in COMMANDS:
            return None
        found = importlib.import_module(f"pipec.cli.{name}").command
        assert isinstance(found, click.Command)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def main(self, args: Sequence[str] | None = None, *rest: Any, **extra: Any) -> NoReturn:
        """Run one command and exit."""
        extra["standalone_mode"] = False
        if os.environ.get("NO_COLOR"):  # https://no-color.org
            extra["color"] = False
        try:
            status = super().main(args, *rest, **extra)
        except click.ClickException as error:
            error.show()
            status = error.exit_code
        except (click.Abort, KeyboardInterrupt):
            click.echo("interrupted", err=True)
            status = 130
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            status = 1
        except Exception as error:
            status = _fault(error)
        sys.exit(status if isinstance(status, int) else 0)


def _fault(error: Exception) -> int:
    """Report a bug of pipec; or wrong usage that only the API could find."""
    import traceback

    sources = sys.modules.get("pipec.api.sources")
    if sources is not None and isinstance(error, getattr(sources, "UsageError", ())):
        click.echo(f"Error: {error}", err=True)
        return 2
    first = f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
    try:
        click.echo(_told(first), err=True)
    except ImportError:  # the installation itself is broken
        click.echo(f"error[PC901 internal-error]: a bug of pipec: {first}\n", err=True)
    click.echo("".join(traceback.format_exception(error)), err=True)
    return 70


def _told(reason: str) -> str:
    from pathlib import Path

    from pipec.compiler.diagnostics.fault import InternalError
    from pipec.compiler.diagnostics.renderers import Shown, render
    from pipec.ir import NOWHERE

    return render([Shown(InternalError(NOWHERE, reason), Path(), "error")])


def _version(ctx: click.Context, option: click.Parameter, asked: bool) -> None:
    """Print the version of the installed distribution."""
    if not asked:
        return
    from importlib import metadata

    try:
        click.echo(f"pipec {metadata.version('pipec')}")
    except metadata.PackageNotFoundError:
        click.echo("pipec, not installed: run from its sources")
    ctx.exit()


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Print the version."
)
def cli() -> None:
    """Compile plain Python ML pipelines to orchestrators, and prove that each means the same."""


def main() -> NoReturn:
    """The console script."""
    cli.main(prog_name="pipec")
