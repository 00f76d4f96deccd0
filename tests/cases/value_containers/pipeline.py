"""Tuples stay tuples, keys keep their types and order, `None` and empty containers arrive."""

from pipec import pipeline, step


@step
def nested() -> dict:
    return {
        2: (1, (2, [3, ()]), {}),
        "2": None,
        None: [],
        (1, "a"): {"$tuple": [1]},
        True: {"": {}},
        1.5: [[], [[]], {}],
        "$dict": "not a tag",
    }


@step
def show(value: dict) -> str:
    return repr(value)


@step
def key_types(value: dict) -> list[str]:
    return [type(k).__name__ for k in value]


@pipeline
def value_containers() -> list[object]:
    value = nested()
    return [show(value), key_types(value), value[2], value[(1, "a")], value["$dict"], value]
