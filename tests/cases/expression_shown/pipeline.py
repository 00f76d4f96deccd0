"""`{x=}` in an f-string shows its own source: the same text on every target, whatever the value is called there."""

from pipec import pipeline, step


@step
def square(n: int) -> int:
    return n * n


@step
def show(text: str) -> str:
    return text


@step
def words() -> dict[str, str]:
    return {"key": "it's", "b": 'say "so"'}


@pipeline
def expression_shown(n: int = 3, rate: float = 0.5) -> list[str]:
    x = square(n)
    x = square(x)
    first = show(f"{x=}")
    second = show(f"{ x = } {x=!s:>5} {x + 1=}")
    third = show(f"{rate=:.2f} {n=} {{x=}}")
    found = words()
    fourth = show(f"{found['key']=} {found['b']}")
    fifth = show(f'{[x for n in range(2)]=} {"a" if x else "b"=}')
    sixth = show(" ".join([f"{v=}{n}" for v in [x, n]]))
    return [first, second, third, fourth, fifth, sixth, f"{x=}"]
