"""The smallest pipeline."""

from pipec import pipeline, step


@step
def work() -> int:
    return 1


@pipeline
def graph_one_task() -> int:
    return work()
