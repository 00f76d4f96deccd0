"""Groups inside groups, one of them in an arm of a branch, with an early return of its own."""

from pipec import pipeline, step


@step
def add(a: int, b: int) -> int:
    return a + b


@pipeline
def capped(x: int, cap: int) -> int:
    total = add(x, 1)
    if total > cap:
        return cap
    return add(total, 100)


@pipeline
def both(x: int) -> list[int]:
    return [capped(x, cap=5), capped(x + 10, cap=5)]


@pipeline
def group_nested_in_branch(x: int = 2) -> list[object]:
    start = add(x, 0)
    if start > 1:
        pair = both(start)
        total = add(pair[0], pair[1])
    else:
        total = capped(start, cap=0)
    return [start, total]
