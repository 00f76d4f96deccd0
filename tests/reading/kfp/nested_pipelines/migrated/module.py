"""Migrated from the compiled pipeline "nested-pipelines"."""

from pipec import parallel, pipeline, step


@step(image="python:3.11", cache=True)
def load(rows: int, name: str = "digits") -> list:
    """Make some numbers."""
    # the seed is fixed
    return [len(name)] * rows


@step(image="python:3.11", cache=True)
def total(numbers: list, factor: float = 1.5) -> float:
    return sum(numbers) * factor


@pipeline
def train_one(rate: float, note: str | None = None, rows: int = 10) -> float:
    load_result = load(rows=rows)
    total_result = total(numbers=load_result, factor=rate)
    return total_result


@pipeline(name="nested-pipelines")
def nested_pipelines(rate: float = 0.5) -> float:
    train_one_result = train_one(rate=rate)
    with parallel(after=train_one_result):
        train_one_2_result = train_one(rate=1.0, rows=2)
    return train_one_2_result
