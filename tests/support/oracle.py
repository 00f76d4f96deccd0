"""One random module twice: as plain Python, which is the oracle, and as the frontend reads it."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

from pipec.compiler.diagnostics import Report
from pipec.compiler.frontend import read
from pipec.compiler.site import Site
from pipec.ir import Pipeline

NAME = "random_pipeline"


def imported(source: str, folder: Path) -> ModuleType:
    """The module as Python has it; its file lies in `folder`."""
    file = folder / f"{NAME}.py"
    file.write_text(source, encoding="utf-8")
    module = ModuleType(NAME)
    sys.modules[NAME] = module
    exec(compile(source, str(file), "exec"), module.__dict__)  # noqa: S102  # plain Python is the oracle
    return module


def as_read(folder: Path) -> tuple[Pipeline, Report]:
    """`main` of the module that lies in `folder`; what is generated is never refused."""
    report = Report()
    found = read(folder / f"{NAME}.py", root=folder, site=Site(), report=report, pipeline="main")
    assert found, [(f.span.line, f.message) for f in report if f.severity == "error"]
    return found[0], report
