"""Migrated from the compiled pipeline "defaults-of-components"."""

from pipec import pipeline, step


@step(image="python:3.11", cache=True)
def greet(name: str = 'you') -> str:
    return f'hello {name}'


@pipeline(name="defaults-of-components")
def defaults_of_components(name: str | None = None) -> str:
    greet_result = greet(name if name is not None else "you")
    return greet_result
