"""Types in annotations: what the SDK makes of them, as the texts that its documents are written from."""

from __future__ import annotations

import re
import typing
from dataclasses import dataclass, field
from typing import Any

from pipec.backends.kfp.reading.dsl.problems import Problem, refused


class Artifact:
    """The artifact classes stand in `typing` generics, so they are classes here as well."""

    schema_title = "system.Artifact"
    schema_version = "0.0.1"


def artifact_class(name: str, title: str, version: str = "0.0.1") -> type[Artifact]:
    """A class of artifacts of the user's own, or one that the SDK has."""
    return type(name, (Artifact,), {"schema_title": title, "schema_version": version})


ARTIFACTS: dict[str, type[Artifact]] = {"Artifact": Artifact} | {
    name: artifact_class(name, f"system.{name}")
    for name in (
        "Model", "Dataset", "Metrics", "ClassificationMetrics", "SlicedClassificationMetrics", "HTML", "Markdown",
    )
}  # fmt: skip
"""Those of the SDK."""

_ARTIFACT_WORDS = {name.lower(): cls for name, cls in ARTIFACTS.items()}
_WORDS = {
    "integer": "NUMBER_INTEGER", "int": "NUMBER_INTEGER", "double": "NUMBER_DOUBLE", "float": "NUMBER_DOUBLE",
    "string": "STRING", "str": "STRING", "text": "STRING", "bool": "BOOLEAN", "boolean": "BOOLEAN",
    "dict": "STRUCT", "list": "LIST", "jsonobject": "STRUCT", "jsonarray": "LIST",
}  # fmt: skip
IN_MEMORY = {
    "STRING": "String", "NUMBER_INTEGER": "Integer", "NUMBER_DOUBLE": "Float", "LIST": "List", "STRUCT": "Dict",
    "BOOLEAN": "Boolean", "TASK_FINAL_STATUS": "PipelineTaskFinalStatus", "TASK_CONFIG": "TaskConfig",
}  # fmt: skip
"""Type of the documents -> what the SDK calls it elsewhere."""
PYTHON_NAMES: dict[type, str] = {
    str: "String", int: "Integer", float: "Float", bool: "Boolean", list: "List", dict: "Dict",
}  # fmt: skip


class InputMark:
    """`Input[...]` is `Annotated[..., InputMark]`."""


class OutputMark:
    """`Output[...]`."""


class EmbeddedMark:
    """`EmbeddedInput[...]`."""


class FinalStatus:
    """`PipelineTaskFinalStatus`."""


class TaskConfig:
    """`TaskConfig`."""


FinalStatus.__name__ = "PipelineTaskFinalStatus"
SPECIAL = {"PipelineTaskFinalStatus": FinalStatus, "TaskConfig": TaskConfig}
MARKS: dict[str, Any] = {"Input": InputMark, "Output": OutputMark, "EmbeddedInput": EmbeddedMark}


@dataclass(frozen=True)
class Marker:
    """`Input`, `Output` or `EmbeddedInput` before it is given its type."""

    mark: type

    def __getitem__(self, inner: Any) -> Any:
        return typing.Annotated[inner, self.mark]


@dataclass(frozen=True)
class PathOf:
    """`InputPath(...)` and `OutputPath(...)`."""

    output: bool
    type: Any

    @classmethod
    def of(cls, output: bool, kind: Any) -> PathOf:
        """A path to a parameter or an artifact."""
        if is_artifact_class(kind):
            return cls(output, bundled(kind.schema_title, kind.schema_version))
        if isinstance(kind, str) and kind.lower() in _ARTIFACT_WORDS:
            return cls(output, bundled(_ARTIFACT_WORDS[kind.lower()].schema_title))
        return cls(output, kind if parameter_type(kind) else bundled("system.Artifact"))


@dataclass(frozen=True)
class NamedTupleType:
    """A class of named tuples."""

    name: str
    fields: dict[str, Any] = field(hash=False)
    """Field -> its annotation."""


@dataclass(frozen=True)
class NamedTupleValue:
    """An instance of one."""

    type: NamedTupleType
    values: dict[str, Any] = field(hash=False)


def bundled(title: str, version: str | None = None) -> str:
    """An artifact type as the SDK writes it in one text."""
    return f"{title}@{version or '0.0.1'}"


def artifact_schema(kind: str) -> dict[str, Any]:
    """The same in a document."""
    title, _, version = kind.partition("@")
    return {"schemaTitle": title, "schemaVersion": version}


def artifact_word(word: str) -> type[Artifact] | None:
    """The artifact class that a component in YAML calls `word`."""
    return _ARTIFACT_WORDS.get(word.lower())


def short_name(name: str) -> str:
    """`typing.List[str]` -> `List`."""
    match = re.match(r"(typing\.)?(?P<type>\w+)(?:\[.+\])?", name)
    return match["type"] if match else name


def is_artifact_class(kind: Any) -> bool:
    """Whether an annotation is a class of artifacts."""
    return isinstance(kind, type) and issubclass(kind, Artifact)


def is_artifact_list(kind: Any) -> bool:
    """Whether it is `List[Dataset]` and the like."""
    arguments: tuple[Any, ...] = getattr(kind, "__args__", None) or ()
    return getattr(kind, "__origin__", None) is list and bool(arguments) and is_artifact_class(arguments[0])


def is_final_status(kind: Any) -> bool:
    """Whether a type text is that of the final status of a task."""
    return isinstance(kind, str) and kind == "PipelineTaskFinalStatus"


def is_task_config(kind: Any) -> bool:
    """Whether a type text is that of the task's own settings."""
    return isinstance(kind, str) and kind == "TaskConfig"


def is_parameter(kind: Any) -> bool:
    """Whether a type text is that of a parameter, not of an artifact."""
    if isinstance(kind, dict):
        kind = next(iter(kind), None)
    if not isinstance(kind, str):
        return False
    name = short_name(kind)
    return name.lower() in _WORDS or is_final_status(name) or is_task_config(name)


def parameter_type(kind: Any) -> str | None:
    """The documents' word for a parameter type, given its text or class; `None` for what is no parameter."""
    if is_final_status(kind) or is_task_config(kind):
        return "STRUCT"
    if type(kind) is type:
        name = kind.__name__
    else:
        name = next(iter(kind), "") if isinstance(kind, dict) else short_name(str(kind))
    return _WORDS.get(name.lower())


def outer(kind: Any) -> Any:
    """Without the type arguments of lists and dicts."""
    if not isinstance(kind, str):
        return kind
    kind = kind.removeprefix("typing.")
    return kind.split("[")[0] if kind.lower().startswith(("list", "dict")) else kind


def without_optional(kind: Any) -> Any:
    """`Optional[X]` -> `X`; what is written `X | None` stays: the SDK does not look into it."""
    arguments: tuple[Any, ...] = getattr(kind, "__args__", ())
    if getattr(kind, "__origin__", None) is typing.Union and len(arguments) > 1 and arguments[1] is type(None):
        return arguments[0]
    return kind


def type_text(kind: Any) -> Any:
    """The text of an annotation, as the SDK keeps it."""
    if isinstance(kind, (dict, PathOf)) or kind is None:
        return kind
    origin = typing.get_origin(kind)
    if origin in (list, dict):
        if type(kind).__module__ == "typing":
            return str(kind)
        inner = [str(type_text(one) or one) for one in typing.get_args(kind)]
        return f"{PYTHON_NAMES[origin]}[{', '.join(inner)}]" if inner else PYTHON_NAMES[origin]
    if isinstance(kind, type):
        title = kind.schema_title if issubclass(kind, Artifact) else kind.__name__
        return PYTHON_NAMES.get(kind) or title
    return str(getattr(kind, "__forward_arg__", kind))


def checked(kind: Any, port: str) -> Any:
    """`kind`, which must be a parameter type or an artifact type."""
    name = outer(kind)
    if isinstance(name, str) and name.startswith("Optional[") and name.endswith("]"):
        name = name.removeprefix("Optional[").removesuffix("]")
    if (isinstance(kind, dict) and is_parameter(kind)) or name in IN_MEMORY.values():
        return kind
    if isinstance(kind, str) and re.fullmatch(r"(system|google)\.\w+@\d+\.\d+\.\d+", kind):
        return kind
    if isinstance(kind, str) and kind.startswith("Imported("):
        raise Problem(f"the type of `{port}`", "its class comes from a library that is not run when the file is read")
    raise refused(f"the type of `{port}`", f"`{kind}` is no type of a parameter or an artifact")


def fits(given: Any, given_list: bool, expected: Any, expected_list: bool) -> bool:
    """Whether a value of one type can be given to an input of another."""
    if is_parameter(given) != is_parameter(expected):
        return False
    if is_parameter(given):
        return parameter_type(given) == parameter_type(expected)
    (title, _, version), (other, _, other_version) = str(given).partition("@"), str(expected).partition("@")
    if given_list != expected_list or Artifact.schema_title in (title, other):
        return given_list == expected_list
    return title == other and version.split(".")[0] == other_version.split(".")[0]
