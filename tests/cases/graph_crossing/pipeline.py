"""Crossing edges over several levels: every join takes another pair of the level above."""

from pipec import pipeline, step


@step
def one(name: str) -> str:
    return name


@step
def join(a: str, b: str) -> str:
    return f"({a}{b})"


@pipeline
def graph_crossing() -> list[str]:
    a = one("a")
    b = one("b")
    c = one("c")
    d = join(a, b)
    e = join(b, c)
    f = join(a, c)
    g = join(d, e)
    h = join(e, f)
    i = join(d, a)
    return [join(g, h), i, f]
