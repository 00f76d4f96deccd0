"""Results of a fan-out in expressions, conditions, and as the items of the next fan-out."""

from pipec import pipeline, step


@step
def square(n: int) -> int:
    return n * n


@step
def report(best: int, of: list[int]) -> str:
    return f"{best} of {of}"


@pipeline
def fanout_results_used(ns: list[int] = [2, 4, 3]) -> list[object]:
    squares = [square(n) for n in ns]
    fourth = [square(s) for s in squares]
    if max(squares) > 10:
        text = report(max(squares), squares)
    else:
        text = "small"
    return [text, fourth, squares[0] + squares[-1], [n for n in squares if n % 2 == 0]]
