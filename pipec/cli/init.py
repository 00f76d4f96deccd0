"""`pipec init`."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path

import click

from pipec.api.building import write

FILES = {
    "pipeline.py": "pipeline.py",
    "test_pipeline.py": "test_pipeline.py",
    "pyproject.toml": "pyproject.toml",
    "gitignore": ".gitignore",
}
"""Template -> file of the new project."""

NEXT = """
Next:
  cd {folder}
  python pipeline.py            # ordinary Python
  pipec check pipeline.py       # what each target makes of it
  pipec build pipeline.py       # the targets' files, in built/
  pipec verify pipeline.py      # run everywhere, and compare
"""


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), metavar="DIR")
def command(folder: Path) -> None:
    """Start a small project in DIR: a pipeline, its test, and the configuration."""
    there = [str(folder / name) for name in FILES.values() if (folder / name).exists()]
    if there:
        raise click.UsageError(f"there is already {', '.join(there)}; nothing was written")
    name = re.sub(r"[^a-z0-9]+", "-", folder.resolve().name.lower()).strip("-") or "pipelines"
    templates = resources.files("pipec").joinpath("templates/init")
    texts = {
        folder / file: templates.joinpath(template).read_text(encoding="utf-8").replace("my-pipelines", name)
        for template, file in FILES.items()
    }
    for path in write(texts):
        click.echo(f"wrote {path}")
    click.echo(NEXT.format(folder=folder), nl=False)
