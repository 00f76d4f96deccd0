"""`enumerate`, `zip` and `range` over run-time values, with unpacking of nested targets."""

from pipec import pipeline, step


@step
def names() -> list[str]:
    return ["a", "b", "c"]


@step
def weights() -> list[tuple[int, float]]:
    return [(1, 0.5), (2, 0.25), (3, 0.125)]


@step
def join(i: int, name: str, weight: float = 1.0) -> str:
    return f"{i}{name}{weight}"


@pipeline
def fanout_enumerate_zip(step_size: int = 2) -> list[object]:
    ns = names()
    ws = weights()
    numbered = [join(i, n) for i, n in enumerate(ns, start=1)]
    zipped = [join(k, n, w) for n, (k, w) in zip(ns, ws)]
    every = [join(i, ns[i]) for i in range(0, len(ns), step_size)]
    return [numbered, zipped, every]
