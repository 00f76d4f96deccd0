"""The registry of backends: names and where they are found. Importing it imports none of them."""

from __future__ import annotations

import importlib
from functools import cache
from importlib import metadata
from typing import cast

from pipec.compiler.backend import Backend

BACKENDS: dict[str, str] = {
    "kfp": "pipec.backends.kfp:KfpBackend",
    "airflow": "pipec.backends.airflow:AirflowBackend",
    "metaflow": "pipec.backends.metaflow:MetaflowBackend",
}
"""Target -> "module:Class", in the order of listings. Others join by entry points of the group `pipec.backends`."""

REFERENCE = "python"
"""The target of `run` and `verify` that is plain Python itself: nothing is built for it."""

REFERENCE_RUNNER = "pipec.backends.python.runner"
"""Its runner module."""

PACKAGES: dict[str, str] = {"kfp": "kfp", "airflow": "airflow", "metaflow": "metaflow"}
"""Target -> package that its runner imports."""

ENVIRONMENT: tuple[str, ...] = ("AIRFLOW_", "_AIRFLOW_", "METAFLOW_", "KFP_", "ML_PIPELINE_", "KF_PIPELINES_")
"""Prefixes of the orchestrators' own environment variables, which no run may inherit from the user's shell."""


@cache
def entry_points() -> dict[str, str]:
    """Backends of other distributions."""
    return {e.name: e.value for e in metadata.entry_points(group="pipec.backends") if e.name not in BACKENDS}


def names() -> tuple[str, ...]:
    """All targets that can be built."""
    return (*BACKENDS, *sorted(entry_points()))


def known(name: str) -> bool:
    """Whether `name` is a target that can be built."""
    return name in BACKENDS or name in entry_points()


@cache
def get(name: str) -> Backend:
    """The backend called `name`; `KeyError` where there is none."""
    module, _, attribute = (BACKENDS.get(name) or entry_points()[name]).partition(":")
    return cast("Backend", getattr(importlib.import_module(module), attribute)())
