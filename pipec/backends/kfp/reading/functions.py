"""Functions that were written for Kubeflow's components, as plain functions: artifacts become paths.

The body stays as it was written. What its parameters were stands above it, and what it hands on stands in its
`return`s.
"""

from __future__ import annotations

import ast
import re
import typing
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from pipec.backends.kfp.reading import addresses
from pipec.backends.kfp.reading.addresses import VALUES
from pipec.backends.kfp.reading.ports import Output, Ports
from pipec.compiler.rendering import helper

SHIM = "Artifact"
CLASSES = ("Artifact", "Dataset", "Model", "Metrics", "ClassificationMetrics", "HTML", "Markdown")
MARKERS = ("Input", "Output", "InputPath", "OutputPath", "PipelineTaskFinalStatus", "TaskConfig")
ATTRIBUTES = ("path", "metadata", "name", "set_path", "custom_path", "uri", "log_metric", "log_confusion_matrix",
              "log_roc_curve")  # fmt: skip
KNOWN_DSL = (*CLASSES, "get_uri")
HELPERS = {
    "Artifact": ("artifact.py", ("import json", "import shutil", "import tempfile", "from pathlib import Path")),
    addresses.SHIM: ("stored_artifact.py", ()),
    "dsl": ("dsl.py", ("import tempfile", "from pathlib import Path")),
    "TaskFinalStatus": ("status.py", ()),
}
"""Class -> its file among the templates, and the imports that it needs."""
TYPING = frozenset(typing.__all__)


@dataclass
class Adapted:
    """A function as the module has it."""

    source: str
    outputs: tuple[Output, ...] = ()
    """What it returns, in this order."""
    parameters: Mapping[str, str] = field(default_factory=dict)
    """Input of the component -> parameter of the function."""
    addresses: Mapping[str, str] = field(default_factory=dict)
    """Input that is an artifact -> the further parameter of the function that takes its address."""
    imports: tuple[str, ...] = ()
    helpers: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    """What was adapted, with the same meaning."""
    changes: tuple[str, ...] = ()
    """What is not quite the same."""
    lost: tuple[str, ...] = ()
    """Why it cannot be said at all."""


def helper_source(name: str) -> str:
    """The text of a helper class."""
    return helper("kfp", f"reading/{HELPERS[name][0]}").rstrip("\n")


def adapt(source: str, name: str, component: Mapping[str, Any], stored: Collection[str] = ()) -> Adapted:
    """`source`, one `def`, as the function `name`; `stored`: the inputs whose addresses its callers can give."""
    tree = ast.parse(source)
    function = next(node for node in tree.body if isinstance(node, ast.FunctionDef))
    ports = Ports(function, component)
    if ports.wrong:
        return Adapted(source, lost=(ports.wrong,))
    return _Adapter(source, name, function, ports, addresses.addresses(function, ports, stored)).adapted()


class _Adapter:
    """Makes the edits of one function."""

    def __init__(
        self, source: str, name: str, function: ast.FunctionDef, ports: Ports, uris: Mapping[str, str]
    ) -> None:
        self.source, self.name, self.function, self.ports, self.uris = source, name, function, ports, uris
        self.lines = source.split("\n")
        self.edits: list[tuple[int, int, str]] = []
        """Start, end and new text, in characters of `source`."""
        self.imports: list[str] = []
        self.helpers: list[str] = []
        self.changes: list[str] = []
        first = function.body[0]
        self.starts = [0]
        for line in self.lines:
            self.starts.append(self.starts[-1] + len(line) + 1)
        own_line = not self.lines[first.lineno - 1][: first.col_offset].strip()
        self.indent = " " * first.col_offset if own_line else " " * (function.col_offset + 4)
        self.one_liner = not own_line

    def adapted(self) -> Adapted:
        """Make all edits."""
        plain = self.ports.plain
        names = {node.id for node in ast.walk(self.function) if isinstance(node, ast.Name)}
        if not plain:
            if self.one_liner:
                return Adapted(self.source, lost=("its body stands on the line of its `def`",))
            self._signature()
            self._body()
        elif self.function.name != self.name:
            self._rename()
        lost = self._unknown_dsl()
        text = self._edited()
        for found in sorted(names & TYPING):
            if re.search(rf"\b{found}\b", text):
                self.imports.append(f"from typing import {found}")
        self._needs(text)
        notes = () if plain else (_note(self.ports), *(f"`{n}.uri` is an argument, `uri_of`" for n in self.uris))
        return Adapted(
            text, self.ports.outputs, self.ports.parameters, self.uris, tuple(dict.fromkeys(self.imports)),
            tuple(dict.fromkeys(self.helpers)), notes, tuple(self.changes), lost,
        )  # fmt: skip

    # places

    def _at(self, line: int, column: int) -> int:
        """The character that `ast` means by a byte offset."""
        text = self.lines[line - 1]
        return self.starts[line - 1] + len(text.encode()[:column].decode(errors="ignore"))

    def _start(self, node: Any) -> int:
        return self._at(node.lineno, node.col_offset)

    def _end(self, node: Any) -> int:
        return self._at(node.end_lineno, node.end_col_offset)

    def _edited(self) -> str:
        text = self.source
        for start, end, new in sorted(self.edits, reverse=True):
            text = text[:start] + new + text[end:]
        return text

    def _rename(self) -> None:
        start = self.source.index(self.function.name, self._start(self.function) + 3)
        self.edits.append((start, start + len(self.function.name), self.name))

    # the signature

    def _signature(self) -> None:
        """The `def` line anew: its parameters that are inputs, and what it returns."""
        arguments = self.function.args
        comments = self.comments
        required = [*arguments.posonlyargs, *arguments.args]
        defaults: list[ast.expr | None] = [None] * (len(required) - len(arguments.defaults))
        defaults += arguments.defaults
        kept: list[str] = []
        for argument, default in [*zip(required, defaults), *zip(arguments.kwonlyargs, arguments.kw_defaults)]:
            if argument.arg in self.ports.written:
                continue
            text = self.ports.annotation(argument)
            given = ast.get_source_segment(self.source, default) if default is not None else None
            annotated = f": {text}" if text else ""
            equals = f"{' = ' if text else '='}{given}" if given else ""
            above = "".join(f"{line}\n{self.indent}" for line in comments.get(argument.arg, ()))
            kept.append(f"{above}{self.ports.called(argument)}{annotated}{equals}")
        kept += [f"{uri}: str" for uri in self.uris.values()]
        kept.sort(key=lambda one: "=" in one.rpartition("\n")[2])
        returns = self.ports.returns()
        arrow = f" -> {returns}" if returns else ""
        line = f"def {self.name}({', '.join(kept)}){arrow}:"
        if len(line) > 120 or "\n" in line:
            line = f"def {self.name}(\n" + "".join(f"{self.indent}{one},\n" for one in kept) + f"){arrow}:"
        start = self._start(self.function)
        self.edits.append((start, self._colon(), line))

    def _colon(self) -> int:
        """Where the header ends, behind its colon."""
        node = self.function
        ends = [self._end(a) for a in ast.walk(node.args) if hasattr(a, "end_lineno") and a is not node.args]
        ends += [self._end(node.returns)] if node.returns is not None else []
        at = max([*ends, self.source.index("(", self._start(node)) + 1])
        return _after_colon(self.source, at)

    @cached_property
    def comments(self) -> dict[str, list[str]]:
        """Parameter -> the comments above it and beside it."""
        arguments = self.function.args
        found: dict[str, list[str]] = {}
        line = self.function.lineno
        for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
            last = argument.end_lineno or argument.lineno
            above = [text.strip() for text in self.lines[line : argument.lineno - 1]]
            beside = re.search(r",?\s*(#.*)$", self.lines[last - 1][argument.end_col_offset or 0 :])
            texts = [text for text in above if text.startswith("#")]
            found[argument.arg] = [*texts, *([beside[1]] if beside else [])]
            line = last
        return found

    # the body

    def _body(self) -> None:
        body = self.function.body
        documented = ast.get_docstring(self.function, clean=False) is not None
        prologue = list(self._prologue())
        used = self._classes_used()
        if used:
            prologue.insert(0, f"{' = '.join(used)} = {SHIM}  # as Kubeflow's classes")
            self.helpers.append(SHIM)
        if prologue:
            text = "".join(f"\n{self.indent}{line}" for line in prologue)
            at = self._end(body[0]) if documented else self._colon()
            self.edits.append((at, at, text))
        self._returns()

    def _prologue(self) -> Iterator[str]:
        for port in self.ports.inputs:
            name = port.argument
            if port.form == "path":
                yield f"{name} = str({self.ports.parameters[port.name]})"
            elif port.form == "text":
                self.helpers.append(SHIM)
                given = self.ports.parameters[port.name]
                made = f'str({SHIM}.kept({given}, "{port.name}"))'
                yield f"{name} = {made}" if not port.optional else f"{name} = None if {given} is None else {made}"
            elif port.form == "status":
                self.helpers.append("TaskFinalStatus")
                yield f"{name} = TaskFinalStatus(**{name})"
            elif port.form == "artifact":
                self.helpers.append(SHIM)
                made = f'{SHIM}({name}, "{port.name}")'
                if port.name in self.uris:
                    self.helpers.append(addresses.SHIM)
                    made = f'{addresses.SHIM}({name}, "{port.name}", {self.uris[port.name]})'
                if port.schema in VALUES:
                    made = f'{SHIM}(name="{port.name}", metadata={name})'
                if port.is_list:
                    made = f"[{made.replace(f'({name},', '(one,').replace(f'={name})', '=one)')} for one in {name}]"
                yield f"{name} = {made}" if not port.optional else f"{name} = None if {name} is None else {made}"
        for output in self.ports.written.values():
            yield from self.comments.get(output.argument, ())
            self.helpers.append(SHIM)
            ending = ".path" if output.by_path else ""
            yield f'{output.argument} = {SHIM}.new("{output.name}"){ending}'

    def _classes_used(self) -> list[str]:
        """Kubeflow's classes that the body itself mentions, its own annotations left out."""
        bound = {node.id for node in ast.walk(self.function) if isinstance(node, ast.Name) and _stores(node)}
        loaded: set[str] = set()
        for statement in self.function.body:
            loaded |= {n.id for n in ast.walk(statement) if isinstance(n, ast.Name) and not _stores(n)}
        return [name for name in CLASSES[1:] if name in loaded and name not in bound]

    # what is returned

    def _returns(self) -> None:
        returns = list(_own_returns(self.function))
        results = self.ports.results
        outputs = [self._handed(output) for output in self.ports.written.values()]
        for node in returns:
            start, end = self._start(node), self._end(node)
            value = ast.get_source_segment(self.source, node.value) if node.value is not None else ""
            self.edits.append((start, end, self._return(value or "", results, outputs, node)))
        last = self.function.body[-1]
        if outputs and not results and not _leaves(last):
            text = f"\n{self.indent}{self._several(outputs)}"
            self.edits.append((self._end_of_line(self._end(last)), self._end_of_line(self._end(last)), text))

    def _end_of_line(self, at: int) -> int:
        found = self.source.find("\n", at)
        return len(self.source) if found < 0 else found

    def _return(self, value: str, results: tuple[Output, ...], outputs: list[str], node: ast.Return) -> str:
        if not results:
            if isinstance(node.value, (ast.Constant, ast.Name)) or node.value is None:
                return self._several(outputs) if outputs else f"return {value}".rstrip()
            return f"{value}; {self._several(outputs)}"
        if len(results) == 1 and not self.ports.named:
            one = self._part(_operand(value, node), results[0])
            return self._several([one, *outputs])
        plain = not outputs and not any(self._is_kept(r) for r in results)
        if plain and len(results) > 1 and not self.ports.by_name:
            return f"return tuple({value})"
        ways = [f".{r.name}" if self.ports.by_name else f"[{i}]" for i, r in enumerate(results)]
        parts = [self._part(f"returned{way}", result) for way, result in zip(ways, results)]
        first = parts[0].replace("returned", f"(returned := {value})", 1)
        return self._several([first, *parts[1:], *outputs])

    def _several(self, parts: list[str]) -> str:
        """`return` with its parts, one a line where they are long."""
        line = f"return {', '.join(parts)}"
        if len(self.indent + line) <= 120 or len(parts) == 1:
            return line
        return "return (\n" + "".join(f"{self.indent}    {part},\n" for part in parts) + f"{self.indent})"

    def _part(self, text: str, result: Output) -> str:
        if result.artifact and result.annotation.endswith("Metrics"):
            return f"{text}.metadata"
        return f'{SHIM}.kept({text}, "{result.name}")' if self._is_kept(result) else text

    def _is_kept(self, result: Output) -> bool:
        """Whether a returned artifact has to become a file."""
        if result.artifact:
            self.helpers.append(SHIM)
        return result.artifact

    def _handed(self, output: Output) -> str:
        """The expression of a written output at the end of the function."""
        name = output.argument
        if output.artifact:
            if output.by_path:
                self.imports.append("from pathlib import Path")
                return f"Path({name})"
            if output.schema in VALUES:
                return f"{name}.metadata"
            return f"{name}.file()"
        self.imports.append("from pathlib import Path")
        text = f"Path({name}).read_text()"
        match output.kind:
            case "NUMBER_INTEGER":
                return f"int({text})"
            case "NUMBER_DOUBLE":
                return f"float({text})"
            case "BOOLEAN":
                return f'{text}.strip().lower() == "true"'
            case "LIST" | "STRUCT":
                self.imports.append("import json")
                return f"json.loads({text})"
        return text

    # what else the body uses

    def _unknown_dsl(self) -> tuple[str, ...]:
        lost: list[str] = []
        names = {*self.ports.written, *(port.argument for port in self.ports.inputs if port.form == "artifact")}
        known = {port.argument for port in self.ports.inputs if port.name in self.uris}
        sliced = {o.argument for o in self.ports.outputs if o.schema == "system.SlicedClassificationMetrics"}
        for statement in self.function.body:
            for node in ast.walk(statement):
                if not isinstance(node, ast.Attribute) or not isinstance(node.value, ast.Name):
                    continue
                if node.value.id == "dsl" and node.attr not in KNOWN_DSL:
                    lost.append(f"its function uses `dsl.{node.attr}`")
                if node.value.id in sliced and node.attr not in ("path", "uri", "metadata"):
                    lost.append(f"its function uses `{node.attr}` of sliced metrics")
                if node.value.id in names and node.attr not in ATTRIBUTES:
                    self.changes.append(f"`{node.value.id}.{node.attr}` is Kubeflow's, and its artifact has none here")
                named = node.value.id in names or self.ports.has_artifacts
                if node.attr == "uri" and named and node.value.id not in known:
                    self.changes.append(f"`{node.value.id}.uri` is a local path, not the URI of the store")
        return tuple(dict.fromkeys(lost))

    def _needs(self, text: str) -> None:
        if re.search(r"\bdsl\.", "\n".join(text.split("\n")[1:])) or " dsl." in text:
            self.helpers += [SHIM, "dsl"]
        if re.search(r"\bkfp\.", text):
            self.imports.append("import kfp")
        header = text[: text.index("\n")] if "\n" in text else text
        if re.search(r"\bPath\b", text) and ("Path" in header or f"{SHIM}" in text or " Path" in text):
            self.imports.append("from pathlib import Path")
        if any(output.annotation.startswith("Annotated[") for output in self.ports.outputs):
            self.imports.append("from typing import Annotated")


def _note(ports: Ports) -> str:
    if ports.written or ports.has_artifacts:
        return "takes and returns the files that were artifacts"
    return "returns its outputs"


def _stores(node: ast.Name) -> bool:
    return not isinstance(node.ctx, ast.Load)


def _operand(value: str, node: ast.Return) -> str:
    return f"({value})" if isinstance(node.value, (ast.Tuple, ast.Lambda, ast.NamedExpr)) else value


def _after_colon(source: str, at: int) -> int:
    """Behind the next colon outside of comments."""
    while source[at] != ":":
        if source[at] == "#":
            at = source.index("\n", at)
        at += 1
    return at + 1


def _own_returns(function: ast.FunctionDef) -> Iterator[ast.Return]:
    """The `return`s of the function itself."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Return):
            yield node
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            waiting += ast.iter_child_nodes(node)


def _leaves(node: ast.stmt) -> bool:
    """Whether nothing is reached behind `node`."""
    return isinstance(node, (ast.Return, ast.Raise))
