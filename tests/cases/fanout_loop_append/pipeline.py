"""`for` with `append` means the same as a comprehension; several lists may be filled, and names stay inside."""

from pipec import pipeline, step


@step
def shards(n: int) -> list[int]:
    return list(range(10, 10 + n))


@step
def load(shard: int) -> list[int]:
    return [shard] * (shard % 5)


@step
def mean(rows: list[int]) -> float | None:
    return sum(rows) / len(rows) if rows else None


@pipeline
def fanout_loop_append(n: int = 4) -> list[object]:
    counts = []
    means = []
    for shard in shards(n):
        rows = load(shard)
        counts.append(len(rows))
        means.append(mean(rows))
    constants = []
    for k in (1, 2):
        constants.append(mean([k, k + 1]))
    return [counts, means, constants]
