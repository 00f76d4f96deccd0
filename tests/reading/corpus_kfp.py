"""Reads the corpus of compiled Kubeflow pipelines, and prints what has become of each file."""

from __future__ import annotations

import sys
import tempfile
import time
import traceback
from pathlib import Path

import yaml

from pipec.backends.kfp import KfpBackend
from pipec.backends.kfp.reading.reader import KfpReader
from pipec.compiler import frontend
from pipec.compiler.diagnostics import Report
from pipec.compiler.reading import Source, render
from pipec.compiler.site import Site
from tests.reading.equivalence_kfp import differences


def main(names: list[str]) -> None:
    folder = Path("/work/shared/corpora/kfp")
    counts: dict[str, int] = {}
    for file in sorted([*folder.glob("specs/*.yaml"), *folder.glob("invalid/*.yaml")]):
        if names and not any(n in file.name for n in names):
            continue
        status, why = one(file, bool(names))
        counts[status] = counts.get(status, 0) + 1
        print(f"{status:10} {file.name:60} {why}")
    print(counts)


def one(file: Path, verbose: bool) -> tuple[str, str]:
    report = Report()
    source = Source(file, file.name, file.read_text())
    try:
        outcome = KfpReader().read(source, report)
        if outcome.module is None:
            return "refused", "; ".join(f"{f.code} {f.message}" for f in report)
        text = render(outcome.module)
    except Exception as e:
        if verbose:
            traceback.print_exc()
        return "CRASH", f"{type(e).__name__}: {e} @ {traceback.extract_tb(e.__traceback__)[-1].name}"
    if verbose:
        print(text)
        for f in report:
            print("   ", f.code, f.message, f.span.line)
    with tempfile.TemporaryDirectory() as tmp:
        path = Path(tmp, "m.py")
        path.write_text(text)
        again = Report()
        try:
            pipelines = frontend.read(path, root=Path(tmp), site=Site(), report=again)
            wrong = [f"{f.code} {f.message} @{f.span.line}" for f in again if f.severity == "error"]
            if wrong:
                return "FRONTEND", "; ".join(wrong[:3])
            built = {p.function: KfpBackend().build(p, Site(), again) for p in pipelines}
        except Exception as e:
            if verbose:
                traceback.print_exc()
            return "CRASH2", f"{type(e).__name__}: {e}"
        wrong = [f"{f.code} {f.message} @{f.span.line}" for f in again if f.severity == "error"]
        if wrong:
            return "BUILD", "; ".join(wrong[:3])
    main = next(p for p in pipelines if p.function == outcome.pipelines[0].function)
    bundle = built[main.function]
    assert bundle is not None
    load = lambda t: list(yaml.load_all(t, Loader=yaml.CSafeLoader))
    try:
        differs = differences(load(source.text), main, load(bundle.files[bundle.main]))
    except Exception as e:
        if verbose:
            traceback.print_exc()
        return "COMPARE", f"{type(e).__name__}: {e}"
    warn = [f"{f.code} {f.message}" for f in report if f.severity == "warning"]
    if differs and not warn:
        return "DIFFERS", "; ".join(differs) if verbose else "; ".join(differs)[:400]
    return ("inexact", "; ".join(warn[:2])) if warn else ("exact", "")


if __name__ == "__main__":
    main(sys.argv[1:])
