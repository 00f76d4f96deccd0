"""A list of objects is merged with a value of any kind."""

from dataclasses import dataclass

from pipec import pipeline, step


@dataclass
class Model:
    score: int


@step
def train(n: int) -> Model:
    return Model(10 * n)


@step
def describe(found: object) -> str:
    return f"{len(found)} models" if isinstance(found, list) else repr(found)


@pipeline
def branch_merge_list(n: int = 2, reason: str = "{{ ds }}") -> tuple[str, object]:
    models = [train(1), train(2)]
    if n > 1:
        found = models
    elif n > 0:
        found = reason
    elif n > -1:
        found = []
    else:
        found = {1.5, n}
    return describe(found), found
