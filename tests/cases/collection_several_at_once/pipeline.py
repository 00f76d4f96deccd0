"""`a, b = [], []` creates collections of their own, that are filled like those of a statement each."""

from pipec import pipeline, step


@step
def numbers(n: int) -> list[int]:
    return list(range(1, n + 1))


@step
def square(x: int) -> int:
    return x * x


@pipeline
def collection_several_at_once(n: int = 3) -> list[object]:
    squares, names, total = [], {}, square(n)
    for i in numbers(n):
        s = square(i)
        squares.append(s)
        names[str(i)] = s + 1
    [small, large] = [list(), []]
    for k in (1, 2):
        small.append(square(k))
        large.append(total)
    small.append(total)
    first, second = [], 7
    if n > 2:
        first.append(second)
    return [squares, names, small, large, first]
