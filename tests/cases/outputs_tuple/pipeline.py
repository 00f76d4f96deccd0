"""`tuple[A, B]` that the body unpacks is one output for each element; the whole tuple is still there to pass on."""

from pipec import pipeline, step


@step
def split(numbers: list[int]) -> tuple[list[int], list[int], int]:
    even = [n for n in numbers if n % 2 == 0]
    return even, [n for n in numbers if n % 2], len(even)


@step
def total(numbers: list[int]) -> int:
    return sum(numbers)


@step
def lengths(parts: tuple[list[int], list[int], int]) -> list[int]:
    return [len(parts[0]), len(parts[1]), parts[2]]


@pipeline
def outputs_tuple(numbers: list[int] = [1, 2, 3, 4, 6]) -> list[object]:
    even, odd, n = split(numbers)
    whole = split([n, n + 1])
    first, second, third = whole
    return [total(even), total(odd), n, lengths(whole), whole[1], first, second, third]
