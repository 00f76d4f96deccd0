"""The settings of a task that stands for several calls, and what keeps calls from sharing one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pipec.ir import Component, Resources, Span, Task, TaskPolicy

LIMITS = ("cpu_limit", "memory_limit")
OF_PROCESS = ("image", "packages", "python")
"""Settings of a component."""
EQUAL = ("env", "secrets", "on_failure", "retry", "cache")
"""Fields of a policy that must be the same. What a retry or a cache repeats or leaves out is all of the task."""
PLACES = ("node_selector", "tolerations", "labels", "annotations", "service_account", "queue", "priority")
SETTING = {"retry": "retries", "accelerator": "gpu", "extensions": "targets"}
"""Field of a policy -> setting."""


@dataclass(frozen=True)
class Call:
    """One call that may share a task."""

    task: Task
    component: Component

    @property
    def step(self) -> str:
        """The name of the step, for people."""
        return self.task.site.step

    def span(self, setting: str) -> Span:
        """Where a setting of it was written; else the call."""
        return self.task.policy.spans.get(setting, self.task.span)


@dataclass(frozen=True)
class Obstacle:
    """What keeps calls from sharing a task."""

    span: Span
    reason: str
    """After "cannot share a task: "."""
    other: Span | None = None
    """The place that does not go with it."""


def obstacles(calls: Sequence[Call]) -> Iterator[Obstacle]:
    """What in the settings of `calls`, in their order, keeps them from sharing a task."""
    first = calls[0]
    for call in calls[1:]:
        for setting, same in _compared(first, call):
            if not same:
                where = call if setting in call.task.policy.spans else first
                other = first if where is call else call
                reason = f"{setting!r} of {first.step!r} and {call.step!r} differs"
                yield Obstacle(where.span(setting), reason, other.span(setting))
    yield from _of_effects(calls)
    for call in calls:
        policy = call.task.policy
        if policy.cache is not None and policy.cache.ignore:
            yield Obstacle(call.span("cache"), f"the cache of {call.step!r} ignores arguments of that step alone")
        if policy.deadline is not None:
            yield Obstacle(call.span("deadline"), f"'deadline' is about {call.step!r} alone")
        if policy.arguments:
            setting = next(iter(policy.arguments)).partition(".")[0]
            yield Obstacle(call.span(setting), f"{setting!r} of {call.step!r} is an argument that only the run knows")
        if policy.updates is not None and call is not calls[-1]:
            reason = f"{call.step!r} updates data before the task has ended"
            yield Obstacle(call.span("updates"), reason, calls[-1].task.span)


def _compared(a: Call, b: Call) -> Iterator[tuple[str, bool]]:
    """Setting -> whether it is the same for both, or there for both where an amount may differ."""
    for name in OF_PROCESS:
        yield name, getattr(a.component, name) == getattr(b.component, name)
    one, two = a.task.policy, b.task.policy
    for name in ("accelerator", "extensions", *EQUAL):
        yield SETTING.get(name, name), getattr(one, name) == getattr(two, name)
    for name in PLACES:
        yield name, getattr(one.placement, name) == getattr(two.placement, name)
    for name in LIMITS:
        yield name, (getattr(one.resources, name) is None) == (getattr(two.resources, name) is None)
    yield "timeout", (one.timeout is None) == (two.timeout is None)


def _of_effects(calls: Sequence[Call]) -> Iterator[Obstacle]:
    """A retry repeats what has been done already."""
    for call in calls[:-1]:
        if call.task.effect and call.task.policy.retry is not None:
            reason = f"a retry of what follows would call {call.step!r} for its effect again"
            yield Obstacle(call.task.span, reason, call.span("retries"))


def surely_fit(calls: Sequence[Call]) -> bool:
    """Whether nothing at all is different by sharing a task: what `fuse="auto"` asks for."""
    own = [call.task.policy for call in calls]
    special = ("accelerator", "retry", "timeout", "cache", "updates", "deadline", "on_failure")
    plain = all(getattr(policy, name) is None for policy in own for name in special)
    return plain and all(policy.resources == own[0].resources for policy in own) and not any(obstacles(calls))


def shared(calls: Sequence[Call]) -> TaskPolicy:
    """The policy of the task: the largest of each resource, and all time limits together."""
    policies = [call.task.policy for call in calls]
    amounts = {
        name: max((n for p in policies if (n := getattr(p.resources, name)) is not None), default=None)
        for name in Resources.model_fields
    }
    limits = [p.timeout for p in policies if p.timeout is not None]
    spans = {name: span for p in reversed(policies) for name, span in p.spans.items()}
    update = {
        "resources": Resources(**amounts), "timeout": sum(limits) if limits else None,
        "updates": policies[-1].updates, "spans": spans,
    }  # fmt: skip
    return policies[0].model_copy(update=update)
