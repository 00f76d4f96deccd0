"""Airflow's own example DAGs, read and written back.

    python -m tests.reading.corpus_airflow [-v] [--json FILE] [--files FILE...] [WORD...]

For each file: how much of it was read exactly, what was kept in Airflow's words, what was refused, and whether the DAGs
that are written back have the tasks and edges of the originals. Originals and results are loaded by Airflow itself.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
import tempfile
import traceback
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Graph = tuple[frozenset[str], frozenset[tuple[str, str]]]
"""Task ids, and edges."""


@dataclass
class Result:
    """What became of one file."""

    file: Path
    tasks: Counter[str] = field(default_factory=Counter)
    """Status -> number of tasks."""
    codes: Counter[str] = field(default_factory=Counter)
    """Finding -> number."""
    crashed: str = ""
    unloadable: str = ""
    """Why this Airflow does not load the original: it is older, or lacks a provider."""
    wrong: list[str] = field(default_factory=list)
    """What the frontend or the backend says against the result, and what differs in what is written back."""
    dags: int = 0
    same: int = 0
    """DAGs that have the same tasks and edges when written back."""
    restructured: int = 0
    """DAGs with branch operators or mapped groups, which are written back with operators of pipec's own."""
    redundant: int = 0
    """The same but for edges that others imply."""

    @property
    def status(self) -> str:
        """In one word."""
        if self.crashed:
            return "crash"
        if self.codes["PC506"] or self.codes["PC501"]:
            return "refused"
        if self.codes["PC502"]:
            return "no DAG"
        if self.codes["PC505"] or self.codes["PC507"]:
            return "lossy"
        if self.tasks["opaque"]:
            return "opaque"
        return "adapted" if self.tasks["adapted"] else "exact"


def examples() -> list[Path]:
    """The example DAGs of the installed packages."""
    import airflow

    root = Path(airflow.__file__).parent
    return sorted(f for f in root.rglob("*.py") if "example_dags" in f.parts and not {"plugins", "libs"} & set(f.parts))


def quiet() -> Path:
    """Set Airflow up in a throw-away folder, before it is imported."""
    home = Path(tempfile.mkdtemp())
    os.environ |= {"AIRFLOW_HOME": str(home), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    logging.disable(logging.CRITICAL)
    return home


def graphs(file: Path) -> tuple[dict[str, Graph], str]:
    """The DAGs of a file as Airflow loads them, and its error."""
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(str(file))
    found = {d.dag_id: graph_of(d) for d in bag.dags.values()}
    return found, "; ".join(str(e).strip().split("\n")[-1] for e in bag.import_errors.values())


def graph_of(dag: Any) -> Graph:
    """The tasks and the edges of a DAG."""
    ids = frozenset(t.task_id for t in dag.tasks)
    return ids, frozenset((t.task_id, down) for t in dag.tasks for down in t.downstream_task_ids)


def reduced(edges: frozenset[tuple[str, str]]) -> frozenset[tuple[str, str]]:
    """`edges` without those that others imply."""
    down: dict[str, set[str]] = {}
    for one, other in edges:
        down.setdefault(one, set()).add(other)

    def reaches(start: str, end: str) -> bool:
        todo, seen = [n for n in down.get(start, ()) if n != end], set[str]()
        while todo:
            node = todo.pop()
            if node == end:
                return True
            if node not in seen:
                seen.add(node)
                todo += down.get(node, ())
        return False

    return frozenset(e for e in edges if not reaches(*e))


def measure(file: Path, folder: Path) -> Result:
    """Read `file`, write it back into `folder`, and compare."""
    result = Result(file)
    try:
        _measure(file, folder, result)
    except Exception:
        result.crashed = traceback.format_exc()
    return result


def _measure(file: Path, folder: Path, result: Result) -> None:
    from pipec.backends.airflow import AirflowBackend
    from pipec.backends.airflow.reading import AirflowReader
    from pipec.compiler import passes
    from pipec.compiler.diagnostics import Report
    from pipec.compiler.frontend import read
    from pipec.compiler.reading import Source, render
    from pipec.compiler.site import Site

    report = Report()
    outcome = AirflowReader().read(Source(file, file.name, file.read_text(encoding="utf-8"), file.parent), report)
    result.codes.update(f.code for f in report)
    for pipeline in outcome.pipelines:
        result.tasks.update(t.status for t in pipeline.tasks)
    originals, result.unloadable = graphs(file)
    result.dags = len(originals)
    if outcome.module is None:
        return
    folder.mkdir(parents=True)
    module = folder / "module.py"
    module.write_text(render(outcome.module), encoding="utf-8")
    said, site = Report(), Site()
    pipelines = read(module, root=folder, site=site, report=said)
    result.wrong += [f"{f.code} line {f.span.line}: {f.message}" for f in said if f.severity == "error"]
    written = folder / "dags"
    written.mkdir()
    for one in pipelines:
        if one.name not in {p.name for p in outcome.pipelines}:
            continue  # a task group
        told = Report()
        bundle = AirflowBackend().build(passes.run(one, told), site, told)
        result.wrong += [f"{f.code} line {f.span.line}: {f.message}" for f in told if f.severity == "error"]
        if bundle is None:
            continue
        made = written / f"{one.name}.py"
        made.write_text(bundle.files[bundle.main], encoding="utf-8")
        found, error = graphs(made)
        if "No module named 'airflow.providers" in error:
            result.unloadable = error
        elif error:
            result.wrong.append(f"{one.name}: {error}")
        if error:
            continue
        notes = {n for p in outcome.pipelines if p.name == one.name for t in p.tasks for n in t.notes}
        chosen = any("below an `if`" in n or "once for each item" in n for n in notes)
        if not result.unloadable:
            compare(one.name, originals, found, result, chosen)


def compare(name: str, originals: dict[str, Graph], found: dict[str, Graph], result: Result, chosen: bool) -> None:
    """Whether the DAG that was written back is the original."""
    if name not in originals or name not in found:
        result.wrong.append(f"{name}: {sorted(originals)} against {sorted(found)}")
        return
    (tasks, edges), (ours, our_edges) = originals[name], found[name]
    if tasks == ours and edges == our_edges:
        result.same += 1
    elif tasks == ours and reduced(edges) == reduced(our_edges):
        result.redundant += 1
    elif chosen:
        result.restructured += 1
    else:
        result.wrong.append(
            f"{name}: tasks {sorted(tasks ^ ours)}, edges lost {sorted(edges - our_edges)}, "
            f"new {sorted(our_edges - edges)}"
        )


def main(arguments: list[str]) -> int:
    """Measure all examples whose path has one of the words, and print a line for each, and the totals."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("words", nargs="*")
    parser.add_argument("-v", "--verbose", action="store_true")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--files", nargs="+", type=Path)
    given = parser.parse_args(arguments)
    home = quiet()
    results = []
    files = given.files or [f for f in examples() if not given.words or any(w in str(f) for w in given.words)]
    for i, file in enumerate(files):
        result = measure(file, home / "dags" / str(i))
        results.append(result)
        name = file.stem if given.files is None else file.parent.name
        tasks = " ".join(f"{k}={v}" for k, v in sorted(result.tasks.items()))
        codes = " ".join(f"{k}={v}" for k, v in sorted(result.codes.items()))
        print(f"{name:55} {result.status:8} {result.same}+{result.redundant}/{result.dags:<6} {tasks:32} {codes}")
        if given.verbose or result.crashed:
            lines = [result.unloadable, *result.wrong, *result.crashed.split("\n")[-12:]]
            print("".join(f"    {line}\n" for line in lines if line), end="")
    print(summary(results))
    if given.json is not None:
        found = [{**vars(r), "file": str(r.file), "status": r.status} for r in results]
        given.json.write_text(json.dumps(found), encoding="utf-8")
    return 1 if any(r.crashed for r in results) else 0


def summary(results: list[Result]) -> str:
    """The totals."""
    real = [r for r in results if r.status != "no DAG"]
    by_status = Counter(r.status for r in real)
    tasks: Counter[str] = sum((r.tasks for r in real), Counter())
    good = by_status["exact"] + by_status["adapted"] + by_status["opaque"]
    dags, same, redundant, restructured = (
        sum(getattr(r, k) for r in real) for k in ("dags", "same", "redundant", "restructured")
    )
    wrong = sum(bool(r.wrong) for r in real)
    return "\n".join(
        [
            f"{len(real)} files with DAGs: {dict(by_status)}; {good} ({good / max(1, len(real)):.0%}) without loss",
            f"{sum(tasks.values())} tasks: {dict(tasks)}",
            f"written back: {same} of {dags} DAGs with the same tasks and edges, {redundant} more but for implied edges, "
            f"{restructured} with branches or mapped groups in another form",
            f"{wrong} files with something wrong",
        ]
    )


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
