"""How much of what pipec writes for Kubeflow it can read back: `python -m tests.reading.kfp_own [CASE...]`.

For every case with a built document: whether it is read, whether the frontend takes what was read, whether that builds
to the same document, and whether each of the case's runs gives the same result and the same calls as plain Python.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipec.backends.kfp.build import build
from pipec.backends.kfp.reading import own
from pipec.backends.kfp.reading.yaml import load
from pipec.compiler import frontend
from pipec.compiler.diagnostics import Report
from pipec.compiler.reading import Source, render
from pipec.compiler.site import Site
from pipec.ir import Pipeline
from tests.support.discovery import Case, cases, samples
from tests.support.plain import PlainPython


def told(answer: dict[str, Any]) -> dict[str, Any]:
    """What a run has said, without its own folder, addresses in memory and the modules of classes: all are in one here."""
    text = json.dumps(answer["result"]).replace(answer["folder"], "{folder}")
    text = re.sub(r'("type": ")[\w.]+\.(\w+)', r"\1\2", text)
    text = re.sub(r"/tmp/tmp\w+", "{folder}", text)
    return answer | {"result": re.sub(r"(?<= at )0x[0-9a-f]+", "{address}", text)}


@dataclass
class Back:
    """One document that was read back."""

    case: Case
    document: Path
    text: str = ""
    """The module."""
    function: str = ""
    findings: list[str] = field(default_factory=list)
    pipelines: tuple[Pipeline, ...] = ()
    refused: bool = False
    wrong: list[str] = field(default_factory=list)
    """What the frontend, or the backend, says against the module."""
    same: bool = False
    """Whether it builds to the same document, but for what stands above it."""


def documents() -> Iterator[tuple[Case, Path]]:
    """Every built document of a case or sample."""
    for case in (*cases(), *samples()):
        for file in sorted((case.folder / "built" / "kfp").glob("*.yaml")):
            if not file.name.endswith(".recurring-run.yaml"):
                yield case, file


def read_back(case: Case, file: Path, folder: Path, static: bool = False) -> Back:
    """Read `file` back; the module is written into `folder`."""
    report = Report()
    source = Source(file, file.name, file.read_text(encoding="utf-8"), file.parent)
    found = load(source, report)
    back = Back(case, file)
    assert found is not None and own.is_own(found), [f.message for f in report]
    outcome = own.translate(found, source, report)
    back.findings = [f"{f.code} {f.message}" for f in report]
    back.refused = outcome.module is None
    if outcome.module is None:
        return back
    back.text = render(outcome.module)
    back.function = outcome.pipelines[0].function
    module = folder / "pipeline.py"
    module.write_text(back.text, encoding="utf-8")
    again = Report()
    back.pipelines = frontend.read(module, root=folder, site=Site(), report=again, pipeline=back.function)
    back.wrong = [f"{f.code} {f.message} @{f.span.line}" for f in again if f.severity == "error"]
    if back.pipelines and not back.wrong and not static:
        built = build(back.pipelines[0], _site(source.text), again)
        back.wrong = [f"{f.code} {f.message} @{f.span.line}" for f in again if f.severity == "error"]
        back.same = built is not None and _body(built.files[built.main]) == _body(source.text)
    return back


def _site(text: str) -> Site:
    """Small tasks are in the image of the project, which a module does not say."""
    images = re.findall(r"A small task of the pipeline.*?\n      image: (\S+)|^        image: (\S+)", text, re.M)
    return Site(image=images[0][1].strip('"')) if images and images[0][1] else Site()


def _body(text: str) -> str:
    return re.sub(r"\A(?:#[^\n]*\n)+", "", text)


def compared(back: Back, folder: Path, plain: PlainPython) -> list[str]:
    """Where the runs of the case differ from those of the module that was read back."""
    if back.document.stem != back.case.function:
        return []
    steps = sorted({c.function or c.name for c in back.pipelines[0].components})
    found = []
    for run in back.case.runs:
        copies = "deepcopy(" in back.text  # a shared task does what bare Python does not: it hands on copies
        if run.status == "refused" or (copies and run.plain == "differs"):
            continue
        one = told(plain.run(run, steps=steps))
        other = told(plain.run(run, folder / "pipeline.py", back.function, steps))
        if set(one["calls"]) != set(other["calls"]):  # steps of other modules, and reserved names, are renamed
            one["calls"] = other["calls"] = {}
        for what in ("status", "result", "calls"):
            if one[what] != other[what] and not (what == "calls" and "failed" in (one["status"], other["status"])):
                found.append(f"run {run.number} {what}: {one[what]} {one['error']} | {other[what]} {other['error']}")
    return found


def main(names: list[str]) -> None:
    """Print what becomes of each document, and the figures. `--static`: nothing is run or built; `--bare`: nothing is built."""
    counts: Counter[str] = Counter()
    static, bare = "--static" in names, "--bare" in names
    names = [name for name in names if not name.startswith("--")]
    plain = PlainPython()
    for case, file in documents():
        if names and not any(name in str(file) for name in names):
            continue
        with tempfile.TemporaryDirectory() as text:
            folder = Path(text)
            try:
                back = read_back(case, file, folder, static or bare)
            except Exception as error:
                if len(names) == 1:
                    raise
                state, why = "CRASH", [f"{type(error).__name__}: {error}"]
            else:
                if len(names) == 1:
                    print(back.text)
                if back.refused:
                    state, why = "refused", back.findings
                elif back.wrong:
                    state, why = "FRONTEND", back.wrong
                else:
                    why = [] if static else compared(back, folder, plain)
                    state = "WRONG" if why else "identical" if back.same else "read"
        counts[state] += 1
        print(f"{state:10} {file.stem:40} {'; '.join(why)[:400]}", flush=True)
    print(dict(counts))


if __name__ == "__main__":
    main(sys.argv[1:])
