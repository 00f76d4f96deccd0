"""Tools in processes of their own, some in further environments: what cannot be installed beside the rest.

`make environments` makes those from `tests/environments/NAME.txt`.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest


def python(name: str) -> str:
    """The interpreter of the environment that `tests/environments/NAME.txt` describes; skips where there is none."""
    folder = Path(sys.prefix) / "environments" / name
    if not (folder / "ready").exists():
        pytest.skip(f"there is no environment {name}: run `make environments`")
    return str(folder / "bin" / "python")


def answer(command: Sequence[str], cwd: Path, environment: Mapping[str, str]) -> Any:
    """What a tool of `tests/support/tools` prints as JSON, after all else that is printed there."""
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True)
    assert "\n@@" in done.stdout, done.stdout[-3000:] + done.stderr[-4000:]
    return json.loads(done.stdout.rpartition("\n@@")[2])
