"""A cache would leave the effect out."""

from pipec import pipeline, step


@step(cache=True)
def notify(n: int) -> None:
    print(n)


@pipeline
def p(n: int = 3) -> None:
    notify(n)  # PC212
