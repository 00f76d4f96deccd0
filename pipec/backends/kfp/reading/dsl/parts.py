"""Components as the SDK knows them: ports, and what runs."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pipec.backends.kfp.reading.dsl import kinds
from pipec.backends.kfp.reading.dsl.imported import Imported
from pipec.backends.kfp.reading.dsl.names import kubernetes_name
from pipec.backends.kfp.reading.dsl.problems import Problem, refused
from pipec.ir import NOWHERE, Span

if TYPE_CHECKING:
    from pipec.backends.kfp.reading.dsl.compiled import Compiled


@dataclass
class Port:
    """An input or output."""

    type: Any
    default: Any = None
    optional: bool = False
    is_list: bool = False
    description: str | None = None
    span: Span = NOWHERE

    @property
    def is_parameter(self) -> bool:
        """Whether it is a small value, not a file."""
        return kinds.is_parameter(self.type)


@dataclass
class Container:
    """A program in an image, with what a task may change about it."""

    image: Any
    command: list[Any] = field(default_factory=list)
    args: list[Any] = field(default_factory=list)
    env: dict[str, Any] = field(default_factory=dict)
    resources: dict[str, Any] = field(default_factory=dict)
    """cpuRequest, cpuLimit, memoryRequest, memoryLimit, type, count -> text, as the SDK takes them."""


@dataclass(frozen=True)
class Importer:
    """What `dsl.importer` makes."""

    uri: Any
    schema: str
    reimport: bool
    metadata: Any
    download: bool


@dataclass(eq=False)
class Component:
    """What is called in a pipeline."""

    name: str
    inputs: dict[str, Port] = field(default_factory=dict)
    outputs: dict[str, Port] = field(default_factory=dict)
    description: str | None = None
    container: Container | None = None
    importer: Importer | None = None
    graph: Compiled | None = None
    passthroughs: list[tuple[str, bool]] = field(default_factory=list)
    """Setting that goes to the component instead of its pod, and whether to the pod as well."""
    span: Span = NOWHERE
    """Where it is defined."""
    source: str = ""
    """Its own `def`, where it is a function."""
    function: Any = None
    """The function that it is made of."""
    additional: list[Any] = field(default_factory=list)
    """Functions whose source goes with it."""
    renamed: dict[str, str] = field(default_factory=dict)
    """What calls say -> the port. The first version of the SDK took `_path` off the names of ports."""

    def __post_init__(self) -> None:
        self.name = kubernetes_name(self.name)

    def container_copy(self) -> Container | None:
        """The container for one task, which may change it."""
        return copy.deepcopy(self.container)


def definition(component: Component) -> dict[str, Any]:
    """Its interface in a document."""
    found: dict[str, Any] = {}
    for section, ports in (("inputDefinitions", component.inputs), ("outputDefinitions", component.outputs)):
        for name, port in ports.items():
            group = "parameters" if port.is_parameter else "artifacts"
            found.setdefault(section, {}).setdefault(group, {})[name] = _port(port, section == "inputDefinitions")
    if component.passthroughs:
        found["taskConfigPassthroughs"] = [
            {"field": name} | ({"applyToTask": True} if both else {}) for name, both in component.passthroughs
        ]
    return found


def _port(port: Port, is_input: bool) -> dict[str, Any]:
    entry: dict[str, Any]
    if kinds.is_final_status(port.type) or kinds.is_task_config(port.type):
        special = "TASK_FINAL_STATUS" if kinds.is_final_status(port.type) else "TASK_CONFIG"
        entry = {"parameterType": special, "isOptional": True}
    elif port.is_parameter:
        entry = {"parameterType": kinds.parameter_type(port.type)}
        if is_input and port.optional:
            entry["isOptional"] = True
            if port.default is not None:
                entry["defaultValue"] = constant(port.default)
    else:
        entry = {"artifactType": kinds.artifact_schema(port.type)}
        if port.is_list:
            entry["isArtifactList"] = True
        if is_input and port.optional:
            entry["isOptional"] = True
    if port.description:
        entry["description"] = port.description
    return entry


def constant(value: Any) -> Any:
    """A constant as it stands in a document, where numbers are floating."""
    if isinstance(value, (bool, str)):
        return value
    if isinstance(value, (int, float)):
        return float(value)
    if isinstance(value, dict):
        return {key: constant(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [constant(one) for one in value]
    raise refused(f"`{value!r}`", "only texts, numbers, truth values, dicts and lists can be given to a component")


def check_plain(value: Any, where: str) -> None:
    """Refuse what cannot stand in a document because it is not known."""
    if isinstance(value, dict):
        for one in [*value, *value.values()]:
            check_plain(one, where)
    elif isinstance(value, (list, tuple)):
        for one in value:
            check_plain(one, where)
    elif isinstance(value, Imported):
        raise Problem(where, f"`{value.path}` is not known when the file is read", value.advice)
    elif value is not None and not isinstance(value, (str, int, float)):
        raise refused(where, f"a {type(value).__name__} cannot stand in a document")
