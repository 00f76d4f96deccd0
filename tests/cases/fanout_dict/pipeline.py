"""Dict comprehensions, and `out[k] = ...` in a loop: keys keep Python's order and types."""

from pipec import pipeline, step


@step
def features() -> dict[str, list[float]]:
    return {"width": [1.0, 3.0], "height": [2.0, 2.0]}


@step
def spread(values: list[float]) -> float:
    return max(values) - min(values)


@step
def square(n: int) -> int:
    return n * n


@pipeline
def fanout_dict() -> list[object]:
    by_name = {name: spread(values) for name, values in features().items()}
    squares = {n: square(n) for n in (3, 1, 2)}
    looped = {}
    for name, value in by_name.items():
        looped[name] = square(int(value))
    return [by_name, squares, looped, by_name["width"], list(squares.keys())]
