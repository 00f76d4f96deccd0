"""Train a model on the numbers of a bucket."""

from pipec import pipeline, step


@step(image="python:3.11", cache=True, packages=["pandas==2.2.2"])
def prepare(rows: int) -> str:
    """Make the table.

    Args:
        rows: How many rows.
    """
    # one line a row
    table = "\n".join(f"{n},{n * n}" for n in range(rows))
    return table


@step(image="python:3.11", cache=True)
def train(table: str, rate: float = 0.1) -> float:
    total = sum(float(line.split(",")[1]) for line in table.splitlines())
    return total * rate  # the "model"


@step(image="python:3.11", cache=True)
def report(score: float):
    print(f"score: {score}")


@pipeline
def training(rows: int = 10, rate: float = 0.5):
    """Trains on squares."""
    table = prepare(rows)
    model = train(table=table, rate=rate)
    report_done = report(model)
