"""The Argo workflow that the server makes of a PipelineSpec: templates, what waits for what, and what is refused."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.support.pipelinespec.errors import Refused

Spec = dict[str, Any]
Work = Literal["root", "dag", "container", "importer", "template", "iterations", "executor"]
ALWAYS = "ALL_UPSTREAM_TASKS_COMPLETED"
STUBS = ("argostub/createpvc", "argostub/deletepvc")
NAME = re.compile(r"[a-zA-Z0-9][-a-zA-Z0-9]*\Z")


@dataclass
class Node:
    """One task of an Argo DAG."""

    name: str
    work: Work
    """Drivers of DAGs and of containers; an importer; a template to enter, once or for each iteration; a container."""
    template: str = ""
    depends: tuple[str, ...] = ()
    """All of them have to have succeeded; neither skipped nor omitted is enough."""
    driver: str = ""
    """Driver whose answer the node needs: the DAG to enter, the pod to run."""
    conditional: bool = False
    """Whether it is skipped when its driver says so."""
    hook: str = ""
    """Template that runs once it has ended, however."""
    task: Spec = field(default_factory=dict)
    task_name: str = ""
    component: str = ""
    iteration: bool = False


@dataclass
class Template:
    """An Argo DAG."""

    name: str
    nodes: list[Node]
    parallelism: int | None = None


class Compiler:
    """Compiles one specification; `templates` is what comes out."""

    def __init__(self, spec: Spec) -> None:
        self.components: Spec = {**spec.get("components", {}), "root": spec["root"]}
        self.executors: Spec = spec.get("deploymentSpec", {}).get("executors", {})
        self.templates: dict[str, Template] = {}
        self.interfaces: dict[str, Spec] = {}
        """Component, or digest of its container -> what the server keeps: of equal containers the first interface."""
        self._visited: set[str] = set()
        self._visit("root", None)
        entry = [Node("root-driver", "root"), Node("root", "template", "root", ("root-driver",), "root-driver")]
        self._add(Template("entrypoint", entry))
        validate(self.templates)

    def interface(self, component: str) -> Spec:
        """The component as drivers see it."""
        return self.interfaces[self._key(component)]

    def executor(self, component: str) -> Spec:
        """What runs a component."""
        label = self.components[component]["executorLabel"]
        if label not in self.executors:
            raise Refused(f"executor with label {label!r} not found")
        found: Spec = self.executors[label]
        return found

    def _key(self, component: str) -> str:
        if "executorLabel" not in self.components[component] or "container" not in self.executor(component):
            return component
        text = json.dumps(self.executor(component)["container"], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def _visit(self, name: str, called: Spec | None) -> None:
        """Depth first, each component once: a retry policy goes down to tasks that have none."""
        if name in self._visited:
            return
        self._visited.add(name)
        component = self.components[name]
        if "dag" in component:
            for _, task in sorted(component["dag"]["tasks"].items()):
                callee = task["componentRef"]["name"]
                if callee not in self.components:
                    raise Refused(f"cannot find component ref name={callee!r}")
                if called is not None and "retryPolicy" in called:
                    task.setdefault("retryPolicy", called["retryPolicy"])
                self._visit(callee, task)
            self.interfaces.setdefault(self._key(name), component)
            self._dag(name, component["dag"])
        else:
            self.executor(name)
            self.interfaces.setdefault(self._key(name), component)

    def _dag(self, name: str, dag: Spec) -> None:
        tasks: Spec = dag["tasks"]
        for task in tasks.values():
            _waits(task, tasks)
        _hands_out(name, dag)
        always = {n: t for n, t in sorted(tasks.items()) if t.get("triggerPolicy", {}).get("strategy") == ALWAYS}
        hooks: dict[str, str] = {}
        for task_name, task in always.items():
            hook = f"exit-hook-{name}-{task_name}"
            hooks |= dict.fromkeys(task.get("dependentTasks", ()), hook)
            self._add(Template(hook, self._task(task_name, task)))
        nodes = [
            node
            for task_name, task in sorted(tasks.items())
            if task_name not in always
            for node in self._task(task_name, task, hooks.get(task_name, ""))
        ]
        if not nodes:
            raise Refused(f"DAG {name} must contain one or more non-exit tasks")
        self._add(Template(name, nodes))

    def _task(self, name: str, task: Spec, hook: str = "", loop: str = "") -> list[Node]:
        component = task["componentRef"]["name"]
        if "artifactIterator" in task:
            raise Refused("artifact iterator not implemented yet")
        if "parameterIterator" in task and not loop:
            return [self._loop(name, task, component)]
        waits = () if loop or task.get("triggerPolicy", {}).get("strategy") == ALWAYS else tuple(task["dependentTasks"])
        conditional = "condition" in task.get("triggerPolicy", {})
        shared: Spec = {"task": task, "task_name": loop or name, "component": component, "iteration": bool(loop)}
        driver = f"{name}-driver"
        if "dag" in self.components[component]:
            return [
                Node(driver, "dag", depends=waits, **shared),
                Node(name, "template", component, (driver,), driver, conditional, hook),
            ]
        executor = self.executor(component)
        if "importer" in executor:
            if conditional:
                raise Refused("triggerPolicy.condition on importer task is not supported")
            # one pod does all, and nobody tells it to wait for anything
            return [Node(name, "importer", **shared)]
        if executor["container"]["image"] in STUBS:
            return [Node(name, "container", depends=waits, **shared)]
        return [
            Node(driver, "container", depends=waits, **shared),
            Node(name, "executor", "", (driver,), driver, conditional, hook, **shared),
        ]

    def _loop(self, name: str, task: Spec, component: str) -> Node:
        """A loop is a template around a driver that counts, and a node that Argo multiplies. Hooks get lost."""
        self._add(Template(f"{component}-iteration", self._task("iteration-item", task, loop=name)))
        limit = task.get("iteratorPolicy", {}).get("parallelismLimit") or None
        conditional = "condition" in task.get("triggerPolicy", {})
        driver = Node("iteration-driver", "dag", task=task, task_name=name, component=component)
        each = Node(
            "iteration-iterations", "iterations", f"{component}-iteration", (driver.name,), driver.name, conditional
        )
        template = self._add(Template(f"{component}-{name}-iterator", [driver, each], limit))
        return Node(name, "template", template, tuple(task["dependentTasks"]))

    def _add(self, template: Template) -> str:
        if template.name in self.templates:
            raise Refused(f"template name={template.name!r} already exists")
        self.templates[template.name] = template
        return template.name


def _waits(task: Spec, tasks: Spec) -> None:
    """Add the tasks whose outputs a task takes to those that it waits for."""
    waits = set(task.get("dependentTasks", ()))
    given = task.get("inputs", {})
    bindings = [*given.get("parameters", {}).values(), *given.get("artifacts", {}).values()]
    for binding in bindings:
        output = binding.get("taskOutputParameter") or binding.get("taskOutputArtifact")
        if output:
            waits.add(output["producerTask"])
    for producer in waits:
        if producer not in tasks:
            raise Refused(f"unknown producer task {producer!r} in DAG")
    task["dependentTasks"] = sorted(waits)


def _hands_out(name: str, dag: Spec) -> None:
    for key, source in dag.get("outputs", {}).get("artifacts", {}).items():
        if len(source["artifactSelectors"]) > 1:
            raise Refused(f"{name} hands out {key}: releases before 2.17 take the wrong one of several artifacts")


def validate(templates: dict[str, Template]) -> None:
    """What Argo looks at before it runs a workflow."""
    for template in templates.values():
        names = [node.name for node in template.nodes]
        for name in (template.name, *names):
            if not NAME.match(name) or len(name) > 128:
                raise Refused(f"{name!r}: at most 128 letters, digits and dashes")
        for node in template.nodes:
            if node.name[0].isdigit():
                raise Refused(f"templates.{template.name}.tasks.{node.name} name cannot begin with a digit")
            for other in node.depends:
                if other not in names:
                    raise Refused(f"templates.{template.name}.tasks.{node.name} dependency {other!r} not defined")
        if len(set(names)) < len(names):
            raise Refused(f"templates.{template.name}: a task's name is not unique")
        _acyclic(template)


def _acyclic(template: Template) -> None:
    waiting = {node.name: set(node.depends) for node in template.nodes}
    while waiting:
        ready = [name for name, others in waiting.items() if not others & waiting.keys()]
        if not ready:
            raise Refused(f"templates.{template.name}: dependency cycle of {sorted(waiting)}")
        for name in ready:
            del waiting[name]
