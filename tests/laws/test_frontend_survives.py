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


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_standard_library(file: Path) -> None:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef):
            continue
        report = Report()
        found = read(file, root=LIBRARY, site=Site(), report=report, pipeline=node.name)
        for pipeline in found:
            passes.run(pipeline, report)
        assert found or report.failed, node.name
        for finding in report:
            assert finding.message and 1 <= finding.span.line <= finding.span.end_line
