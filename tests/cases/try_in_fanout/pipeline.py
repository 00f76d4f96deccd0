"""A `try` in each iteration of a loop: one that fails does not keep the others from their results."""

from pipec import pipeline, step


@step
def invert(x: int) -> float:
    return 1 / x


@step
def numbers(n: int) -> list[int]:
    return list(range(n))


@pipeline
def try_in_fanout(n: int = 3) -> list[object]:
    results = []
    failed = []
    for x in numbers(n):
        try:
            results.append(invert(x))
        except Exception as e:
            failed.append(f"{x}: {e}")
    return [results, failed]
