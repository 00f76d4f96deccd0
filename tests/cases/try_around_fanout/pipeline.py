"""A fan-out in a `try`: one iteration that fails sends the run into the handler, after all have ended."""

from pipec import pipeline, step


@step
def invert(x: int) -> float:
    return 1 / x


@step
def total(values: list[float]) -> float:
    return sum(values)


@pipeline
def try_around_fanout(xs: list[int] = [1, 2, 4]) -> str:
    try:
        values = [invert(x) for x in xs]
        result = f"total {total(values)}"
    except Exception as e:
        result = f"no total: {e}"
    return result
