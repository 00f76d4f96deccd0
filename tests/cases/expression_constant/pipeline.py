"""What is constant is evaluated at build time, with Python's own rules."""

from pipec import pipeline, step

SIZES = (1, 2, 3)


@step
def echo(value: object) -> list:
    return [value]


@pipeline
def expression_constant() -> list[object]:
    area = SIZES[0] * SIZES[-1] ** 2 // 4 + 7 % 4
    text = f"{area:03d}-{'x' * 2!r}"
    squares = [n * n for n in range(4) if n % 2]
    table = {str(n): n / 2 for n in SIZES}
    flag = not (area > 3 and "a" in "abc") or len(squares) == 2
    return [echo(area), echo(text), echo(squares), echo(table), echo(flag), echo(max(SIZES, key=lambda n: -n))]
