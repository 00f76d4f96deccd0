"""A chain whose members are also read much later, by a task that everything flows into."""

from pipec import pipeline, step


@step
def grow(n: int, by: int = 1) -> int:
    return n + by


@step
def collect(*values: int) -> list[int]:
    return list(values)


@pipeline
def graph_skipping_edges(n: int = 0) -> list[int]:
    a = grow(n)
    b = grow(a)
    c = grow(b, a)
    d = grow(c, a)
    e = grow(10)
    return collect(a, b, c, d, e, a)
