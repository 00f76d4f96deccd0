"""The site: `[tool.pipec]` of the project's `pyproject.toml`, which differs between clusters and not between pipelines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict


class GpuEntry(BaseModel):
    """How one portable GPU name is asked for on this site's clusters."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    resource: str = "nvidia.com/gpu"
    node_selector: dict[str, str] = {}
    tolerations: tuple[dict[str, str], ...] = ()


class Site(BaseModel):
    """Project-wide defaults. Paths are relative to the project root."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    image: str = "python:3.12-slim"
    """Container image of steps that name none."""
    artifact_root: str = ""
    """URI under which targets without an artifact store of their own keep artifacts; "" leaves it to the deployment."""
    namespace: str = ""
    paths: tuple[str, ...] = ()
    """Further folders in which the project's modules are looked for."""
    codecs: dict[str, str] = {}
    """Annotation as written (`pl.DataFrame`) or dotted type -> "module:Class" with `save(value, path)`, `load(path)`."""
    gpu: dict[str, GpuEntry] = {}
    versions: dict[str, str] = {}
    """Target -> version to write for."""
    steps: dict[str, dict[str, Any]] = {}
    """Settings by step name, as in `@step(...)`."""
    pipelines: dict[str, dict[str, Any]] = {}
    """Settings by pipeline name, as in `@pipeline(...)`."""


def root_of(file: Path) -> Path:
    """The project root: the nearest folder upward with a `pyproject.toml` or `.git`, else the file's own."""
    for folder in file.resolve().parents:
        if (folder / "pyproject.toml").exists() or (folder / ".git").exists():
            return folder
    return file.resolve().parent
