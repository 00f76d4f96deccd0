"""What lambdas and comprehensions bind stays theirs, and their defaults and first iterables are of the scope around."""

from pipec import pipeline, run, step

FACTOR = 3


@step
def values(n: int) -> list[int]:
    return [n, 1 - n, 2]


@step
def pair(n: int) -> dict[str, int]:
    return {"low": n, "high": n + 10}


@step
def show(found: object) -> str:
    return str(found)


@pipeline
def expression_captures(n: int = 2) -> list[str]:
    items = values(n)
    first = show(sorted(items, key=lambda v, k=n: v * k))
    second = show(sorted(items, key=lambda v, k=FACTOR, sign=-1: v * k * sign))
    third = show(sorted(items, key=lambda n, k=n: -n * k))
    fourth = show(sorted(items, key=lambda v, *, k=max(items): (v - k) ** 2))
    fifth = show(sorted(items, key=lambda self: self * -n))
    sixth = show(sorted([3, 1, 2], key=lambda v, sign=-1: v * sign))
    items = values(n + 1)
    seventh = show([n * item + items_2 for items_2 in items for item in items])
    eighth = show([[n for n in items] + [n] for items in [items]])
    found = pair(n)
    ninth = show([found["low"] + found_low + n for found_low in items])
    tenth = show([len(id) + (1 if run.id else 0) for id in ["a", "bc"]])
    return [first, second, third, fourth, fifth, sixth, seventh, eighth, ninth, tenth]
