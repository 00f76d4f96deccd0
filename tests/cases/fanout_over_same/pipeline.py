"""Several fan-outs over one value, and branches on it: in a loop, in an arm that is not taken, in a group, and below them."""

from pipec import pipeline, step


@step
def add(a: int, b: int) -> int:
    return a + b


@pipeline
def each(xs: list[int], n: int) -> list[int]:
    return [add(x, n) for x in xs]


@pipeline
def fanout_over_same(n: int = 2, xs: list[int] = [1, 4], flag: bool = False) -> list[object]:
    rows = []
    for i in range(n):
        rows.append(len([add(x, i) for x in xs]))
    chosen = []
    if n > 5:
        chosen = [add(x, 5) for x in xs]
        if flag:
            chosen = [0]
    else:
        chosen = each(xs, 7)
    if flag:
        chosen = [add(n, n)]
    return [rows, chosen, [add(x, 9) for x in xs]]
