"""Migrated from the compiled pipeline "load"."""

from pipec import pipeline, step


@step(image="python:3.11", cache=True)
def load(rows: int, name: str = "digits") -> list:
    """Make some numbers."""
    # the seed is fixed
    return [len(name)] * rows


@step(image="python:3.11", cache=True)
def total(numbers: list, factor: float = 1.5) -> float:
    return sum(numbers) * factor


@step(image="python:3.11", retries=2, cache=True)
def load_2(rows: int, name: str = "digits") -> list:
    """Make some numbers."""
    # the seed is fixed
    return [len(name)] * rows


@step(image="python:3.11", cache=True)
def show(text: str):
    print(text)


@pipeline(name="load")
def load_pipeline(total_result: float = 1.0):
    load_result = load(rows=1)
    total_result_2 = total(numbers=load_result)
    load_2_result = load_2(rows=2)
    # Shown as 'Shown'.
    show_done = show("x")
