"""An expression is never evaluated outside its block: the division happens only where the branch was taken."""

from pipec import pipeline, step


@step
def number(n: int) -> int:
    return n


@step
def use(x: float) -> float:
    return x


@pipeline
def expression_stays_in_its_block(n: int = 0) -> float:
    value = number(n)
    if value != 0:
        inverse = 1 / value
        result = use(inverse)
    else:
        result = use(-1.0)
    return result
