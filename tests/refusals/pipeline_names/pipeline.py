"""A name is one line of text that can be seen."""

from pipec import pipeline, step


@step
def work(n: int) -> int:
    return n


@pipeline(name="two\nlines")  # PC210
def lines(n: int = 3) -> int:
    return work(n)


@pipeline(name="")  # PC210
def empty(n: int = 3) -> int:
    return work(n)


@pipeline(name=" ")  # PC210
def blank(n: int = 3) -> int:
    return work(n)


@pipeline(name=5)  # PC210
def number(n: int = 3) -> int:
    return work(n)


@pipeline(name="\ud800")  # PC210
def half(n: int = 3) -> int:
    return work(n)


@pipeline(description=["no", "text"])  # PC210
def about(n: int = 3) -> int:
    return work(n)
