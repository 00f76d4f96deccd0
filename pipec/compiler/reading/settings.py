"""Settings in exact units as the text of `@step(...)` and `@pipeline(...)`, in the form a person would write."""

from __future__ import annotations

from typing import Any

from pipec.compiler.pysource.text import python
from pipec.compiler.reading.arguments import filled, source, with_whole
from pipec.compiler.units import duration
from pipec.ir import Accelerator, Cache, Deadline, PipelinePolicy, Retry, Schedule, TaskPolicy

_BINARY = (("Ti", 2**40), ("Gi", 2**30), ("Mi", 2**20), ("Ki", 2**10))
_DECIMAL = (("TB", 10**12), ("GB", 10**9), ("MB", 10**6), ("kB", 10**3))


def quantity(size: int) -> str:
    """An amount of bytes as it is written: `"4Gi"`, `"500MB"`; plain bytes as `"123"`."""
    for unit, factor in (*_BINARY, *_DECIMAL):
        if size and size % factor == 0:
            return f"{size // factor}{unit}"
    return str(size)


def amount(millicores: int) -> str:
    """CPUs as the source of a number or text: `2`, `"500m"`."""
    return str(millicores // 1000) if millicores % 1000 == 0 else f'"{millicores}m"'


def settings_of(policy: TaskPolicy) -> dict[str, str]:
    """Setting -> Python source, for every setting of `policy`, in the order of the documentation.

    `image`, `packages` and `python` are settings of a component: add them yourself. Components that are called
    back are named by their function.
    """
    found: dict[str, str] = {}
    resources = policy.resources
    for name in ("cpu", "cpu_limit"):
        if (cores := getattr(resources, name)) is not None:
            found[name] = amount(cores)
    for name in ("memory", "memory_limit", "disk", "shm"):
        if (size := getattr(resources, name)) is not None:
            found[name] = f'"{quantity(size)}"'
    if policy.accelerator is not None:
        found["gpu"] = gpu(policy.accelerator, policy)
    if policy.retry is not None:
        found["retries"] = retries(policy.retry)
    if policy.timeout is not None:
        found["timeout"] = f'"{duration(policy.timeout)}"'
    if policy.cache is not None:
        found["cache"] = cache(policy.cache)
    if env := filled(policy, "env", policy.env):
        found["env"] = source(env)
    if policy.secrets:
        secrets = []
        for name, ref in policy.secrets.items():
            named = filled(policy, f"secrets.{name}", ref.model_dump())
            secrets.append(f"{python(name)}: Secret({source(named['name'])}, key={source(named['key'])})")
        found["secrets"] = f"{{{', '.join(secrets)}}}"
    placement: dict[str, Any] = {name: getattr(policy.placement, name) for name in type(policy.placement).model_fields}
    placement = {name: filled(policy, name, value) for name, value in placement.items()}
    found |= {name: source(value) for name, value in placement.items() if value not in (None, {}, ())}
    if policy.updates is not None:
        found["updates"] = python(policy.updates)
    if policy.deadline is not None:
        found["deadline"] = deadline(policy.deadline)
    if policy.on_failure is not None:
        found["on_failure"] = policy.on_failure
    if policy.fuse is not None:
        found["fuse"] = python(policy.fuse)
    if policy.extensions:
        found["targets"] = source(policy.extensions)
    return with_whole(found, policy)


def pipeline_settings_of(policy: PipelinePolicy) -> dict[str, str]:
    """The same for a pipeline's settings, `name` and `description` excepted."""
    found: dict[str, str] = {}
    if policy.schedule is not None:
        found["schedule"] = schedule(policy.schedule)
    for name in ("timeout", "retention"):
        if (seconds := getattr(policy, name)) is not None:
            found[name] = f'"{duration(seconds)}"'
    for name in ("max_parallel", "max_active_runs", "tags", "owner"):
        if (value := getattr(policy, name)) not in (None, ()):
            found[name] = python(list(value) if isinstance(value, tuple) else value)
    for name in ("on_failure", "on_success"):
        if (function := getattr(policy, name)) is not None:
            found[name] = function
    if policy.default_retry is not None:
        found["defaults"] = f'{{"retries": {retries(policy.default_retry)}}}'
    if policy.extensions:
        found["targets"] = python(policy.extensions)
    return found


def gpu(accelerator: Accelerator, policy: TaskPolicy | None = None) -> str:
    """The source of `gpu=`; `policy` may say that a part of it is an argument."""
    if policy is not None and (given := filled(policy, "gpu", {})):
        memory = {} if accelerator.memory is None else {"memory": quantity(accelerator.memory)}
        parts = {"name": accelerator.name, "count": accelerator.count, **memory, **given}
        return f"GPU({', '.join(f'{k}={source(v)}' for k, v in parts.items() if v is not None)})"
    if accelerator.memory is not None:
        name = python(accelerator.name)
        return f'GPU({name}, count={accelerator.count}, memory="{quantity(accelerator.memory)}")'
    if accelerator.name is None:
        return str(accelerator.count)
    return f'"{accelerator.name}"' if accelerator.count == 1 else f'"{accelerator.name}:{accelerator.count}"'


def retries(retry: Retry) -> str:
    """The source of `retries=`."""
    more = [f'delay="{duration(retry.delay)}"'] if retry.delay is not None else []
    more += [f"backoff={retry.backoff:g}"] if retry.backoff is not None else []
    more += [f'max_delay="{duration(retry.max_delay)}"'] if retry.max_delay is not None else []
    return f"Retry({', '.join([str(retry.limit), *more])})" if more else str(retry.limit)


def cache(cached: Cache) -> str:
    """The source of `cache=`."""
    if not cached.version and not cached.ignore:
        return "True" if cached.ttl is None else f'"{duration(cached.ttl)}"'
    parts = [f'ttl="{duration(cached.ttl)}"'] if cached.ttl is not None else []
    parts += [f"version={python(cached.version)}"] if cached.version else []
    parts += [f"ignore={python(cached.ignore)}"] if cached.ignore else []
    return f"Cache({', '.join(parts)})"


def deadline(limit: Deadline) -> str:
    """The source of `deadline=`."""
    after = f'"{duration(limit.after)}"'
    return after if limit.tell is None else f"Deadline({after}, tell={limit.tell})"


def schedule(when: Schedule) -> str:
    """The source of `schedule=`."""
    if when.every is not None:
        return f'Every("{duration(when.every)}")'
    if when.on_update:
        return f"OnUpdate({python(when.on_update[0] if len(when.on_update) == 1 else list(when.on_update))})"
    if when.after is not None:
        return f"After({python(when.after)})"
    parts = [f"timezone={python(when.timezone)}"] if when.timezone != "UTC" else []
    parts += [f"{name}={python(getattr(when, name))}" for name in ("start", "end") if getattr(when, name) is not None]
    parts += ["catchup=True"] if when.catchup else []
    if not parts and (when.cron or "").startswith("@"):
        return python(when.cron)
    return f"Cron({', '.join([python(when.cron), *parts])})"
