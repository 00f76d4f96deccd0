"""A misspelt setting is an error, not silence."""

from pipec import pipeline, step


@step(retires=3)  # PC209
def work(n: int) -> int:
    return n


@pipeline(shedule="@daily")  # PC209
def p(n: int = 3) -> int:
    return work(n)
