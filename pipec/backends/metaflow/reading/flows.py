"""The flows of a file: their steps, parameters, constants and helper methods, inherited ones included."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import libcst as cst

from pipec.backends.metaflow.reading import ours
from pipec.backends.metaflow.reading.configs import Configs, resolved
from pipec.backends.metaflow.reading.syntax import Imported
from pipec.compiler.pysource.syntax import parsed as python
from pipec.compiler.reading import Source, absolute_imports
from pipec.compiler.reading.text_files import MOST_TEXT


@dataclass
class File:
    """A parsed file: the one that is read, or a module beside it that it takes classes from."""

    source: Source
    tree: ast.Module
    configs: Configs

    @cached_property
    def imported(self) -> Imported:
        """Its names for Metaflow's things."""
        return Imported.of(self.tree)

    @cached_property
    def helpers(self) -> dict[str, str]:
        """Name -> the helper of pipec's that it is."""
        return ours.helpers(self.tree)

    @cached_property
    def hooks(self) -> dict[str, ours.Hook]:
        """Name -> the hook of pipec's that it is."""
        return ours.hooks(self.tree) if self.is_ours else {}

    @cached_property
    def is_ours(self) -> bool:
        """Whether pipec has written it: it has the helpers that it gives to flows."""
        return bool({ours.FOLDER, ours.JSON} & {*self.helpers.values()})

    @cached_property
    def concrete(self) -> cst.Module:
        """The same with its formatting."""
        return cst.parse_module(self.source.text)

    @cached_property
    def classes(self) -> dict[str, ast.ClassDef]:
        """The top-level classes, the last of equal names."""
        return {node.name: node for node in self.tree.body if isinstance(node, ast.ClassDef)}

    def method(self, owner: str, name: str) -> cst.FunctionDef:
        """A method with its formatting."""
        found: cst.FunctionDef | None = None
        for node in self.concrete.body:
            if isinstance(node, cst.ClassDef) and node.name.value == owner:
                for one in node.body.body:
                    if isinstance(one, cst.FunctionDef) and one.name.value == name:
                        found = one
        assert found is not None
        return found


@dataclass(frozen=True)
class Member:
    """Something that stands in a class: a step, a helper, a constant or a parameter."""

    name: str
    node: ast.stmt
    file: File
    owner: str
    """Its class."""

    @property
    def key(self) -> tuple[str, str, str]:
        """What it is known by, whatever flow inherits it."""
        return (self.file.source.file, self.owner, self.name)

    @property
    def function(self) -> ast.FunctionDef:
        """The method that it is."""
        assert isinstance(self.node, ast.FunctionDef)
        return self.node

    @property
    def self_name(self) -> str:
        """What it calls the flow."""
        arguments = [*self.function.args.posonlyargs, *self.function.args.args]
        return arguments[0].arg if arguments else ""

    @property
    def inputs_name(self) -> str | None:
        """What a join calls its inputs."""
        arguments = [*self.function.args.posonlyargs, *self.function.args.args]
        return arguments[1].arg if len(arguments) > 1 else None

    @property
    def body(self) -> list[ast.stmt]:
        """Its statements without the docstring."""
        body = self.function.body
        return body[1:] if ast.get_docstring(self.function, clean=False) is not None else body


@dataclass
class Flow:
    """One `FlowSpec` class with all that it inherits."""

    name: str
    node: ast.ClassDef
    file: File
    steps: dict[str, Member] = field(default_factory=dict)
    helpers: dict[str, Member] = field(default_factory=dict)
    parameters: dict[str, Member] = field(default_factory=dict)
    constants: dict[str, Member] = field(default_factory=dict)
    decorators: list[tuple[ast.expr, File]] = field(default_factory=list)
    others: list[Member] = field(default_factory=list)
    """What is none of these: nested classes and other statements."""
    fresh: bool = False
    """What a step changes in place is not stored: a base class of pipec's own flows sees to it."""
    foreign: list[ast.expr] = field(default_factory=list)
    """Base classes that are not to be found."""

    @cached_property
    def start(self) -> str | None:
        """The first step."""
        return self._marked("start")

    @cached_property
    def end(self) -> str | None:
        """The last step."""
        return self._marked("end")

    def _marked(self, which: str) -> str | None:
        for name, member in self.steps.items():
            for decorator in member.function.decorator_list:
                if isinstance(decorator, ast.Call) and member.file.imported.word(decorator.func) == "step":
                    if any(k.arg == which and isinstance(k.value, ast.Constant) and k.value.value is True
                           for k in decorator.keywords):  # fmt: skip
                        return name
        return which if which in self.steps else None


PARAMETERS = ("Parameter", "IncludeFile", "Config")


def parsed(source: Source) -> File:
    """The file; raises `SyntaxError`, `ValueError` or `RecursionError` for what is no Python."""
    tree = python(source.text)
    configs = resolved(source, tree)
    if configs.text != source.text:
        source = replace(source, text=configs.text)
        tree = ast.parse(source.text)
    return File(source, tree, configs)


class Finder:
    """Finds flows in a file, and their base classes in the modules beside it."""

    def __init__(self, file: File) -> None:
        self.file = file
        self._files: dict[Path, File | None] = {}

    def flows(self) -> Iterator[Flow]:
        """The flows that can run: classes with a first step."""
        for node in self.file.tree.body:
            if isinstance(node, ast.ClassDef) and self.file.classes[node.name] is node:
                flow = Flow(node.name, node, self.file)
                if self._include(flow, node, self.file, set()) and flow.steps and flow.start:
                    yield flow

    def is_flow(self, node: ast.ClassDef) -> bool:
        """Whether a class is a flow, or the base of one."""
        return self._include(Flow(node.name, node, self.file), node, self.file, set())

    def is_base(self, file: File, name: str) -> bool:
        """Whether a name is a flow of another module, from which flows of this one inherit."""
        found = self._class(ast.Name(name, ast.Load()), file)
        return found is not None and found[1] is not file and self.is_flow_of(*found)

    def is_flow_of(self, node: ast.ClassDef, file: File) -> bool:
        """Whether a class of any module is a flow."""
        return self._include(Flow(node.name, node, file), node, file, set())

    def _include(self, flow: Flow, node: ast.ClassDef, file: File, seen: set[tuple[str, str]]) -> bool:
        """Add what a class and its bases have; whether it is a flow at all."""
        key = (file.source.file, node.name)
        if key in seen or len(seen) > 100:
            return False
        seen.add(key)
        flow.decorators += [(decorator, file) for decorator in node.decorator_list]
        for member in members(node, file):
            self._sort_in(flow, member)
        is_flow = False
        for base in node.bases:
            if file.imported.word(base) == "FlowSpec":
                is_flow = True
                continue
            found = self._class(base, file)
            if found is None:
                flow.foreign.append(base)
            elif found[0].name == ours.COPIES and found[1] is file:
                flow.fresh = True
            else:
                is_flow |= self._include(flow, found[0], found[1], seen)
        return is_flow

    def _sort_in(self, flow: Flow, member: Member) -> None:
        taken = {**flow.steps, **flow.helpers, **flow.parameters, **flow.constants}
        if member.name in taken:
            return
        match member.node:
            case ast.FunctionDef():
                words = [member.file.imported.word(called(d)) for d in member.node.decorator_list]
                (flow.steps if "step" in words else flow.helpers)[member.name] = member
            case ast.Assign(value=value) | ast.AnnAssign(value=ast.expr() as value):
                is_parameter = isinstance(value, ast.Call) and member.file.imported.word(value.func) in PARAMETERS
                (flow.parameters if is_parameter else flow.constants)[member.name] = member
            case _:
                flow.others.append(member)

    def _class(self, base: ast.expr, file: File) -> tuple[ast.ClassDef, File] | None:
        """The class that an expression names."""
        if isinstance(base, ast.Name) and base.id in file.classes:
            return file.classes[base.id], file
        for node in file.tree.body:
            if isinstance(node, ast.ImportFrom) and isinstance(base, ast.Name):
                for one in node.names:
                    if (one.asname or one.name) == base.id:
                        other = self.module(file, "." * node.level + (node.module or ""))
                        if other is not None and one.name in other.classes:
                            return other.classes[one.name], other
            elif isinstance(node, ast.Import) and isinstance(base, ast.Attribute) and isinstance(base.value, ast.Name):
                for one in node.names:
                    if (one.asname or one.name) == base.value.id:
                        other = self.module(file, one.name)
                        if other is not None and base.attr in other.classes:
                            return other.classes[base.attr], other
        return None

    def module(self, file: File, dotted: str) -> File | None:
        """A module of the project as text; `None` where there is none."""
        for path in file.source.modules(dotted):
            if path not in self._files:
                self._files[path] = self._load(path, file.source)
            if (found := self._files[path]) is not None:
                return found
        return None

    def _load(self, path: Path, near: Source) -> File | None:
        try:
            if not path.is_file() or path.stat().st_size > MOST_TEXT:
                return None
            text = path.read_text(encoding="utf-8-sig").replace("\r\n", "\n")
            try:
                name = path.resolve().relative_to(near.root.resolve()).as_posix()
            except ValueError:
                name = path.name
            return parsed(Source(path, name, absolute_imports(text, path, near.root), near.root))
        except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
            return None


def members(node: ast.ClassDef, file: File) -> Iterator[Member]:
    """What stands in a class body, the docstring excepted; the last of equal names."""
    found: dict[str, Member] = {}
    for n, one in enumerate(node.body):
        match one:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.AsyncFunctionDef(name=name):
                found[name] = Member(name, one, file, node.name)
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr()):
                found[name] = Member(name, one, file, node.name)
            case ast.Pass() | ast.AnnAssign(value=None) | ast.Expr(value=ast.Constant()):
                pass
            case _:
                found[f"<{n}>"] = Member(f"<{n}>", one, file, node.name)
    yield from found.values()


def called(decorator: ast.expr) -> ast.expr:
    """`retry` of `retry(times=2)`."""
    return decorator.func if isinstance(decorator, ast.Call) else decorator
