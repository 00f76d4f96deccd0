"""Fan-outs in the arms of branches, and behind what may fail in a `try`, inside a fan-out."""

from pipec import pipeline, step


@step
def parts(n: int) -> list[int]:
    if n == 5:
        raise ValueError("five has no parts")
    return list(range(n))


@step
def double(n: int) -> int:
    return 2 * n


@step
def plus(a: int, b: int) -> int:
    return a + b


@step
def note(text: str) -> None:
    return None


@pipeline
def fanout_deep_in_branch(xs: list[int] = [0, 1, 3, 5]) -> tuple[list[int], list[str]]:
    totals = []
    messages = []
    for x in xs:
        if x > 2:
            base = double(x)
            sums = [plus(base, part) for part in (1, 2)]
            note(f"{len(sums)} of {x}")
            total = plus(sums[0], sums[1])
        elif x:
            for name in ("a", "b"):
                note(f"{name} {x}")
            total = double(x)
        else:
            total = 0
        totals.append(total)
        try:
            doubled = [double(part) for part in parts(x)]
            message = f"{len(doubled)} parts"
        except Exception as error:
            message = str(error)
        messages.append(message)
    return totals, messages
