"""What the capability table cannot say: settings with values, and combinations, that Airflow cannot take."""

from __future__ import annotations

from typing import Any

from pipec.backends.airflow import contained, isolation, native, operators, pods
from pipec.compiler.backend import kubernetes
from pipec.compiler.backend.schedules import can_be_scheduled
from pipec.compiler.diagnostics import Report
from pipec.compiler.diagnostics.target import LossySetting, RefusedSetting, TargetLimit, UnsupportedForm
from pipec.compiler.site import Site
from pipec.ir import Component, Const, ForEach, Pipeline, Task
from pipec.ir.graph import tasks, walk
from pipec.ir.literals import value_of

MAX_MAP_LENGTH = 1024
"""`[core] max_map_length` unless the deployment raises it."""


def check(pipeline: Pipeline, site: Site, version: tuple[int, int], report: Report) -> None:
    """Report what of `pipeline` Airflow cannot take, or not as it stands."""
    if site.own_image is not None and _in_workers_image(pipeline):
        loss = "steps run in the image of Airflow's workers; `@step(image=...)` names another"
        report.add(LossySetting(site.place("image"), "airflow", pipeline.name, "image", loss))
    kubernetes.check(pipeline, "airflow", site, report)
    schedule = pipeline.policy.schedule
    native.check(pipeline.policy, native.DAG, pipeline.name, version, report)
    can_be_scheduled(pipeline, "airflow", report)
    if schedule is not None and schedule.after is not None and not schedule.beside:
        reason = (
            f"there is no pipeline {schedule.after!r} in this file, so its DAG would not tell of its end; move one of "
            "them beside the other, or let a step of the other have `updates` and use `OnUpdate`"
        )
        report.add(RefusedSetting(pipeline.policy.span("schedule"), "airflow", pipeline.name, "schedule", reason))
    if schedule is not None and schedule.catchup and schedule.start is None:
        reason = "Airflow catches up from `start`, which is missing"
        report.add(RefusedSetting(pipeline.policy.span("schedule"), "airflow", pipeline.name, "schedule", reason))
    for task, reason in isolation.refusals(pipeline, site):
        report.add(UnsupportedForm(task.span, "airflow", task.site.step, f"{reason}; run it in the worker"))
    for task in tasks(pipeline):
        component = pipeline.component(task.component)
        if component.container is not None:
            for reason in pods.refusals(task, component.container):
                report.add(UnsupportedForm(task.span, "airflow", task.site.step, reason))
            if component.container.located and (reason := contained.without_store(site)):
                report.add(UnsupportedForm(task.span, "airflow", task.site.step, reason))
        if component.native is not None and component.native.target == "airflow":
            if reason := operators.refusal(task, component.native):
                report.add(UnsupportedForm(component.span, "airflow", task.site.step, reason))
            elif task.caught is not None:
                reason = "an operator of Airflow's own that fails ends the run: nothing in a `try` can catch it"
                report.add(UnsupportedForm(task.span, "airflow", task.site.step, reason))
        if not native.is_isolated(pipeline.policy, task.policy):
            _without_environment(task, component, report)
        native.check(task.policy, native.TASK, task.site.step, version, report)
        where = "pod" if component.container is not None else native.isolation(pipeline.policy, task.policy)
        if reason := contained.refused_gpu(task.policy, where):
            report.add(RefusedSetting(task.policy.span("gpu"), "airflow", task.site.step, "gpu", reason))
        if isinstance(task.policy.placement.priority, str) and where != "pod":
            loss = (
                "Docker knows none" if where == "docker" else "only the KubernetesExecutor gives pods a priority class"
            )
            report.add(LossySetting(task.policy.span("priority"), "airflow", task.site.step, "priority", loss))
        retry = task.policy.retry
        if retry is not None and retry.backoff not in (None, 1, 2) and version < (3, 2):
            loss = f"Airflow before 3.2 doubles the delay each time; {retry.backoff:g} becomes 2"
            report.add(LossySetting(task.policy.span("retries"), "airflow", task.site.step, "retries", loss))
    for node in walk(pipeline.body):
        if isinstance(node, ForEach) and isinstance(node.items, Const):
            items: Any = value_of(node.items.source)
            if len(items) > MAX_MAP_LENGTH:
                limit = (
                    f"a fan-out over {len(items)} items needs `max_map_length` above its default of {MAX_MAP_LENGTH}"
                )
                report.add(TargetLimit(node.span, "airflow", limit))


def _in_workers_image(pipeline: Pipeline) -> bool:
    """Whether a step that names no image runs in that of the workers."""
    elsewhere = {
        t.component for t in tasks(pipeline) if native.isolation(pipeline.policy, t.policy) in contained.DECORATORS
    }
    return any(c.function and not c.image and c.name not in elsewhere for c in pipeline.components)


def _without_environment(task: Task, component: Component, report: Report) -> None:
    """What a step has that runs in the worker's own process, and that only a virtual environment could give it."""
    how = 'targets={"airflow": {"isolation": "virtualenv"}} gives the step an environment of its own'
    if component.packages:
        loss = f"Airflow installs nothing: the image of the workers must hold the packages; {how}"
        report.add(LossySetting(task.policy.span("packages"), "airflow", task.site.step, "packages", loss))
    if component.python is not None:
        reason = f"the image of the workers decides about the Python version; {how}"
        report.add(RefusedSetting(task.policy.span("python"), "airflow", task.site.step, "python", reason))
