"""A task that fails in an arm of a branch fails the run; the join and what follows do not run."""

from pipec import pipeline, step


@step
def read(n: int) -> int:
    return n


@step
def check(n: int) -> int:
    if n > 10:
        raise ValueError("too large: " + str(n))
    return n


@step
def finish(n: int) -> int:
    return n


@pipeline
def failure_in_branch(n: int = 11) -> int:
    value = read(n)
    if value > 5:
        value = check(value)
    return finish(value)
