"""Kubeflow Pipelines: what is too long for the command of a container is refused when it is built."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pipec.backends.kfp import KfpBackend
from pipec.backends.kfp.limits import ARGUMENT
from pipec.compiler import frontend, passes
from pipec.compiler.backend import Bundle
from pipec.compiler.diagnostics import Report
from pipec.compiler.site import Site

STEPS = """
from pipec import pipeline, step

TEXT = {text!r}


@step
def small(text: str) -> int:
    return len(text)


@step
def large(n: int) -> int:
    return len(TEXT) * n


@pipeline
def sub(text: str) -> int:
    return small(text)

"""
PIPELINES = {
    "program": "@pipeline\ndef p(n: int = 1) -> int:\n    return large(n)\n",
    "argument": "@pipeline\ndef p(n: int = 1) -> int:\n    return small(TEXT)\n",
    "group": "@pipeline\ndef p(n: int = 1) -> int:\n    return sub(TEXT)\n",
    "default": "@pipeline\ndef p(text: str = TEXT) -> int:\n    return small(text)\n",
    "list": "@pipeline\ndef p(texts: list[str] = [TEXT[:70000], TEXT[70000:]]) -> int:\n    return small(texts[0])\n",
}


def built(folder: Path, text: str, pipeline: str) -> tuple[Bundle | None, Report]:
    file, report = folder / "module.py", Report()
    file.write_text(STEPS.format(text=text) + PIPELINES[pipeline], encoding="utf-8")
    (found,) = frontend.read(file, root=folder, site=Site(), report=report, pipeline="p")
    return KfpBackend().build(passes.run(found, report), Site(), report), report


@pytest.mark.parametrize("pipeline", PIPELINES)
def test_what_no_command_takes(pipeline: str, tmp_path: Path) -> None:
    """Counted in bytes of JSON: that is how it is handed over."""
    bundle, report = built(tmp_path, "é" * (ARGUMENT // 2) + "\n", pipeline)
    assert bundle is None
    (finding,) = [f for f in report if f.severity == "error"]
    assert finding.code == "PC408" and "126," in finding.message, finding.message


@pytest.mark.parametrize("pipeline", ["program", "argument", "default"])
def test_what_a_command_takes(pipeline: str, tmp_path: Path) -> None:
    """The largest that is built is one that Linux starts."""
    text = "x" * (ARGUMENT - (25_000 if pipeline == "program" else 100))
    bundle, report = built(tmp_path, text, pipeline)
    assert bundle is not None, list(report)
    done = subprocess.run([sys.executable, "-c", "pass", "x" * ARGUMENT], check=False)
    assert done.returncode == 0


def test_long_defaults_are_cut_above_the_document(tmp_path: Path) -> None:
    bundle, _ = built(tmp_path, "x" * 5_000, "default")
    assert bundle is not None
    head = bundle.files[bundle.main].partition("components:")[0]
    assert len(head) < 1_000 and "text: str = 'xxx" in head and "... (plain text)" in head
