"""A sub-pipeline with effects waits for what it reads, also where nothing but that value says so."""

from pipec import parallel, pipeline, step


@step
def make(n: int) -> int:
    return n + 1


@step
def note(n: int) -> None:
    """Told."""


@pipeline
def noisy(n: int) -> int:
    note(n)
    return make(n)


@pipeline
def parallel_group_reads(n: int = 3) -> list[int]:
    with parallel():
        first = make(make(n))
        second = make(n)
        if n > 0:
            third = noisy(first)
        else:
            third = 0
        fourth = noisy(second)
    return [third, fourth]
