"""The smallest graph that is not series-parallel: a -> c, a -> d, b -> d."""

from pipec import pipeline, step


@step
def one(name: str) -> str:
    return name


@step
def join(*parts: str) -> str:
    return "(" + " ".join(parts) + ")"


@pipeline
def graph_n() -> list[str]:
    a = one("a")
    b = one("b")
    c = join(a, "c")
    d = join(a, b, "d")
    return [c, d]
