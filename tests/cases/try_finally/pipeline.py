"""The `finally` part runs whatever happened; then the failure fails the run."""

from pathlib import Path

from pipec import pipeline, step


@step
def work(n: int) -> int:
    if n > 2:
        raise ValueError(f"{n} is too much")
    return n + 1


@step
def clean(folder: str) -> None:
    Path(folder, "cleaned").write_text("yes")


@step
def report(n: int) -> str:
    return f"worked: {n}"


@pipeline
def try_finally(folder: str, n: int = 1) -> str:
    try:
        done = work(n)
    finally:
        clean(folder)
    return report(done)
