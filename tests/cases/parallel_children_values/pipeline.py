"""Names bound inside `with parallel():` stay visible after it."""

from pipec import parallel, pipeline, step


@step
def double(n: int) -> int:
    return 2 * n


@step
def check(n: int) -> None:
    assert n > 0


@pipeline
def parallel_children_values(n: int = 4) -> int:
    with parallel():
        a = double(n)
        check(n)
        b = double(n + 1)
    return a + b
