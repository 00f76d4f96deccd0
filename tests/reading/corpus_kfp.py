"""Reads the corpus of compiled Kubeflow pipelines, writes them again, and says what has become of each.

    python -m tests.reading.corpus_kfp [PART OF A NAME ...]

exact      read without a finding of more than information, and what is written again is equivalent
           (`tests/reading/equivalence_kfp.py` says what is compared)
inexact    a finding names what is lost or changed
opaque     the same, but that a task is kept in Kubeflow's own words
refused    no module; a finding says why
DIFFERS    nothing was said, and what is written again is not equivalent: a defect
DEFECT     the frontend or the backend refuses what was made, or something crashes
"""

from __future__ import annotations

import re
import sys
import tempfile
import traceback
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from pipec.backends.kfp import KfpBackend
from pipec.backends.kfp.reading.reader import KfpReader
from pipec.compiler import frontend
from pipec.compiler.diagnostics import Report
from pipec.compiler.reading import Source, render
from pipec.compiler.site import Site
from pipec.ir import Pipeline
from tests.reading.equivalence_kfp import differences
from tests.support.discovery import ROOT

INVALID = ("hello_world_schema_2_0_0.yaml", "empty_file.yaml", "no_name.yaml")
"""What is invalid on purpose."""


def corpus() -> list[Path]:
    """The files; none where the corpus is not there."""
    places = (parent / "shared" / "corpora" / "kfp" for parent in ROOT.parents)
    found = next((place for place in places if place.is_dir()), ROOT / "nowhere")
    return sorted([*found.glob("specs/*.yaml"), *found.glob("invalid/*.yaml")])


@dataclass
class Result:
    """One file."""

    status: str
    why: list[str] = field(default_factory=list)
    text: str = ""
    """The module."""
    pipelines: tuple[Pipeline, ...] = ()
    written: str = ""
    """The document that is built of it."""


def documents(text: str) -> list[Any]:
    """The documents of a file."""
    return list(yaml.load_all(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))


def read(file: Path) -> Result:
    """Read `file`, build what was made of it, and compare."""
    report = Report()
    outcome = KfpReader().read(Source(file, file.name, file.read_text(encoding="utf-8")), report)
    said = [f"{f.code} {f.message}" for f in report if f.severity != "info"]
    if outcome.module is None:
        return Result("refused", said)
    text = render(outcome.module)
    again = Report()
    with tempfile.TemporaryDirectory() as folder:
        module = Path(folder, "migrated.py")
        module.write_text(text, encoding="utf-8")
        pipelines = frontend.read(module, root=Path(folder), site=Site(), report=again)
    main = next((p for p in pipelines if p.function == outcome.pipelines[0].function), None)
    bundle = KfpBackend().build(main, Site(), again) if main is not None else None
    wrong = [f"{f.code} {f.message} (line {f.span.line})" for f in again if f.severity == "error"]
    if main is None or bundle is None or wrong:
        return Result("DEFECT", wrong, text)
    written = bundle.files[bundle.main]
    made = Result("exact", said, text, pipelines, written)
    if any("PC503" not in one for one in said):
        made.status = "inexact"
    elif differs := differences(documents(file.read_text(encoding="utf-8")), main, documents(written)):
        made.status, made.why = "DIFFERS", differs
    elif said:
        made.status = "opaque"
    return made


def causes(results: dict[str, Result]) -> Counter[str]:
    """Why files are not exact, with names left out."""
    found: Counter[str] = Counter()
    for name, result in results.items():
        if name not in INVALID and result.status != "exact":
            found.update({re.sub(r"`[^`]*`", "`...`", why)[:150] for why in result.why})
    return found


def main(names: list[str]) -> int:
    """Print what has become of each file, and the totals."""
    results: dict[str, Result] = {}
    for file in corpus():
        if names and not any(name in file.name for name in names):
            continue
        try:
            result = read(file)
        except Exception as error:
            result = Result("DEFECT", [f"{type(error).__name__}: {error}"])
            if names:
                traceback.print_exc()
        results[file.name] = result
        if names:
            print(result.text)
        print(f"{result.status:10} {file.name:64} {'; '.join(result.why)[: None if names else 150]}")
    valid = {name: result for name, result in results.items() if name not in INVALID}
    counts = Counter(result.status for result in valid.values())
    invalid = [results[name].status for name in INVALID if name in results]
    print(f"\n{len(valid)} valid files: {', '.join(f'{n} {status}' for status, n in counts.most_common())}")
    print(f"{len(invalid)} invalid files: {invalid.count('refused')} refused")
    if valid:
        fine = len(valid) - counts["DEFECT"] - counts["DIFFERS"]
        print(f"without a defect {100 * fine / len(valid):.1f} %, exact {100 * counts['exact'] / len(valid):.1f} %")
    print("\nWhy files are not exact:")
    for cause, count in causes(results).most_common():
        print(f"{count:4} {cause}")
    return counts["DEFECT"] + counts["DIFFERS"]


if __name__ == "__main__":
    sys.exit(bool(main(sys.argv[1:])))
