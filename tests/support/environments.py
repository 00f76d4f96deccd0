"""Further Python environments, for what cannot be installed beside the rest: `make .venv/environments/NAME/ready`."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest


def python(name: str) -> str:
    """The interpreter of the environment that `tests/environments/NAME.txt` describes; skips where there is none."""
    folder = Path(sys.prefix) / "environments" / name
    if not (folder / "ready").exists():
        pytest.skip(f"there is no environment {name}: run `make environments`")
    return str(folder / "bin" / "python")
