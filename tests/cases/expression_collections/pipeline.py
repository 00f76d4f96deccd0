"""Subscripts, slices, displays, and the methods of lists and dicts."""

from pipec import pipeline, step


@step
def table() -> dict[str, list[int]]:
    return {"x": [1, 2, 3, 2], "y": []}


@pipeline
def expression_collections() -> list[object]:
    t = table()
    xs = t["x"]
    return [
        xs[0],
        xs[-1],
        xs[1:3],
        xs[::-1],
        xs.index(3),
        xs.count(2),
        t.get("z"),
        t.get("z", 5),
        list(t.keys()),
        list(t.values()),
        list(t.items()),
        [*xs, *t["y"], 9],
        (xs[0], *xs[2:]),
        {"first": xs[0], **t},
        xs + [4],
        "x" in t,
    ]
