"""Declared caches; a run starts with an empty cache, so that every step runs."""

from pipec import Cache, pipeline, step


@step(cache=True)
def load(n: int) -> int:
    return n


@step(cache="7d")
def clean(n: int) -> int:
    return n + 1


@step(cache=Cache(ttl="1h", version="2", ignore=("verbose",)))
def fit(n: int, verbose: bool = False) -> int:
    return n * 2


@pipeline
def settings_cache(n: int = 4) -> int:
    return fit(clean(load(n)), verbose=True)
