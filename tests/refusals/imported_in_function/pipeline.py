"""A function may import libraries and modules of the project, unless it asks whether that succeeds."""

from pipec import pipeline, step


def first(n: int) -> int:
    try:
        import tools  # PC111
    except ImportError:
        return n
    return n * tools.FACTOR


def second(n: int) -> int:
    from tools import FACTOR  # PC111

    FACTOR += 1
    return n * FACTOR


FACTOR = 3


@step
def work(n: int) -> int:
    import json

    from pipec import Metrics  # PC111

    return len(json.dumps([first(n), second(n), FACTOR, str(Metrics)]))


@pipeline
def p(n: int = 3) -> int:
    return work(n)
