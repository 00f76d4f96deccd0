"""Run the tests that need no orchestrator on every supported Python of this machine, each in an environment of its own.

`python tests/pythons.py 3.10 3.13` runs them on those alone.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SUPPORTED = ((3, 10), (3, 11), (3, 12), (3, 13))
ENVIRONMENTS = ROOT / "build" / "pythons"
WITHOUT = (
    "--deselect", "tests/test_architecture.py::test_tool_is_content",
    "--deselect", "tests/test_accepted.py::test_ruff_is_content",
    "--deselect", "tests/test_accepted.py::test_ruff_would_not_reformat",
)  # fmt: skip
"""What needs the tools of `make lint`, which check for all versions at once."""


def interpreters() -> dict[tuple[int, int], str]:
    """The first working interpreter of each supported version: on PATH, then of pyenv."""
    found: dict[tuple[int, int], str] = {}
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    for version in SUPPORTED:
        name = f"python{version[0]}.{version[1]}"
        candidates = [shutil.which(name), *sorted(map(str, pyenv.glob(f"{version[0]}.{version[1]}*/bin/python")))]
        for candidate in filter(None, candidates):
            if works(candidate, version):
                found[version] = candidate
                break
    return found


def works(python: str, version: tuple[int, int]) -> bool:
    """Whether `python` starts, is of that version, and can make virtual environments (a shim may do none of that)."""
    code = f"import sys, venv, ensurepip; sys.exit(sys.version_info[:2] != {version})"
    return subprocess.run([python, "-c", code], capture_output=True).returncode == 0


def run_tests(version: tuple[int, int], python: str) -> int:
    """Set up the environment once, and run the tests in it; gives pytest's exit status."""
    folder = ENVIRONMENTS / f"{version[0]}.{version[1]}"
    own = folder / "bin" / "python"
    if not own.exists():
        subprocess.run([python, "-m", "venv", str(folder)], check=True)
    pip = [str(own), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    subprocess.run([*pip, "--editable", f"{ROOT}[core-dev]"], check=True)
    print(f"== Python {version[0]}.{version[1]}", flush=True)
    return subprocess.run(
        [str(own), "-m", "pytest", "-q", "-m", "not orchestrator and not slow", *WITHOUT], cwd=ROOT
    ).returncode


def main() -> int:
    """Exit status: 0 if all passed, 1 if one failed, 2 if there was none to run."""
    wanted = sys.argv[1:]
    found = {v: p for v, p in interpreters().items() if not wanted or f"{v[0]}.{v[1]}" in wanted}
    failed = [version for version, python in found.items() if run_tests(version, python) != 0]
    for version in SUPPORTED:
        state = "not run" if version not in found else "failed" if version in failed else "passed"
        print(f"Python {version[0]}.{version[1]}: {state}")
    return 2 if not found else 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
