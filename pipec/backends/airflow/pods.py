"""Container steps as pods of their own, `KubernetesPodOperator`: any executor starts them.

A container takes text, and Kubernetes replaces `$(NAME)` in it, so a small task before the pod writes the command line,
unless all of it is constant. What the container gives is a JSON file where Airflow's sidecar looks for it.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from pipec.backends.airflow import native, settings
from pipec.backends.airflow.draft import FunctionDraft
from pipec.backends.airflow.graph import TaskNode
from pipec.backends.airflow.values import Bound, Spec
from pipec.compiler.rendering import python_literal as py
from pipec.ir import Component, Const, Container, ContainerArgument, ContainerSlot, Expr, Task, TaskPolicy
from pipec.ir.literals import value_of

if TYPE_CHECKING:
    from pipec.backends.airflow.lower import Lowering, Scope
    from pipec.backends.airflow.wrapper import Wrapper

RESULT = "/airflow/xcom/return.json"
"""What Airflow's sidecar hands on as the result of a pod."""
RENDERED = re.compile(r"\{[{%#]|\.(?:json|yaml|yml)$|\r|\n\Z")
"""Text that Airflow would render, where Jinja changes line ends too, or take for the name of a file to read."""
REPLACED = re.compile(r"\$(?=[$(])")
"""What Kubernetes takes for the start of a reference, or for an escaped dollar."""
GPU_STARTUP = 600
"""Seconds for a pod to start that may wait for a machine with a GPU; Airflow's default is 120."""


def pod_task(low: Lowering, task: Task, component: Component, scope: Scope) -> TaskNode:
    """One call of a container step."""
    container = component.container
    assert container is not None
    elements = [*container.command, *container.args]
    texts = [_constant(element, task.args) for element in elements]  # `None` where the run decides
    fixed = next((i for i, t in enumerate(texts) if t is None), len(texts))
    function = FunctionDraft("KubernetesPodOperator", operator="class")
    options: dict[str, str] = {"image": text(container.image)}
    split = min(fixed, len(container.command))
    if split:
        options["cmds"] = _listed([text(t) for t in texts[:split] if t is not None])
    line: TaskNode | None = None
    if fixed < len(texts) or scope.guards:
        line = _command_line(low, task, elements[split:], texts[split:], scope)
    elif texts[split:]:
        options["arguments"] = _listed([text(t) for t in texts[split:] if t is not None])
    # the variable of an operator has the task's name
    node = low.new(task.id, function, scope, wanted=native.task_id(task.policy))
    if line is not None:
        options["arguments" if split or not container.command else "cmds"] = low.operand(Bound(line), node)
    options |= pod_options(task.policy)
    options |= settings.operator_options(task.policy, low.functions.version, low.pipeline.policy.default_retry)
    options |= low.functions.told(task)
    if container.outputs:
        options["do_xcom_push"] = "True"
    function.options = options
    for output in task.outputs:
        low.env[output.id] = Bound(node)
    return node


def _command_line(
    low: Lowering, task: Task, elements: list[ContainerArgument], texts: list[str | None], scope: Scope
) -> TaskNode:
    """The task that writes what is not constant of the command line. `texts`: the elements that are."""
    from pipec.backends.airflow.branches import guard_of

    taken = low.wrapper(scope, guard_of(low, list(task.args.values()), scope))
    parts: list[str] = []
    for element, text in zip(elements, texts):
        if text is not None:
            parts.append(py(text))
        else:
            sources = [_part(low, part, taken, task.args) for part in element.parts]
            parts.append(f"{low.functions.helper('argument')}({', '.join(sources)})")
    taken.lines.append("return [" + ", ".join(parts) + "]")
    exprs = list(task.args.values())
    id_ = low.ids.fresh(f"arguments_of_{task.id}")
    node = low.new(id_, taken.made(id_, Spec(), exprs), scope, id_)
    low.fill(node, taken)
    return node


def _part(low: Lowering, part: str | ContainerSlot, taken: Wrapper, args: dict[str, Expr]) -> str:
    """The source of a part of an element of the command line."""
    if isinstance(part, str):
        return py(part)
    if part.form == "output_path":
        return py(RESULT)
    source = taken.source(args[part.port])  # the task does not fetch artifacts
    return f"{low.functions.helper('uri_of')}({source})" if part.form == "uri" else source


def _constant(element: ContainerArgument, args: dict[str, Expr]) -> str | None:
    """An element of the command line as Kubernetes takes it; `None` where it is not constant."""
    found: list[str] = []
    for part in element.parts:
        if isinstance(part, str):
            found.append(part)
        elif part.form == "output_path":
            found.append(RESULT)
        else:
            expr = args[part.port]
            if not isinstance(expr, Const):
                return None
            found.append(_argument(expr))
    return REPLACED.sub("$$", "".join(found))


def _argument(const: Const) -> str:
    """A constant as the helper `argument` of the DAG file would write it; `TypeError` or `ValueError` if it cannot."""
    value = value_of(const.source)
    return value if isinstance(value, str) else json.dumps(value, allow_nan=False)


def text(value: str) -> str:
    """The source of `value` in an argument that Airflow renders."""
    return f"literal({py(value)})" if RENDERED.search(value) else py(value)


def _listed(texts: list[str]) -> str:
    return "[" + ", ".join(texts) + "]"


def pod_options(policy: TaskPolicy) -> dict[str, str]:
    """The settings of a step as arguments of `KubernetesPodOperator`."""
    options: dict[str, str] = {}
    if policy.env:
        entries = (f"{py(name)}: {text(REPLACED.sub('$$', value))}" for name, value in policy.env.items())
        options["env_vars"] = "{" + ", ".join(entries) + "}"
    if policy.secrets:
        options["secrets"] = _listed(
            [f'Secret("env", {py(name)}, {py(ref.name)}, {py(ref.key)})' for name, ref in policy.secrets.items()]
        )
    requests, limits = settings.requests_and_limits(policy)
    resources = [f"{k}={settings.mapping(v)}" for k, v in (("requests", requests), ("limits", limits)) if v]
    if resources:
        options["container_resources"] = f"k8s.V1ResourceRequirements({', '.join(resources)})"
    if selector := settings.node_selector(policy):
        options["node_selector"] = settings.mapping(selector)
    if tolerations := settings.tolerations(policy):
        made = (", ".join(f"{key}={py(value)}" for key, value in t.items()) for t in tolerations)
        options["tolerations"] = _listed([f"k8s.V1Toleration({text})" for text in made])
    place = policy.placement
    if place.labels:
        options["labels"] = settings.mapping(place.labels)
    if place.annotations:  # which may be any text
        options["annotations"] = "{" + ", ".join(f"{py(k)}: {text(v)}" for k, v in place.annotations.items()) + "}"
    if place.service_account is not None:
        options["service_account_name"] = py(place.service_account)
    if isinstance(place.priority, str):
        options["priority_class_name"] = py(place.priority)
    if policy.resources.shm is not None:
        memory = f'k8s.V1EmptyDirVolumeSource(medium="Memory", size_limit={py(settings.size(policy.resources.shm))})'
        options["volumes"] = f'[k8s.V1Volume(name="shm", empty_dir={memory})]'
        options["volume_mounts"] = '[k8s.V1VolumeMount(name="shm", mount_path="/dev/shm")]'
    if policy.accelerator is not None:
        options["startup_timeout_seconds"] = str(GPU_STARTUP)
    return options


def refusals(task: Task, container: Container) -> list[str]:
    """What keeps a call from running on Airflow, in words."""
    found: list[str] = []
    if len(container.outputs) > 1:
        found.append("a pod gives Airflow one result, and this one has several outputs")
    for output in container.outputs:
        if output.is_text:
            found.append(f"a pod gives Airflow JSON, and plain text ({output.name!r} is a `str`) is none")
    for port, expr in task.args.items():
        if isinstance(expr, Const):
            try:
                _argument(expr)
            except (TypeError, ValueError):
                found.append(f"{port} = {expr.source} cannot be text on a command line")
    if task.caught is not None:
        found.append("a pod that fails ends the run: nothing in a `try` can catch it")
    return found
