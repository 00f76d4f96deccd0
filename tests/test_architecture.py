"""The house rules that a program can check: layers, types, lint, sizes, and what importing pipec costs."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.discovery import ROOT

BIN = Path(sys.executable).parent
SOURCES = sorted((ROOT / "pipec").rglob("*.py"))
ORCHESTRATORS = ("kfp", "kubeflow", "airflow", "metaflow", "argo")


def relative(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


@pytest.mark.parametrize(
    "command", [["ruff", "check"], ["mypy"], ["lint-imports"]], ids=["ruff", "mypy", "import contracts"]
)
def test_tool_is_content(command: list[str]) -> None:
    done = subprocess.run([str(BIN / command[0]), *command[1:]], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("file", SOURCES, ids=relative)
def test_oldest_python_reads_it(file: Path) -> None:
    ast.parse(file.read_text(encoding="utf-8"), feature_version=(3, 10))


def test_files_and_functions_are_short() -> None:
    long = []
    for file in SOURCES:
        text = file.read_text(encoding="utf-8")
        if text.count("\n") > 400:
            long.append(f"{relative(file)}: {text.count(chr(10))} lines")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.end_lineno:
                if node.end_lineno - node.lineno > 60:
                    long.append(f"{relative(file)}:{node.lineno} {node.name}: {node.end_lineno - node.lineno} lines")
    assert long == []


def test_core_names_no_orchestrator() -> None:
    """Only backends know their orchestrators; documentation may give examples."""
    core = [f for f in SOURCES if relative(f).split("/")[1] in ("ir", "compiler", "cli", "api.py", "authoring.py")]
    found = []
    for file in core:
        tree = ast.parse(file.read_text(encoding="utf-8"))
        prose = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr) and isinstance(n.value, ast.Constant)}
        for node in ast.walk(tree):
            words = ""
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
                words = node.value
            elif isinstance(node, (ast.Name, ast.Attribute, ast.FunctionDef, ast.ClassDef, ast.arg, ast.alias)):
                words = next(str(getattr(node, a)) for a in ("id", "attr", "name", "arg") if hasattr(node, a))
            if any(name in words.lower() for name in ORCHESTRATORS):
                found.append(f"{relative(file)}:{getattr(node, 'lineno', 0)} {words[:60]!r}")
    assert found == []


def test_everything_public_says_what_it_is() -> None:
    silent = []
    for file in SOURCES:
        tree = ast.parse(file.read_text(encoding="utf-8"))
        template = "templates" in file.parts  # its text goes into other files, where a docstring would be out of place
        if tree.body and ast.get_docstring(tree) is None and not template:
            silent.append(relative(file))
        for node in tree.body:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_"):
                overload = any(getattr(d, "id", "") == "overload" for d in node.decorator_list)
                if ast.get_docstring(node) is None and not overload and not (template and node.name.startswith("test")):
                    silent.append(f"{relative(file)}:{node.lineno} {node.name}")
    assert [s for s in silent if "authoring" not in s or ":" not in s] == []


def test_importing_pipec_needs_only_the_standard_library() -> None:
    code = (
        "import sys; before = set(sys.modules); import pipec; "
        "print(sorted(m for m in {n.split('.')[0] for n in set(sys.modules) - before} "
        "if m not in sys.stdlib_module_names and m != 'pipec'))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_importing_pipec_costs_little() -> None:
    """Under 30 ms on an idle machine. Processor time, and the least of several, so that neighbours do not count."""
    code = "import time; t = time.process_time(); import pipec; print(time.process_time() - t)"
    runs = [subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True) for _ in range(15)]
    assert min(float(run.stdout) for run in runs) < 0.030


def test_core_imports_no_orchestrator() -> None:
    """Building for every target needs none of them; `run` and `verify` alone do."""
    code = (
        "import sys, pipec.api, pipec.cli, pipec.backends as b; "
        "[b.get(t) for t in b.names()]; "
        "print(sorted({n.split('.')[0] for n in sys.modules} & {'kfp', 'airflow', 'metaflow', 'kubernetes'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


@pytest.mark.xdist_group("together")
def test_groups_of_tests_stay_together(request: pytest.FixtureRequest) -> None:
    """pytest-xdist says so in the id. Else each worker would start each orchestrator, which takes most of the time."""
    if os.environ.get("PYTEST_XDIST_WORKER") and getattr(request.config.option, "loadgroup", False):
        assert request.node.nodeid.endswith("@together")
