"""A result that cannot be stored fails the step, with the step's own error."""

import threading

from pipec import pipeline, step


@step
def make() -> object:
    return threading.Lock()


@step
def use(lock: object) -> str:
    return type(lock).__name__


@pipeline
def artifact_unpicklable() -> str:
    return use(make())
