"""A collection that another name holds too cannot be filled any further: plain Python would show it there."""

from pipec import pipeline, step


@step
def work(n: int) -> int:
    return n


@pipeline
def views(n: int = 3):
    pairs = {}
    names = pairs.keys()
    pairs["a"] = work(n)  # PC213
    return list(names)


@pipeline
def shared_collection(n: int = 3):
    first = []
    second = first
    first.append(work(n))  # PC213
    inner = []
    outer = {}
    outer["inner"] = (inner, 1)
    inner.append(n)  # PC213
    left = right = []
    left.append(n)  # PC213
    return first, second, outer, left, right
