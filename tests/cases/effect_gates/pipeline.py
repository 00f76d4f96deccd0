"""`validate(data)` above `train(data)` gates it, though no value goes from one to the other."""

from pipec import pipeline, step


@step
def load(rows: int) -> list[int]:
    return list(range(rows))


@step
def validate(data: list[int]) -> None:
    if len(data) < 3:
        raise ValueError(f"only {len(data)} rows")


@step
def train(data: list[int]) -> int:
    return sum(data)


@pipeline
def effect_gates(rows: int = 4) -> int:
    data = load(rows)
    validate(data)
    return train(data)
