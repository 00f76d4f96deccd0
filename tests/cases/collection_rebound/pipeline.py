"""Collections that are rebound, read or left by a return while they are filled."""

from pipec import pipeline, step


@step
def double(n: int) -> int:
    return 2 * n


@step
def upto(n: int) -> list[int]:
    return list(range(n))


@pipeline
def collection_rebound(n: int = 3, reset: bool = True, stop: int = 99) -> tuple[list[int], list[int], dict[str, int]]:
    out = []
    out.append(double(n))
    out.append(n)
    if reset:
        out = []
        out.append(double(7))
    else:
        size = len(out)
        out.append(double(size))
        out.append(out[0])
    kept = []
    kept.append(n)
    found = {}
    if n > 1:
        if n > stop:
            return out, kept, found
        kept.append(double(5))
        for i in upto(n):
            kept.append(double(i))
        found["size"] = len(kept)
    found["n"] = n
    return out, kept, found
