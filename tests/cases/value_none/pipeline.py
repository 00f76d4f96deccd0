"""`None` as a result, an argument, a default, an element and the pipeline's parameter."""

from pipec import pipeline, step


@step
def nothing() -> None:
    return None


@step
def maybe(n: int | None = None, label: str | None = "x") -> str | None:
    return None if n is None else f"{n}{label}"


@pipeline
def value_none(limit: int | None = None, label: str | None = None) -> list[object]:
    none = nothing()
    return [none, maybe(), maybe(none), maybe(limit, label), maybe(1, None), [none, None], {"k": none}]
