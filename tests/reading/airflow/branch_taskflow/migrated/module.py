"""A branch that takes a value, and whose arms have several tasks."""

from pipec import pipeline, step


@step
def count(rows: str) -> int:
    return int(rows) * 2


@step
def choose(n: int) -> str:
    return "big" if n > 10 else "small"


@step
def big(n: int) -> str:
    return f"big {n}"


@step
def more(text: str) -> str:
    return text + "!"


@step
def small() -> str:
    return "small"


@step
def done():
    print("done")


@pipeline
def branch_taskflow(rows: int = 5):
    n = count(str(rows))
    chosen = choose(n)
    if chosen == "big":
        large = big(n)
        more(large)
    else:
        small()
    done()
