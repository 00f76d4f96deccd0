"""A pipeline fails by `PipelineFailed`, with a message that is an expression."""

from pipec import PipelineFailed, pipeline, step


@step
def work(n: int) -> int:
    return n


@pipeline
def another_exception(n: int = 1) -> int:
    if n > 2:
        raise ValueError("no")  # PC107
    return work(n)


@pipeline
def call_in_a_message(n: int = 1) -> int:
    assert n < 3, f"no {work(n)}"  # PC108
    if n == 2:
        raise PipelineFailed("one", "two")  # PC108
    return work(n)
