"""What `__name__` decides would be decided otherwise in a generated file."""

from pipec import pipeline, step

LEVEL = {"__main__": 1}.get(__name__, 2)
if __name__ == "pipeline":  # PC111
    RATE = 1
else:
    RATE = 2


@step
def work(n: int) -> int:
    return RATE * n


@pipeline
def p(n: int = 3) -> int:
    return work(n)
