"""What stands for a value in the command of a container component."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from pipec.backends.kfp.reading.dsl import kinds
from pipec.backends.kfp.reading.dsl.problems import refused


@dataclass(frozen=True)
class Placeholder:
    """A port of the component, in the language of the launcher."""

    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class ArtifactPort:
    """A port for an artifact: its path, address or metadata can be used, not itself."""

    name: str
    output: bool

    def attribute(self, name: str) -> Any:
        """`port.path`, `port.uri`, `port.metadata`."""
        side = "outputs" if self.output else "inputs"
        if name not in ("path", "uri", "metadata"):
            raise refused(
                f"`{self.name}.{name}`", "a container component knows an artifact's `path`, `uri`, `metadata`"
            )
        text = f"{{{{$.{side}.artifacts['{self.name}'].{name}}}}}"
        return Metadata(text) if name == "metadata" else Placeholder(text)


@dataclass(frozen=True)
class Metadata(Placeholder):
    """The metadata of an artifact, of which one entry may be taken."""

    def __getitem__(self, key: str) -> str:
        return f"{self.text[:-2]}['{key}']}}}}"


@dataclass(frozen=True)
class Concat:
    """`dsl.ConcatPlaceholder`."""

    items: list[Any]

    def structure(self) -> dict[str, Any]:
        """As the launcher reads it."""
        return {"Concat": [_structure(item) for item in self.items]}


@dataclass(frozen=True)
class IfPresent:
    """`dsl.IfPresentPlaceholder`."""

    name: str
    then: Any
    otherwise: Any = None

    def structure(self) -> dict[str, Any]:
        """As the launcher reads it."""
        found = {"InputName": self.name, "Then": _structure(self.then)}
        if self.otherwise:
            found["Else"] = _structure(self.otherwise)
        return {"IfPresent": found}


def _structure(item: Any) -> Any:
    if isinstance(item, list):
        return [_structure(one) for one in item]
    if isinstance(item, (Concat, IfPresent)):
        return item.structure()
    return str(item) if isinstance(item, Placeholder) else item


def argument(item: Any) -> str:
    """One element of a command as it stands in a document."""
    if isinstance(item, (Concat, IfPresent)):
        return json.dumps(item.structure())
    if isinstance(item, ArtifactPort):
        raise refused(f"`{item.name}`", "an artifact cannot be an argument; its `path` or `uri` can")
    if not isinstance(item, (str, Placeholder)):
        raise refused(f"`{item!r}`", "an argument of a container is a text")
    return str(item)


def parameter(name: str) -> Placeholder:
    """The value of an input."""
    return Placeholder(f"{{{{$.inputs.parameters['{name}']}}}}")


def artifact(name: str, what: str = "path", output: bool = False) -> Placeholder:
    """The path or address of an artifact."""
    return Placeholder(f"{{{{$.{'outputs' if output else 'inputs'}.artifacts['{name}'].{what}}}}}")


def output_file(name: str) -> Placeholder:
    """Where a container writes a parameter."""
    return Placeholder(f"{{{{$.outputs.parameters['{name}'].output_file}}}}")


def port(name: str, annotation: Any) -> Any:
    """What a container component's function sees for a parameter of its own."""
    marks = getattr(annotation, "__metadata__", ())
    if isinstance(annotation, kinds.PathOf) and annotation.output:
        return output_file(name)
    if marks and marks[0] in (kinds.InputMark, kinds.OutputMark):
        output = marks[0] is kinds.OutputMark
        if kinds.is_artifact_list(annotation.__origin__):
            return Placeholder(f"{{{{$.{'outputs' if output else 'inputs'}.artifacts['{name}']}}}}")
        return ArtifactPort(name, output)
    return parameter(name)
