"""A failed task that only a skipped arm reads fails the run all the same."""

from pipec import pipeline, step


@step
def same(x: int) -> int:
    return x


@step
def add(a: int, b: int) -> int:
    return a + b


@step
def fail_if(x: int, at: int) -> int:
    if x == at:
        raise ValueError(f"bad {x}")
    return x


@pipeline
def masked_failure(a: int, bad: int) -> int:
    v = fail_if(bad, 1)
    w = same(a)
    r = 0
    if w:
        r = add(v, 1)
    return r
