"""An `if` inside an `if`, in both arms, with names that come out through both levels."""

from pipec import pipeline, step


@step
def read(n: int) -> int:
    return n


@step
def tag(name: str, n: int) -> str:
    return f"{name}:{n}"


@pipeline
def branch_nested(n: int = 5) -> str:
    value = read(n)
    if value % 2:
        if value > 10:
            label = tag("large odd", value)
        else:
            label = tag("small odd", value)
    else:
        half = read(value // 2)
        if half % 2:
            label = tag("even, odd half", half)
        else:
            label = "even, even half"
    return label
