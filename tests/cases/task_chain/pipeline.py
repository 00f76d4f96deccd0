"""Tasks hand values on; arguments go by position and by name, and what is left out keeps the function's default."""

from pipec import pipeline, step


@step
def count(start: int, stop: int = 10) -> list[int]:
    return list(range(start, stop))


@step
def scale(numbers: list[int], factor: int = 2, *, offset: int = 0) -> list[int]:
    return [n * factor + offset for n in numbers]


@step
def total(numbers: list[int]) -> int:
    return sum(numbers)


@pipeline
def task_chain(start: int = 3) -> int:
    numbers = count(start)
    scaled = scale(numbers, offset=1)
    again = scale(scaled, 3, offset=-1)
    return total(numbers=again)
