"""Whatever Python it is given, the frontend ends in pipelines or findings: the standard library, function by function."""

from __future__ import annotations

import ast
import sysconfig
from pathlib import Path

import pytest

from pipec.compiler import passes
from pipec.compiler.diagnostics import Report
from pipec.compiler.frontend import read
from pipec.compiler.site import Site

LIBRARY = Path(sysconfig.get_paths()["stdlib"])
FILES = sorted(LIBRARY.glob("*.py"))[::4]


@pytest.mark.parametrize(
    "file", [pytest.param(f, id=f.stem, marks=[pytest.mark.slow] if i % 2 else []) for i, f in enumerate(FILES)]
)
def test_standard_library(file: Path, tmp_path: Path) -> None:
    """Each module by itself: what it imports is outside of the project."""
    alone = tmp_path / file.name
    alone.write_bytes(file.read_bytes())
    survives(alone, tmp_path)


@pytest.mark.parametrize("file", FILES[::8], ids=lambda f: f.stem)
def test_standard_library_as_one_project(file: Path) -> None:
    """With all that it imports: hundreds of modules, many of them in circles."""
    survives(file, LIBRARY, most=2)


def survives(file: Path, root: Path, most: int | None = None) -> None:
    """Each function of `file`, or the first ones, is read as a pipeline: that ends in a pipeline or in findings."""
    functions = [n for n in ast.parse(file.read_text(encoding="utf-8")).body if isinstance(n, ast.FunctionDef)]
    for node in functions[:most]:
        report = Report()
        found = read(file, root=root, site=Site(), report=report, pipeline=node.name)
        for pipeline in found:
            passes.run(pipeline, report)
        assert found or report.failed, node.name
        for finding in report:
            assert finding.message and 1 <= finding.span.line <= finding.span.end_line
