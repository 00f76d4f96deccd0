"""The features of a pipeline that a target may or may not have: the rows of every capability table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from pipec.ir.arguments import features_of_arguments
from pipec.ir.base import Span
from pipec.ir.code import Component
from pipec.ir.expressions import Address, Code, Const
from pipec.ir.graph import blocks, walk
from pipec.ir.nodes import (
    Block,
    Branch,
    Check,
    Compute,
    ForEach,
    Group,
    Parallel,
    Pipeline,
    RunValue,
    Task,
    Try,
    Wait,
)
from pipec.ir.passing import passed_on
from pipec.ir.policies import PipelinePolicy, TaskPolicy
from pipec.ir.types import (
    DictOf,
    FileType,
    ListOf,
    ObjectType,
    OptionalOf,
    TupleOf,
    Type,
    ValueType,
    is_artifact,
    leaves,
)

FEATURES: dict[str, str] = {
    # structure
    "parameters": "pipeline parameters with defaults",
    "parameters.file": "a file as a parameter of a run",
    "result": "the pipeline's return value",
    "step.function": "a step that is a Python function",
    "step.container": "a step that is a container",
    "step.container_files": "a container that reads or writes files",
    "step.container_uris": "a container that is told where an input artifact lies",
    "step.container_stores": "a container that stores an artifact at its URI",
    "step.native": "a step in the target's own words",
    "step.foreign": "a step in another target's words",
    "outputs.several": "a step with several outputs",
    "effect": "a step called for its effect, in order",
    "parallel": "`with parallel()`",
    "parallel.after": "order without data, `with parallel(after=...)`",
    "group": "a pipeline called inside a pipeline",
    # values
    "value": "plain values between steps, exact",
    "value.large": "plain values of any size that are only passed on",
    "metrics": "`Metrics` and `ClassificationMetrics` results",
    "expression": "expressions over run-time values",
    "artifact.object": "objects in the artifact store",
    "artifact.file": "files and folders in the artifact store",
    "artifact.collection": "lists, dicts and tuples of artifacts",
    "artifact.optional": "an artifact or `None`",
    "artifact.codec": "a codec other than pickle",
    "uri_of": "the address of a file in the artifact store",
    # control
    "branch": "`if` / `elif` / `else`",
    "branch.merge": "a value bound in both arms of an `if`",
    "branch.merge_artifact": "an artifact bound in both arms of an `if`",
    "branch.nested": "an `if` inside an `if`",
    "foreach": "fan-out over a list known at build time",
    "foreach.dynamic": "fan-out over a list known at run time",
    "foreach.artifacts": "fan-out over a list of artifacts",
    "foreach.nested": "a fan-out inside a fan-out",
    "foreach.in_branch": "a fan-out inside an `if`",
    "branch.in_foreach": "an `if` inside a fan-out",
    "group.in_foreach": "a sub-pipeline inside a fan-out",
    "foreach.limit": "`parallel(xs, limit=n)`",
    "try.except": "`try` / `except`",
    "try.finally": "`try` / `finally`",
    "try.timeout": "a step in a `try` that runs into its time limit",
    "try.retries": "a step with retries in a `try`",
    "try.on_failure": "a call when a step in a `try` has failed",
    "try.killed": "a step in a `try` that takes its machine down, or is evicted",
    "check": "`assert` and `raise PipelineFailed`",
    "wait_for": "`wait_for`",
    "run.id": "`run.id`",
    "run.name": "`run.name`",
    "run.date": "`run.date`",
    "run.attempt": "`run.attempt`",
    # settings of a step
    "cpu": "CPU request",
    "cpu_limit": "CPU limit",
    "memory": "memory request",
    "memory_limit": "memory limit",
    "disk": "ephemeral storage request",
    "shm": "shared memory size",
    "gpu": "number of GPUs",
    "gpu.name": "GPU by portable name",
    "retries": "number of retries",
    "retries.delay": "delay before a retry",
    "retries.backoff": "growing delay between retries",
    "retries.max_delay": "longest delay between retries",
    "retries.nested": "retries of a step in an `if`, a fan-out or a sub-pipeline",
    "timeout": "time limit of one attempt",
    "cache": "reuse of results",
    "cache.ttl": "age after which a cached result is not used",
    "cache.version": "cache version",
    "cache.ignore": "arguments that the cache ignores",
    "image": "container image of a step",
    "packages": "pip requirements of a step",
    "python": "Python version of a step",
    "env": "environment variables",
    "secrets": "secrets as environment variables",
    "node_selector": "node selector",
    "tolerations": "tolerations",
    "labels": "labels of a step",
    "annotations": "annotations of a step",
    "service_account": "service account",
    "queue": "queue or pool",
    "priority": "priority",
    "updates": "data that a step updates",
    "deadline": "a notice after a time",
    "on_failure": "a call when a step has failed",
    "fuse": "one task for several steps",
    "fuse.retries": "retries of several steps in one task",
    "fuse.timeout": "time limits of several steps in one task",
    "targets": "native settings of the target",
    "argument": "a setting that only the run knows, `Argument(...)`",
    # settings of a pipeline
    "pipeline.description": "description of the pipeline",
    "pipeline.tags": "tags",
    "pipeline.owner": "owner",
    "pipeline.timeout": "time limit of a run",
    "pipeline.max_parallel": "tasks of a run at once",
    "pipeline.max_active_runs": "runs at once",
    "pipeline.on_failure": "a call when a run has failed",
    "pipeline.on_success": "a call when a run has succeeded",
    "pipeline.retention": "a time for which artifacts are kept",
    "schedule.cron": "a cron schedule",
    "schedule.timezone": "the time zone of a schedule",
    "schedule.window": "start and end of a schedule",
    "schedule.catchup": "catching up missed runs",
    "schedule.every": "a fixed interval",
    "schedule.on_update": "a run when data was updated",
    "schedule.after": "a run after another pipeline's",
}
"""Feature id -> what it is, in the order of the documentation."""


@dataclass(frozen=True)
class Use:
    """A feature, where the pipeline uses it."""

    feature: str
    span: Span
    subject: str = ""
    """The step, setting or name that it is about."""
    target: str = ""
    """The only target that it is for; "" for all."""
    other: str = ""
    """The only target that it is not for; "" for none."""
    container: bool = False
    """Whether it is about a step that is a container."""
    policy: TaskPolicy | None = None
    """The settings of the step that it is about."""


def uses_of(pipeline: Pipeline) -> Iterator[Use]:
    """Every use of a feature, in order of the source."""
    if pipeline.doc:
        yield Use("pipeline.description", pipeline.span, pipeline.name)
    for parameter in pipeline.parameters:
        yield Use("parameters", parameter.span, parameter.name)
        if parameter.file:
            yield Use("parameters.file", parameter.span, parameter.name)
    yield from _of_pipeline(pipeline.policy)
    yield from _of_block(pipeline, pipeline.body, ())
    yield from (Use("value.large", span, value) for span, value in passed_on(pipeline))
    if pipeline.result is not None:
        yield Use("result", pipeline.span, pipeline.name)


def _of_block(pipeline: Pipeline, block: Block, around: tuple[str, ...]) -> Iterator[Use]:
    for node in block.nodes:
        match node:
            case Task():
                yield from _of_task(pipeline, node)
                if around and node.policy.retry is not None:
                    yield Use("retries.nested", node.policy.spans.get("retries", node.span), node.site.step)
            case Compute():
                yield Use("expression", node.span, ", ".join(node.outputs))
            case Branch():
                yield Use("branch", node.span)
                if "branch" in around:
                    yield Use("branch.nested", node.span)
                if "foreach" in around:
                    yield Use("branch.in_foreach", node.span)
                for phi in node.outputs:
                    yield Use("branch.merge_artifact" if is_artifact(phi.type) else "branch.merge", node.span, phi.id)
                    yield from _of_type(phi.type, node.span, phi.id)
                yield from _of_block(pipeline, node.then, (*around, "branch"))
                yield from _of_block(pipeline, node.orelse, (*around, "branch"))
            case ForEach():
                if is_artifact(node.items_type):
                    yield Use("foreach.artifacts", node.span)
                yield Use("foreach" if isinstance(node.items, Const) else "foreach.dynamic", node.span)
                if "foreach" in around:
                    yield Use("foreach.nested", node.span)
                if "branch" in around:
                    yield Use("foreach.in_branch", node.span)
                if node.limit is not None:
                    yield Use("foreach.limit", node.span)
                yield from _of_block(pipeline, node.body, (*around, "foreach"))
            case Group():
                yield Use("group", node.span, node.name)
                if "foreach" in around:
                    yield Use("group.in_foreach", node.span, node.name)
                yield from _of_block(pipeline, node.body, (*around, "group"))
            case Check():
                yield Use("check", node.span)
            case Wait():
                yield Use("wait_for", node.span)
            case RunValue():
                yield Use(f"run.{node.what}", node.span)
            case Try():
                yield Use("try.except" if node.handler is not None else "try.finally", node.span)
                yield Use("try.killed", node.span)
                for task in (n for n in walk(node.body) if isinstance(n, Task)):
                    policy = task.policy
                    for setting, value in (
                        ("timeout", policy.timeout), ("retries", policy.retry), ("on_failure", policy.on_failure),
                    ):  # fmt: skip
                        if value is not None:
                            yield Use(f"try.{setting}", policy.spans.get(setting, task.span), task.site.step)
                for inner in blocks(node):
                    yield from _of_block(pipeline, inner, (*around, "try"))
            case Parallel():
                yield Use("parallel", node.span)
                if node.after:
                    yield Use("parallel.after", node.span)
                yield from _of_block(pipeline, node.body, around)
            case _:
                pass


def _of_task(pipeline: Pipeline, task: Task) -> Iterator[Use]:
    component = pipeline.component(task.component)
    if component.native is not None:
        yield Use("step.native", task.span, task.site.step, target=component.native.target)
        yield Use("step.foreign", task.span, task.site.step, other=component.native.target)
    else:
        kind = "step.container" if component.container else "step.function"
        yield Use(kind, task.span, task.site.step, policy=task.policy)
    if made := component.container:
        for name, has in (("files", made.has_paths), ("uris", made.located), ("stores", made.stored)):
            if has:
                yield Use(f"step.container_{name}", task.span, task.site.step)
    if task.effect:
        yield Use("effect", task.span, task.site.step)
    if len(task.outputs) > 1:
        yield Use("outputs.several", task.span, task.site.step)
    for arg in task.args.values():
        if isinstance(arg, Code):
            yield Use("expression", task.span, task.site.step)
        elif isinstance(arg, Address):
            yield Use("uri_of", task.span, task.site.step)
    for use in _of_results_and_settings(task, component):
        yield replace(use, container=component.container is not None, policy=task.policy)


def _of_results_and_settings(task: Task, component: Component) -> Iterator[Use]:
    for output in task.outputs:
        yield from _of_type(output.type, task.span, output.id)
    for name in ("image", "packages", "python"):
        if getattr(component, name):
            yield Use(name, task.policy.spans.get(name, task.span), task.site.step)
    yield from _of_policy(task.policy, task)


def _of_type(type_: Type, span: Span, subject: str) -> Iterator[Use]:
    match type_:
        case ValueType():
            yield Use("value", span, subject)
            if type_.metrics or type_.classification:
                yield Use("metrics", span, subject)
            return
        case OptionalOf():
            yield Use("artifact.optional", span, subject)
        case ListOf() | DictOf() | TupleOf():
            yield Use("artifact.collection", span, subject)
        case _:
            pass
    for leaf in leaves(type_):
        match leaf:
            case FileType():
                yield Use("artifact.file", span, subject)
            case ObjectType():
                yield Use("artifact.object", span, subject)
                if leaf.codec != "pickle":
                    yield Use("artifact.codec", span, subject)
            case _:
                pass


def _of_policy(policy: TaskPolicy, task: Task) -> Iterator[Use]:
    def use(feature: str, setting: str) -> Use:
        return Use(feature, policy.spans.get(setting, task.span), task.site.step)

    resources = policy.resources
    for name in ("cpu", "cpu_limit", "memory", "memory_limit", "disk", "shm"):
        if getattr(resources, name) is not None:
            yield use(name, name)
    if policy.accelerator:
        yield use("gpu", "gpu")
        if policy.accelerator.name:
            yield use("gpu.name", "gpu")
    if policy.retry:
        yield use("retries", "retries")
        for name in ("delay", "backoff", "max_delay"):
            if getattr(policy.retry, name) is not None:
                yield use(f"retries.{name}", "retries")
    if policy.timeout is not None:
        yield use("timeout", "timeout")
    if policy.cache:
        yield use("cache", "cache")
        for name in ("ttl", "version", "ignore"):
            if getattr(policy.cache, name) not in (None, "", ()):
                yield use(f"cache.{name}", "cache")
    for name in ("env", "secrets", "updates", "deadline", "on_failure"):
        if getattr(policy, name) not in (None, {}):
            yield use(name, name)
    if policy.fuse is not None:
        yield use("fuse", "fuse")
        for name, value in (("retries", policy.retry), ("timeout", policy.timeout)):
            if value is not None:
                yield use(f"fuse.{name}", name)
    placement = policy.placement
    for name in ("node_selector", "tolerations", "labels", "annotations", "service_account", "queue", "priority"):
        if getattr(placement, name) not in (None, {}, ()):
            yield use(name, name)
    for target in policy.extensions:
        yield Use("targets", policy.spans.get("targets", task.span), task.site.step, target)
    yield from (Use(*found) for found in features_of_arguments(task))


def _of_pipeline(policy: PipelinePolicy) -> Iterator[Use]:
    def use(feature: str, setting: str) -> Use:
        return Use(feature, policy.span(setting))

    for name in (
        "tags", "owner", "timeout", "max_parallel", "max_active_runs", "on_failure", "on_success", "retention",
    ):  # fmt: skip
        if getattr(policy, name) not in (None, ()):
            yield use(f"pipeline.{name}", name)
    for target in policy.extensions:
        yield Use("targets", policy.span("targets"), target=target)
    schedule = policy.schedule
    if schedule is None:
        return
    if schedule.cron:
        yield use("schedule.cron", "schedule")
        if schedule.timezone != "UTC":
            yield use("schedule.timezone", "schedule")
        if schedule.start or schedule.end:
            yield use("schedule.window", "schedule")
        if schedule.catchup:
            yield use("schedule.catchup", "schedule")
    for name, present in (("every", schedule.every), ("on_update", schedule.on_update), ("after", schedule.after)):
        if present:
            yield use(f"schedule.{name}", "schedule")
