"""Fan-outs over nothing, one and several items in arms at two depths, their lists read in the arm and after it."""

from pipec import pipeline, step


@step
def same(x: int) -> int:
    return x


@step
def up_to(n: int) -> list[int]:
    return list(range(n))


@step
def add(a: int, b: int) -> int:
    return a + b


@step
def total(xs: list[int]) -> int:
    return sum(xs)


@pipeline
def arm_loops(n: int, flag: int) -> list[object]:
    rows = up_to(n)
    k = same(flag)
    if k > 0:
        doubled = [add(r, r) for r in rows]
        t = total(doubled)
    else:
        if k < -5:
            doubled = [add(r, 1) for r in rows]
            t = add(k, n)
        else:
            doubled = rows
            t = k
    u = add(t, 1)
    return [doubled, t, u]
