"""Values named like the steps that made them, like builtins, and like modules."""

import json

from pipec import pipeline, step


@step
def load(text: str) -> list[int]:
    return json.loads(text)


@step
def dump(list: list[int]) -> str:
    return json.dumps({"n": len(list)})


@pipeline
def names_shadowing(json: str = "[1, 2]") -> list[object]:
    list = load(json)
    text = dump(list)
    return [list, text, len(list)]
