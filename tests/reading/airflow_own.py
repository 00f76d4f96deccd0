"""Measures how many of the DAG files that pipec has written it reads back, and whether they still do the same.

    python -m tests.reading.airflow_own [CASE...]

Every built case and sample is read from its DAG file alone. What is read must be accepted by the frontend, and both
modules run as plain Python with the parameters of the case: same result, same calls of steps.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pipec.backends.airflow.reading import own
from pipec.compiler.diagnostics import Report
from pipec.compiler.frontend import read
from pipec.compiler.reading import Source, render
from pipec.compiler.site import Site
from pipec.ir import Pipeline
from pipec.ir.graph import tasks
from tests.support.discovery import Case, cases, samples
from tests.support.plain import PlainPython


@dataclass(frozen=True)
class Verdict:
    """What has become of one DAG file."""

    name: str
    status: str
    """"same", "refused" (by the reader), "frontend" (by the frontend), "different"."""
    why: str = ""
    text: str = ""


def built() -> Iterator[tuple[Case, Path]]:
    """Every case with the DAG file of its pipeline."""
    for case in (*samples(), *cases()):
        for file in sorted((case.folder / "built" / "airflow").glob("*.py")):
            if "with DAG(" in file.read_text(encoding="utf-8"):  # else it is what an isolated step runs
                yield case, file


def migrated(file: Path) -> tuple[str | None, Report, str]:
    """The text of the module, the report, and the pipeline's function."""
    report = Report()
    source = Source(file, file.name, file.read_text(encoding="utf-8"), file.parent)
    assert own.is_own(source), file
    outcome = own.read(source, report)
    if outcome.module is None:
        return None, report, ""
    return render(outcome.module), report, outcome.pipelines[0].function


def accepted(text: str, folder: Path) -> tuple[list[Pipeline], Report]:
    """What the frontend makes of a module."""
    file = folder / "migrated.py"
    file.write_text(text, encoding="utf-8")
    report = Report()
    return list(read(file, root=folder, site=Site(), report=report)), report


def steps_of(pipelines: list[Pipeline]) -> list[str]:
    """The functions of the steps."""
    return sorted({c.name for p in pipelines for c in p.components})


def judge(case: Case, file: Path, plain: PlainPython) -> Verdict:
    """Read one file and compare."""
    name = case.name if file.stem == case.name else f"{case.name}/{file.stem}"
    text, report, function = migrated(file)
    if text is None:
        return Verdict(name, "refused", "; ".join(f"{f.span.line}: {f.message}" for f in report))
    with tempfile.TemporaryDirectory() as folder:
        found, told = accepted(text, Path(folder))
        if not found or any(f.severity == "error" for f in told):
            why = "; ".join(f"{f.span.line}: {f.code} {f.message}" for f in told if f.severity == "error")
            return Verdict(name, "frontend", why, text)
        home = case.folder / f"{file.stem}.py"  # the module of another pipeline that the case builds, as samples do
        home = home if home.is_file() else case.file
        known = list(read(home, root=case.folder, site=Site(), report=Report()))
        if not any(p.function == function for p in known):
            known = known or list(read(home, root=case.folder, site=Site(), report=Report(), pipeline=case.function))
        names = {p.name for one in known if one.function == function for p in one.parameters}
        fused = any(task.policy.fuse for p in known for task in tasks(p))  # then a step of the DAG file calls several
        steps = steps_of(known if fused else found)
        for run in case.runs:
            if run.status == "refused" or run.plain == "differs":
                continue
            if home != case.file:
                run = replace(run, params={k: v for k, v in run.params.items() if k in names})
            one = plain.run(run, home, function if home != case.file else case.function, steps_of(known))
            two = plain.run(run, Path(folder, "migrated.py"), function, steps)
            if why := difference(one, two):
                return Verdict(name, "different", f"{dict(run.params)}: {why}", text)
    return Verdict(name, "same", "", text)


def difference(one: dict[str, Any], two: dict[str, Any]) -> str:
    """In words; "" if there is none."""
    if one["status"] != two["status"]:
        return f"{one['status']} against {two['status']}: {(two['error'] or one['error'])[-300:]}"
    if shown(one["result"]) != shown(two["result"]):
        return f"result {one['result']!r} against {two['result']!r}"
    if one["status"] == "succeeded" and sum(one["calls"].values()) != sum(two["calls"].values()):
        return f"calls {one['calls']} against {two['calls']}"
    return ""


def shown(result: object) -> str:
    """A result as text, without the modules that its types stand in."""
    return re.sub(r'"type": "[\w.]*\.(\w+)"', r'"type": "\1"', json.dumps(result, sort_keys=True))


def main(names: list[str]) -> None:
    """Measure, and print."""
    plain = PlainPython()
    verdicts = []
    for case, file in built():
        if names and case.name not in names:
            continue
        try:
            verdict = judge(case, file, plain)
        except Exception as error:  # a fault is a figure too
            if names:
                raise
            verdict = Verdict(case.name, "crash", repr(error))
        verdicts.append(verdict)
        if verdict.status != "same":
            print(f"{verdict.name}: {verdict.status}: {verdict.why[:400]}")
        if names:
            print(verdict.text)
    plain.close()
    print(dict(Counter(v.status for v in verdicts)), len(verdicts))


if __name__ == "__main__":
    main(sys.argv[1:])
