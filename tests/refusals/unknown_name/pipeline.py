"""A name that is bound nowhere, with the one that was meant."""

from pipec import pipeline, step


@step
def work(rows: int) -> int:
    return rows


@pipeline
def p(rows: int = 3) -> int:
    return work(row)  # PC201
