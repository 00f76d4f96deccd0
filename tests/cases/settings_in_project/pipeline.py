"""Settings in `pyproject.toml` count like those of the decorator, which wins where both say something."""

from pipec import pipeline, step


@step(retries=1)
def load(n: int) -> int:
    return n


@step
def train(n: int) -> int:
    return n + 1


@pipeline
def settings_in_project(n: int = 2) -> int:
    return train(load(n))
