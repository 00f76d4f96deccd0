"""Caches that expire: the number of the time window in which a run starts is one more input of their steps.

A server takes entries for as long as it is configured to. When a window ends its number changes, and with it the key,
so that nothing that was made in the window is found again. Windows begin at fixed instants: when a run starts, no
result that it may find is older than the `ttl` asked for, and many a younger one is out of reach.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pipec.backends.kfp.parts import Glue
from pipec.backends.kfp.program import quoted
from pipec.backends.kfp.scope import Handle
from pipec.backends.kfp.settings import Settings, caching
from pipec.compiler.units import duration
from pipec.ir import Task, TaskPolicy, ValueId, is_artifact, uses

if TYPE_CHECKING:
    from pipec.backends.kfp.containers import Containers
    from pipec.backends.kfp.lower import Lowering

INPUT = "cache-window"
"""The input of a step that holds the number; no parameter of a function can be called so."""
VERSION = "cache-version"
"""The one that holds the version of a container, in which nothing else could say it."""
PROGRAM = 'kfp_result(task, "Output", str(int(time.time() // {})))'
"""What the task that tells it does, given the seconds of a window."""


def window(lowering: Lowering, policy: TaskPolicy) -> dict[str, Handle]:
    """The further input of a step whose results expire; nothing for others."""
    if policy.cache is None or policy.cache.ttl is None:
        return {}
    ttl = policy.cache.ttl
    if ttl not in lowering.windows:
        lowering.windows[ttl] = _number(lowering, ttl)
    return {INPUT: lowering.windows[ttl]}


def keys(lowering: Lowering, policy: TaskPolicy) -> dict[str, Handle]:
    """The further inputs of a step that runs no program of pipec's, which are a part of the key of its results."""
    found = window(lowering, policy)
    if policy.cache is not None and policy.cache.version:
        about = "Not read; a part of the key of the cache."
        found[VERSION] = Handle("raw", "cache_version", constant=policy.cache.version, about=about)
    return found


def expire(lowering: Lowering, glue: Glue, policy: TaskPolicy) -> None:
    """Give the program of a step the input, where its results expire."""
    if found := window(lowering, policy):
        glue.inputs |= found
        glue.lines.insert(0, f"# the input {quoted(INPUT)} is not read: it is there for the key of the cache")


def _number(lowering: Lowering, ttl: float) -> Handle:
    """The number of the window, from a task that a run has once, wherever in it the steps are."""
    seconds = int(ttl) if ttl == int(ttl) else ttl
    glue = Glue(f"cache-window-{duration(ttl)}")
    glue.lines += ["import time", "", PROGRAM.format(f"{seconds!r}")]
    glue.give("Output", "raw", "")
    root = lowering.whole
    component = lowering.parts.container(glue, None, Settings(TaskPolicy()))
    name = lowering.unique(glue.name)
    root.add(name, component, {}, ()).caching_options = caching(TaskPolicy())
    root.order.remove(name)  # it is no part of the statement that needs it first
    about = f"Not read; changes every {duration(ttl)}, and so lets entries of the cache expire."
    return replace(glue.outputs["Output"], label="cache_window", scope=root, task=name, about=about)


def imported(containers: Containers, node: Task) -> list[ValueId]:
    """The artifacts among the arguments that an importer makes anew in each run: a server's keys have their ids."""
    lowering, component = containers.lowering, containers.steps[node.component]
    foreign = component.container is not None or component.native is not None  # values go in as texts there
    found = dict.fromkeys(value for expr in node.args.values() for value in uses(expr))
    return [
        value for value in found
        if value in lowering.handles and lowering.handles[value].anew
        and (not foreign or is_artifact(containers.forms.types[value]))
    ]  # fmt: skip
