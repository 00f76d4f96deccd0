"""The glue of one program, read instead of run: what it loads, calls or computes, and what it hands out."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NoReturn

from pipec.backends.kfp.reading.own.programs import Program
from pipec.backends.kfp.reading.own.symbols import Symbols, Value, constant, replaced, wrapped
from pipec.backends.kfp.reading.own.tree import Assign, Call, Check, Node, Select, Wait
from pipec.backends.kfp.reading.values import RefusedError
from pipec.backends.kfp.scope import RUN_CREATED
from pipec.compiler.pysource.negate import negated_text
from pipec.compiler.pysource.text import double_quoted, python
from pipec.compiler.units import duration
from pipec.ir import Deadline

NUMBERED = re.compile(r"_\d+\Z")
LOADS = {
    "kfp_value": ("text", "constant", "written"),
    "kfp_raw": ("raw", "constant", "written"),
    "kfp_values": ("list",),
    "kfp_input": ("artifact",),
    "kfp_inputs": ("artifacts",),
    "kfp_foreign": ("file",),
}
"""Helper -> the forms that it reads."""


@dataclass
class Made:
    """What one task is."""

    nodes: list[Node] = field(default_factory=list)
    outputs: dict[str, Value] = field(default_factory=dict)
    limit: float | None = None
    """The time limit of a step in a `try`, in seconds."""
    deadline: Deadline | None = None


@dataclass(frozen=True)
class _Place:
    """Where something was stored."""

    source: str
    form: str
    """"uri" or "uris"."""


class Glue:
    """Reads one program for one task."""

    def __init__(self, program: Program, task: str, bound: Mapping[str, Value], symbols: Symbols, effect: bool) -> None:
        self.program, self.task, self.bound, self.symbols = program, task, bound, symbols
        self.is_step, self.cached = bool(program.step), not effect
        self.text = program.glue
        self.names: dict[str, str] = {}
        self.places: dict[str, _Place] = {}
        self.call: Call | None = None
        self.made = Made()
        self.error, self.key = "", ""

    def read(self) -> Made:
        """All of it."""
        self.program.check()
        for node in ast.parse(self.text).body:
            self._statement(node)
        if self.call is not None:
            self._shape(self.call)
        return self.made

    def _refuse(self, node: ast.AST) -> NoReturn:
        raise RefusedError(f"`{ast.unparse(node)[:80]}` in the program of the task `{self.task}` is not known")

    # --- statements

    def _statement(self, node: ast.stmt) -> None:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                self._assign(name, value)
            case ast.Expr(value=ast.Call(func=ast.Name(id=function)) as call):
                self._effect(function, call)
            case ast.If(test=test, body=[ast.Raise() as failure], orelse=[]):
                self._check(negated_text(self._text(test)), failure)
            case ast.Raise():
                self._check("", node)
            case ast.With(items=[ast.withitem(context_expr=ast.Call(func=ast.Name(id="kfp_watched")) as call)]):
                self.made.deadline = _deadline(call)
                for inner in node.body:
                    self._statement(inner)
            case ast.Try(handlers=[ast.ExceptHandler(body=[ast.Expr(value=ast.Call() as catch)])], orelse=[]):
                self._caught(node, catch)
            case _:
                self._refuse(node)

    def _caught(self, node: ast.Try, catch: ast.Call) -> None:
        """What a task in a `try` does, and how it tells that it has failed."""
        if not (isinstance(catch.func, ast.Name) and catch.func.id == "kfp_catch") or self.error or node.finalbody:
            self._refuse(node)
        self.error, self.key = self.symbols.new("error"), _string(catch.args[3])
        body = node.body
        match body[0]:
            case (
                ast.With(
                    items=[ast.withitem(context_expr=ast.Call(func=ast.Name(id="kfp_limited")) as limited)]
                ) as first
            ):
                limit = limited.args[1]
                if not isinstance(limit, ast.Constant) or not isinstance(limit.value, (int, float)):
                    self._refuse(limited)
                self.made.limit = float(limit.value)
                body = [*first.body, *body[1:]]
        for inner in body:
            self._statement(inner)
        for made in self.made.nodes:
            made.error = self.error

    def _assign(self, name: str, value: ast.expr) -> None:
        if isinstance(value, ast.Call) and isinstance(value.func, ast.Name):
            match value.func.id:
                case "kfp_store":
                    self.places[name] = _Place(self._stored(value), "uri")
                    return
                case "kfp_uris" if isinstance(value.args[0], ast.Name):
                    self.places[name] = _Place(self.places[value.args[0].id].source, "uris")
                    return
        loaded = self._loaded(value)
        if isinstance(loaded, _Place):
            self.places[name] = loaded
        elif loaded is not None:
            self.names[name] = loaded
        elif name == "result" and self.is_step and self.call is None:
            self._called(value)
        else:
            self._computed(name, value)

    def _computed(self, name: str, value: ast.expr) -> None:
        source = self._expression(value)
        if self.symbols.of(source) == [source]:
            self.names[name] = source  # another name for a value
            return
        symbol = self.symbols.new(name)
        self.made.nodes.append(Assign(f"{self.task}.{name}", symbol=symbol, source=source))
        self.names[name] = symbol

    def _effect(self, function: str, call: ast.Call) -> None:
        match function:
            case "kfp_save" | "kfp_share" | "kfp_items" | "kfp_truth" | "kfp_result":
                self._handed(function, call)
            case "kfp_store":
                self._stored(call)
            case "kfp_metrics":
                key, value = _string(call.args[1]), self._output(call.args[2])
                self.made.outputs[key] = Value("artifact", value)
            case "kfp_classification":
                pass  # what it shows has been stored
            case "kfp_wait":
                self._wait(call)
            case _ if function.startswith("kfp_") or not self.is_step or self.call is not None:
                self._refuse(call)
            case _:
                self._called(call)

    # --- what comes in

    def _loaded(self, node: ast.expr) -> str | _Place | None:
        """The value that `node` loads; `None` where it loads nothing."""
        match node:
            case ast.Call(func=ast.Name(id="kfp_open"), args=[inner]):
                return self._loaded(inner)
            case ast.Subscript(value=inner, slice=ast.Constant(value=int(index))):
                found = self._loaded(inner)
                return f"{found}[{index}]" if isinstance(found, str) else None
            case ast.Call(func=ast.Name(id=name), args=[ast.Name(id="task"), ast.Constant(value=str(port))]) if (
                name in LOADS
            ):
                return self._input(name, port)
            case ast.Call(func=ast.Name(id="list" | "kfp_uris"), args=[ast.Call(func=ast.Name(id=inner)) as call]) if (
                inner in ("kfp_wheres", "kfp_where")
            ):
                form = "artifacts" if inner == "kfp_wheres" else "artifact"
                return _Place(self._value(_string(call.args[1]), (form,)), "uris")
        return None

    def _value(self, port: str, forms: tuple[str, ...]) -> str:
        value = self.bound.get(port)
        if value is None or value.form not in forms:
            form = value.form if value else "nothing"
            raise RefusedError(f"the input `{port}` of the task `{self.task}` gets {form}, and reads {forms[0]}")
        self.symbols.hint(value.source, port, first=not self.is_step)
        return value.source

    def _input(self, name: str, port: str) -> str:
        source = self._value(port, LOADS[name])
        if self.bound[port].form == "written":
            self.symbols.read_as(source, "raw" if name == "kfp_raw" else "text", self.task)
        if self.bound[port].form != "constant":
            return source
        if name == "kfp_value":
            return constant(source)
        return RUN_CREATED if source == RUN_CREATED else python(source)

    # --- expressions

    def _text(self, node: ast.expr) -> str:
        return ast.get_source_segment(self.text, node) or ast.unparse(node)

    def _expression(self, node: ast.expr) -> str:
        """An expression of the glue over symbols."""
        text = self._text(node)
        if RUN_CREATED in self.names.values():
            if (
                isinstance(node, ast.Subscript)
                and isinstance(node.value, ast.Name)
                and text == f"{node.value.id}[:10]"
                and self.names.get(node.value.id) == RUN_CREATED
            ):
                return "run.date"
            self._refuse(node)
        for used in ast.walk(node):
            if isinstance(used, ast.Name) and used.id in self.places:
                self._refuse(node)
        text = _without(self._addressed(node, text))
        inner = ast.parse(text, mode="eval").body
        names = {n.id for n in ast.walk(inner) if isinstance(n, ast.Name) and n.id.startswith(("kfp_", "Kfp"))}
        if names - {"kfp_attempt"} or "task" in {n.id for n in ast.walk(inner) if isinstance(n, ast.Name)}:
            self._refuse(node)
        return replaced(text, self.names).replace("kfp_attempt()", "run.attempt")

    def _addressed(self, node: ast.expr, text: str) -> str:
        """`text` with `uri_of(...)` where `node` asks where an input lies."""
        for inner in ast.walk(node):
            match inner:
                case ast.Call(func=ast.Name(id="kfp_where"), args=[ast.Name(id="task"), ast.Constant(value=str(port))]):
                    value = self.bound.get(port)
                    found = value.source if value and value.form in ("artifact", "file") else None
                case ast.Attribute(attr="uri", value=ast.Subscript() as part):
                    loaded = self._loaded(part)
                    found = loaded if isinstance(loaded, str) else None
                case _:
                    continue
            if found is None:
                self._refuse(node)
            text = text.replace(self._text(inner), f"uri_of({found})")
        return text

    def _called(self, node: ast.expr) -> None:
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
            self._refuse(node)
        self.call = Call(self.task, source=self._expression(node), function=node.func.id, cached=self.cached)
        self.made.nodes.append(self.call)

    # --- what goes out

    def _output(self, node: ast.expr) -> str:
        """A value that is handed out: of a step, a part of its result."""
        if self.call is not None:
            match node:
                case ast.Name(id="result"):
                    return self._target(None)
                case ast.Subscript(value=ast.Name(id="result"), slice=ast.Constant(value=int(index))):
                    return self._target(index)
                case ast.Attribute(value=ast.Name(id="result"), attr=name):
                    return self._target(name)
        return self._expression(node)

    def _target(self, select: Select) -> str:
        assert self.call is not None
        if select not in self.call.targets:
            name = self.call.function if select is None else f"{self.call.function}_{select}"
            self.call.targets[select] = self.symbols.new(*([select] if isinstance(select, str) else []))
            self.symbols.fallback[self.call.targets[select]] = f"{name}_result"
        return self.call.targets[select]

    def _stored(self, call: ast.Call) -> str:
        source = self._output(call.args[2])
        self.made.outputs[_string(call.args[1])] = Value("artifact", source)
        return source

    def _handed(self, function: str, call: ast.Call) -> None:
        key, value = _string(call.args[1]), call.args[2]
        place = self.places.get(value.id) if isinstance(value, ast.Name) else None
        if function == "kfp_result":
            called = value.func.id if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) else ""
            if isinstance(value, ast.Call) and called in ("kfp_plain", "kfp_typed", "kfp_word"):
                self.made.outputs[key] = Value("plain", self._expression(value.args[0]))
            elif isinstance(value, ast.Call) and called == "kfp_setting":
                self.made.outputs[key] = Value("plain", self._output(value.args[0]))
            elif self.error and isinstance(value, ast.Constant) and value.value == "null" and key == self.key:
                self.made.outputs[key] = Value("text", self.error)
            elif self.error and isinstance(value, ast.Constant) and key == f"{self.key}-none":
                self.made.outputs[key] = Value("truth", f"{self.error} is None")
            elif place is not None:
                self.made.outputs[key] = Value("uri" if place.form == "uri" else "uris", place.source)
            else:
                self._refuse(call)
        elif function == "kfp_truth":
            self.made.outputs[key] = Value("truth", place.source if place else self._output(value))
        elif place is not None:
            self._refuse(call)
        else:
            self.made.outputs[key] = Value("items" if function == "kfp_items" else "text", self._output(value))

    def _shape(self, call: Call) -> None:
        """Decide how the result of a call is taken apart."""
        parts = [s for s in call.targets if s is not None]
        if parts and (None in call.targets or any(isinstance(s, str) for s in parts)):
            whole = call.targets.setdefault(None, self.symbols.new())
            self.symbols.fallback.setdefault(whole, f"{call.function}_result")
            for part in parts:
                symbol = call.targets.pop(part)
                source = f"{whole}[{part}]" if isinstance(part, int) else f"{whole}.{part}"
                for key, value in self.made.outputs.items():
                    if value.source == symbol:
                        self.made.outputs[key] = Value(value.form, source)

    # --- checks and sensors

    def _check(self, condition: str, failure: ast.Raise) -> None:
        match failure.exc:
            case ast.Call(func=ast.Name(id="RuntimeError"), args=[ast.Call(func=ast.Name(id="str"), args=[inner])]):
                message = double_quoted(self._expression(inner))
            case ast.Call(func=ast.Name(id="RuntimeError"), args=[] | [ast.Constant()] as args):
                message = "" if condition or not args else double_quoted(ast.unparse(args[0]))
            case _:
                self._refuse(failure)
        source = replaced(double_quoted(condition), self.names) if condition else ""
        self.made.nodes.append(Check(self.task, condition=source, message=message))

    def _wait(self, call: ast.Call) -> None:
        parts = [self._expression(call.args[0])]
        for keyword in call.keywords:
            if not isinstance(keyword.value, ast.Constant) or keyword.arg not in ("every", "timeout"):
                self._refuse(call)
            parts.append(f'{keyword.arg}="{duration(float(keyword.value.value))}"')  # type: ignore[arg-type]
        self.made.nodes.append(Wait(self.task, source=f"wait_for({', '.join(parts)})"))


def _deadline(call: ast.Call) -> Deadline:
    match call.args:
        case [ast.Constant(), ast.Constant(value=int() | float() as seconds)]:
            return Deadline(after=seconds)
        case [ast.Constant(), ast.Constant(value=int() | float() as seconds), ast.Name(id=function)]:
            return Deadline(after=seconds, tell=function)
    raise RefusedError(f"`{ast.unparse(call)[:60]}` in one of its programs is not known")


def _string(node: ast.expr) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    raise RefusedError(f"`{ast.unparse(node)[:60]}` in one of its programs is no constant")


def _without(text: str) -> str:
    """`text` without `kfp_open(...)` around parts of it."""
    while "kfp_open(" in text:
        tree = ast.parse(text, mode="eval")
        for inner in ast.walk(tree):
            if isinstance(inner, ast.Call) and isinstance(inner.func, ast.Name) and inner.func.id == "kfp_open":
                outer = ast.get_source_segment(text, inner) or ""
                operand = ast.get_source_segment(text, inner.args[0]) or ""
                text = text.replace(outer, operand if outer == text else wrapped(operand), 1)
                break
        else:
            break
    return text
