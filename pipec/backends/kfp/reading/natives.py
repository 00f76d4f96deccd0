"""Components that only Kubeflow can run, in the words of its SDK: `native("kfp", ...)`."""

from __future__ import annotations

import ast
import json
import keyword
import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pipec.backends.kfp.reading.commands import PLACEHOLDER, STRUCTURED
from pipec.backends.kfp.reading.names import identifier
from pipec.backends.kfp.reading.ports import TYPES, Output, file_role, parameter_type, role, schema, titled
from pipec.backends.kfp.reading.values import literal
from pipec.backends.kfp.sdk import ARGUMENTS, GIVEN, GOOGLE, OF_RUN, SYSTEM, claim_of
from pipec.compiler.pysource.layout import fitted
from pipec.compiler.pysource.text import one_line, python

DSL = "from kfp import dsl"
KUBERNETES = "from kfp import kubernetes"
FIELD = re.compile(r"(?:path|uri|name|metadata(?:\['[^'\\]*'\])*)\Z")
CHOICE = re.compile(r'"InputName"\s*:\s*"([^"]*)"')
OF_KUBEFLOW = {"TASK_FINAL_STATUS": "how another task has ended", "TASK_CONFIG": "the configuration of its own task"}
"""Type of an input that no step can be given -> what it is."""
FILES = ("system.Artifact", "system.Dataset", "system.Model", "system.HTML", "system.Markdown")


@dataclass
class Words:
    """A native step in parts."""

    what: str
    """The class or function of the SDK that it is made by."""
    source: str = ""
    imports: tuple[str, ...] = ()
    inputs: dict[str, str] = field(default_factory=dict)
    """Name -> annotation."""
    outputs: tuple[Output, ...] = ()
    parameters: dict[str, str] = field(default_factory=dict)
    """Input of the component -> input of the step."""
    defaults: dict[str, str] = field(default_factory=dict)
    """Input of the step -> what it is given where the task gives nothing."""
    changes: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    described: frozenset[str] = frozenset()
    """Inputs whose metadata are on the command line."""
    refused: str = ""


def placeholder(name: str) -> Words | None:
    """The step of a placeholder of the run; `None` where there is no such thing."""
    constant = next((key for key, text in OF_RUN.items() if text == f"{{{{$.{name}}}}}"), None)
    if constant is None:
        return None
    outputs = (Output("text", "STRING", annotation="str"),)
    return Words(f"dsl.{constant}", f"dsl.{constant}", (DSL,), outputs=outputs)


# --- what the server does itself


def claim(image: str, task: Mapping[str, Any]) -> Words:
    """The step of `kubernetes.CreatePVC` or `DeletePVC`: constants in its words, anything else as inputs."""
    name = claim_of(image)
    made = Words(f"kubernetes.{name}", imports=(KUBERNETES,))
    made.outputs = tuple(Output(key, kind, annotation="str") for key, kind in GIVEN[name].items())
    given = (task.get("inputs") or {}).get("parameters") or {}
    arguments: list[str] = []
    for key, source in given.items():
        if key not in ARGUMENTS[name]:
            made.notes.append(f"`{key}` is left out: the server looks at no such input of `{made.what}`")
            continue
        runtime = source.get("runtimeValue") or {}
        if "constant" in runtime and "{{$" not in json.dumps(runtime["constant"]):
            arguments.append(f"{key}={literal(runtime['constant'])}")
        else:
            made.inputs[key] = TYPES[ARGUMENTS[name][key]]
            made.parameters[key] = key
            arguments.append(f"{key}={key}")
    made.source = laid_out(f"{made.what}({', '.join(arguments)})")
    return made


def importer(executor: Mapping[str, Any], spec: Mapping[str, Any]) -> Words:
    """The step of `dsl.importer`."""
    artifacts = (spec.get("outputDefinitions") or {}).get("artifacts") or {}
    made = Words("dsl.importer", imports=(DSL,))
    title = schema(next(iter(artifacts.values()), {}))
    family, _, name = title.partition(".")
    known = name.isidentifier() and (name in SYSTEM if family == "system" else family == "google")
    if not known or [*artifacts] != ["artifact"] or executor.get("downloadToWorkspace"):
        made.refused = f"it makes a `{title}` in a way that is not known"
    if family == "google":
        made.imports += (f"from {GOOGLE} import {name}",)
    uri = executor.get("artifactUri") or {}
    constant = uri.get("constant") or (uri.get("constantValue") or {}).get("stringValue")
    taken = uri.get("runtimeParameter")
    if not constant and taken:
        made.inputs, made.parameters = {identifier(str(taken)): "str"}, {str(taken): identifier(str(taken))}
    elif not constant:
        made.refused = "its URI is not given"
    where = python(constant) if constant else identifier(str(taken))
    arguments = [f"artifact_uri={where}", f"artifact_class={f'dsl.{name}' if family == 'system' else name}"]
    if executor.get("reimport"):
        arguments.append("reimport=True")
    if executor.get("metadata"):
        arguments.append(f"metadata={literal(executor['metadata'])}")
        if "{{$" in json.dumps(executor["metadata"]):
            made.refused = "its metadata are known only in the run"
    annotation = file_role(next(iter(artifacts.values()), {}))
    annotation = "Path" if annotation.startswith("list") else annotation
    made.outputs = (Output("artifact", "", title, annotation=annotation),)
    made.source = laid_out(f"dsl.importer({', '.join(arguments)})")
    return made


# --- components


def component(container: Mapping[str, Any], spec: Mapping[str, Any]) -> Words:
    """The step of a component by its command line."""
    made = Words("dsl.ContainerSpec", imports=(DSL,))
    _interface(made, spec)
    files = set((spec.get("inputDefinitions") or {}).get("artifacts") or {})
    kinds = _Kinds({*made.inputs}, {o.name for o in made.outputs}, {o.name for o in made.outputs if o.artifact}, files)
    lists = {name: [_element(text, kinds) for text in container.get(name) or ()] for name in ("command", "args")}
    made.source = _call(_element(str(container.get("image") or ""), kinds), lists)
    texts = [str(text) for name in ("command", "args") for text in container.get(name) or ()]
    made.described = frozenset(p["name"] for t in texts for p in PLACEHOLDER.finditer(t) if _describes(p))
    for name in made.defaults.keys() & {n for text in texts for n in CHOICE.findall(text)}:
        # the server chooses before it thinks of defaults, so that one that is handed over would be another choice
        del made.defaults[name]
        if any(p["name"] == name for t in texts if not STRUCTURED.match(t) for p in PLACEHOLDER.finditer(t)):
            made.refused = f"its command line depends on whether `{name}` is given, and has it as well where it is not"
    if not container.get("command"):
        made.refused = made.refused or "it has no command, and Kubeflow starts no entry point of an image"
    return made


def _call(image: str, lists: Mapping[str, list[str]]) -> str:
    """`dsl.ContainerSpec(...)`; a text of several lines stays as it is, and all around has lines of its own."""
    lists = {name: elements for name, elements in lists.items() if elements or name == "command"}
    whole = [f"image={image}", *(f"{name}=[{', '.join(elements)}]" for name, elements in lists.items())]
    if not any("\n" in argument for argument in whole):
        return laid_out(f"dsl.ContainerSpec({', '.join(whole)})")
    lines = ["dsl.ContainerSpec(", f"    image={image},"]
    for name, elements in lists.items():
        lines += [f"    {name}=[", *(f"        {element}," for element in elements), "    ],"]
    return "\n".join([*lines, ")"])


def laid_out(source: str) -> str:
    """A source over several lines, where it is too long for one in a module."""
    return textwrap.dedent("\n".join(fitted(source, 8)))


@dataclass
class _Kinds:
    """What the names of the command line are."""

    inputs: set[str]
    outputs: set[str]
    written: set[str]
    """Outputs that are artifacts."""
    files: set[str]
    """Inputs that are."""


def _describes(place: re.Match[str]) -> bool:
    return (
        place["side"] == "inputs" and place["field"] == "artifacts" and (place["what"] or "metadata")[:8] == "metadata"
    )


def _interface(made: Words, spec: Mapping[str, Any]) -> None:
    inputs, outputs = spec.get("inputDefinitions") or {}, spec.get("outputDefinitions") or {}
    for name, one in (inputs.get("parameters") or {}).items():
        kind = parameter_type(one)
        if kind in OF_KUBEFLOW:
            made.refused = f"its input `{name}` is {OF_KUBEFLOW[kind]}, which only Kubeflow has"
        made.inputs[name] = TYPES.get(kind, "dict") + (" | None" if one.get("isOptional") else "")
        if one.get("defaultValue") is not None:
            made.defaults[name] = literal(one["defaultValue"], kind)
    for name, one in (inputs.get("artifacts") or {}).items():
        made.inputs[name] = file_role(one) + (" | None" if one.get("isOptional") else "")
    made.parameters = {name: name for name in made.inputs}
    found = [
        Output(name, parameter_type(one), annotation=TYPES.get(parameter_type(one), "dict"))
        for name, one in (outputs.get("parameters") or {}).items()
    ]
    for name, one in (outputs.get("artifacts") or {}).items():
        if one.get("isArtifactList"):
            made.refused = f"its output `{name}` is a list of artifacts"
        title = schema(one)
        annotation = role(one) if title in FILES else titled(one)
        if title not in FILES and annotation == "Path":
            made.changes.append(f"its output `{name}` is a `system.Artifact`, and no `{title}`")
        found.append(Output(name, "", title, annotation=annotation))
    made.outputs = tuple(found)
    names = [*made.inputs, *(output.name for output in found)]
    wrong = [n for n in names if not n.isidentifier() or keyword.iskeyword(n) or names.count(n) > 1 or n == "dsl"]
    if wrong:
        made.refused = f"`{wrong[0]}` cannot be the name of an input or output here"


# --- the command line


def _element(text: str, kinds: _Kinds) -> str:
    """One element of the command line as Python."""
    if STRUCTURED.match(text):
        try:
            tree = json.loads(text)
        except (ValueError, RecursionError):
            tree = None
        if (found := _structured(tree, kinds)) is not None:
            return found
    return _text(text, kinds)


def _structured(tree: Any, kinds: _Kinds) -> str | None:
    """The SDK's own words for an expression of a command line; `None` where it is another one."""
    if not isinstance(tree, dict) or len(tree) != 1:
        return None
    if isinstance(tree.get("Concat"), list):
        parts = _parts(tree["Concat"], kinds)
        return parts and f"dsl.ConcatPlaceholder({parts})"
    choice = tree.get("IfPresent")
    if not isinstance(choice, dict) or not {"InputName", "Then"} <= choice.keys() <= {"InputName", "Then", "Else"}:
        return None
    arms = [_parts(choice[key], kinds) for key in ("Then", "Else") if key in choice]
    if None in arms:
        return None
    named = zip(("then", "else_"), arms)
    rest = ", ".join(f"{key}={arm}" for key, arm in named)
    return f"dsl.IfPresentPlaceholder(input_name={python(choice['InputName'])}, {rest})"


def _parts(tree: Any, kinds: _Kinds) -> str | None:
    if isinstance(tree, list):
        parts = [_parts(part, kinds) for part in tree]
        return None if None in parts else f"[{', '.join(part or '' for part in parts)}]"
    return _text(tree, kinds) if isinstance(tree, str) else _structured(tree, kinds)


def _text(text: str, kinds: _Kinds) -> str:
    """A text with placeholders: a name, an f-string, or as it is where a placeholder is of another kind."""
    pieces: list[str | ast.expr] = []
    at = 0
    for place in PLACEHOLDER.finditer(text):
        source = _port(place, kinds)
        if source is None:
            continue
        pieces += [text[at : place.start()], ast.parse(source, mode="eval").body]
        at = place.end()
    pieces = [piece for piece in (*pieces, text[at:]) if piece != ""]
    if not any(isinstance(piece, ast.expr) for piece in pieces):
        return _literal(text)
    if len(pieces) == 1:
        assert isinstance(pieces[0], ast.expr)
        return one_line(pieces[0])
    values: list[ast.expr] = [ast.Constant(p) if isinstance(p, str) else ast.FormattedValue(p, -1) for p in pieces]
    return one_line(ast.JoinedStr(values))


def _literal(text: str) -> str:
    """A text; a program over several lines stays readable, where quotes and empty lines allow it."""
    blank = any(line and not line.strip() for line in text.split("\n"))
    if (
        "\n" not in text
        or "'''" in text
        or '"""' in text
        or "\\" in text
        or text.endswith("'")
        or blank
        or "\r" in text
    ):
        return python(text)
    return f"'''{text}'''"


def _port(place: re.Match[str], kinds: _Kinds) -> str | None:
    name, side, what = place["name"], place["side"], place["what"] or ""
    if name not in (kinds.inputs if side == "inputs" else kinds.outputs):
        return None
    if place["field"] == "parameters":
        wanted = "" if side == "inputs" else "output_file"
        artifact = name in (kinds.files if side == "inputs" else kinds.written)
        return name if what == wanted and not artifact else None
    if not what:
        return name
    return f"{name}.{what}" if FIELD.match(what) else None
