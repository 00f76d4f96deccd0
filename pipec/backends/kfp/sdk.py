"""Native steps: tasks in the words of Kubeflow's SDK, as one expression that is read and never run.

    dsl.ContainerSpec(image="registry/train:1", command=["train"], args=["--rows", rows, "--to", model.uri])

is a component as the function under `@dsl.container_component` returns it. Inputs and outputs are names in it: a value
by itself, an artifact by its `.path`, `.uri`, `.name` or `.metadata`, an output value as the file that it is written
to; placeholders of Kubeflow may stand in texts, as in `"{{$}}"`. Its interface has Kubeflow's own types, so what it is
given is no text with JSON but a number, a list, an artifact, which a component of Kubeflow's own expects.

    kubernetes.CreatePVC(access_modes=["ReadWriteOnce"], size=size, pvc_name_suffix="-data")   # gives `name`
    kubernetes.DeletePVC(pvc_name=claim)
    dsl.importer(artifact_uri=uri, artifact_class=dsl.Dataset, reimport=True, metadata={"rows": 3})

are what the server itself does: each argument is a constant or an input.

    dsl.WORKSPACE_PATH_PLACEHOLDER

and the other placeholders of a run are a text that goes into whatever gets it; there is no task then.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pipec.backends.kfp.program import schema_title
from pipec.compiler.pysource import imports
from pipec.ir import Definition, FileType, ListOf, Native, OptionalOf, Type, ValueType

TYPES = {"str": "STRING", "int": "NUMBER_INTEGER", "float": "NUMBER_DOUBLE", "bool": "BOOLEAN", "list": "LIST",
         "dict": "STRUCT"}  # fmt: skip
"""Annotation -> Kubeflow's type."""
OF_RUN = {
    "PIPELINE_JOB_NAME_PLACEHOLDER": "{{$.pipeline_job_name}}",
    "PIPELINE_JOB_RESOURCE_NAME_PLACEHOLDER": "{{$.pipeline_job_resource_name}}",
    "PIPELINE_JOB_ID_PLACEHOLDER": "{{$.pipeline_job_uuid}}",
    "PIPELINE_JOB_CREATE_TIME_UTC_PLACEHOLDER": "{{$.pipeline_job_create_time_utc}}",
    "PIPELINE_JOB_SCHEDULE_TIME_UTC_PLACEHOLDER": "{{$.pipeline_job_schedule_time_utc}}",
    "WORKSPACE_PATH_PLACEHOLDER": "{{$.workspace_path}}",
}
"""Constant of `kfp.dsl` -> its text: what is the same wherever in a run it is filled in."""
OF_TASK = {
    "PIPELINE_TASK_NAME_PLACEHOLDER": "{{$.pipeline_task_name}}",
    "PIPELINE_TASK_ID_PLACEHOLDER": "{{$.pipeline_task_uuid}}",
    "PIPELINE_TASK_EXECUTOR_INPUT_PLACEHOLDER": "{{$}}",
    "PIPELINE_TASK_EXECUTOR_OUTPUT_PATH_PLACEHOLDER": "{{$.outputs.output_file}}",
    "PIPELINE_ROOT_PLACEHOLDER": "{{$.pipeline_root}}",
}
"""Those that mean something on the command line of a task alone."""
CLAIMS = {"CreatePVC": "argostub/createpvc", "DeletePVC": "argostub/deletepvc"}
"""Component of `kfp.kubernetes` -> the image by which the server knows that it does the task itself."""
ARGUMENTS: dict[str, dict[str, str]] = {
    "CreatePVC": {
        "access_modes": "LIST", "size": "STRING", "pvc_name": "STRING", "pvc_name_suffix": "STRING",
        "storage_class_name": "STRING", "volume_name": "STRING", "annotations": "STRUCT", "data_source": "STRUCT",
    },
    "DeletePVC": {"pvc_name": "STRING"},
}  # fmt: skip
REQUIRED = {"CreatePVC": ("access_modes", "size"), "DeletePVC": ("pvc_name",)}
GIVEN = {"CreatePVC": {"name": "STRING"}, "DeletePVC": {}}
SYSTEM = ("Artifact", "Dataset", "Model", "Metrics", "ClassificationMetrics", "SlicedClassificationMetrics", "HTML",
          "Markdown")  # fmt: skip
"""Classes of `kfp.dsl` whose schema is `system.` and their name."""
GOOGLE = "google_cloud_pipeline_components.types.artifact_types"
"""Its classes have schemas with `google.` before their names."""
WHOLE = re.compile(r"\{\{\$\.inputs\.parameters\['[^']*'\]\}\}")
"""An input that is all of a text."""
PATH = re.compile(r"\{\{\$\.inputs\.artifacts\['[^']*'\]")
"""A file in a text (`compileCmdAndArgs` of the launcher leaves those in the first element of a command alone)."""
FIELDS = ("path", "uri", "name", "metadata")


class UnknownWordsError(Exception):
    """The source is none of the forms that are known; the message says why."""


@dataclass(frozen=True)
class Input:
    """An input of the step, as an argument."""

    name: str


@dataclass(frozen=True)
class Words:
    """What a source says."""

    form: Literal["container", "claim", "importer", "value"]
    image: str = ""
    command: list[str] = field(default_factory=list)
    args: list[str] = field(default_factory=list)
    given: Mapping[str, Any] = field(default_factory=dict)
    """Argument -> a constant, or an `Input`, of what the server does itself."""
    outputs: Mapping[str, str] = field(default_factory=dict)
    """What such a task hands on: name -> type or schema."""
    reimport: bool = False
    metadata: Mapping[str, Any] = field(default_factory=dict)
    text: str = ""
    """Of a value."""


def claim_of(image: str | None) -> str:
    """The component of `kfp.kubernetes` whose task the server does where it sees this image; "" for any other."""
    return next((name for name, own in CLAIMS.items() if own == image), "")


def kind_of(type_: Type) -> str:
    """Kubeflow's type of a value, or the schema of an artifact; "" where there is none."""
    if isinstance(type_, (ListOf, OptionalOf)):
        return kind_of(type_.item)
    if isinstance(type_, FileType):
        return schema_title(type_)
    if not isinstance(type_, ValueType):
        return ""
    text = re.sub(r"\s*\|\s*None|None\s*\|\s*|(?:typing\.)?Optional\[(.*)\]", r"\1", type_.annotation.strip("\"' "))
    return TYPES.get(text.partition("[")[0].rpartition(".")[2].lower(), "")


def read(native: Native, definitions: tuple[Definition, ...] = ()) -> Words:
    """What the source of a native step says; `UnknownWordsError` where that is not known."""
    return _Source(native, definitions).words()


class _Source:
    def __init__(self, native: Native, definitions: tuple[Definition, ...]) -> None:
        self.native = native
        self.inputs = {port.name: port.type for port in native.inputs}
        self.outputs = {port.name: port.type for port in native.outputs}
        self.names = {
            i.alias or i.name or i.module.split(".")[0]: f"{i.module}.{i.name}" if i.name else i.module
            for statement in native.imports
            for i in imports.parse(statement)
        }
        self.constants = {
            n: d.source for d in definitions if d.kind == "constant" and len(d.names) == 1 for n in d.names
        }

    def words(self) -> Words:
        """All of it."""
        node = ast.parse(self.native.source, mode="eval").body
        if (text := self._placeholder(node, OF_RUN)) is not None:
            return Words("value", text=text)
        dotted = self._dotted(node.func) if isinstance(node, ast.Call) else ""
        name = dotted.rpartition(".")[2]
        if not isinstance(node, ast.Call) or node.args or any(k.arg is None for k in node.keywords):
            raise UnknownWordsError(UNKNOWN)
        given = {k.arg: k.value for k in node.keywords if k.arg is not None}
        if dotted == "kfp.dsl.ContainerSpec":
            return self._container(given)
        if dotted == f"kfp.kubernetes.{name}" and name in CLAIMS:
            return self._claim(name, given)
        if dotted == "kfp.dsl.importer":
            return self._importer(given)
        raise UnknownWordsError(UNKNOWN)

    def _dotted(self, node: ast.expr) -> str:
        """The full name of what `imports` binds; "" for anything else."""
        if isinstance(node, ast.Attribute):
            base = self._dotted(node.value)
            return f"{base}.{node.attr}" if base else ""
        return self.names.get(node.id, "") if isinstance(node, ast.Name) else ""

    def _placeholder(self, node: ast.expr, known: Mapping[str, str]) -> str | None:
        module, _, name = self._dotted(node).rpartition(".")
        return known.get(name) if module == "kfp.dsl" else None

    def _checked(self, what: str, given: Mapping[str, Any], known: tuple[str, ...], required: tuple[str, ...]) -> None:
        for name in given:
            if name not in known:
                raise UnknownWordsError(f"`{what}` takes {', '.join(known)}, and no `{name}`")
        for name in required:
            if name not in given:
                raise UnknownWordsError(f"`{what}` needs `{name}`")

    # components

    def _container(self, given: Mapping[str, ast.expr]) -> Words:
        self._checked("dsl.ContainerSpec", given, ("image", "command", "args"), ("image", "command"))
        for name, type_ in (*self.inputs.items(), *self.outputs.items()):
            if not kind_of(type_):
                kinds = ", ".join(TYPES)
                raise UnknownWordsError(f"{name!r} has no type that Kubeflow knows: {kinds}, or a file")
        image, command = self._text(given["image"]), self._texts(given["command"])
        if "{{$" in image and not WHOLE.fullmatch(image):
            raise UnknownWordsError(
                "of an image with an input in it Kubeflow takes the input alone: let it be all of it"
            )
        if command and PATH.search(command[0]):
            raise UnknownWordsError("Kubeflow fills in no path in the first element of a command: begin with a program")
        return Words("container", image, command, self._texts(given.get("args")))

    def _texts(self, node: ast.expr | None) -> list[str]:
        if node is None:
            return []
        if not isinstance(node, (ast.List, ast.Tuple)):
            raise UnknownWordsError(
                "the command and the arguments of `dsl.ContainerSpec` are lists that are written out"
            )
        return [self._text(element) for element in node.elts]

    def _text(self, node: ast.expr) -> str:
        """One element of the command line, with Kubeflow's placeholders."""
        match node:
            case ast.JoinedStr():
                return "".join(self._text(part) for part in node.values)
            case ast.FormattedValue(conversion=-1, format_spec=None):
                return self._text(node.value)
            case ast.Name() | ast.Attribute() | ast.Subscript() if (found := self._port(node)) is not None:
                return found
        if (text := self._placeholder(node, {**OF_RUN, **OF_TASK})) is not None:
            return text
        structured = self._structured(node)
        if structured is not None:
            return json.dumps(structured)
        value = self._constant(node)
        if not isinstance(value, str):
            raise UnknownWordsError(f"`{ast.unparse(node)}` in its command line is no text")
        return value

    def _structured(self, node: ast.expr) -> Any:
        """`dsl.ConcatPlaceholder` and `dsl.IfPresentPlaceholder` as the compiler writes them."""
        dotted = self._dotted(node.func) if isinstance(node, ast.Call) else ""
        if not isinstance(node, ast.Call) or not dotted.endswith("Placeholder"):
            return None
        names = {
            "kfp.dsl.ConcatPlaceholder": ("items",),
            "kfp.dsl.IfPresentPlaceholder": ("input_name", "then", "else_"),
        }
        given = dict(zip(names.get(dotted, ()), node.args)) | {k.arg: k.value for k in node.keywords if k.arg}
        if dotted == "kfp.dsl.ConcatPlaceholder" and set(given) == {"items"}:
            return {"Concat": self._parts(given["items"])}
        if dotted == "kfp.dsl.IfPresentPlaceholder" and {"input_name", "then"} <= set(given) <= {*names[dotted]}:
            arms = {"Then": given["then"]} | ({"Else": given["else_"]} if "else_" in given else {})
            return {"IfPresent": {"InputName": self._constant(given["input_name"])}
                    | {key: self._parts(arm) for key, arm in arms.items()}}  # fmt: skip
        return None

    def _parts(self, node: ast.expr) -> Any:
        if isinstance(node, (ast.List, ast.Tuple)):
            return [self._parts(element) for element in node.elts]
        structured = self._structured(node)
        return structured if structured is not None else self._text(node)

    def _port(self, node: ast.expr) -> str | None:
        """The placeholder of an input or output, or of a field of one that is an artifact."""
        path: list[str] = []
        inner = node
        while isinstance(inner, (ast.Attribute, ast.Subscript)):
            path.insert(0, f".{inner.attr}" if isinstance(inner, ast.Attribute) else f"[{self._key(inner.slice)}]")
            inner = inner.value
        if not isinstance(inner, ast.Name) or inner.id not in {**self.inputs, **self.outputs}:
            return None
        name, rest = inner.id, "".join(path)
        side = "inputs" if name in self.inputs else "outputs"
        if isinstance({**self.inputs, **self.outputs}[name], ValueType):
            if rest:
                raise UnknownWordsError(f"`{ast.unparse(node)}` in its command line looks into a value")
            ending = ".output_file" if side == "outputs" else ""
            return f"{{{{$.{side}.parameters['{name}']{ending}}}}}"
        if rest and not re.fullmatch(rf"\.(?:{'|'.join(FIELDS)})|\.metadata(?:\['[^']*'\])+", rest):
            raise UnknownWordsError(f"`{ast.unparse(node)}` is no field of an artifact: {', '.join(FIELDS)}")
        return f"{{{{$.{side}.artifacts['{name}']{rest}}}}}"

    def _key(self, node: ast.expr) -> str:
        return repr(self._constant(node))

    # what the server does itself

    def _claim(self, name: str, given: Mapping[str, ast.expr]) -> Words:
        known = ARGUMENTS[name]
        self._checked(f"kubernetes.{name}", given, tuple(known), REQUIRED[name])
        read = {argument: self._value(node, known[argument]) for argument, node in given.items()}
        self._handed_on(f"kubernetes.{name}", GIVEN[name])
        return Words("claim", CLAIMS[name], given=read, outputs=GIVEN[name])

    def _importer(self, given: Mapping[str, ast.expr]) -> Words:
        known = ("artifact_uri", "artifact_class", "reimport", "metadata")
        self._checked("dsl.importer", given, known, known[:2])
        module, _, name = self._dotted(given["artifact_class"]).rpartition(".")
        title = (
            f"system.{name}" if module == "kfp.dsl" and name in SYSTEM else f"google.{name}" if module == GOOGLE else ""
        )
        if not title:
            raise UnknownWordsError(f"`{ast.unparse(given['artifact_class'])}` is no class of artifacts that is known")
        self._handed_on("dsl.importer", {"artifact": title})
        uri = {"uri": self._value(given["artifact_uri"], "STRING")}
        metadata = self._constant(given["metadata"]) if "metadata" in given else {}
        reimport = self._constant(given["reimport"]) if "reimport" in given else False
        if not isinstance(reimport, bool) or not isinstance(metadata, dict):
            raise UnknownWordsError("`reimport` of `dsl.importer` is a `bool`, and `metadata` a dict")
        return Words("importer", given=uri, outputs={"artifact": title}, reimport=reimport, metadata=metadata)

    def _handed_on(self, what: str, known: Mapping[str, str]) -> None:
        for name, type_ in self.outputs.items():
            if name not in known:
                raise UnknownWordsError(f"`{what}` gives {', '.join(known) or 'nothing'}, and no `{name}`")
            if isinstance(type_, ValueType) == known[name].partition(".")[2].isidentifier():
                raise UnknownWordsError(f"`{name}` of `{what}` is {'a file' if '.' in known[name] else 'a `str`'}")

    def _value(self, node: ast.expr, wanted: str) -> Any:
        """An argument: an input of the type that is wanted, or a constant."""
        if isinstance(node, ast.Name) and node.id in self.inputs:
            if kind_of(self.inputs[node.id]) != wanted:
                name = next(name for name, kind in TYPES.items() if kind == wanted)
                raise UnknownWordsError(f"the input {node.id!r} has to be a `{name}` there")
            return Input(node.id)
        value = self._constant(node)
        kinds: dict[str, type] = {"STRING": str, "LIST": list, "STRUCT": dict}
        if not isinstance(value, kinds[wanted]):
            raise UnknownWordsError(f"`{ast.unparse(node)}` is no `{kinds[wanted].__name__}`")
        return value

    def _constant(self, node: ast.expr) -> Any:
        """A literal, or a constant of the module."""
        if isinstance(node, ast.Name) and node.id in self.constants:
            bound = ast.parse(self.constants[node.id]).body[0]
            node = bound.value if isinstance(bound, (ast.Assign, ast.AnnAssign)) and bound.value else node
        try:
            return ast.literal_eval(node)
        except (ValueError, TypeError):
            raise UnknownWordsError(f"`{ast.unparse(node)}` is neither an input nor a constant") from None


UNKNOWN = (
    "its source is none of the forms that are known: `dsl.ContainerSpec(...)`, `dsl.importer(...)`, "
    "`kubernetes.CreatePVC(...)`, `kubernetes.DeletePVC(...)` with arguments by name, or a placeholder such as "
    "`dsl.WORKSPACE_PATH_PLACEHOLDER`"
)
