"""`parallel(xs, limit=n)` bounds how many run at once, and changes nothing else."""

from pipec import parallel, pipeline, step


@step
def work(n: int) -> int:
    return n + 1


@pipeline
def fanout_limit(n: int = 4) -> list[int]:
    out = []
    for i in parallel(range(n), limit=2):
        out.append(work(i))
    return out
