"""A step that runs into its time limit is caught like any other failure."""

import time

from pipec import pipeline, step


@step(timeout="2s")
def work(seconds: float) -> str:
    time.sleep(seconds)
    return "done in time"


@pipeline
def try_timeout(seconds: float = 30.0) -> str:
    try:
        result = work(seconds)
    except Exception as e:
        result = f"gave up: {e}"
    return result
