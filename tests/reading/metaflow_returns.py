"""What pipec writes for Metaflow, read back: does it give what the pipeline gives?

`python -m tests.reading.metaflow_returns [CASE...]` runs the module of each case and the migrated one in plain Python,
for each of its runs, and prints a line for each difference. Each case has a process of its own.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from tests.reading import corpus_metaflow as corpus
from tests.support.discovery import Case, cases, samples

SAME_AS_PLAIN = "same"


def load(path: Path, name: str) -> ModuleType:
    """A module by its file."""
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def same(one: Any, other: Any) -> bool:
    """Equal, arrays and frames by what is in them, and NaN to itself."""
    if isinstance(one, float) and isinstance(other, float) and one != one:
        return other != other
    if isinstance(one, (list, tuple)) and type(one) is type(other):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[k], other[k]) for k in one)
    if hasattr(one, "equals"):
        return bool(one.equals(other))
    if hasattr(one, "tobytes"):
        return bool((one == other).all())
    return bool(one == other) or repr(one) == repr(other) or type(one).__module__ == "pipeline"


def outcome(function: Callable[..., Any], parameters: dict[str, Any]) -> Any:
    """What it gives, or that it fails."""
    try:
        return function(**parameters)
    except (Exception, SystemExit) as error:
        return ("failed", str(error).replace(os.getcwd(), ""))


def differences(case: Case, folder: Path) -> list[str]:
    """What is not the same, for one case."""
    flows = sorted((case.folder / "built" / "metaflow").glob("*.py"))
    flow = next((one for one in flows if one.stem == f"{case.function}_flow"), flows[0])
    found = corpus.read_flow(flow)
    if not found.outcome.pipelines:
        return [f"refused: {found.findings[0].message}"]
    if found.refused:
        return found.refused
    path = folder / "migrated.py"
    path.write_text(found.text, encoding="utf-8")
    sys.path[:0] = [str(case.folder)]
    migrated = getattr(load(path, "migrated"), found.outcome.pipelines[0].function)
    original = getattr(load(case.file, "pipeline"), case.function)
    different = []
    for run in case.runs:
        if run.status == "refused" or run.plain != SAME_AS_PLAIN:
            continue
        values = []
        for n, function in enumerate((original, migrated)):
            own = folder / f"{run.number}-{n}"
            own.mkdir()
            os.chdir(own)
            values.append(outcome(function, run.parameters(own)))
        if not same(*values):
            different.append(f"run {run.number}: {values[0]!r:.300} became {values[1]!r:.300}")
    return different


def main(names: list[str]) -> None:
    """Print the differences of the cases that are named, or of all."""
    for case in (*cases(), *samples()):
        if not (case.folder / "built" / "metaflow").is_dir() or (names and case.name not in names):
            continue
        sys.stdout.flush()
        child = os.fork()
        if child:
            os.waitpid(child, 0)
            continue
        with tempfile.TemporaryDirectory() as folder:
            try:
                lines = differences(case, Path(folder))
            except Exception as error:
                lines = [f"{type(error).__name__}: {error}"]
            os.chdir(os.sep)
        print(f"{case.name}: {'; '.join(lines) or 'equal'}", flush=True)
        os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
