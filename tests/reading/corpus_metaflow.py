"""How much of real flows is read: `python -m tests.reading.corpus_metaflow [--run] [NAME...]` prints it for each.

Metaflow's own tutorials, our cases, and the flows that pipec itself writes. With `--run` also whether the migrated
module gives what the flow gives, both run here.
"""

from __future__ import annotations

import ast
import importlib.util
import os
import pickle
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipec.backends.metaflow.reading import MetaflowReader
from pipec.compiler.diagnostics import Report
from pipec.compiler.diagnostics.finding import Finding
from pipec.compiler.frontend import read
from pipec.compiler.reading import Outcome, Source, render
from pipec.compiler.site import Site
from tests.support.discovery import ROOT

CASES = ROOT / "tests" / "reading" / "metaflow"
DUMP = """
import pickle, sys
from metaflow import Flow, namespace
namespace(None)
run = Flow(sys.argv[1]).latest_run
data = {}
for artifact in run.end_task:
    try:
        data[artifact.id] = artifact.data
    except Exception as error:
        data[artifact.id] = repr(error)
pickle.dump(data if run.successful else None, open(sys.argv[2], "wb"))
"""
CALL = """
import pickle, sys, importlib
given = pickle.load(open(sys.argv[2], "rb"))
result = getattr(importlib.import_module("migrated"), sys.argv[1])(**given)
pickle.dump(result, open(sys.argv[3], "wb"))
"""


SHUFFLED, RANDOM = ("playlist",), ("bonus",)
"""Artifacts of the tutorials that are another in each run."""


@dataclass
class Read:
    """One file, and what has become of it."""

    path: Path
    outcome: Outcome
    text: str
    findings: list[Finding] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    """What the frontend has against the module."""


def read_flow(path: Path) -> Read:
    """Read a file, and let the frontend read the result."""
    report = Report()
    text = path.read_text(encoding="utf-8")
    outcome = MetaflowReader().read(Source(path=path, file=path.name, text=text, root=path.parent), report)
    module = render(outcome.module) if outcome.module is not None else ""
    found = Read(path, outcome, module, report.sorted())
    if module:
        with tempfile.TemporaryDirectory() as folder:
            made = Path(folder) / "migrated.py"
            made.write_text(module, encoding="utf-8")
            put_beside(outcome, Path(folder))
            for other in path.parent.glob("*.py"):
                if other != path:
                    (Path(folder) / other.name).write_text(other.read_text(encoding="utf-8"), encoding="utf-8")
            own = Report()
            pipelines = read(made, root=Path(folder), site=Site(), report=own)
            found.refused = [f"line {f.span.line}: {f.code} {f.message}" for f in own.sorted() if f.severity == "error"]
            if len(pipelines) != len(outcome.pipelines) and not found.refused:
                found.refused.append(f"{len(pipelines)} pipelines instead of {len(outcome.pipelines)}")
    return found


def put_beside(outcome: Outcome, folder: Path) -> None:
    """Write the files that a module reads to its folder."""
    assert outcome.module is not None
    for name, text in outcome.module.files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(text.encode())


def environment(folder: Path) -> dict[str, str]:
    """The environment of a run that leaves nothing behind."""
    return {
        **os.environ, "METAFLOW_HOME": str(folder / "home"), "METAFLOW_USER": "ci", "PYTHONPATH": str(ROOT),
        "METAFLOW_DATASTORE_SYSROOT_LOCAL": str(folder / "store"), "METAFLOW_DEFAULT_METADATA": "local",
    }  # fmt: skip


ELSEWHERE = ("conda", "conda_base", "pypi", "pypi_base", "kubernetes", "batch", "secrets", "on_kubernetes")
"""Decorators that need an environment or a cluster, and change no results."""


def here(text: str) -> str:
    """A flow without the decorators that keep it from running here."""
    lines = text.split("\n")
    for node in ast.walk(ast.parse(text)):
        for decorator in getattr(node, "decorator_list", ()):
            name = decorator.func if isinstance(decorator, ast.Call) else decorator
            if isinstance(name, ast.Name) and name.id in ELSEWHERE:
                for n in range(decorator.lineno - 1, decorator.end_lineno):
                    lines[n] = ""
    return "\n".join(lines)


def run_original(path: Path, flow: str, folder: Path) -> dict[str, Any] | None:
    """What a flow's artifacts are at its end; `None` for a run that failed."""
    text = here(path.read_text(encoding="utf-8"))
    copy = folder / path.name
    for other in path.parent.iterdir():
        if other.is_file():
            (folder / other.name).write_bytes(other.read_bytes())
    head = text.split('if __name__ == "__main__":')[0]
    copy.write_text(f'{head}if __name__ == "__main__":\n    {flow}()\n', encoding="utf-8")
    command = [sys.executable, copy.name, "--no-pylint", "--quiet", "run"]
    done = subprocess.run(command, cwd=folder, env=environment(folder), capture_output=True, text=True, timeout=300)
    if done.returncode:
        print(done.stdout[-1500:], done.stderr[-1500:], file=sys.stderr)
        return None
    result = folder / "original.pickle"
    command = [sys.executable, "-c", DUMP, flow, str(result)]
    subprocess.run(command, cwd=folder, env=environment(folder), check=True, timeout=300)
    found: dict[str, Any] | None = pickle.loads(result.read_bytes())
    return found


def run_migrated(read: Read, function: str, folder: Path) -> Any:
    """What the pipeline returns in plain Python, by its defaults."""
    (folder / "migrated.py").write_text(read.text, encoding="utf-8")
    put_beside(read.outcome, folder)
    for other in read.path.parent.glob("*.py"):
        if not (folder / other.name).exists():
            (folder / other.name).write_bytes(other.read_bytes())
    given, result = folder / "given.pickle", folder / "migrated.pickle"
    given.write_bytes(pickle.dumps({}))
    command = [sys.executable, "-c", CALL, function, str(given), str(result)]
    done = subprocess.run(command, cwd=folder, env=environment(folder), capture_output=True, text=True, timeout=300)
    if done.returncode:
        raise AssertionError(done.stderr[-3000:])
    return pickle.loads(result.read_bytes())


def differences(original: dict[str, Any], migrated: dict[str, Any] | None, parameters: set[str]) -> list[str]:
    """Artifacts that are not the same. What the original does not have is `None` in the result."""
    got = migrated or {}
    found = []
    for name in sorted(original.keys() | got.keys()):
        if name in parameters or name.startswith("_") or name == "name":
            continue
        if name not in got:
            found.append(f"{name} is missing")
        elif name in SHUFFLED:
            if sorted(original[name]) != sorted(got[name]):
                found.append(f"{name} has other items")
        elif name not in RANDOM and original.get(name) != got[name]:
            found.append(f"{name}: {original.get(name)!r:.200} became {got[name]!r:.200}")
    return found


def compare(read: Read) -> Iterator[tuple[str, list[str]]]:
    """Run each flow of a file and its migrated pipeline; (flow, differences)."""
    for pipeline in read.outcome.pipelines:
        with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
            if 'Flow("MovieStatsFlow")' in read.text:  # a tutorial that looks at another's run
                run_original(next(p for p in tutorials() if p.name == "stats.py"), "MovieStatsFlow", Path(one))
                other = one
            original = run_original(read.path, pipeline.name, Path(one))
            if original is None:
                yield pipeline.name, ["the original fails"]
                continue
            try:
                migrated = run_migrated(read, pipeline.function, Path(other))
            except AssertionError as error:
                yield pipeline.name, [f"the migrated pipeline fails: {error}"]
                continue
        yield pipeline.name, differences(original, migrated, not_results(read))


def not_results(read: Read) -> set[str]:
    """Parameters and constants of the classes of a file."""
    found: set[str] = set()
    for file in read.path.parent.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                for one in node.body:
                    if isinstance(one, ast.Assign) and isinstance(one.targets[0], ast.Name):
                        found.add(one.targets[0].id)
    return found


def tutorials() -> list[Path]:
    """Metaflow's own, as installed."""
    spec = importlib.util.find_spec("metaflow")
    assert spec is not None and spec.origin is not None
    return sorted((Path(spec.origin).parent / "tutorials").rglob("*.py"))


def cases() -> list[Path]:
    """Ours."""
    return sorted(CASES.glob("*/original.py"))


def own() -> list[Path]:
    """What pipec writes."""
    return sorted([*ROOT.glob("samples/*/built/metaflow/*.py"), *ROOT.glob("tests/cases/*/built/metaflow/*.py")])


def main(arguments: list[str]) -> None:
    """Print a line for each file, and totals."""
    runs = "--run" in arguments
    names = [a for a in arguments if not a.startswith("--")]
    for title, paths in (("tutorials", tutorials()), ("cases", cases()), ("written by pipec", own())):
        tasks: Counter[str] = Counter()
        files: Counter[str] = Counter()
        print(f"== {title}")
        for path in paths:
            if names and not any(name in str(path) for name in names):
                continue
            found = read_flow(path)
            label = path.parent.name if path.name == "original.py" else f"{path.parent.name}/{path.name}"
            statuses = Counter(t.status for p in found.outcome.pipelines for t in p.tasks)
            tasks += statuses
            state = "refused" if not found.outcome.pipelines else "bad" if found.refused else "read"
            files[state] += 1
            print(f"{label:45} {state:8} {dict(statuses)}")
            for line in found.refused:
                print("      frontend:", line)
            for finding in found.findings:
                if finding.code in ("PC501", "PC502", "PC506"):
                    print(f"      {finding.code} line {finding.span.line}: {finding.message}")
            if runs and found.outcome.pipelines:
                for flow, different in compare(found):
                    files["equal" if not different else "different"] += 1
                    for line in different:
                        print(f"      {flow}: {line}")
        total = sum(tasks.values())
        print(f"-- {title}: {dict(files)}; tasks {dict(tasks)}, {tasks['exact'] / max(total, 1):.1%} exact")


if __name__ == "__main__":
    main(sys.argv[1:])
