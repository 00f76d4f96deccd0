"""A cache that expires, of a step that is called in a loop, in a branch, in a sub-pipeline and in a `try`."""

from pipec import Cache, pipeline, step


@step
def limits(n: int) -> list[int]:
    return list(range(n))


@step(cache="7d")
def load(n: int) -> int:
    return n + 1


@step(cache=Cache(ttl="7d", version="2"))
def describe(n: int) -> str:
    return f"{n} rows"


@pipeline
def twice(n: int) -> int:
    return load(load(n))


@pipeline
def settings_cache_nested(n: int = 3) -> list[str]:
    found = [load(i) for i in limits(n)]
    fixed = [load(i) for i in (10, 20)]
    total = sum(found) + sum(fixed)
    if total > 30:
        total = load(total)
    try:
        last = load(total)
    except Exception:
        last = 0
    return [describe(twice(n)), describe(last)]
