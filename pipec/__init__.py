"""pipec: ML pipelines as plain Python, compiled to Kubeflow Pipelines, Airflow and Metaflow.

This module is what a pipeline module imports. It needs only the standard library, and none of it changes what the
functions do: `pipec build` reads the annotations from the source, and plain Python ignores them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipec import authoring
from pipec.authoring import (
    GPU,
    After,
    Argument,
    Cache,
    ClassificationMetrics,
    Cron,
    Deadline,
    Every,
    Metrics,
    OnUpdate,
    PipelineFailed,
    Retry,
    Secret,
    container,
    native,
    parallel,
    pipeline,
    run,
    step,
    uri_of,
    wait_for,
)

__all__ = [
    "GPU",
    "HTML",
    "After",
    "Argument",
    "Cache",
    "ClassificationMetrics",
    "Cron",
    "Dataset",
    "Deadline",
    "Every",
    "Markdown",
    "Metrics",
    "Model",
    "OnUpdate",
    "PipelineFailed",
    "Retry",
    "Secret",
    "container",
    "native",
    "parallel",
    "pipeline",
    "run",
    "step",
    "uri_of",
    "wait_for",
]

if TYPE_CHECKING:
    from pipec.authoring import HTML, Dataset, Markdown, Model


def __getattr__(name: str) -> Any:
    """The annotations for files and folders; see `pipec.authoring.ROLES`."""
    if name in authoring.ROLES:
        return getattr(authoring, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
