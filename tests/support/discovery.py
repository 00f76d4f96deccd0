"""Samples, cases and refusals, found by their folders. No test lists them."""

from __future__ import annotations

import io
import json
import re
import tokenize
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

ROOT = Path(__file__).resolve().parents[2]
TARGETS = ("kfp", "airflow", "metaflow")
"""The orchestrators; plain Python is the reference that they are compared with."""
ANY = object()
"""No expectation."""


@dataclass(frozen=True)
class Run:
    """One run of a case, with what is known about it besides that all targets agree."""

    case: Case
    number: int
    params: Mapping[str, Any] = field(default_factory=dict)
    """`"{tmp}"` stands for an empty folder of the run's own."""
    status: Literal["succeeded", "failed", "refused"] = "succeeded"
    """"refused": the parameters do not fit."""
    result: Any = ANY
    """As in `run --json`."""
    error: str = ""
    """Part of the error."""
    steps: Mapping[str, str] = field(default_factory=dict)
    """Step -> status of each of its calls."""
    attempts: Mapping[str, int] = field(default_factory=dict)
    plain: Literal["same", "differs"] = "same"
    """"differs": the bare module, without pipec, does something else (it retries nothing, and copies nothing)."""

    @property
    def id(self) -> str:
        """Name of the case, and which of its runs."""
        return self.case.name if len(self.case.runs) == 1 else f"{self.case.name}-{self.number}"

    def parameters(self, folder: Path) -> dict[str, Any]:
        """The parameters, with `folder` for the run's own folder."""
        return {name: str(folder) if value == "{tmp}" else value for name, value in self.params.items()}


@dataclass(frozen=True)
class Case:
    """A folder with a `pipeline.py`, and perhaps an `expect.json`."""

    folder: Path

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.folder.name

    @property
    def file(self) -> Path:
        """The module."""
        return self.folder / "pipeline.py"

    @cached_property
    def expected(self) -> dict[str, Any]:
        """What `expect.json` says."""
        file = self.folder / "expect.json"
        return dict(json.loads(file.read_text(encoding="utf-8"))) if file.exists() else {}

    @property
    def function(self) -> str:
        """The pipeline's function: the case's own name unless `expect.json` says otherwise."""
        return str(self.expected.get("function", self.name))

    @property
    def refused(self) -> dict[str, str]:
        """Target -> code of the finding that refuses the case there."""
        return dict(self.expected.get("refused", {}))

    @property
    def targets(self) -> tuple[str, ...]:
        """The targets that take the case."""
        return tuple(t for t in TARGETS if t not in self.refused)

    @cached_property
    def runs(self) -> tuple[Run, ...]:
        """The runs that are compared: one with the defaults, unless `expect.json` lists others."""
        return tuple(Run(self, i, **run) for i, run in enumerate(self.expected.get("runs", [{}])))


@dataclass(frozen=True)
class Refusal:
    """A folder with a `pipeline.py` whose trailing comments name the findings of their lines."""

    folder: Path

    @property
    def file(self) -> Path:
        """The module."""
        return self.folder / "pipeline.py"

    @property
    def function(self) -> str | None:
        """The pipeline to build, or `None` for all in the file."""
        file = self.folder / "expect.json"
        return str(json.loads(file.read_text(encoding="utf-8"))["function"]) if file.exists() else None

    @property
    def expected(self) -> list[tuple[int, str]]:
        """Line and code of each finding, in order."""
        text = self.file.read_text(encoding="utf-8")
        return [(line, code) for line, comment in _comments(text) for code in re.findall(r"\bPC\d{3}\b", comment)]


def _comments(text: str) -> Iterator[tuple[int, str]]:
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT:
                yield token.start[0], token.string
    except (tokenize.TokenError, SyntaxError):  # a case about broken syntax: its comments come before the end
        return


def cases() -> list[Case]:
    """The cases, by name."""
    return [Case(file.parent) for file in sorted((ROOT / "tests" / "cases").glob("*/pipeline.py"))]


def samples() -> list[Case]:
    """The samples, by name."""
    return [Case(file.parent) for file in sorted((ROOT / "samples").glob("*/pipeline.py"))]


def refusals() -> list[Refusal]:
    """The refusals, by name."""
    return [Refusal(file.parent) for file in sorted((ROOT / "tests" / "refusals").glob("*/pipeline.py"))]
