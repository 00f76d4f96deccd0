"""The user's code that travels with the tasks: definitions, and what each needs."""

from __future__ import annotations

from typing import Literal

from pipec.ir.base import Node, Span
from pipec.ir.types import FileType, Type, ValueType


class Definition(Node):
    """One top-level statement of the user's project that some task reaches, ready to stand in a generated file.

    Names are unique across the pipeline's definitions (the frontend renames clashes between modules).
    """

    names: tuple[str, ...]
    """What it binds: one name for a function, class, constant or import; several for `a, b = ...` or a `try` block."""
    kind: Literal["import", "constant", "function", "class", "block"]
    source: str
    """The statement as the user wrote it, comments included, without pipec's decorators; ends without a newline."""
    module: str
    """Dotted name of the module it comes from."""
    original_names: tuple[str, ...] = ()
    """The same names as bound in that module (differs from `names` after a rename)."""
    eager: tuple[str, ...] = ()
    """Names of other definitions that must be there when the statement runs: bases, decorators, defaults."""
    lazy: tuple[str, ...] = ()
    """Names of other definitions that are needed only when the function or class is used."""
    annotation: tuple[str, ...] = ()
    """Names of other definitions that only its annotations mention (generated files postpone annotations)."""
    distribution: str | None = None
    """For an import: the top-level package it loads, or `None` for a standard-library module or `__future__`."""
    span: Span


class Port(Node):
    """One parameter of a component."""

    name: str
    kind: Literal["positional", "keyword", "var_positional", "var_keyword"] = "positional"
    """"positional": may be passed by position or by name; "keyword": by name only."""
    required: bool = True
    annotation: str = ""


class Component(Node):
    """What runs: a function with the code it reaches, or a container."""

    name: str
    """Step name: the function's own name."""
    function: str | None = None
    """The definition to call; `None` for a container."""
    ports: tuple[Port, ...] = ()
    doc: str = ""
    returns: str = ""
    """The return annotation as written."""
    code: tuple[str, ...] = ()
    """Names of all definitions that the function reaches, itself included, in an order that runs top to bottom.
    Includes the classes whose instances may arrive in its artifact inputs."""
    digest: str = ""
    """SHA-256 of the code it reaches, without comments and formatting, with packages and image."""
    image: str | None = None
    packages: tuple[str, ...] = ()
    python: str | None = None
    container: Container | None = None
    native: Native | None = None
    span: Span


class Native(Node):
    """A step in the words of one target, where alone it can run."""

    target: str
    source: str
    """One expression of the target's own language that makes the task; its free names are its inputs and outputs,
    `Component.code`, what `imports` binds, and builtins."""
    imports: tuple[str, ...] = ()
    """The import statements that it needs."""
    inputs: tuple[NativePort, ...] = ()
    outputs: tuple[NativePort, ...] = ()
    """What it hands on; none: its result is whatever the target makes of it."""


class NativePort(Node):
    """An input or output of a native step."""

    name: str
    type: Type


class ContainerArgument(Node):
    """One element of a container's command or arguments: text with references to ports."""

    parts: tuple[str | ContainerSlot, ...]


class ContainerSlot(Node):
    """A port inside a container's command line."""

    port: str
    form: Literal["value", "input_path", "output_path", "uri"] = "value"
    """"uri": where an input artifact lies in the target's store, or an output artifact is expected to lie."""


class Container(Node):
    """A step that is a command in an image; every port and every output has a place in the command line."""

    image: str
    command: tuple[ContainerArgument, ...] = ()
    args: tuple[ContainerArgument, ...] = ()
    outputs: tuple[ContainerOutput, ...] = ()

    @property
    def slots(self) -> tuple[ContainerSlot, ...]:
        """The places of inputs and outputs in the command line."""
        parts = (part for argument in (*self.command, *self.args) for part in argument.parts)
        return tuple(part for part in parts if isinstance(part, ContainerSlot))

    @property
    def has_paths(self) -> bool:
        """Whether it reads or writes files of its own file system that are artifacts."""
        files = {output.name for output in self.outputs if isinstance(output.type, FileType)}
        return any(s.form == "input_path" or (s.form == "output_path" and s.port in files) for s in self.slots)

    @property
    def stored(self) -> tuple[str, ...]:
        """The outputs that it is told the URIs of."""
        told = {slot.port for slot in self.slots if slot.form == "uri"}
        return tuple(output.name for output in self.outputs if output.name in told)

    @property
    def located(self) -> tuple[str, ...]:
        """The inputs that it is told the URIs of."""
        told = dict.fromkeys(slot.port for slot in self.slots if slot.form == "uri")
        return tuple(port for port in told if port not in self.stored)


class ContainerOutput(Node):
    """What a container writes: a file or folder, or a value as text in a file."""

    name: str
    type: Type

    @property
    def is_text(self) -> bool:
        """Whether it is written as it is: a `str`. All other values are JSON."""
        return isinstance(self.type, ValueType) and self.type.annotation.strip("\"'") == "str"


Native.model_rebuild()
Container.model_rebuild()
ContainerArgument.model_rebuild()
Component.model_rebuild()
