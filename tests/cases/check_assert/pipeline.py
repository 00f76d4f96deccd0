"""`assert` fails the run at that point; what stands below waits for it."""

from pipec import pipeline, step


@step
def count(n: int) -> int:
    return n


@step
def train(rows: int) -> str:
    return f"trained on {rows}"


@pipeline
def check_assert(n: int = 5) -> str:
    rows = count(n)
    assert rows > 2, f"only {rows} rows"
    return train(rows)
