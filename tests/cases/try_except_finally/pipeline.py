"""`except` and `finally` together, and a handler that fails."""

from pipec import PipelineFailed, pipeline, step


@step
def work(n: int) -> int:
    if n > 1:
        raise ValueError(f"{n} is too much")
    return n


@step
def repair(n: int, error: str) -> int:
    if n > 2:
        raise RuntimeError(f"cannot repair: {error}")
    return -n


@step
def clean() -> None:
    print("cleaned")


@pipeline
def try_except_finally(n: int = 1) -> int:
    try:
        result = work(n)
    except Exception as e:
        result = repair(n, str(e))
    finally:
        clean()
    if result == -9:
        raise PipelineFailed("never")
    return result
