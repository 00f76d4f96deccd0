"""Branches two deep inside a fan-out, merging values of the arms, of the iteration, from outside, and `None`."""

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


@pipeline
def loop_branches(n: int, m: int) -> list[object]:
    base = same(m)
    out = []
    kinds = []
    for x in up_to(n):
        y = add(x, base)
        if y % 2:
            z = add(y, 100)
            if y > 2:
                z = add(z, 1000)
                kind = "big"
            else:
                kind = "odd"
        elif y == 4:
            z = y
            kind = None
        else:
            z = base
            kind = "even"
        out.append(add(z, x))
        kinds.append(kind)
    return [out, kinds]
