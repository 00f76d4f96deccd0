"""A loop over a constant that carries values from one iteration to the next is unrolled."""

from pipec import pipeline, step


@step
def add(a: int, b: int) -> int:
    return a + b


@step
def half(a: int) -> int:
    if a % 2:
        raise ValueError(f"{a} is odd")
    return a // 2


@pipeline
def twice(n: int) -> int:
    return add(n, n)


@pipeline
def loop_carried(start: int = 1) -> list[object]:
    total = start
    seen = []
    for i, k in enumerate((10, 20, 30)):
        total = add(total, k)
        parts = [add(x, i) for x in range(2)]
        seen.append(parts[1] + total)
    best = 0
    for x in [3, 9, 4]:
        score = twice(x)
        if score > best:
            best = score
    chain = []
    for y in (1, 2):
        chain.append(add(y, chain[-1] if chain else 0))
    value = 12
    for _ in range(3):
        try:
            value = half(value)
        except Exception as e:
            seen.append(str(e))
    return [total, seen, best, chain, value]
