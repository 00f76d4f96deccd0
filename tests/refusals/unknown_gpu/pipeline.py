"""A GPU that the site's catalogue does not know, with the ones that it knows."""

from pipec import pipeline, step


@step(gpu="b9000")  # PC211
def work(n: int) -> int:
    return n


@pipeline
def p(n: int = 3) -> int:
    return work(n)
