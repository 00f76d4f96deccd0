"""The function of a task that stands for several calls: it calls the steps one after another."""

from __future__ import annotations

import ast
import builtins
import keyword
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pipec.compiler.passes.fusing.settings import Call
from pipec.compiler.passes.rebuild import free_name
from pipec.compiler.pysource import rename_free
from pipec.compiler.pysource.layout import fitted, tidy
from pipec.compiler.pysource.text import one_line
from pipec.ir import (
    Code,
    Component,
    Compute,
    Const,
    Expr,
    FileType,
    Output,
    Ref,
    Task,
    Type,
    ValueId,
    ValueType,
    leaves,
    uses,
)

Part = Call | Compute
"""What the function does in one line, or in one for each expression."""
IMMUTABLE = frozenset(("int", "float", "bool", "str", "bytes", "None"))


@dataclass(frozen=True)
class Signature:
    """What a function takes and gives, in the words of its definition."""

    positional: int = 0
    """How many parameters go by position only."""
    parameters: Mapping[str, str] = field(default_factory=dict)
    """Parameter -> its annotation, where it has one."""
    returns: str = ""
    elements: tuple[str, ...] = ()
    """Those of a result that is a tuple of known length."""

    @classmethod
    def of(cls, source: str) -> Signature:
        """The signature of the function whose definition `source` is."""
        node = next((n for n in ast.parse(source).body if isinstance(n, ast.FunctionDef)), None)
        if node is None:
            return cls()
        args = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        annotated = {a.arg: one_line(a.annotation) for a in args if a.annotation}
        returns = one_line(node.returns) if node.returns else ""
        return cls(len(node.args.posonlyargs), annotated, returns, _elements(node.returns))

    def of_output(self, select: str | int | None) -> str:
        """The annotation of an output; "" where nobody has written it."""
        if select is None:
            return self.returns
        return self.elements[select] if isinstance(select, int) and select < len(self.elements) else ""


@dataclass(frozen=True)
class Plan:
    """The parts of a task in order, and what the function has to know of their values."""

    parts: tuple[Part, ...]
    types: Mapping[ValueId, Type]
    """Of the values that the parts read and make."""
    handed_out: frozenset[ValueId]
    """Values that something outside reads."""
    signatures: Mapping[str, Signature]
    """Component -> what its function says of itself."""

    @property
    def reads(self) -> list[Expr]:
        """The operands, in the order of their evaluation."""
        return [expr for part in self.parts for expr in _operands(part)]

    @property
    def made(self) -> tuple[ValueId, ...]:
        """The values that the parts make, in order."""
        return tuple(v for part in self.parts for v in _made(part))

    @property
    def taken(self) -> tuple[ValueId, ...]:
        """The values that come from outside, in order of first use."""
        made = self.made
        return tuple(dict.fromkeys(v for expr in self.reads for v in uses(expr) if v not in made))

    @property
    def given(self) -> tuple[ValueId, ...]:
        """The values that the function returns, in the order in which they are made."""
        return tuple(v for part in self.parts for v in _made(part) if v in self.handed_out)

    @property
    def files(self) -> list[ValueId]:
        """Values with files in them that more than one looks at: they lie in one folder, and may be changed there."""
        found = []
        for value in (*self.taken, *self.made):
            type_ = self.types.get(value)
            looks = sum(value in uses(expr) for expr in self.reads) + (value in self.handed_out)
            if looks > 1 and type_ is not None and any(isinstance(leaf, FileType) for leaf in leaves(type_)):
                found.append(value)
        return found

    @property
    def passes_files(self) -> bool:
        """Whether a part reads a file that another one has made."""
        inside = set(self.made) & {v for expr in self.reads for v in uses(expr)}
        return any(isinstance(leaf, FileType) for v in inside for leaf in leaves(self.types[v]))


@dataclass(frozen=True)
class Written:
    """The text of the function, and what belongs to it."""

    source: str
    ports: tuple[str, ...]
    """For each of `Plan.taken`."""
    outputs: tuple[Output, ...]
    returns: str
    """The annotation of its result."""
    copies: bool
    """Whether it copies values."""


def _operands(part: Part) -> list[Expr]:
    return [let.expr for let in part.lets] if isinstance(part, Compute) else list(part.task.args.values())


def _made(part: Part) -> list[ValueId]:
    return [let.id for let in part.lets] if isinstance(part, Compute) else [o.id for o in part.task.outputs]


def write(plan: Plan, name: str, globals_: frozenset[str], copy: str) -> Written:
    """The function called `name`. `globals_`: names that its own must not hide; `copy`: the function that copies."""
    return _Writer(plan, globals_ | {name, copy}, copy).function(name)


def skeleton(plan: Plan) -> str:
    """Equal for plans whose functions do the same, whatever their values are called."""
    numbers = {v: f"v{i}" for i, v in enumerate(dict.fromkeys((*plan.taken, *plan.made)))}
    writer = _Writer(plan, frozenset(), "copy", lambda value: numbers.get(value, value))
    return writer.function("f").source


@dataclass
class _Writer:
    plan: Plan
    globals: frozenset[str]
    copy: str
    wanted: Callable[[ValueId], str] = lambda value: value
    """What a value is called where the name is free."""
    names: set[str] = field(default_factory=set)
    texts: dict[ValueId, str] = field(default_factory=dict)
    """Value -> the expression that gives it in the function."""
    kin: list[set[ValueId]] = field(default_factory=list)
    """Sets of values that may share objects."""
    lines: list[str] = field(default_factory=list)
    copies: bool = False
    at: int = 0
    """How many operands have been read."""

    def name(self, value: ValueId) -> str:
        """A local name for a value."""
        taken = self.globals | self.names | set(dir(builtins)) | set(keyword.kwlist)
        found = free_name(self.wanted(value), taken)
        self.names.add(found)
        return found

    def function(self, name: str) -> Written:
        plan = self.plan
        for value in plan.taken:
            self.texts[value] = self.name(value)
        ports = tuple(self.texts[v] for v in plan.taken)
        last = plan.parts[-1]
        whole = isinstance(last, Call) and set(plan.given) <= set(_made(last))
        for part in plan.parts[:-1] if whole else plan.parts:
            self.part(part)
        if whole:
            assert isinstance(last, Call)
            call = self.call(last.task, last.component)
            self.lines.append(f"return {call}" if last.task.outputs else call)
            outputs = tuple(o for o in last.task.outputs if o.id in plan.handed_out)
            returns = plan.signatures[last.component.name].returns if outputs else "None"
        else:
            self.lines.append(f"return {', '.join(self.texts[v] for v in plan.given)}")
            several = len(plan.given) > 1
            kinds = [self.annotations.get(v, "") for v in plan.given]
            returns = f"tuple[{', '.join(kinds)}]" if several and all(kinds) else kinds[0] if not several else ""
            outputs = tuple(
                Output(id=v, type=plan.types[v], select=i if several else None) for i, v in enumerate(plan.given)
            )
        arrow = f" -> {returns}" if returns else ""
        head = fitted(f"def {name}({', '.join(map(self.parameter, plan.taken))}){arrow}:", 0)
        body = [line for text in self.lines for line in fitted(text, 4)]
        return Written("\n".join([*head, *body]), ports, outputs, returns, self.copies)

    def parameter(self, value: ValueId) -> str:
        """A parameter, annotated as that of the first step which gets it as it is."""
        for call in (part for part in self.plan.parts if isinstance(part, Call)):
            for port, expr in call.task.args.items():
                if isinstance(expr, Ref) and expr.value == value:
                    kind = self.plan.signatures[call.component.name].parameters.get(port)
                    return f"{self.texts[value]}: {kind}" if kind else self.texts[value]
        return self.texts[value]

    @property
    def annotations(self) -> dict[ValueId, str]:
        """Value that a step makes -> its annotation, where there is one."""
        calls = [part for part in self.plan.parts if isinstance(part, Call)]
        return {
            o.id: self.plan.signatures[call.component.name].of_output(o.select)
            for call in calls
            for o in call.task.outputs
        }

    def part(self, part: Part) -> None:
        """The lines of one part whose values others read, or nobody."""
        if isinstance(part, Compute):
            for let in part.lets:
                text = self.operand(let.expr, {let.id})
                self.texts[let.id] = self.name(let.id)
                self.lines.append(f"{self.texts[let.id]} = {text}")
            return
        task, inside = part.task, self.plan.handed_out | {v for expr in self.plan.reads for v in uses(expr)}
        call = self.call(task, part.component)
        read = [o for o in task.outputs if o.id in inside]
        if not read:
            self.lines.append(call)
        elif [o.select for o in read] == list(range(len(self.plan.signatures[part.component.name].elements))):
            names = [self.name(o.id) for o in read]
            self.texts.update(zip((o.id for o in read), names))
            self.lines.append(f"{', '.join(names)} = {call}")
        else:
            whole = next((o.id for o in task.outputs if o.select is None), f"{task.site.step}_result")
            result = self.name(whole)
            self.texts.update((o.id, _selected(result, o.select)) for o in read)
            self.lines.append(f"{result} = {call}")

    def call(self, task: Task, component: Component) -> str:
        """The call of one step."""
        ports = [p for p in component.ports if p.kind == "positional"]
        order = {p.name: i for i, p in enumerate(component.ports)}
        given = sorted(task.args.items(), key=lambda pair: order[pair[0]])
        texts: dict[str, str] = {}
        made = {o.id for o in task.outputs}
        for port, expr in task.args.items():  # in the order of the call, in which they are evaluated
            texts[port] = self.operand(expr, made)
        self.kin.append(made)  # a result, and what is picked from it
        parts: list[str] = []
        by_name = False
        for at, (port, expr) in enumerate(given):
            fits = at < len(ports) and ports[at].name == port
            clear = at == 0 or at < self.plan.signatures[component.name].positional or not isinstance(expr, Const)
            by_name = by_name or not (fits and clear)
            parts.append(f"{port}={texts[port]}" if by_name else texts[port])
        return f"{component.function}({', '.join(parts)})"

    def operand(self, expr: Expr, made: set[ValueId]) -> str:
        """The text of an operand; a copy where what is done to it could be seen. `made`: what it becomes a part of."""
        self.at += 1
        if isinstance(expr, Const):
            return tidy(expr.source)
        own = set(uses(expr))
        if isinstance(expr, Code):
            text = rename_free(expr.source, {free: self.texts[v] for free, v in expr.inputs.items()})
        else:
            text = self.texts[expr.value]
        mutable = {v for v in own if not _immutable(self.plan.types.get(v))}
        if not mutable or _gives_new(expr):
            return text
        kin = self.related(mutable)
        if self.read_later(kin):
            self.copies = True
            return f"{self.copy}({text})"
        self.kin.append(kin | made)
        return text

    def related(self, values: set[ValueId]) -> set[ValueId]:
        """`values`, and those that may share objects with them."""
        found = set(values)
        while more := set[ValueId]().union(*(k for k in self.kin if k & found)) - found:
            found |= more
        return found

    def read_later(self, values: set[ValueId]) -> bool:
        """Whether one of `values` is looked at after the operand that is written now."""
        later = {v for expr in self.plan.reads[self.at :] for v in uses(expr)}
        return bool(values & (later | self.plan.handed_out))


def _selected(result: str, select: str | int | None) -> str:
    if select is None:
        return result
    return f"{result}[{select}]" if isinstance(select, int) else f"{result}.{select}"


def _immutable(type_: Type | None) -> bool:
    """Whether nobody can change a value of this type."""
    if isinstance(type_, FileType):
        return True
    if not isinstance(type_, ValueType):
        return False
    return bool(type_.annotation) and all(part.strip(" \"'") in IMMUTABLE for part in type_.annotation.split("|"))


def _gives_new(expr: Expr) -> bool:
    """Whether an expression gives a text or a truth value, which is part of nothing."""
    if not isinstance(expr, Code):
        return False
    node = ast.parse(expr.source, mode="eval").body
    return isinstance(node, (ast.JoinedStr, ast.Compare)) or (
        isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)
    )


def _elements(annotation: ast.expr | None) -> tuple[str, ...]:
    """The elements of an annotated result that is a tuple of known length."""
    match annotation:
        case ast.Subscript(value=ast.Name(id="tuple" | "Tuple"), slice=ast.Tuple(elts=found)):
            open_ = any(isinstance(e, ast.Constant) and e.value is Ellipsis for e in found)
            return () if open_ else tuple(map(one_line, found))
    return ()
