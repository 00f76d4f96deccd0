"""Migrated from the compiled pipeline "settings-lost"."""

from pipec import Argument, Cache, pipeline, step


# PC505: backoffMaxDuration is not kept: retries have no time limit of their own
# PC505: cacheKey is not kept: a result is found by its inputs and code, not by a key alone
@step(image="python:3.11", cpu_limit=Argument("cpu"), retries=2, cache=Cache(version="mine"))
def load(rows: int, name: str = "digits", *, cpu: str) -> list:
    """Make some numbers."""
    # the seed is fixed
    return [len(name)] * rows


# PC505: accelerator NVIDIA_TESLA_K80 is not kept: pipec has no name for it; set `gpu=` by hand
@step(
    image="python:3.11",
    cache=True,
    targets={
        "kfp": {
            "secretAsEnv": [
                {
                    "secretNameParameter": {"componentInputParameter": "secret"},
                    "keyToEnv": [{"envVar": "T", "secretKey": "token"}],
                },
            ],
        },
    },
)
def total(numbers: list, factor: float = 1.5) -> float:
    return sum(numbers) * factor


@pipeline(name="settings-lost")
def settings_lost(cpu: str = "1", secret: str = "x"):
    load_result = load(rows=1, cpu=cpu)
    total_result = total(numbers=[1, 2])
