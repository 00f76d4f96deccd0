"""One iteration that fails fails the run, and the reducer does not run."""

from pipec import pipeline, step


@step
def shards(n: int) -> list[int]:
    return list(range(n))


@step
def work(shard: int) -> int:
    if shard == 2:
        raise ValueError(f"shard {shard} is broken")
    return shard


@step
def total(parts: list[int]) -> int:
    return sum(parts)


@pipeline
def failure_in_fanout(n: int = 3) -> int:
    return total([work(s) for s in shards(n)])
