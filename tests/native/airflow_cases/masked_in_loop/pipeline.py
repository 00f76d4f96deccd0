"""A failed task that only a fan-out over nothing reads fails the run all the same."""

from pipec import pipeline, step


@step
def up_to(n: int) -> list[int]:
    return list(range(n))


@step
def add(a: int, b: int) -> int:
    return a + b


@step
def fail_if(x: int, at: int) -> int:
    if x == at:
        raise ValueError(f"bad {x}")
    return x


@pipeline
def masked_in_loop(n: int, bad: int) -> list[int]:
    v = fail_if(bad, 1)
    xs = [add(x, 1) for x in up_to(n)]
    return [add(x, v) for x in xs]
