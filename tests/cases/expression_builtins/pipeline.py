"""The pure builtins."""

from pipec import pipeline, step


@step
def numbers() -> list[int]:
    return [5, -3, 8, 1]


@pipeline
def expression_builtins() -> list[object]:
    xs = numbers()
    return [
        len(xs), min(xs), max(xs), sum(xs), sorted(xs, reverse=True), list(reversed(xs)), any(xs), all(xs),
        abs(xs[1]), round(xs[0] / 3, 2), list(range(xs[3], xs[0])), list(zip(xs, "abcd")), list(enumerate(xs, 1)),
        dict(a=xs[0]), tuple(xs), sorted(set(xs)), str(xs), int("7") + int(xs[0] / 2), float(xs[0]), bool(xs), repr(xs),
    ]  # fmt: skip
