"""Operators of a generated DAG: containers, and steps in Airflow's own words."""

from __future__ import annotations

import ast
import builtins
import textwrap
from collections.abc import Mapping

from pipec.backends.airflow.reading.own.containers import Containers
from pipec.backends.airflow.reading.own.dag import JOIN, Graph, Node
from pipec.backends.airflow.reading.own.functions import TaskFunction, constant
from pipec.backends.airflow.reading.own.parts import Parts
from pipec.backends.airflow.reading.own.unknown import Unknown
from pipec.compiler.passes.rebuild import free_name
from pipec.compiler.reading import ContainerStep, NativeStep

NO_RESULT: Mapping[str, ast.expr] = {"result": ast.Constant(None)}


class Operators:
    """Makes steps of the operators of one DAG, and of their tasks such as call these steps."""

    def __init__(self, parts: Parts, graph: Graph, taken: set[str], params: ast.expr | None) -> None:
        """`taken`: the names of the module."""
        self.parts = parts
        self.graph = graph
        self.taken = taken
        self.params = params
        self.natives: dict[Node, str] = {}
        """Task in Airflow's own words -> its step."""
        self.words: dict[Node, str] = {}
        """The same -> the operator that makes it."""

    def run(self) -> list[ContainerStep | NativeStep]:
        """The steps."""
        found = [node for node in self.graph.every() if node.operator is not None]
        containers = Containers(self.parts, self.graph, self.fresh, self.params)
        steps: list[ContainerStep | NativeStep] = list(containers.run(found))
        natives = [node for node in found if node.operator is not None]
        for node in natives:
            self.natives[node] = self.fresh(node.id)
        return [*steps, *(self._native(node) for node in natives)]

    def fresh(self, wanted: str) -> str:
        """A name for a step, like `wanted`."""
        base = "".join(c if c.isalnum() or c == "_" else "_" for c in wanted)
        base = base if base.isidentifier() else f"task_{base}"
        found = free_name(base, self.taken)
        self.taken.add(found)
        return found

    def _native(self, node: Node) -> NativeStep:
        name, call = self.natives[node], node.operator
        assert call is not None
        self._check(node, call)
        scope = {k: v for k, v in self.graph.by_variable.items() if v is not node}
        names = [n for n in ast.walk(call) if isinstance(n, ast.Name)]
        renamed: dict[ast.Name, str] = {}
        for one in names:
            if one.id in scope and scope[one.id] in self.natives:
                renamed[one] = self.natives[scope[one.id]]
            elif one.id in scope:
                raise Unknown(one, f"`{node.id}` takes what a step gives, which an operator cannot read")
        free = {n.id for n in names if n not in renamed} - _own_names(call)
        imports = self._imports(free)
        unknown = free - set(imports) - self.taken - set(dir(builtins))
        if unknown:
            raise Unknown(call, f"`{min(unknown)}` is not known")
        word = next((n.id for n in ast.walk(call.func) if isinstance(n, ast.Name)), None)
        if word is None:
            raise Unknown(call, "it is made by nothing that has a name")
        self.words[node] = word
        node.kind, node.operator = "task", None
        node.function = step_function(name, dict(NO_RESULT))
        self.parts.plain[name] = node.function.node
        source = _source(self.parts.source.text, call, renamed)
        return NativeStep(name, "airflow", source, tuple(dict.fromkeys(imports.values())))

    def _check(self, node: Node, call: ast.Call) -> None:
        """See that its place does not hang on a rule of its own."""
        given = {k.arg: k.value for c in ast.walk(call) if isinstance(c, ast.Call) for k in c.keywords}
        rule = constant(given["trigger_rule"]) if isinstance(given.get("trigger_rule"), ast.Constant) else None
        if "trigger_rule" in given and rule not in ("all_success", "none_failed"):
            if any(self._is_in_arm(up) for up in node.upstream) or rule == JOIN:
                raise Unknown(call, "with its trigger rule it is not known in which arm it stands")
        node.rule = str(rule or "all_success")

    def _is_in_arm(self, node: Node) -> bool:
        seen, todo = set[Node](), [node]
        while todo:
            one = todo.pop()
            if one.kind == "branch":
                return True
            if one not in seen:
                seen.add(one)
                todo += one.upstream
        return False

    def _imports(self, names: set[str]) -> dict[str, str]:
        """Name -> the statement that imports it."""
        found: dict[str, str] = {}
        for stmt in self.parts.imported:
            for alias in stmt.names if isinstance(stmt, (ast.Import, ast.ImportFrom)) else []:
                bound = (alias.asname or alias.name).split(".")[0]
                if bound not in names:
                    continue
                if isinstance(stmt, ast.ImportFrom):
                    found[bound] = ast.unparse(ast.ImportFrom(stmt.module, [alias], stmt.level))
                else:
                    found[bound] = ast.unparse(ast.Import([alias]))
        return found


def step_function(name: str, stored: dict[str, ast.expr], parameters: tuple[str, ...] = ()) -> TaskFunction:
    """A step that is no function, as the reader has steps that are."""
    arguments = ast.arguments([], [ast.arg(p) for p in parameters], None, [], [], None, [])
    node = ast.FunctionDef(name, arguments, [ast.Pass()], [])
    return TaskFunction(node, stored=stored, user=True)


def _own_names(node: ast.AST) -> set[str]:
    """The names that an expression binds itself."""
    own = {a.arg for n in ast.walk(node) if isinstance(n, ast.arguments) for a in (*n.args, *n.kwonlyargs)}
    return own | {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


def _source(text: str, call: ast.Call, renamed: Mapping[ast.Name, str]) -> str:
    """The source of an operator as the file has it, with other names for other tasks."""
    lines = text.encode().split(b"\n")[call.lineno - 1 : call.end_lineno]
    if any(isinstance(n, ast.Constant) and n.lineno != n.end_lineno for n in ast.walk(call)):
        raise Unknown(call, "a text of several lines stands in it")
    lines[-1] = lines[-1][: call.end_col_offset]
    for name in sorted(renamed, key=lambda n: (n.lineno, n.col_offset), reverse=True):
        at = name.lineno - call.lineno
        lines[at] = lines[at][: name.col_offset] + renamed[name].encode() + lines[at][name.end_col_offset :]
    indent = len(lines[0]) - len(lines[0].lstrip())
    lines[0] = b" " * indent + lines[0][call.col_offset :]
    return textwrap.dedent(b"\n".join(lines).decode())
