"""An effect waits for the branches above it, and runs whichever arm did: also where nothing hands on a value."""

from pipec import pipeline, step


@step
def text(n: int) -> str:
    return str(n)


@step
def note(n: int) -> None:
    return None


@pipeline
def texts(n: int) -> str:
    if n > 1:
        return text(n)
    return ""


@pipeline
def effect_after_branch(n: int = 7, limit: int = 9) -> int:
    if n > 5:
        pass
    else:
        text(n)
    note(n)
    if n > 3:
        kept = text(n)
        if n > 4:
            kept = text(n + 1)
        note(len(kept))
    assert n < limit, f"{n} is not below {limit}"
    for x in (n, 1):
        if x > 5:
            _ = text(x)
        note(x)
        _ = texts(x)
        note(x)
    if n > 100:
        if n > 200:
            _ = text(n)
    note(n)
    for x in (1, 2):
        if x > n:
            _ = text(x)
    note(n)
    return n
