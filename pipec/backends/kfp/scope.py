"""DAGs under construction: tasks, what comes in from the DAG around, and how each value can be had in each of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from pipec.backends.kfp.model import (
    ArtifactBinding,
    ArtifactSelector,
    ArtifactSpec,
    ArtifactType,
    ComponentRef,
    ComponentSpec,
    Dag,
    DagArtifact,
    DagOutputs,
    DagParameter,
    Definitions,
    OneOf,
    ParameterBinding,
    ParameterSelector,
    ParameterSpec,
    ParameterType,
    RuntimeValue,
    TaskFinalStatus,
    TaskInfo,
    TaskInputs,
    TaskOutputArtifact,
    TaskOutputParameter,
    TaskSpec,
    TriggerPolicy,
)  # fmt: skip

RUN_ID = "{{$.pipeline_job_uuid}}"
RUN_NAME = "{{$.pipeline_job_resource_name}}"
RUN_CREATED = "{{$.pipeline_job_create_time_utc}}"
"""Constants in whose places the server puts what it knows of the run."""

Kind = Literal["text", "raw", "list", "artifact", "artifacts", "file", "attempt", "status"]
"""Exact text; a `str` as typed by a person; a list of texts; an artifact; a list of artifacts; an artifact that is the
file of a container step; the own attempt; how a task has ended."""


@dataclass(frozen=True)
class Handle:
    """Where a value can be had: an output of a task of `scope`, an input of `scope`, or a constant."""

    kind: Kind
    label: str
    """What an input that carries it is called."""
    scope: Scope | None = None
    task: str = ""
    """Task of `scope` that hands it out; "" for an input of `scope`."""
    key: str = ""
    path: tuple[int, ...] = ()
    """Where in the value it is."""
    constant: str = ""
    schema: str = "system.Artifact"
    direct: bool = False
    """A container hands it out, so that a branch or a loop can hand it on on every version of the server."""
    about: str = ""
    """What the interface of a container says of it, where the container does not read it."""
    anew: bool = False
    """An importer makes the artifact anew in every run."""
    type: ParameterType | None = None
    """Of a parameter of a native step; the constant is JSON then."""

    @property
    def place(self) -> tuple[object, ...]:
        """What is equal for two names of one value."""
        return (id(self.scope), self.task, self.key, self.constant)

    @property
    def stored(self) -> bool:
        """Whether it is an artifact."""
        return self.kind in ("artifact", "artifacts", "file")


@dataclass(frozen=True)
class Arm:
    """The arm of a branch that tasks are put into."""

    name: str
    """Input of the DAG, and of each task, that holds the condition."""
    condition: Handle
    wanted: bool

    @property
    def trigger(self) -> str:
        """CEL; kfp.local looks the value up by the name of the input, which is no name of a task's output."""
        return f"inputs.parameter_values['{self.name}'] == '{str(self.wanted).lower()}'"


@dataclass(eq=False)
class Scope:
    """One DAG."""

    name: str
    """Task that runs it, and with "comp-" its component; "root" for the pipeline."""
    arm: Arm | None = None
    iterates: bool = False
    """Whether it is the body of a loop, whose tasks the server tells apart by the index of the iteration."""
    tasks: dict[str, TaskSpec] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)
    """Its tasks, in the order in which they were put in."""
    inputs: dict[str, Handle] = field(default_factory=dict)
    """What comes in from the DAG around."""
    own: dict[str, ParameterSpec] = field(default_factory=dict)
    """Inputs that no binding fills: the item of a loop, the parameters of the pipeline."""
    parameters: dict[str, DagParameter] = field(default_factory=dict)
    artifacts: dict[str, DagArtifact] = field(default_factory=dict)
    kinds: dict[str, Handle] = field(default_factory=dict)
    """Output -> what it is."""
    named: dict[tuple[object, ...], str] = field(default_factory=dict)
    """Place of a value -> its input: the server loses one of two inputs that are the same artifact."""

    def take(self, handle: Handle, name: str = "") -> str:
        """The input by which `handle` comes in."""
        if not name and handle.place in self.named:
            return self.named[handle.place]
        wanted = name or free_name(handle.label, lambda n: n in self.inputs or n in self.own)
        self.inputs[wanted] = handle
        self.named.setdefault(handle.place, wanted)
        return wanted

    def parameter(self, handle: Handle, name: str = "") -> ParameterBinding:
        """How a task of this DAG gets the parameter."""
        if handle.kind == "status":
            return ParameterBinding(task_final_status=TaskFinalStatus(producer_task=handle.task))
        if handle.scope is None:
            constant = handle.constant if handle.type in (None, "STRING") else json.loads(handle.constant)
            return ParameterBinding(runtime_value=RuntimeValue(constant=constant))
        if handle.scope is not self:
            return ParameterBinding(component_input_parameter=self.take(handle, name))
        if not handle.task:
            return ParameterBinding(component_input_parameter=handle.key)
        output = TaskOutputParameter(producer_task=handle.task, output_parameter_key=handle.key)
        return ParameterBinding(task_output_parameter=output)

    def artifact(self, handle: Handle) -> ArtifactBinding:
        """How a task of this DAG gets the artifact."""
        if handle.scope is not self:
            return ArtifactBinding(component_input_artifact=self.take(handle))
        output = TaskOutputArtifact(producer_task=handle.task, output_artifact_key=handle.key)
        return ArtifactBinding(task_output_artifact=output)

    def add(
        self, name: str, component: str, inputs: dict[str, Handle], after: Iterable[str], always: bool = False
    ) -> TaskSpec:
        """Put a task into the DAG: after `after`, after the producers of its inputs, and only if the arm is chosen."""
        parameters = {n: self.parameter(h) for n, h in inputs.items() if not h.stored}
        artifacts = {n: self.artifact(h) for n, h in inputs.items() if h.stored}
        trigger = None
        if self.arm is not None and not always:
            parameters[self.arm.name] = self.parameter(self.arm.condition, self.arm.name)
            trigger = TriggerPolicy(condition=self.arm.trigger)
        before = dict.fromkeys(after)
        before |= dict.fromkeys(
            p.task_output_parameter.producer_task for p in parameters.values() if p.task_output_parameter
        )
        before |= dict.fromkeys(
            a.task_output_artifact.producer_task for a in artifacts.values() if a.task_output_artifact
        )
        task = TaskSpec(
            component_ref=ComponentRef(name=component),
            dependent_tasks=sorted(before) or None,
            inputs=TaskInputs(artifacts=artifacts or None, parameters=parameters or None)
            if parameters or artifacts
            else None,
            task_info=TaskInfo(name=name),
            trigger_policy=trigger,
        )
        self.tasks[name] = task
        self.order.append(name)
        return task

    def add_exit(self, name: str, component: str, inputs: dict[str, Handle], upstream: str) -> TaskSpec:
        """Put a task into the DAG that runs once `upstream` has ended, well or not; nothing can wait for it."""
        task = self.add(name, component, inputs, (upstream,), always=True)
        task.trigger_policy = TriggerPolicy(strategy="ALL_UPSTREAM_TASKS_COMPLETED")
        self.order.remove(name)
        return task

    def hand_out(self, key: str, *handles: Handle) -> None:
        """Hand out what a task of this DAG gives; of several, that of the one that has run."""
        first = handles[0]
        self.kinds[key] = first
        if first.stored:
            selector = ArtifactSelector(output_artifact_key=first.key, producer_subtask=first.task)
            self.artifacts[key] = DagArtifact(artifact_selectors=[selector])
            return
        selectors = [ParameterSelector(output_parameter_key=h.key, producer_subtask=h.task) for h in handles]
        one = DagParameter(value_from_parameter=selectors[0])
        self.parameters[key] = (
            one if len(handles) == 1 else DagParameter(value_from_oneof=OneOf(parameter_selectors=selectors))
        )

    def component(self) -> ComponentSpec:
        """The DAG as a component."""
        parameters = {
            **self.own,
            **{n: ParameterSpec(parameter_type=h.type or type_of(h)) for n, h in self.inputs.items() if not h.stored},
        }
        artifacts = {n: artifact_of(h) for n, h in self.inputs.items() if h.stored}
        kinds = {n: self.kinds[n].type or type_of(self.kinds[n]) for n in self.parameters}
        out_parameters = {n: ParameterSpec(parameter_type=kind) for n, kind in kinds.items()}
        out_artifacts = {n: artifact_of(self.kinds[n]) for n in self.artifacts}
        outputs = None
        if self.parameters or self.artifacts:
            outputs = DagOutputs(artifacts=self.artifacts or None, parameters=self.parameters or None)
        return ComponentSpec(
            dag=Dag(outputs=outputs, tasks=self.tasks),
            input_definitions=definitions(parameters, artifacts),
            output_definitions=definitions(out_parameters, out_artifacts),
        )


def type_of(handle: Handle) -> ParameterType:
    """KFP's type of a parameter of pipec's own components, which take text."""
    return "LIST" if handle.kind == "list" else "TASK_FINAL_STATUS" if handle.kind == "status" else "STRING"


def artifact_of(handle: Handle) -> ArtifactSpec:
    """KFP's type of an artifact."""
    title, _, version = handle.schema.partition("@")
    return ArtifactSpec(
        artifact_type=ArtifactType(schema_title=title, schema_version=version or "0.0.1"),
        is_artifact_list=True if handle.kind == "artifacts" else None,
    )


def definitions(parameters: dict[str, ParameterSpec], artifacts: dict[str, ArtifactSpec]) -> Definitions | None:
    """Inputs or outputs; nothing where there are none."""
    return Definitions(artifacts=artifacts or None, parameters=parameters or None) if parameters or artifacts else None


LONGEST = 50
"""Argo takes 128 characters, and the template of a loop is called `comp-<loop>-<loop>-iterator`."""


def kfp_name(text: str, longest: int = LONGEST) -> str:
    """`text` as KFP's SDK writes names: lower case, digits and single dashes. Argo's do not begin with a digit."""
    name = re.sub(r"[^0-9a-z]+", "-", text.lower()).strip("-").replace("-iteration-", "-iterate-")
    name = f"x{name}" if name[:1].isdigit() else name
    return name[:longest].strip("-") or "x"


def free_name(wanted: str, taken: object, separator: str = "_") -> str:
    """`wanted`, or with a number where that is taken."""
    name, n = wanted, 1
    while taken(name):  # type: ignore[operator]  # a predicate
        n += 1
        name = f"{wanted}{separator}{n}"
    return name
