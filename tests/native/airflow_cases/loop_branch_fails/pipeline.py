"""A failure in an arm inside a fan-out fails the run."""

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
def loop_branch_fails(n: int) -> list[int]:
    out = []
    for x in up_to(n):
        if x > 1:
            y = fail_if(x, 2)
        else:
            y = add(x, 1)
        out.append(y)
    return out
