"""Settings with `Argument(...)` in them, as Python source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipec.compiler.pysource.text import python
from pipec.ir import TaskPolicy
from pipec.ir.arguments import is_argument


@dataclass(frozen=True)
class Named:
    """`Argument("memory")`."""

    parameter: str


ORDER = (
    "cpu", "cpu_limit", "memory", "memory_limit", "disk", "shm", "gpu", "retries", "timeout", "cache", "env", "secrets",
    "node_selector", "tolerations", "labels", "annotations", "service_account", "queue", "priority", "updates",
    "deadline", "on_failure", "fuse", "targets",
)  # fmt: skip
"""All settings of a task."""


def with_whole(found: dict[str, str], policy: TaskPolicy) -> dict[str, str]:
    """`found`, with the settings that are an argument as they stand."""
    if not policy.arguments:
        return found
    found |= {name: source(Named(p)) for name, p in policy.arguments.items() if "." not in name}
    return {name: found[name] for name in ORDER if name in found}


def filled(policy: TaskPolicy, setting: str, value: Any) -> Any:
    """`value` of `setting` with the arguments that belong into it; `source` prints it."""
    for part, parameter in policy.arguments.items():
        if not part.startswith(f"{setting}."):
            continue
        key = part.removeprefix(f"{setting}.")
        if setting == "tolerations":
            number, _, key = key.partition(".")
            value = [{**one, key: Named(parameter)} if str(i) == number else one for i, one in enumerate(value)]
        else:
            value = {**value, key: Named(parameter)}
    return value


def source(value: Any) -> str:
    """Plain data as a literal in double quotes, with calls of `Argument` in it."""
    if isinstance(value, Named):
        return f"Argument({python(value.parameter)})"
    if name := is_argument(value):
        return source(Named(name))
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{python(k)}: {source(v)}' for k, v in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(source, value))}]"
    return python(value)
