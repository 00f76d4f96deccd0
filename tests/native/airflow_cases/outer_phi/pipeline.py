"""A merge inside an arm takes a value from outside; where the arm is skipped, so is the merge."""

from pipec import pipeline, step


@step
def same(x: int) -> int:
    return x


@step
def add(a: int, b: int) -> int:
    return a + b


@pipeline
def outer_phi(a: int, b: int) -> list[object]:
    v = same(7)
    w = same(a)
    z = 0
    if w:
        if same(b):
            x = add(v, 1)
        else:
            x = v
        z = add(x, 10)
    return [v, z]
