"""Two pipelines of one name would overwrite each other's output."""

from pipec import pipeline, step


@step
def work(n: int) -> int:
    return n


@pipeline(name="nightly")
def first(n: int = 3) -> int:
    return work(n)


@pipeline(name="nightly")
def second(n: int = 3) -> int:  # PC214
    return work(n)
