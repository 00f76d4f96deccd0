"""A `try` around a loop over the items of a run, of which the results of several steps are collected."""

from pathlib import Path

from pipec import pipeline, step


@step
def items(n: int) -> list[int]:
    return list(range(n))


@step
def train(x: int) -> set:
    if x > 2:
        raise ValueError(f"{x} is too much")
    return {x, x + 1}


@step
def evaluate(model: set) -> int:
    return sum(model)


@step
def count(models: list[set], scores: list[int]) -> int:
    return len(models) + max(scores)


@step
def clean(folder: str) -> None:
    Path(folder, "cleaned").touch()


@pipeline
def try_around_loop(folder: str, n: int = 3) -> str:
    models = []
    scores = []
    try:
        for x in items(n):
            model = train(x)
            models.append(model)
            scores.append(evaluate(model))
        result = f"counted {count(models, scores)}"
    except Exception as error:
        result = f"counted nothing: {error}"
    finally:
        clean(folder)
    return result
