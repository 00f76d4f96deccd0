"""A sub-pipeline in a `try`, and a `try` with effects in a sub-pipeline."""

from pipec import pipeline, step


@step
def load(n: int) -> list[int]:
    if n < 0:
        raise ValueError("nothing to load")
    return list(range(n))


@step
def publish(rows: list[int]) -> None:
    if len(rows) > 3:
        raise RuntimeError("too many rows")


@step
def tell(text: str) -> None:
    print(text)


@pipeline
def prepare(n: int) -> int:
    rows = load(n)
    try:
        publish(rows)
    except Exception as e:
        tell(f"not published: {e}")
    return len(rows)


@pipeline
def try_with_group(n: int = 2) -> int:
    try:
        count = prepare(n)
    except Exception:
        count = -1
    return count
