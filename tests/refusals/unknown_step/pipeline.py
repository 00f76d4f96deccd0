"""A call of a function that does not exist."""

from pipec import pipeline


@pipeline
def p(rows: int = 3) -> int:
    return wrok(rows)  # PC201
