"""What the run gives to shell commands and containers, and what it is called there."""

from __future__ import annotations

import re

from pipec.backends.airflow.reading.expr import Inexpressible
from pipec.backends.airflow.reading.templates import Fact, split
from pipec.backends.airflow.reading.values import Task


def bash_facts(task: Task, command: list[str | Fact]) -> list[Fact]:
    """What the command of a shell task takes, each once."""
    found: dict[Fact, None] = {p: None for p in command if isinstance(p, Fact)}
    env = task.given.get("env")
    for value in env.value.values() if env is not None and isinstance(env.value, dict) else ():
        parts = split(value) if isinstance(value, str) else None
        if parts is None:
            raise Inexpressible
        found |= {p: None for p in parts if isinstance(p, Fact)}
    return list(found)


def fact_names(facts: list[Fact]) -> dict[Fact, str]:
    """Names of the parameters of a step that the run gives something to."""
    found: dict[Fact, str] = {}
    for fact in facts:
        base = {"ds": "date", "ds_nodash": "day", "run_id": "run_id"}.get(fact.kind, fact.name or "_".join(fact.tasks))
        name = re.sub(r"\W", "_", base) or "value"
        name = name if name.isidentifier() and name not in ("env", "command", "bash", "os") else f"{name}_value"
        while name in found.values():
            name += "_"
        found[fact] = name
    return found
