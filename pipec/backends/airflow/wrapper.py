"""Small task functions of ours, for what has to be evaluated in a task: expressions, conditions, items, merges."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Mapping, Sequence

from pipec.backends.airflow.draft import FunctionDraft
from pipec.backends.airflow.functions import CacheKey, Functions
from pipec.backends.airflow.graph import TaskNode
from pipec.backends.airflow.literals import literal
from pipec.backends.airflow.names import AIRFLOW, CONTEXT, HELPERS, Names
from pipec.backends.airflow.values import Bound, Spec, output_keys
from pipec.compiler.backend.glue import call, operand_source, port_of
from pipec.compiler.rendering import python_literal as py
from pipec.ir import (
    Address,
    Code,
    Component,
    Compute,
    Const,
    Expr,
    ForEach,
    Ref,
    Task,
    Type,
    ValueId,
    is_artifact,
    uses,
)


class Wrapper:
    """One small function of ours: what it takes, and what it does."""

    def __init__(
        self,
        functions: Functions,
        env: Mapping[ValueId, Bound],
        types: Mapping[ValueId, Type],
        guard: tuple[TaskNode, bool] | None,
    ) -> None:
        self.functions = functions
        self.env = env
        self.types = types
        self.parameters: dict[str, ValueId] = {}
        """Parameter -> value."""
        self.tasks: dict[str, TaskNode] = {}
        """Further parameters, each the result of a task: conditions."""
        self.own: dict[ValueId, str] = {}
        """Values that the body itself makes -> local variable."""
        defined = {n for d in functions.pipeline.definitions for n in d.names}
        self.local = Names(AIRFLOW | CONTEXT | HELPERS | defined | set(functions.helpers.values()))
        self.lines: list[str] = []
        if guard is not None:
            name = self.result_of(guard[0])
            condition = f"not {name}" if guard[1] else f"{name} is not False"
            self.lines = [f"if {condition}:", '    raise AirflowSkipException("the other branch was taken")']

    def result_of(self, task: TaskNode) -> str:
        """The parameter for the result of `task`."""
        name = self.local.fresh(task.call.variable)
        self.tasks[name] = task
        return name

    def unused(self, name: str) -> str:
        """A parameter that the body does not read."""
        found = self.local.fresh(name)
        self.parameters[found] = ""
        return found

    def name(self, value: ValueId, wanted: str = "") -> str:
        """The parameter for `value`, or its text where it is a constant."""
        bound = self.env.get(value)
        if bound is not None and bound.inline:
            return bound.inline
        if bound is not None and bound.const is not None:
            text = literal(bound.const)
            return f"({text})" if text.startswith("-") else text
        if value in self.own:
            return self.own[value]
        for parameter, known in self.parameters.items():
            if known == value:
                return parameter
        found = self.local.fresh(wanted or value)
        self.parameters[found] = value
        return found

    def source(self, expr: Expr) -> str:
        """`expr` in terms of the parameters."""
        match expr:
            case Const():
                return literal(expr.source)
            case Ref():
                return self.name(expr.value)
            case Code():
                names = {value: self.name(value, free) for free, value in expr.inputs.items()}
                return operand_source(expr, lambda value: names[value])
            case Address():
                return f"{self.functions.helper('uri_of')}({self.name(expr.value)})"

    def lazy(self, exprs: Sequence[Expr]) -> bool:
        """Whether artifacts have to arrive as paths: an expression picks from them."""
        return any(is_artifact(self.types[v]) for e in exprs for v in uses(e))

    def made(
        self, name: str, spec: Spec, exprs: Sequence[Expr], options: dict[str, str] | None = None
    ) -> FunctionDraft:
        """The finished function of an expression."""
        if spec.outputs or spec.caught:
            options = {"multiple_outputs": "True", **(options or {})}
        elif any(_gives_dict(line) for line in self.lines):
            options = {"multiple_outputs": "False", **(options or {})}
        if spec.caught and self.functions.pipeline.policy.default_retry is not None:
            options = {**(options or {}), "retries": "0"}  # it would fail again, and be caught later
        caught = self.functions.caught(spec) if spec.caught else []
        return self.functions.add(
            FunctionDraft(
                self.functions.names.fresh(name),
                options=options or {},
                decorators=(*caught, self.functions.stored(spec, self.lazy(exprs))),
                parameters=self.signature,
                body=tuple(self.lines),
                caught=spec.caught,
            )
        )

    def sensor(self, name: str, exprs: Sequence[Expr], options: dict[str, str], caught: bool) -> FunctionDraft:
        """The finished function of a sensor; a caught one gives the message."""
        found = (self.functions.helper("caught_sensor"),) if caught else ()
        return self.functions.add(
            FunctionDraft(
                self.functions.names.fresh(name),
                operator="task.sensor",
                options=options,
                decorators=(*found, self.functions.stored(Spec(), self.lazy(exprs))),
                parameters=self.signature,
                body=tuple(self.lines),
            )
        )

    @property
    def signature(self) -> tuple[str, ...]:
        """All parameters."""
        return (*self.parameters, *self.tasks)

    def step(self, component: Component, task: Task, spec: Spec) -> FunctionDraft:
        """The call of a step whose arguments are expressions."""
        codes = [e for e in task.args.values() if isinstance(e, (Code, Address))]
        isolated = self.functions.isolated(component, task)
        lazy = self.lazy(codes) and not isolated
        sources: dict[str, str] = {}

        content = {v for e in task.args.values() if not isinstance(e, Address) for v in uses(e)}

        def source(key: str, expr: Expr) -> str:
            if isinstance(expr, Address) and expr.value not in content:  # one function for calls with any file
                port = port_of(key)
                self.name(expr.value, "file" if port == "uri" else port.removesuffix("_uri"))
            sources[port_of(key)] = text = self.source(expr)
            artifact = isinstance(expr, Code) and is_artifact(expr.type)
            artifact |= isinstance(expr, Ref) and is_artifact(self.types[expr.value])
            return f"{self.functions.helper('fetch')}({text})" if lazy and artifact else text

        self.lines.append("return " + call(task, component, source))
        options = self.functions.options(component, task, spec)
        if options.get("multiple_outputs") == "False":
            del options["multiple_outputs"]
        draft = FunctionDraft(
            f"{task.id}_task",
            operator=self.functions.operator(task),
            options=options,
            decorators=self.functions.decorators(
                component, task, spec, "", lazy, self._cache_key(component, task, sources)
            ),
            parameters=self.signature,
            body=tuple(self.lines),
            caught=spec.caught,
            isolated=isolated,
            doc=self.functions.elsewhere if isolated else "",
        )
        found = self.functions.add(draft)
        if found is draft:
            wanted = task.id if task.id not in self.functions.names.taken else f"{task.id}_task"
            draft.name = self.functions.names.fresh(wanted)
        return found

    def _cache_key(self, component: Component, task: Task, sources: dict[str, str]) -> CacheKey | None:
        """The step's code and what the function makes of its own arguments; those that only ignored ports read are not
        a part of it."""
        if task.policy.cache is None:
            return None
        ignored = set(task.policy.cache.ignore)
        read = {v for key, e in task.args.items() if port_of(key) not in ignored for v in uses(e)}
        covered = [f"{port}={text}" for port, text in sources.items() if port not in ignored]
        digest = hashlib.sha256("\n".join([component.digest, *covered]).encode()).hexdigest()
        return CacheKey(digest, tuple(name for name, value in self.parameters.items() if value and value not in read))

    def compute(self, compute: Compute) -> FunctionDraft:
        """The expressions of a node, one after another."""
        caught = compute.caught is not None
        for let in compute.lets:
            source = self.source(let.expr)
            alone = compute.outputs == (let.id,) and let is compute.lets[-1]
            if alone:
                self.lines.append(f"return {source}")
            else:
                own = self.local.fresh(let.id)
                self.own[let.id] = own
                self.lines.append(f"{own} = {source}")
        spec = Spec(caught=caught)
        if not compute.outputs:  # evaluated all the same, since that may fail
            self.lines.append("return " + ", ".join(self.own.values()))
            spec = Spec(result="None", caught=caught)
        elif len(compute.outputs) > 1:
            self.lines.append("return " + ", ".join(self.own[v] for v in compute.outputs))
            keys = output_keys(compute.outputs, caught)
            outputs = tuple((key, i, '"value"') for i, key in enumerate(keys))
            spec = Spec(outputs=outputs, caught=caught)
        elif not self.lines[-1].startswith("return "):
            self.lines.append("return " + self.own[compute.outputs[0]])
        return self.made(f"compute_{compute.id}", spec, [let.expr for let in compute.lets])

    def chooser(self, name: str, condition: Expr) -> FunctionDraft:
        """A branch operator; its body is written once the arms are known."""
        draft = FunctionDraft(
            self.functions.names.fresh(name),
            operator="task.branch",
            decorators=(self.functions.stored(Spec(), self.lazy([condition])),),
            parameters=self.signature,
        )
        self.functions.drafts.append(draft)
        return draft

    def items(self, name: str, loop: ForEach, fields: Mapping[str, tuple[int, ...]]) -> FunctionDraft:
        """The items of a loop as a list: what its one name is bound to, or dicts where it binds several."""
        source = self.source(loop.items)
        local = Names(self.local.taken)
        if list(fields.values()) == [()]:
            listed = isinstance(ast.parse(source, mode="eval").body, (ast.List, ast.ListComp))
            self.lines.append(f"return {source}" if listed else f"return list({source})")
            return self.made(name, Spec(), [loop.items])
        width = width_of(source)
        if width and all(len(path) == 1 for path in fields.values()):
            names = {field: local.fresh(field) for field in fields}
            by_index = {path[0]: names[field] for field, path in fields.items()}
            target = ", ".join(by_index.get(i, "_") for i in range(width))
        else:
            target = local.fresh("item")
            names = {field: target + "".join(f"[{i}]" for i in path) for field, path in fields.items()}
        ordered = sorted(fields, key=lambda field: (len(field.encode()), field.encode()))  # as XCom keeps dicts
        entries = ", ".join(f"{py(field)}: {names[field]}" for field in ordered)
        element = names[next(iter(fields))] if len(fields) == 1 else f"{{{entries}}}"
        self.lines.append(f"return [{element} for {target} in {source}]")
        return self.made(name, Spec(), [loop.items])


def _gives_dict(line: str) -> bool:
    """Whether ruff takes the function of a `return` line for one with several outputs."""
    text = line.strip()
    if not text.startswith("return "):
        return False
    node = ast.parse(text.removeprefix("return "), mode="eval").body
    return isinstance(node, (ast.Dict, ast.DictComp)) or (
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "dict"
    )


def width_of(source: str) -> int:
    """How many values each item of an iterable has, where its form tells; else 0."""
    match ast.parse(source, mode="eval").body:
        case ast.Call(func=ast.Name(id="enumerate")):
            return 2
        case ast.Call(func=ast.Attribute(attr="items"), args=[]):
            return 2
        case ast.Call(func=ast.Name(id="zip"), args=args) if not any(isinstance(a, ast.Starred) for a in args):
            return len(args)
        case ast.Call(func=ast.Name(id="list"), args=[inner]):
            return width_of(ast.unparse(inner))
    return 0
