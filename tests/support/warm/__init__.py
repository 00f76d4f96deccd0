"""Runner processes that are started once and answer fast: what a run needs is imported before, and runs are forks."""

from __future__ import annotations

from pipec.api.workers import Worker

RUNNERS = {"kfp": "tests.support.warm.kfp", "metaflow": "tests.support.warm.metaflow"}
"""Target -> the runner module that stands for the one of the backend; the others are fast as they are."""


def worker(target: str) -> Worker:
    """A worker of `target`, warm after its first run."""
    made = Worker(target)
    made.module = RUNNERS.get(target, made.module)
    return made
