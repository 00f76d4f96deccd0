"""Tasks beside a branch that nothing orders against it, read together with what the branch merged."""

from pipec import pipeline, step


@step
def one(n: int) -> int:
    return n


@step
def add(a: int, b: int) -> int:
    return a + b


@pipeline
def graph_branch_beside_tasks(n: int = 3) -> list[int]:
    a = one(n)
    b = one(n * 10)
    if a > 2:
        c = add(a, 1)
        side = add(c, 1)
    else:
        c = add(b, 2)
        side = 0
    d = add(b, 100)
    return [add(c, d), side, b]
