"""Steps are not called where Python might not evaluate the expression."""

from pipec import pipeline, step


@step
def work(n: int) -> int:
    return n


@pipeline
def p(n: int = 3) -> list[object]:
    a = n > 2 and work(n)  # PC206
    b = work(n) if n else 0  # PC206
    c = max([1, 2], key=lambda x: work(x))  # PC206
    return [a, b, c]
