"""A step that fails twice and then succeeds has three attempts; each starts in an empty folder of its own."""

from pathlib import Path

from pipec import Retry, pipeline, step


@step(retries=Retry(3, delay="30s", backoff=2.0, max_delay="10m"))
def flaky(folder: str, failures: int) -> int:
    assert list(Path().iterdir()) == [], "the working folder is not empty"
    Path("left over").touch()
    attempts = Path(folder) / "attempts.txt"
    with attempts.open("a", encoding="utf-8") as file:
        file.write("x")
    n = attempts.stat().st_size
    if n <= failures:
        raise RuntimeError(f"attempt {n} failed")
    return n


@step
def steady(n: int) -> int:
    return n * 10


@pipeline
def retries_then_success(folder: str, failures: int = 2) -> int:
    return steady(flaky(folder, failures))
