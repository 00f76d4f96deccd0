"""What a loop adds to a collection is evaluated, and may fail, whether or not anybody reads the collection."""

from pipec import pipeline, step


@step
def weights(n: int) -> list[int]:
    return [3, 2, n]


@step
def total(parts: list[float]) -> float:
    return sum(parts)


@pipeline
def collection_unread(n: int = 1, used: bool = False) -> float:
    shares = []
    by_name = {}
    for weight in weights(n):
        shares.append(6 / weight)
        by_name[f"of {weight}"] = 6 / weight
    if used:
        return total(shares)
    return 0.0
