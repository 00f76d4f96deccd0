"""A syntax error is reported where CPython reports it."""

from pipec import pipeline


@pipeline
def p(n: int = 3) -> int:
    return (n +  # PC101
