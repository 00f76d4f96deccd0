"""What `parallel(after=...)` does not take."""

from pipec import parallel, pipeline, step


@step
def work(n: int = 0) -> int:
    return n


@pipeline
def order_after() -> None:
    a = work()
    with parallel(after=work):  # PC107
        work()
    with parallel(after=(a + 1,)):  # PC107
        work()
    with parallel(after=3):  # PC107
        work()
    with parallel(limit=3):  # PC107
        work()
    with parallel(after=missing):  # PC107
        work()
