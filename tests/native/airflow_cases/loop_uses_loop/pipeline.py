"""A list from one fan-out is read as a whole in another, also where either is empty."""

from pipec import pipeline, step


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
def loop_uses_loop(n: int, m: int) -> list[object]:
    xs = [add(x, 1) for x in up_to(n)]
    out = []
    for y in up_to(m):
        t = total(xs)
        out.append(add(t, y))
    return [xs, out, [total(xs) for _ in range(2)]]
