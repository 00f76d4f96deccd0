"""A step call inside an expression is a task too."""

from pipec import pipeline, step


@step
def measure(text: str) -> dict[str, int]:
    return {"length": len(text), "words": len(text.split())}


@step
def add(a: int, b: int) -> int:
    return a + b


@pipeline
def task_nested_calls(text: str = "to be or not to be") -> int:
    return add(measure(text)["length"], b=add(measure(text)["words"], 1) * 100)
