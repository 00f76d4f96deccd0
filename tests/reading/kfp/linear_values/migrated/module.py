"""Migrated from the compiled pipeline "linear-values"."""

from pipec import pipeline, step


@step(image="python:3.11", cache=True)
def load(rows: int, name: str = "digits") -> list:
    """Make some numbers."""
    # the seed is fixed
    return [len(name)] * rows


@step(image="python:3.11", cache=True)
def total(numbers: list, factor: float = 1.5) -> float:
    return sum(numbers) * factor


@step(image="python:3.11", cache=True)
def show(text: str):
    print(text)


@pipeline(name="linear-values")
def linear_values(
    factor: float = 2.0,
    flag: bool = True,
    name: str = "digits",
    options: dict = {"a": 1, "b": 0.5},
    rows: int = 3,
    tags: list = [1, "a"],
) -> float:
    """Load numbers, and add them up."""
    load_result = load(rows=rows, name=name)
    total_result = total(numbers=load_result, factor=factor)
    show_done = show(f"{name}: {rows} rows")
    return total_result
