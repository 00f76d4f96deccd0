"""A step's call, or a small task of pipec's own, as component, executor and program; equal ones are shared."""

from __future__ import annotations

from dataclasses import dataclass, field

from pipec.backends.kfp.model import (
    ArtifactType,
    ArtifactUri,
    ComponentSpec,
    ContainerSpec,
    Definitions,
    ExecutorSpec,
    ImporterSpec,
    ParameterSpec,
)  # fmt: skip
from pipec.backends.kfp.platform import KubernetesExecutor
from pipec.backends.kfp.program import UnwritableError, command, local, program, quoted, user_code
from pipec.backends.kfp.scope import Handle, Kind, artifact_of, definitions, free_name, kfp_name, type_of
from pipec.backends.kfp.settings import Settings, environment, escaped_environment, exported, kubernetes, resources
from pipec.ir import Component, Pipeline, Span
from pipec.ir.code import Definition

IMPORTER = "artifact-at"
"""What the one component is called that makes an artifact of its URI; no step has that name."""


@dataclass
class Glue:
    """What one container does: its inputs, the lines of its program, its outputs."""

    name: str
    function: str = ""
    hooks: tuple[str, ...] = ()
    """Further functions that the lines name."""
    inputs: dict[str, Handle] = field(default_factory=dict)
    opened: dict[str, bool] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    outputs: dict[str, Handle] = field(default_factory=dict)
    """Output -> what it is (without scope and task)."""

    def load(self, name: str, handle: Handle, opened: bool) -> str:
        """Take `handle` in under `name`; returns the local variable that holds its value."""
        if handle.kind == "attempt":
            return "kfp_attempt()"
        port = free_name(name, lambda n: n in self.inputs and (self.inputs[n], self.opened[n]) != (handle, opened))
        variable = local(port, lambda n: n in (self.function, *self.hooks))
        if port not in self.inputs:
            self.inputs[port] = handle
            self.opened[port] = opened
            self.lines.append(f"{variable} = {self.source(port, handle, opened)}")
        return variable

    def address(self, name: str, handle: Handle) -> str:
        """The source of where the artifact `handle` lies; it comes in once, also where its content is read besides.

        Everything that is loaded has to be so before.
        """
        port = next((port for port, known in self.inputs.items() if known == handle), None)
        if port is None:
            port = free_name(name, self.inputs.__contains__)
            self.inputs[port] = handle
        if handle.path:  # a part of a stored collection
            return f"{self.source(port, handle, False)}.uri"
        return f"kfp_where(task, {quoted(port)})"

    @staticmethod
    def source(port: str, handle: Handle, opened: bool) -> str:
        """The expression that gives the value of an input."""
        calls = {
            "text": "kfp_value",
            "raw": "kfp_raw",
            "list": "kfp_values",
            "artifact": "kfp_input",
            "artifacts": "kfp_inputs",
            "file": "kfp_foreign",
        }
        path = "".join(f"[{i}]" for i in handle.path)
        source = f"{calls[handle.kind]}(task, {quoted(port)}){path}"
        return f"kfp_open({source})" if handle.stored and opened else source

    def give(self, key: str, kind: Kind, label: str, schema: str = "system.Artifact") -> str:
        """Declare an output; returns its key."""
        self.outputs[key] = Handle(kind, label, key=key, schema=schema, direct=True)
        return key


class Parts:
    """All components and executors of one pipeline."""

    def __init__(self, pipeline: Pipeline, image: str) -> None:
        self.title = pipeline.name
        self.image = image
        self.definitions: dict[str, Definition] = {name: d for d in pipeline.definitions for name in d.names}
        self.components: dict[str, ComponentSpec] = {}
        self.executors: dict[str, ExecutorSpec] = {}
        self.kubernetes: dict[str, KubernetesExecutor] = {}
        self.programs: dict[str, tuple[str, Span | None]] = {}
        """Component -> its program, and the place of its step."""
        self._codes: dict[tuple[str, ...], str] = {}
        self._known: dict[object, str] = {}
        self._interfaces: dict[str, tuple[str, str]] = {}
        """Container of a native step -> the step, and its interface."""
        self.taken = {IMPORTER}

    def container(self, glue: Glue, step: Component | None, settings: Settings) -> str:
        """The component for `glue`; calls that differ only in what they are called with share one."""
        interface = tuple((n, h.kind, h.schema) for n, h in glue.inputs.items())
        key = (step.name if step else "", tuple(glue.lines), interface, tuple(glue.outputs), settings.key)
        if key in self._known:
            return self._known[key]
        name = self._name(glue.name)
        self._known[key] = f"comp-{name}"
        if step is None:
            text = program(f"A small task of the pipeline {self.title!r}.", "", glue.lines)
        else:
            version = f" Cache version {settings.version}." if settings.version else ""
            title = f"Step {step.name!r} of the pipeline {self.title!r}.{version}"
            text = program(title, self._code(step), glue.lines)
        self.programs[name] = (text, step.span if step else None)
        spec = ContainerSpec(
            image=(step.image if step else None) or self.image,
            command=command(text, step.packages if step else (), exported(settings.policy)),
            args=["{{$}}"],
            env=environment(settings.policy),
            resources=resources(settings),
        )
        return self._register(name, glue.inputs, glue.outputs, spec, settings)

    def foreign(
        self,
        step: Component,
        inputs: dict[str, Handle],
        outputs: dict[str, Handle],
        texts: tuple[list[str], list[str]],
        settings: Settings,
    ) -> str:
        """The component of a container step, by its command and arguments with KFP's placeholders."""
        assert step.container is not None
        key = ("container", step.name, tuple((n, h.stored, h.schema) for n, h in inputs.items()), settings.key)
        if key in self._known:
            return self._known[key]
        name = self._name(step.name)
        self._known[key] = f"comp-{name}"
        spec = ContainerSpec(
            image=step.container.image,
            command=texts[0],
            args=texts[1] or None,
            env=escaped_environment(settings.policy),
            resources=resources(settings),
        )
        return self._register(name, inputs, outputs, spec, settings)

    def native(
        self,
        step: Component,
        executor: ExecutorSpec,
        interface: tuple[Definitions | None, Definitions | None],
        settings: Settings,
    ) -> str:
        """The component of a native step, by its inputs and outputs."""
        taken = interface[0].model_dump_json() if interface[0] else ""
        key = ("native", step.name, taken, executor.model_dump_json(), settings.key)
        if key not in self._known:
            name = self._name(step.name)
            self._known[key] = f"comp-{name}"
            component = ComponentSpec(
                executor_label=f"exec-{name}", input_definitions=interface[0], output_definitions=interface[1]
            )
            self._check(step, component, executor)
            self._keep(name, component, executor, settings)
        return self._known[key]

    def _check(self, step: Component, component: ComponentSpec, executor: ExecutorSpec) -> None:
        """Refuse a container of which there is one with another interface: a server keeps the first for both."""
        if executor.container is None:
            return
        taken, given = component.input_definitions, component.output_definitions
        own = {n: p for n, p in ((taken.parameters if taken else None) or {}).items() if not p.description}
        artifacts = (taken.artifacts if taken else None) or {}
        interface = repr((sorted(own.items()), sorted(artifacts.items()), given))
        other, known = self._interfaces.setdefault(executor.container.model_dump_json(), (step.name, interface))
        if known != interface:
            reason = f"its container is that of {other!r}, and a server keeps one interface for both: let them differ"
            raise UnwritableError(reason, step.span, step.name)

    def _register(
        self, name: str, inputs: dict[str, Handle], outputs: dict[str, Handle], spec: ContainerSpec, settings: Settings
    ) -> str:
        component = ComponentSpec(
            executor_label=f"exec-{name}",
            input_definitions=definitions(
                {n: parameter(h) for n, h in inputs.items() if not h.stored},
                {n: artifact_of(h) for n, h in inputs.items() if h.stored},
            ),
            output_definitions=definitions(
                {n: ParameterSpec(parameter_type=h.type or type_of(h)) for n, h in outputs.items() if not h.stored},
                {n: artifact_of(h) for n, h in outputs.items() if h.stored},
            ),
        )
        self._keep(name, component, ExecutorSpec(container=spec), settings)
        return f"comp-{name}"

    def _keep(self, name: str, component: ComponentSpec, executor: ExecutorSpec, settings: Settings) -> None:
        self.components[f"comp-{name}"] = component
        self.executors[f"exec-{name}"] = executor
        if platform := kubernetes(settings):
            self.kubernetes[f"exec-{name}"] = platform

    def importer(self) -> str:
        """The component that makes an artifact of its URI."""
        if f"comp-{IMPORTER}" not in self.components:
            handle = Handle("artifact", "artifact")
            self.components[f"comp-{IMPORTER}"] = ComponentSpec(
                executor_label=f"exec-{IMPORTER}",
                input_definitions=definitions({"uri": ParameterSpec()}, {}),
                output_definitions=definitions({}, {"artifact": artifact_of(handle)}),
            )
            uri = ArtifactUri(runtime_parameter="uri")
            # else two imports of one URI would be one artifact, of which a DAG that gets both loses one
            kind = ArtifactType(schema_title="system.Artifact")
            importer = ImporterSpec(artifact_uri=uri, reimport=True, type_schema=kind)
            self.executors[f"exec-{IMPORTER}"] = ExecutorSpec(importer=importer)
        return f"comp-{IMPORTER}"

    def dag(self, name: str, component: ComponentSpec) -> str:
        """Keep a DAG as the component of the task `name`."""
        self.components[f"comp-{name}"] = component
        return f"comp-{name}"

    def _name(self, wanted: str) -> str:
        name = free_name(kfp_name(wanted), self.taken.__contains__, "-")
        self.taken.add(name)
        return name

    def _code(self, step: Component) -> str:
        if step.code not in self._codes:
            self._codes[step.code] = user_code(step, self.definitions)
        return self._codes[step.code]


def parameter(handle: Handle) -> ParameterSpec:
    """An input of a container; optional where it is not read, since a server has one interface for equal containers."""
    about = handle.about or None
    return ParameterSpec(parameter_type=type_of(handle), is_optional=True if about else None, description=about)
