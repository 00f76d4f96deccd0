"""A recorded pipeline becomes the documents that the SDK's compiler makes of it."""

from __future__ import annotations

import copy
from typing import Any

from pipec.backends.kfp.reading.documents import Path
from pipec.backends.kfp.reading.dsl import channels, kinds, specs
from pipec.backends.kfp.reading.dsl.channels import Channel
from pipec.backends.kfp.reading.dsl.compiled import Compiled
from pipec.backends.kfp.reading.dsl.groups import BRANCHES, EXIT, LOOP, ROOT, Group, Recorder
from pipec.backends.kfp.reading.dsl.merging import executors, merge
from pipec.backends.kfp.reading.dsl.names import SDK_VERSION, component_key, executor_label, kubernetes_name, unique
from pipec.backends.kfp.reading.dsl.parts import Component, definition
from pipec.backends.kfp.reading.dsl.problems import Problem, refused
from pipec.backends.kfp.reading.dsl.tasks import Task
from pipec.backends.kfp.reading.dsl.topology import Topology

_COMPLETED = "ALL_UPSTREAM_TASKS_COMPLETED"


def assemble(recorder: Recorder, component: Component, results: dict[str, Channel]) -> Compiled:
    """The documents of a pipeline whose function has been evaluated."""
    return _Assembly(recorder, component).build(results)


class _Assembly:
    def __init__(self, recorder: Recorder, component: Component) -> None:
        self.recorder = recorder
        self.root = definition(component)
        info = {"name": component.name}
        if component.description is not None:
            info["description"] = component.description
        self.executors: dict[str, Any] = {}
        self.made = Compiled(
            {
                "pipelineInfo": info,
                "root": self.root,
                "components": {},
                "deploymentSpec": {},
                "schemaVersion": "2.1.0",
                "sdkVersion": f"kfp-{SDK_VERSION}",
            }
        )
        if component.function is not None:
            self.made.names["root",] = component.function.name
        self.made.places[()] = self.made.places["root",] = component.span
        for name, port in component.inputs.items():
            group = "parameters" if port.is_parameter else "artifacts"
            self.made.places["root", "inputDefinitions", group, name] = port.span
        self.topology = Topology(recorder)
        self.sequences: dict[str, int] = {}

    def build(self, results: dict[str, Channel]) -> Compiled:
        results = self.topology.surface(_checked(results))
        self.topology.order()
        for group in self.recorder.root.walk():
            self._block(group)
        for group in self.recorder.root.walk():
            if group.kind == EXIT:
                self._exit(group)
        connect(self.root, results)
        self._sort()
        if self.executors:
            self.made.spec["deploymentSpec"] = {"executors": self.executors}
        for key in ("deploymentSpec", "components"):
            if not self.made.spec[key]:
                del self.made.spec[key]
        return self.made

    def _block(self, group: Group) -> None:
        """Everything in a block."""
        prefix: Path = ("root",) if group.kind == ROOT else ("components", component_key(group.name))
        around = self.root if group.kind == ROOT else self.made.spec["components"][prefix[1]]
        around.setdefault("dag", {})  # a block may have nothing in it
        beside = [kubernetes_name(child.name) for child in group.children]
        for child in group.children:
            path = (*prefix, "dag", "tasks", child.name)
            incoming = [channel for channel, _ in self.topology.inputs.get(child.name, ())]
            try:
                if isinstance(child, Task):
                    entry, made = self._task(child, around, beside, path)
                else:
                    entry, made = self._group(child, incoming, beside, group.kind == ROOT)
            except Problem as problem:
                raise problem.at(child.span) from None
            if waits := self.topology.dependencies.get(child.name):
                entry["dependentTasks"] = [kubernetes_name(name) for name in sorted(waits)]
            if isinstance(child, Task) and child.ignores_failure:
                self._ignore_failure(child, entry)
            name = unique(component_key(child.name), self.made.spec["components"])
            if isinstance(child, Task) and child.component.graph is not None:
                name, made = merge(self.made, self.executors, child.component.graph, component_key(child.name))
            entry["componentRef"]["name"] = name
            self.made.spec["components"][name] = made
            around.setdefault("dag", {}).setdefault("tasks", {})[child.name] = entry
            self._note(child, path, name, made, entry)

    def _note(
        self, child: Group | Task, path: Path, component: str, made: dict[str, Any], entry: dict[str, Any]
    ) -> None:
        """Remember where an entry came from."""
        places = self.made.places
        places[path] = child.span
        self.sequences[child.name] = child.sequence
        if child.variable:
            self.made.names[path] = child.variable
        if isinstance(child, Group):
            places["components", component] = child.span
            return
        if child.component.graph is None:
            places["components", component] = child.component.span
        label = made.get("executorLabel", "")
        executor = ("deploymentSpec", "executors", label)
        if label:
            places[executor] = child.component.span
            if child.component.source:
                self.made.sources[label] = child.component.source
                if child.component not in self.made.components:
                    self.made.components.append(child.component)
        for (where, *rest), span in child.spans.items():
            if where == "task" and rest[0] in entry:
                place: Path = (*path, *rest)
            elif where == "executor" and label:
                place = (*executor, *rest)
            elif where == "platform":
                place = ("platforms", "kubernetes", *executor, *rest)
            else:
                continue
            places[place] = span

    def _task(self, task: Task, around: dict[str, Any], beside: list[str], path: Path) -> tuple[Any, dict[str, Any]]:
        entry = specs.task_entry(task, around, beside)
        special = [name for name, port in task.component.inputs.items() if kinds.is_final_status(port.type)]
        if special and not task.ignores_failure and not self.recorder.is_component:
            raise refused(f"`{special[0]}` of `{task.name}`", "only an exit task can be given a final status")
        made = definition(task.component)
        if task.component.graph is not None:
            if task.platform:
                raise refused(f"`{task.name}`", "it is a pipeline, and settings of pods are for components")
            return entry, made
        label = made["executorLabel"] = unique(executor_label(task.name), self.executors)
        self._executor(task, label, around, beside)
        return entry, made

    def _executor(self, task: Task, label: str, around: dict[str, Any], beside: list[str]) -> None:
        if task.container is not None:
            self.executors[label] = {"container": specs.container_entry(task.container)}
            for key, settings in task.platform.items():
                into = executors(self.made.platform, key)
                into[label] = into.get(label, {}) | _rewritten(settings, around, beside)
        elif task.component.importer is not None:
            self.executors[label] = {"importer": specs.importer_entry(task.component.importer, task.inputs["uri"])}

    def _group(
        self, group: Group, incoming: list[Channel], beside: list[str], in_root: bool
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        outgoing = {} if group.kind == EXIT else self.topology.outputs.get(group.name, {})
        if group.kind == LOOP:
            incoming = self._loop_inputs(group, incoming)
        else:
            incoming = [*incoming, *(one for condition in group.conditions for one in condition.channels)]
        made = specs.group_definition(incoming, outgoing)
        if group.kind == BRANCHES:
            _connect_branches(made, outgoing)
        else:
            connect(made, outgoing)
        return specs.group_entry(group, incoming, beside, in_root), made

    def _loop_inputs(self, group: Group, incoming: list[Channel]) -> list[Channel]:
        """Without the items of constant loops that are neither this one nor around it."""
        assert group.item is not None
        around = [self.topology.groups[name].item for name in self.topology.ancestors[group.name]]
        kept = [
            one
            for one in incoming
            if not (isinstance(one, channels.LOOPS) and one.constant)
            or any(item is not None and one.name in item.name for item in around)
        ]
        items = [group.item.items] if isinstance(group.item.items, Channel) else []
        return [*kept, *items, group.item]

    def _ignore_failure(self, task: Task, entry: dict[str, Any]) -> None:
        entry["triggerPolicy"] = entry.get("triggerPolicy", {}) | {"strategy": _COMPLETED}
        waits = entry.get("dependentTasks", [])
        for name, port in task.component.inputs.items():
            if kinds.is_final_status(port.type):
                if len(waits) != 1:
                    raise refused(f"`{task.name}`", "a final status needs exactly one task to wait for").at(task.span)
                status = {"taskFinalStatus": {"producerTask": waits[0]}}
                entry.setdefault("inputs", {}).setdefault("parameters", {})[name] = status

    def _exit(self, group: Group) -> None:
        """The task that runs after everything in an exit handler, whatever happened."""
        if group.parent is not self.recorder.root:
            raise refused("`dsl.ExitHandler`", "it is only for the outermost level of a pipeline").at(group.span)
        task, handler = group.exit_task, kubernetes_name(group.name)
        assert task is not None
        entry = specs.task_entry(task, self.root, [])
        entry["dependentTasks"] = [handler]
        entry["triggerPolicy"] = {"strategy": _COMPLETED}
        for name, port in task.component.inputs.items():
            if kinds.is_final_status(port.type):
                status = {"taskFinalStatus": {"producerTask": handler}}
                entry.setdefault("inputs", {}).setdefault("parameters", {})[name] = status
        path = ("root", "dag", "tasks", kubernetes_name(task.name))
        made = definition(task.component)
        component = unique(entry["componentRef"]["name"], self.made.spec["components"])
        if task.component.graph is not None:
            component, made = merge(self.made, self.executors, task.component.graph, component_key(task.name))
        else:
            label = made["executorLabel"] = unique(executor_label(task.name), self.executors)
            self._executor(task, label, self.root, list(self.root["dag"]["tasks"]))
        entry["componentRef"]["name"] = component
        self.made.spec["components"][component] = made
        self.root["dag"]["tasks"][path[-1]] = entry
        self._note(task, path, component, made, entry)

    def _sort(self) -> None:
        """Tasks in the order of the source, instead of blocks first."""
        own = [self.made.spec["components"].get(component_key(group.name), {}) for group in self.recorder.root.walk()]
        for component in [self.root, *own]:
            tasks = component.get("dag", {}).get("tasks", {})
            ordered = sorted(tasks.items(), key=lambda item: self.sequences[item[0]])
            tasks.clear()
            tasks.update(ordered)


def _checked(results: dict[str, Channel]) -> dict[str, Channel]:
    for name, channel in results.items():
        if isinstance(channel, channels.Collected):
            continue
        if not isinstance(channel, Channel):
            raise refused(f"the result `{name}` of the pipeline", "it is no output of a task")
        maker = channel.branches if isinstance(channel, channels.OneOf) else channel.task
        if maker is None or maker.parent is None or maker.parent.kind != ROOT:
            raise refused(f"the result `{name}` of the pipeline", "it is made in a block, or is a parameter")
    return results


def _declared(made: dict[str, Any], name: str, channel: Channel) -> str:
    kind = "artifacts" if isinstance(channel, channels.Artifact) else "parameters"
    if name not in specs.names_in(made, kind, "outputDefinitions"):
        raise refused(f"the result `{name}`", "the pipeline's annotations do not name it, or with another type")
    return kind


def connect(made: dict[str, Any], outgoing: dict[str, Channel]) -> None:
    """Where the outputs of a block come from."""
    for name, channel in outgoing.items():
        kind = _declared(made, name, channel)
        outputs = made.setdefault("dag", {}).setdefault("outputs", {}).setdefault(kind, {})
        if kind == "artifacts":
            selector = {"producerSubtask": channel.task_name, "outputArtifactKey": channel.name}
            outputs.setdefault(name, {}).setdefault("artifactSelectors", []).append(selector)
        else:
            source = {"producerSubtask": channel.task_name, "outputParameterKey": channel.name}
            outputs[name] = {"valueFromParameter": source}
    for kind in ("artifacts", "parameters"):
        for name in specs.names_in(made, kind, "outputDefinitions"):
            if name not in made.get("dag", {}).get("outputs", {}).get(kind, {}):
                raise refused(f"the result `{name}`", "nothing in the pipeline makes it")


def _connect_branches(made: dict[str, Any], outgoing: dict[str, Channel]) -> None:
    """The same for branches, of which one makes the output."""
    for name, merged in outgoing.items():
        assert isinstance(merged, channels.OneOf)
        kind = _declared(made, name, merged)
        key = "outputArtifactKey" if kind == "artifacts" else "outputParameterKey"
        selectors = [{"producerSubtask": one.task_name, key: one.name} for one in merged.channels]
        value: dict[str, Any] = {"artifactSelectors": selectors}
        if kind == "parameters":
            value = {"valueFromOneof": {"parameterSelectors": selectors}}
        made.setdefault("dag", {}).setdefault("outputs", {}).setdefault(kind, {})[name] = value


def _rewritten(settings: Any, around: dict[str, Any], beside: list[str]) -> Any:
    """Settings of a pod whose values of the run are named as the block around the task names them."""
    if isinstance(settings, list):
        return [_rewritten(one, around, beside) for one in settings]
    if not isinstance(settings, dict):
        return settings
    found = {key: _rewritten(value, around, beside) for key, value in settings.items()}
    known = specs.names_in(around, "parameters")
    name = found.get("componentInputParameter")
    if name is not None and name not in known and channels.prefixed(name) in known:
        found["componentInputParameter"] = channels.prefixed(name)
    output = found.get("taskOutputParameter")
    if output is not None and output["producerTask"] not in beside:
        surfaced = channels.prefixed(f"{output['producerTask']}-{output['outputParameterKey']}")
        if surfaced not in known:
            raise refused(f"a setting of the pod that needs `{output['producerTask']}`", "its block does not have it")
        del found["taskOutputParameter"]
        found["componentInputParameter"] = surfaced
    return copy.deepcopy(found)
