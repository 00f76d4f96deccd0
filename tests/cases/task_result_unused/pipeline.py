"""`_ = f()` is a task and no effect; a result that nobody reads need not be storable."""

import threading

from pipec import pipeline, step


@step
def make_lock():
    return threading.Lock()


@step
def answer() -> int:
    return 42


@pipeline
def task_result_unused() -> int:
    _ = make_lock()
    unused = make_lock()
    return answer()
