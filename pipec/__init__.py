"""pipec: ML pipelines as plain Python, compiled to Kubeflow Pipelines, Airflow and Metaflow.

This module is what a pipeline module imports. It needs only the standard library, and none of it changes what the
functions do: `pipec build` reads the annotations from the source, and plain Python ignores them.
"""

from __future__ import annotations

from pipec.authoring import (
    GPU,
    HTML,
    After,
    Cache,
    Cron,
    Dataset,
    Every,
    Markdown,
    Metrics,
    Model,
    OnUpdate,
    PipelineFailed,
    Retry,
    Secret,
    container,
    parallel,
    pipeline,
    run,
    step,
    wait_for,
)

__all__ = [
    "GPU",
    "HTML",
    "After",
    "Cache",
    "Cron",
    "Dataset",
    "Every",
    "Markdown",
    "Metrics",
    "Model",
    "OnUpdate",
    "PipelineFailed",
    "Retry",
    "Secret",
    "container",
    "parallel",
    "pipeline",
    "run",
    "step",
    "wait_for",
]
