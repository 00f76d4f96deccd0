"""`elif` chains: the first condition that holds decides, and later ones are not looked at."""

from pipec import pipeline, step


@step
def read(n: int) -> int:
    return n


@step
def name(kind: str) -> str:
    return kind


@pipeline
def branch_elif(n: int = 7) -> str:
    value = read(n)
    if value == 0:
        kind = name("zero")
    elif 10 / value > 4:
        kind = name("few")
    elif value < 10:
        kind = name("some")
    else:
        kind = name("many")
    return kind
