"""Arithmetic over values that are known only at run time, int against float kept apart."""

from pipec import pipeline, step


@step
def number(n: int) -> int:
    return n


@step
def share(n: int) -> float:
    return n / 8


@pipeline
def expression_arithmetic(k: int = 7) -> list[object]:
    a = number(k)
    b = share(a)
    return [
        a + 1,
        a - b,
        a * a,
        a / 2,
        a // 2,
        a % 4,
        a**2,
        -a,
        +b,
        ~a,
        a << 2,
        a >> 1,
        a & 3,
        a | 8,
        a ^ 5,
        b * 2,
        a * 1.0,
    ]
