"""A return two levels deep: what follows each level runs only where nothing returned."""

from pipec import pipeline, step


@step
def read(n: int) -> int:
    return n


@step
def tag(text: str) -> str:
    return text


@pipeline
def branch_return_nested(n: int = 1) -> list[str]:
    value = read(n)
    seen = tag("start")
    if value > 0:
        first = tag("positive")
        if value > 10:
            return [seen, first, tag("large")]
        second = tag("small")
    else:
        second = tag("not positive")
    return [seen, second, tag("end")]
