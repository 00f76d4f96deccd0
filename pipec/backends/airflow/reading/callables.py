"""Functions that Airflow calls with its context: which of them are plain functions, and which can be made ones."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field

from pipec.backends.airflow.names import CONTEXT
from pipec.backends.airflow.reading.scope import Writer, _Replaced
from pipec.backends.airflow.reading.templates import Fact, pull
from pipec.compiler.pysource.text import double_quoted

KNOWN = ("ds", "ds_nodash", "run_id", "params")
"""Entries of the context that a pipeline can hand to a step."""
INSTANCE = ("ti", "task_instance")

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass
class Callable_:
    """A function as a step."""

    source: str
    """Its text at the top level, without decorators."""
    extra: dict[str, Fact] = field(default_factory=dict)
    """Parameter -> what the pipeline gives it, besides what the task's call says."""
    pushes: tuple[str, ...] = ()
    """Keys of XComs that it pushes: it returns a dict of them, and of "return_value"."""
    adapted: bool = False
    """Its text is not the original's."""
    reason: str = ""
    """Why it cannot be a step, in words; "" if it can."""


def adapt(node: FunctionNode, given: set[str], writer: Writer, name: str) -> Callable_:
    """`node` as a step called `name`. `given`: the parameters that the task's call fills in."""
    if isinstance(node, ast.AsyncFunctionDef):
        return Callable_("", reason="it is `async`")
    if any(isinstance(n, (ast.Yield, ast.YieldFrom)) for n in _own(node)):
        return Callable_("", reason="it is a generator")
    reader = _Reader(node, given)
    reader.read()
    if reader.reason:
        return Callable_("", reason=reader.reason)
    if not reader.changed:
        return Callable_(function_text(node, writer, name), reader.extra)
    return Callable_(_rewritten(node, writer, name, reader), reader.extra, tuple(dict.fromkeys(reader.pushed)), True)


def _own(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a function's body, those of inner functions left out."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)):
            continue
        yield child
        yield from _own(child)


def function_text(node: FunctionNode, writer: Writer, name: str) -> str:
    """The `def` as it stands in the file, dedented, called `name`."""
    lines = writer.source.lines[node.lineno - 1 : node.end_lineno]
    text = textwrap.dedent("\n".join(lines))
    if name != node.name:
        head, rest = text.split(node.name, 1)
        text = head + name + rest
    return _comments_above(node, writer) + text


def _comments_above(node: FunctionNode, writer: Writer) -> str:
    first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
    found: list[str] = []
    for line in reversed(writer.source.lines[: first - 1]):
        if not line.strip().startswith("#") or line.strip().startswith(("# [START", "# [END", "#!")):
            break
        found.insert(0, line.strip())
    indent = writer.indent(node)
    if indent == 0 and first - 1 - len(found) <= 0:
        return ""
    return "".join(f"{line}\n" for line in found)


class _Reader:
    """Finds what a function takes from the context."""

    def __init__(self, node: ast.FunctionDef, given: set[str]) -> None:
        self.node = node
        arguments = node.args
        named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        self.instances = {a.arg for a in named if a.arg in INSTANCE and a.arg not in given}
        """Names of the task instance."""
        self.contexts = {arguments.kwarg.arg} if arguments.kwarg and arguments.kwarg.arg not in given else set()
        self.keyword = arguments.kwarg.arg if arguments.kwarg else ""
        self.values = {a.arg for a in named if a.arg in CONTEXT and a.arg not in given and a.arg not in INSTANCE}
        self.given = given
        self.names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)} | {a.arg for a in named}
        self.extra: dict[str, Fact] = {}
        self.edits: list[tuple[ast.AST, str]] = []
        self.gone: set[str] = set()
        """Parameters that the step does not have."""
        self.dropped: list[ast.stmt] = []
        self.pushed: list[str] = []
        self.reason = ""

    @property
    def changed(self) -> bool:
        """Whether the text has to change."""
        return bool(self.edits or self.gone or self.dropped)

    def read(self) -> None:
        """Read the whole function."""
        self._aliases()
        for statement in self.node.body:
            if not self._becomes_parameter(statement):
                self._visit(statement)
        used = {n.id for n in _names(self.node.body)}
        for name in sorted(self.values):
            if name in KNOWN:
                self.extra[name] = Fact(name)  # type: ignore[arg-type]  # KNOWN says which
            elif name in used:
                self.reason = self.reason or f"it takes `{name}` from Airflow's context"
            else:
                self.gone.add(name)
        self.gone |= self.instances & {a.arg for a in self._parameters()}
        if self.keyword and self.keyword in self.contexts:
            self.gone.add(self.keyword)

    def _becomes_parameter(self, statement: ast.stmt) -> bool:
        """`rows = ti.xcom_pull(...)`: the name itself is the parameter."""
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                fact = self._fact(value)
                first = min(
                    (n.lineno for n in ast.walk(self.node) if isinstance(n, ast.Name) and n.id == name), default=0
                )
                own = {a.arg for a in self._parameters()}
                if fact is None or name in own or name in self.extra or first < statement.lineno:
                    return False
                self.extra[name] = fact
                self.dropped.append(statement)
                return True
        return False

    def _parameters(self) -> list[ast.arg]:
        arguments = self.node.args
        return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]

    def _aliases(self) -> None:
        """`ti = context["ti"]`, `context = get_current_context()`."""
        for node in ast.walk(self.node):
            match node:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    if self._is_context_call(value):
                        self.contexts.add(name)
                        self.dropped.append(node)
                    elif self._entry(value) in INSTANCE:
                        self.instances.add(name)
                        self.dropped.append(node)
                case ast.If(test=ast.Name(id="TYPE_CHECKING")) if all(isinstance(s, ast.Assert) for s in node.body):
                    self.dropped.append(node)

    def _is_context_call(self, node: ast.expr) -> bool:
        return isinstance(node, ast.Call) and ast.unparse(node.func).endswith("get_current_context")

    def _is_context(self, node: ast.expr) -> bool:
        return (isinstance(node, ast.Name) and node.id in self.contexts) or self._is_context_call(node)

    def _entry(self, node: ast.expr) -> str:
        """The key of the context that `node` looks up; "" if it does not."""
        match node:
            case ast.Subscript(value=holder, slice=ast.Constant(value=str() as key)) if self._is_context(holder):
                return key
            case ast.Call(func=ast.Attribute(value=holder, attr="get"), args=[ast.Constant(value=str() as key)]):
                return key if self._is_context(holder) else ""
        return ""

    def _is_instance(self, node: ast.expr) -> bool:
        return (isinstance(node, ast.Name) and node.id in self.instances) or self._entry(node) in INSTANCE

    def _visit(self, node: ast.AST) -> None:
        if node in self.dropped or self.reason:
            return
        if isinstance(node, ast.Expr) and self._push(node):
            return
        if isinstance(node, ast.expr):
            fact = self._fact(node)
            if fact is not None:
                self.edits.append((node, self._parameter(fact)))
                return
            if isinstance(node, ast.Name) and node.id in (self.instances | self.contexts):
                self.reason = f"it uses `{node.id}` of Airflow in a way that has no counterpart"
                return
            if self._is_context_call(node) or self._entry(node):
                self.reason = f"it takes `{self._entry(node) or 'its context'}` from Airflow"
                return
        for child in ast.iter_child_nodes(node):
            self._visit(child)

    def _fact(self, node: ast.expr) -> Fact | None:
        key = self._entry(node)
        if key in ("ds", "ds_nodash", "run_id", "params"):
            return Fact(key)  # type: ignore[arg-type]  # the line above says which
        match node:
            case ast.Call(func=ast.Attribute(value=holder, attr="xcom_pull")) if self._is_instance(holder):
                return pull(node)
            case ast.Attribute(value=holder, attr="try_number") if self._is_instance(holder):
                return Fact("attempt")
            case ast.Subscript(value=holder, slice=ast.Constant(value=str() as name)) if (
                self._entry(holder) == "params"
            ):
                return Fact("param", name)
        return None

    def _push(self, node: ast.Expr) -> bool:
        """`ti.xcom_push("key", value)` as a statement."""
        match node.value:
            case ast.Call(func=ast.Attribute(value=holder, attr="xcom_push")) as call if self._is_instance(holder):
                given: dict[str, ast.expr] = dict(zip(("key", "value"), call.args))
                given |= {k.arg: k.value for k in call.keywords if k.arg}
                key, value = given.get("key"), given.get("value")
                if set(given) != {"key", "value"} or not isinstance(key, ast.Constant) or value is None:
                    self.reason = "it pushes an XCom whose key is not known before it runs"
                    return True
                self.pushed.append(str(key.value))
                self._visit(value)
                self.edits.append((node, f"\0{key.value!s}"))
                return True
        return False

    def _parameter(self, fact: Fact) -> str:
        """The parameter that brings `fact`."""
        for name, known in self.extra.items():
            if known == fact:
                return name
        wanted = fact.name or "_and_".join(t.rpartition(".")[2] for t in fact.tasks) or fact.kind
        wanted = {"attempt": "attempt", "ds": "ds"}.get(fact.kind, wanted)
        name = "".join(c if c.isalnum() else "_" for c in wanted)
        name = name if name.isidentifier() else f"value_{name}"
        unique, n = name, 1
        while unique in self.names or unique in self.extra:
            n += 1
            unique = f"{name}_{n}" if n > 2 else f"{name}_result"
        self.extra[unique] = fact
        return unique


def _names(body: list[ast.stmt]) -> Iterator[ast.Name]:
    for node in body:
        for one in ast.walk(node):
            if isinstance(one, ast.Name):
                yield one


def _rewritten(node: ast.FunctionDef, writer: Writer, name: str, reader: _Reader) -> str:
    """The function without what came from the context."""
    head = _signature(node, name, reader)
    lines = list(writer.source.lines[node.body[0].lineno - 1 : node.end_lineno])
    first = node.body[0].lineno
    edits = _line_edits(node, writer, reader)
    for (line, start, end_line, end), text in sorted(edits, reverse=True):
        before = lines[line - first].encode()[:start].decode()
        after = lines[end_line - first].encode()[end:].decode()
        lines[line - first : end_line - first + 1] = (before + text + after).split("\n")
    body = textwrap.dedent("\n".join(line for line in lines if line != "\0"))
    parts = [textwrap.indent(body, "    ")]
    if reader.pushed:
        parts = [*_with_bag(node, body)]
    if not body.strip():
        parts = ["    pass"]
    return _comments_above(node, writer) + head + "\n" + "\n".join(parts)


def _with_bag(node: ast.FunctionDef, body: str) -> list[str]:
    """The body of a function that returns what it pushed."""
    lines = textwrap.indent(body, "    ").split("\n")
    at = 0
    if ast.get_docstring(node) is not None:
        at = (node.body[0].end_lineno or node.body[0].lineno) - node.body[0].lineno + 1
    lines.insert(at, "    xcoms: dict = {}")
    if not isinstance(node.body[-1], ast.Return):
        lines.append("    return xcoms")
    return lines


def _signature(node: ast.FunctionDef, name: str, reader: _Reader) -> str:
    arguments = node.args
    gone = reader.gone
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults = dict(zip([a.arg for a in reversed(positional)], reversed(arguments.defaults)))
    kept = [a for a in positional if a.arg not in gone]
    only = [(a, d) for a, d in zip(arguments.kwonlyargs, arguments.kw_defaults) if a.arg not in gone]
    own = {a.arg for a in (*positional, *arguments.kwonlyargs)}
    added = [ast.arg(n) for n in reader.extra if n not in own]
    required = [a for a in kept if a.arg not in defaults]
    optional = [a for a in kept if a.arg in defaults]
    behind = bool(optional or arguments.vararg or only)  # calls by position stay right
    made = ast.arguments(
        posonlyargs=[], args=[*required, *optional] if behind else [*required, *added], vararg=arguments.vararg,
        kwonlyargs=[*(added if behind else []), *(a for a, _ in only)],
        kw_defaults=[*([None] * len(added) if behind else []), *(d for _, d in only)],
        kwarg=arguments.kwarg if arguments.kwarg and arguments.kwarg.arg not in gone else None,
        defaults=[defaults[a.arg] for a in optional],
    )  # fmt: skip
    returns = f" -> {ast.unparse(node.returns)}" if node.returns and not reader.pushed else ""
    returns = " -> dict" if reader.pushed else returns
    return f"def {name}({', '.join(_parameters(made))}){returns}:"


def _parameters(arguments: ast.arguments) -> Iterator[str]:
    """The parameters of a signature as formatters write them."""
    behind = [None] * (len(arguments.args) - len(arguments.defaults)) + list(arguments.defaults)
    for one, default in zip(arguments.args, behind):
        yield _parameter(one, default)
    if arguments.vararg:
        yield "*" + _parameter(arguments.vararg, None)
    elif arguments.kwonlyargs:
        yield "*"
    for one, default in zip(arguments.kwonlyargs, arguments.kw_defaults):
        yield _parameter(one, default)
    if arguments.kwarg:
        yield "**" + _parameter(arguments.kwarg, None)


def _parameter(one: ast.arg, default: ast.expr | None) -> str:
    annotation = f": {ast.unparse(one.annotation)}" if one.annotation else ""
    if default is None:
        return double_quoted(one.arg + annotation)
    return double_quoted(f"{one.arg}{annotation}{' = ' if annotation else '='}{ast.unparse(default)}")


Place = tuple[int, int, int, int]


def _place(node: ast.AST) -> Place:
    return (
        getattr(node, "lineno", 0), getattr(node, "col_offset", 0), getattr(node, "end_lineno", 0),
        getattr(node, "end_col_offset", 0),
    )  # fmt: skip


def _line_edits(node: ast.FunctionDef, writer: Writer, reader: _Reader) -> list[tuple[Place, str]]:
    """Where the text changes, and to what."""
    texts = {id(n): t for n, t in reader.edits}
    pushes = [(n, t[1:]) for n, t in reader.edits if t.startswith("\0")]
    found: list[tuple[Place, str]] = []
    covered: set[int] = set()
    for push, key in pushes:
        assert isinstance(push, ast.Expr) and isinstance(push.value, ast.Call)
        value = _value_of(push.value)
        covered |= {id(n) for n in ast.walk(push)}
        inner = {i: t for i, t in texts.items() if not t.startswith("\0")}
        text = double_quoted(ast.unparse(_Replaced(inner).visit(value)))
        if not any(id(n) in inner for n in ast.walk(value)):
            text = writer.segment(value)
        found.append((_place(push), f'xcoms["{key}"] = {text}'))
    for joined in ast.walk(node):
        if (
            isinstance(joined, ast.JoinedStr)
            and any(id(n) in texts for n in ast.walk(joined))
            and id(joined) not in covered
        ):
            covered |= {id(n) for n in ast.walk(joined)}
            found.append((_place(joined), double_quoted(ast.unparse(_Replaced(texts).visit(joined)))))
    found += [(_place(n), t) for n, t in reader.edits if id(n) not in covered]
    for gone in reader.dropped:
        line, _, end_line, end = _place(gone)
        found.append(((line, 0, end_line, end), "\0"))
    if reader.pushed:
        for one in _own(node):
            if isinstance(one, ast.Return):
                found += _returned(one)
    return found


def _returned(node: ast.Return) -> list[tuple[Place, str]]:
    """`return x` as `return xcoms | {"return_value": x}`."""
    line, start, end_line, end = _place(node)
    if node.value is None or (isinstance(node.value, ast.Constant) and node.value.value is None):
        return [((line, start, end_line, end), "return xcoms")]
    value_line, value_start, _, _ = _place(node.value)
    return [
        ((line, start, value_line, value_start), 'return xcoms | {"return_value": '),
        ((end_line, end, end_line, end), "}"),
    ]


def _value_of(call: ast.Call) -> ast.expr:
    given: dict[str, ast.expr] = dict(zip(("key", "value"), call.args))
    given |= {k.arg: k.value for k in call.keywords if k.arg}
    return given["value"]
