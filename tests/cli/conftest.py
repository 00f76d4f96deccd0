"""A small project, and the command line in this process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pipec.cli import cli

SOURCE = '''"""A small project."""

from pipec import pipeline, step


@step(memory="1Gi")
def load(rows: int) -> list[int]:
    return list(range(rows))


@step(retries=2)
def total(values: list[int]) -> int:
    return sum(values)


@step
def show(value: int) -> str:
    return f"total {value}"


@pipeline
def small(rows: int = 4, limit: float = 3.0, name: str = "x") -> str | None:
    value = total(load(rows))
    if value > limit:
        return show(value)
    return None
'''

Pipec = Callable[..., Result]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a pipeline in `small.py` and a `pyproject.toml`."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.py").write_text(SOURCE)
    (tmp_path / "pyproject.toml").write_text("[tool.pipec]\n")
    return tmp_path


@pytest.fixture
def pipec() -> Pipec:
    """`pipec("build", "x.py")`; nothing but exit statuses may come out of it."""

    def run(*arguments: str) -> Result:
        done = CliRunner().invoke(cli, list(arguments))
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done

    return run
