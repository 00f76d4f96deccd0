"""Migrated from the compiled pipeline "resources"."""

from pipec import Cache, Retry, pipeline, step


@step(image="python:3.11", cpu="500m", cpu_limit=2, memory="512Mi", memory_limit="4Gi", gpu=2, cache=True)
def work(n: int) -> int:
    return n


# PC505: backoffMaxDuration is not kept: retries have no time limit of their own
@step(
    image="registry.example.com/other:1",
    retries=Retry(3, delay="30s", backoff=1.5),
    env={"MODE": "fast", "EMPTY": ""},
)
def work_2(n: int) -> int:
    return n


# PC505: accelerator  is not kept: pipec has no name for it; set `gpu=` by hand
# PC505: cacheKey is not kept: a result is found by its inputs and code, not by a key alone
@step(image="python:3.11", cpu_limit="1500m", memory_limit="100MB", retries=2, cache=Cache(version="v1"))
def work_3(n: int) -> int:
    return n


# PC505: accelerator NVIDIA_TESLA_K80 is not kept: pipec has no name for it; set `gpu=` by hand
@step(image="python:3.11", cache=True, env={"ARGO_DEBUG_PAUSE_BEFORE": "true", "ARGO_DEBUG_PAUSE_AFTER": "true"})
def work_4(n: int) -> int:
    return n


@pipeline
def resources():
    first = work(1)
    # Shown as 'Second work'.
    second = work_2(first)
    third = work_3(3)
    work_4_result = work_4(4)
