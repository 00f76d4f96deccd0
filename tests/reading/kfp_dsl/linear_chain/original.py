"""Train a model on the numbers of a bucket."""

from kfp import dsl


@dsl.component(base_image="python:3.11", packages_to_install=["pandas==2.2.2"])
def prepare(rows: int) -> str:
    """Make the table.

    Args:
        rows: How many rows.
    """
    # one line a row
    table = "\n".join(f"{n},{n * n}" for n in range(rows))
    return table


@dsl.component
def train(table: str, rate: float = 0.1) -> float:
    total = sum(float(line.split(",")[1]) for line in table.splitlines())
    return total * rate  # the "model"


@dsl.component
def report(score: float):
    print(f"score: {score}")


@dsl.pipeline(name="training", description="Trains on squares.")
def training(rows: int = 10, rate: float = 0.5):
    table = prepare(rows=rows)
    model = train(table=table.output, rate=rate)
    report(score=model.output)
