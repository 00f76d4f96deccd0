"""A result that is not what its value annotation says, and cannot travel as a value, fails the step by name."""

from pipec import pipeline, step


@step
def parse(text: str) -> dict:
    return {"parts": iter(text.split())}


@step
def show(parts: dict) -> str:
    return str(parts)


@pipeline
def value_not_storable(text: str = "a b") -> str:
    return show(parse(text))
